"""A refund that was declined goes back another way: what the dialog offers, what it makes, and what it refuses."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import Desk, make_desk
from tests.order_drafts import draft, line, write
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.orders.service.cancellation.deciding import approved_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.payments.models import Payee, Refund

HTMX = {"HX-Request": "true"}
IBAN = "TR330006100519786457841326"


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


@pytest.fixture
def order_id(desk: Desk) -> int:
    """A cancelled order whose money the channel holds, and does not give back."""
    given = draft("1001", items=(line("1", "60.00"),), channel_id=desk.channel.id)
    order_id = write(desk.channel, given)[0].order_id
    assert order_id is not None
    agent, boss = desk.authority(Role.AGENT), desk.authority()
    with unit_of_work() as unit:
        open_plans(unit, order_id, desk.request(), agent)
    with unit_of_work() as unit:
        approved_order_cancel(unit, order_id, boss)
    with unit_of_work() as unit:
        unit.execute(update(Refund).values(state="declined", last_error="Not supported."))
    return order_id


@pytest.fixture
def refund_id(order_id: int) -> UUID:
    db.session.rollback()
    return db.session.scalars(select(Refund.id)).one()


@pytest.fixture
def supervisor(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.SUPERVISOR)


def send(client: StaffClient, refund_id: UUID, **fields: str) -> tuple[int, str]:
    form = {"csrf_token": client.token, **fields}
    answer = client.post(f"/orders/refunds/{refund_id}/again", data=form, headers=HTMX)
    return answer.status_code, answer.text


def refunds() -> list[tuple[str, str]]:
    """Way and state of every refund, the oldest first."""
    db.session.rollback()
    rows = db.session.execute(select(Refund.way, Refund.state).order_by(Refund.created_at))
    return [(row.way, row.state) for row in rows]


def test_banner_when_the_channel_declined_then_says_so_and_offers_another_way(
    supervisor: StaffClient, order_id: int, refund_id: UUID
) -> None:
    banner = supervisor.get(f"/orders/{order_id}/plans", headers=HTMX).text

    assert "Declined by the channel" in banner
    assert "Declined by the bank" not in banner
    assert f'hx-get="/orders/refunds/{refund_id}/again"' in banner
    assert "Not supported." in supervisor.get(f"/orders/refunds/{refund_id}/again", headers=HTMX).text


def test_transfer_when_its_account_is_given_then_waits_for_a_person_and_is_offered_nothing_more(
    supervisor: StaffClient, order_id: int, refund_id: UUID
) -> None:
    status, _ = send(supervisor, refund_id, way="transfer", iban=IBAN, holder_name="Elif Koc")

    assert status == 204
    assert refunds() == [("channel", "declined"), ("transfer", "manual")]
    payee = db.session.scalars(select(Payee)).one()
    assert (payee.iban, payee.holder_name) == (IBAN, "Elif Koc")
    banner = supervisor.get(f"/orders/{order_id}/plans", headers=HTMX).text
    assert f"/orders/refunds/{refund_id}/again" not in banner


def test_transfer_when_the_account_is_wrong_then_comes_back_with_what_was_typed(
    supervisor: StaffClient, refund_id: UUID
) -> None:
    status, page = send(supervisor, refund_id, way="transfer", iban="TR33", holder_name="Elif Koc")

    assert status == 422
    assert "The IBAN is not valid: check it digit by digit." in page
    assert 'value="TR33"' in page
    assert 'value="Elif Koc"' in page
    assert refunds() == [("channel", "declined")]
    assert db.session.scalar(select(func.count()).select_from(Payee)) == 0


def test_way_when_not_offered_to_the_reader_then_422_and_nothing_moves(
    supervisor: StaffClient, refund_id: UUID
) -> None:
    status, _ = send(supervisor, refund_id, way="gateway", iban=IBAN, holder_name="Elif Koc")

    assert status == 422
    assert refunds() == [("channel", "declined")]


def test_second_one_when_a_colleague_was_faster_then_409_and_no_third_refund(
    supervisor: StaffClient, refund_id: UUID
) -> None:
    account = {"way": "transfer", "iban": IBAN, "holder_name": "Elif Koc"}
    assert send(supervisor, refund_id, **account)[0] == 204

    status, page = send(supervisor, refund_id, **account)

    assert status == 409
    assert f'value="{IBAN}"' in page
    assert refunds() == [("channel", "declined"), ("transfer", "manual")]


def test_dialog_when_the_reader_may_not_approve_then_refused(app: Flask, refund_id: UUID) -> None:
    agent = at_desk(app, Role.AGENT)

    assert agent.get(f"/orders/refunds/{refund_id}/again").status_code == 403
    assert send(agent, refund_id, way="transfer", iban=IBAN, holder_name="Elif Koc")[0] == 403
