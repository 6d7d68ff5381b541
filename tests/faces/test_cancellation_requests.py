"""Wishes of customers and channels: their list, their form, and what a decision leaves behind."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order
from tests.cancelling import Counter, plans_of
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.orders.models import CancellationRequest

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def wished(counter: Counter, number: str = "1001", *, with_reason: bool = True) -> int:
    """An order of two items with a customer's wish for each; its id."""
    order_id = counter.order("60.00", "40.00", number=number)
    reason = counter.reason().reason_id if with_reason else None
    with unit_of_work() as unit:
        for item in items_of_order(order_id):
            unit.add(CancellationRequest(order_id=order_id, order_item_id=item.id, reason_id=reason))
    return order_id


def wishes(order_id: int) -> list[CancellationRequest]:
    db.session.rollback()
    query = select(CancellationRequest).where(CancellationRequest.order_id == order_id)
    return list(db.session.scalars(query.order_by(CancellationRequest.id)))


def decide(client: StaffClient, order_id: int, decision: str, **more: str):  # type: ignore[no-untyped-def]
    """Send the form as it is drawn now, with the decision."""
    drawn = client.get(f"/cancellations/requests/{order_id}", headers=HTMX).text
    return _send(client, order_id, drawn, decision, **more)


def _send(client: StaffClient, order_id: int, drawn: str, decision: str, **more: str):  # type: ignore[no-untyped-def]
    names = r'<input[^>]*?name="((?:wish|version)-\d+)"[^>]*?value="([^"]*)"'
    fields = dict(re.findall(names, drawn))
    data = {**fields, "decision": decision, "csrf_token": client.token, **more}
    return client.post(f"/cancellations/requests/{order_id}", data=data, headers=HTMX)


def test_the_list_when_wishes_wait_then_one_row_an_order_with_its_items(app: Flask, counter: Counter) -> None:
    wished(counter, "1001")
    wished(counter, "1002")
    page = at_desk(app, Role.AGENT).get("/cancellations/requests")
    assert page.status_code == 200
    assert re.findall(r"<bdi>(100\d)</bdi>", page.text) == ["1001", "1002"]
    assert "Product 1, Product 2" in page.text
    assert "Requests<b>2</b>" in page.text


def test_the_list_when_the_reader_is_limited_to_other_channels_then_it_is_empty(
    app: Flask, counter: Counter
) -> None:
    order_id = wished(counter)
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    assert "No open requests" in stranger.get("/cancellations/requests").text
    assert stranger.get(f"/cancellations/requests/{order_id}").status_code == 404
    assert decide(stranger, order_id, "approve").status_code == 404


def test_the_order_page_when_wishes_wait_then_says_so_and_offers_the_decision(
    app: Flask, counter: Counter
) -> None:
    order_id = wished(counter)
    page = at_desk(app, Role.AGENT).get(f"/orders/{order_id}")
    assert "2 requests to cancel wait for a decision" in page.text


def test_approving_when_both_are_ticked_then_one_plan(app: Flask, counter: Counter) -> None:
    order_id = wished(counter)
    assert decide(at_desk(app, Role.AGENT), order_id, "approve").status_code == 204
    (plan,) = plans_of(order_id)
    assert plan.refund_amount == 100
    assert {wish.status for wish in wishes(order_id)} == {"approved"}


def test_approving_without_a_reason_then_422_at_the_reason_and_nothing_is_opened(
    app: Flask, counter: Counter
) -> None:
    order_id = wished(counter, with_reason=False)
    agent = at_desk(app, Role.AGENT)
    answer = decide(agent, order_id, "approve", reason_cancel="", words="The parcel is late")
    assert answer.status_code == 422
    assert "Choose a reason." in answer.text
    assert "The parcel is late" in answer.text
    assert plans_of(order_id) == []
    assert (
        decide(agent, order_id, "approve", reason_cancel=str(counter.reason().reason_id)).status_code == 204
    )
    assert len(plans_of(order_id)) == 1


def test_rejecting_without_words_then_422_and_with_words_each_is_rejected(
    app: Flask, counter: Counter
) -> None:
    order_id = wished(counter)
    agent = at_desk(app, Role.AGENT)
    answer = decide(agent, order_id, "reject")
    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert decide(agent, order_id, "reject", words="It is on its way.").status_code == 204
    assert {wish.status for wish in wishes(order_id)} == {"rejected"}


def test_checking_then_the_wishes_are_confirmed_and_can_be_approved(app: Flask, counter: Counter) -> None:
    order_id = wished(counter)
    agent = at_desk(app, Role.AGENT)
    assert decide(agent, order_id, "confirm").status_code == 204
    assert {wish.status for wish in wishes(order_id)} == {"confirmed"}
    assert decide(agent, order_id, "approve").status_code == 204


def test_deciding_when_a_colleague_was_faster_then_409_says_who_and_when_and_the_attempt_is_kept(
    app: Flask, counter: Counter
) -> None:
    order_id = wished(counter)
    late = at_desk(app, Role.SUPERVISOR)
    drawn = late.get(f"/cancellations/requests/{order_id}", headers=HTMX).text
    assert decide(at_desk(app, Role.AGENT), order_id, "reject", words="No").status_code == 204
    answer = _send(late, order_id, drawn, "approve")
    assert answer.status_code == 409
    assert re.search(r"Ece Kaya has rejected this request on \d\d \w+ 20\d\d", answer.text)
    assert plans_of(order_id) == []


def test_deciding_when_a_colleague_has_checked_meanwhile_then_409_and_the_form_as_it_is_now(
    app: Flask, counter: Counter
) -> None:
    order_id = wished(counter)
    late = at_desk(app, Role.SUPERVISOR)
    drawn = late.get(f"/cancellations/requests/{order_id}", headers=HTMX).text
    decide(at_desk(app, Role.AGENT), order_id, "confirm")
    answer = _send(late, order_id, drawn, "reject", words="No")
    assert answer.status_code == 409
    assert re.search(r"Ece Kaya has checked this request on \d\d \w+ 20\d\d", answer.text)
    says_who_what_when(answer.text, "Ece Kaya", "has checked this request")
    assert {wish.status for wish in wishes(order_id)} == {"confirmed"}
    refused = db.session.scalars(select(AuditEntry.tag).where(AuditEntry.refused)).all()
    assert refused == ["cancellation_request.reject"]


def test_deciding_when_nothing_is_ticked_then_422(app: Flask, counter: Counter) -> None:
    order_id = wished(counter)
    agent = at_desk(app, Role.AGENT)
    form = {"csrf_token": agent.token, "decision": "approve"}
    answer = agent.post(f"/cancellations/requests/{order_id}", data=form, headers=HTMX)
    assert answer.status_code == 422
    assert "Tick at least one wish." in answer.text
    assert (
        agent.post(f"/cancellations/requests/{order_id}", data={**form, "decision": "x"}).status_code == 422
    )
