"""The list of cancellations: who waits for what, and approving many at once with one verdict each."""

import re
import uuid
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, plans_of, ship
from tests.statements import counted_statements
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import db
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.worklist import items
from webapp.orders.models import ApprovalLimit

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def opened(counter: Counter, *numbers: str, **fields: object) -> list[int]:
    """Orders of 100 TRY with an open plan each."""
    orders = [counter.order(number=number) for number in numbers]
    for order_id in orders:
        counter.cancel(order_id, **fields)
    return orders


def numbers_in(text: str) -> list[str]:
    return re.findall(r'<a class="k-strong" href="/orders/\d+"><bdi>([^<]+)</bdi>', text)


def test_the_list_when_plans_wait_then_the_longest_waiting_comes_first(app: Flask, counter: Counter) -> None:
    opened(counter, "1001", "1002", "1003")
    page = at_desk(app, Role.SUPERVISOR).get("/cancellations/")
    assert page.status_code == 200
    assert numbers_in(page.text) == ["1001", "1002", "1003"]
    assert "To approve<b>3</b>" in page.text


def test_the_list_when_two_plans_are_linked_then_they_are_one_row_with_their_sum(
    app: Flask, counter: Counter
) -> None:
    order_id = counter.order("60.00", "40.00", number="1001")
    ship(order_id, items_of_order(order_id)[0].id)
    counter.cancel(order_id)
    assert len(plans_of(order_id)) == 2
    page = at_desk(app, Role.SUPERVISOR).get("/cancellations/")
    assert numbers_in(page.text) == ["1001"]
    assert "100.00" in page.text
    assert "To approve<b>1</b>" in page.text


@pytest.mark.parametrize(
    ("tab", "number"), [("approval", "1001"), ("under_way", "1002"), ("closed", "1003"), ("check", "1004")]
)
def test_tabs_when_chosen_then_each_shows_its_plans(
    app: Flask, counter: Counter, tab: str, number: str
) -> None:
    _, approved, rejected = opened(counter, "1001", "1002", "1003")
    counter.approve(approved)
    counter.reject(rejected, words="They keep it.")
    checked = counter.order(number="1004")
    counter.cancel(checked)
    _set_status(checked, "confirmation_waiting")
    page = at_desk(app, Role.SUPERVISOR).get(f"/cancellations/?tab={tab}")
    assert numbers_in(page.text) == [number]


def test_filters_when_by_others_then_ones_own_are_left_out(app: Flask, counter: Counter) -> None:
    opened(counter, "1001")
    mine = at_desk(app, Role.SUPERVISOR)
    assert numbers_in(mine.get("/cancellations/?opened=others").text) == ["1001"]
    assert numbers_in(mine.get("/cancellations/?opened=me").text) == []


def test_the_list_when_the_reader_is_limited_to_other_channels_then_it_is_empty(
    app: Flask, counter: Counter
) -> None:
    opened(counter, "1001")
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    page = stranger.get("/cancellations/")
    assert numbers_in(page.text) == []
    assert "To approve<b>0</b>" in page.text
    plan_id = plans_of(1)[0].id
    assert stranger.get(f"/cancellations/{plan_id}/peek").status_code == 404


def test_filters_when_a_channel_is_not_the_readers_to_know_then_the_list_stays_narrowed(
    app: Flask, counter: Counter
) -> None:
    opened(counter, "1001")
    reader = at_desk(app, Role.SUPERVISOR)
    assert numbers_in(reader.get(f"/cancellations/?channel={counter.desk.channel.id}").text) == ["1001"]
    page = reader.get("/cancellations/?channel=999")
    assert numbers_in(page.text) == []
    assert "not available" in page.text
    assert "Nothing matches these filters here." in page.text
    assert "has been decided" not in page.text
    for nonsense in ("0", "-1", "²", "9" * 30, "x"):
        assert numbers_in(reader.get(f"/cancellations/?channel={nonsense}").text) == ["1001"]


def test_the_peek_when_opened_then_says_what_and_why_and_offers_the_decision(
    app: Flask, counter: Counter
) -> None:
    (order_id,) = opened(counter, "1001")
    peek = at_desk(app, Role.SUPERVISOR).get(f"/cancellations/{plans_of(order_id)[0].id}/peek", headers=HTMX)
    assert "Changed their mind" in peek.text
    assert "Approve refund" in peek.text
    assert "Reject…" in peek.text


def test_a_list_of_two_pages_when_turned_then_every_plan_is_seen_once(app: Flask, counter: Counter) -> None:
    opened(counter, *(f"{at}" for at in range(1001, 1053)))
    reader = at_desk(app, Role.SUPERVISOR)
    first = reader.get("/cancellations/").text
    rest = re.search(r'href="([^"]+)"[^>]*rel="next"', first)
    assert rest is not None
    second = reader.get(rest[1].replace("&amp;", "&")).text
    assert numbers_in(first) + numbers_in(second) == [f"{at}" for at in range(1001, 1053)]


def test_statements_when_the_list_is_longer_then_no_more_of_them(app: Flask, counter: Counter) -> None:
    opened(counter, "1001")
    reader = at_desk(app, Role.SUPERVISOR)
    reader.get("/cancellations/")
    with counted_statements() as few:
        reader.get("/cancellations/")
    opened(counter, *(f"{at}" for at in range(1002, 1020)))
    with counted_statements() as many:
        reader.get("/cancellations/")
    assert len(many) == len(few) <= 6


# Approving many


def ask(client: StaffClient, *orders: int, **more: str) -> str:
    """The dialog for the plans of these orders."""
    form = {"csrf_token": client.token, "plan": [_seen(order_id) for order_id in orders], **more}
    answer = client.post("/cancellations/approve/ask", data=form, headers=HTMX)
    assert answer.status_code == 200
    return answer.text


def confirm(client: StaffClient, dialog: str, count: str):  # type: ignore[no-untyped-def]
    """Send the dialog's form with this number typed."""
    fields: dict[str, list[str]] = {"count": [count]}
    for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', dialog):
        if name not in ("count", "csrf_token"):
            fields.setdefault(name, []).append(value)
    data = {**fields, "csrf_token": client.token}
    return client.post("/cancellations/approve", data=data, headers=HTMX)


def test_approving_many_when_the_number_is_typed_then_each_plan_has_its_verdict(
    app: Flask, counter: Counter
) -> None:
    db.session.add(ApprovalLimit(role=Role.ADMINISTRATOR.value, currency="EUR", amount=Decimal(1)))
    orders = opened(counter, "1001", "1002", "1003")
    counter.approve(orders[2])
    chief = at_desk(app, Role.SUPERVISOR)
    dialog = ask(chief, *orders)
    assert "Approve 3 plans" in dialog
    answer = confirm(chief, dialog, "3")
    assert answer.status_code == 204
    key = _operation().id
    assert answer.headers["HX-Redirect"] == f"/operations/{key}"
    assert drain("upkeep") == 1
    assert [order_now(order_id).status for order_id in orders] == [100, 100, 100]
    verdicts = {each.order_id: (each.outcome, each.words[:30]) for each in items(db.session(), key, limit=9)}
    assert verdicts[orders[0]] == ("done", "")
    assert verdicts[orders[1]] == ("done", "")
    outcome, words = verdicts[orders[2]]
    assert outcome == "refused"
    assert words == "Selin Koç has approved this pl"
    page = chief.get(f"/operations/{key}")
    assert "1003" in page.text


def test_approving_many_when_another_number_is_typed_then_422_and_nothing_moves(
    app: Flask, counter: Counter
) -> None:
    orders = opened(counter, "1001", "1002")
    chief = at_desk(app, Role.SUPERVISOR)
    answer = confirm(chief, ask(chief, *orders), "20")
    assert answer.status_code == 422
    assert "Type 2: so many will be acted on." in answer.text
    assert 'value="20"' in answer.text
    assert db.session.scalars(select(Operation)).all() == []


def test_approving_the_whole_list_when_it_has_grown_meanwhile_then_the_new_number_is_asked_for(
    app: Flask, counter: Counter
) -> None:
    opened(counter, "1001", "1002")
    chief = at_desk(app, Role.SUPERVISOR)
    dialog = ask(chief, all_matching="1")
    opened(counter, "1003")
    answer = confirm(chief, dialog, "2")
    assert answer.status_code == 422
    assert "There are 3 of them now" in answer.text
    assert confirm(chief, answer.text, "3").status_code == 204
    assert drain("upkeep") == 1
    assert _operation().result == {"seen": 3, "updated": 3, "unchanged": 0, "failed": 0}


def test_approving_many_when_a_plan_changed_since_it_was_seen_then_it_is_refused_and_the_attempt_kept(
    app: Flask, counter: Counter
) -> None:
    orders = opened(counter, "1001", "1002")
    chief = at_desk(app, Role.SUPERVISOR)
    dialog = ask(chief, *orders)
    _set_status(orders[0], "waiting", version=7)
    assert confirm(chief, dialog, "2").status_code == 204
    drain("upkeep")
    assert [order_now(order_id).status for order_id in orders] == [50, 100]
    kept = db.session.scalars(select(AuditEntry).where(AuditEntry.refused)).all()
    assert [(entry.tag, entry.order_id) for entry in kept] == [("cancellation_plan.approved", orders[0])]


def test_approving_many_when_the_form_is_sent_twice_then_one_operation(app: Flask, counter: Counter) -> None:
    orders = opened(counter, "1001", "1002")
    chief = at_desk(app, Role.SUPERVISOR)
    dialog = ask(chief, *orders)
    assert (
        confirm(chief, dialog, "2").headers["HX-Redirect"]
        == confirm(chief, dialog, "2").headers["HX-Redirect"]
    )
    assert (
        len(db.session.scalars(select(Operation).where(Operation.kind == "cancellation.approve_many")).all())
        == 1
    )


def test_approving_many_when_one_opened_them_oneself_above_the_limit_then_refused_by_the_service(
    app: Flask, counter: Counter, session: Session
) -> None:
    session.query(ApprovalLimit).update({"amount": Decimal(50)})
    session.commit()
    chief = at_desk(app, Role.SUPERVISOR)
    orders = [counter.order(number=number) for number in ("1001", "1002")]
    _open_as(chief, counter, orders)
    page = chief.get("/cancellations/")
    assert 'name="plan"' not in page.text
    assert "second person" in page.text
    dialog = ask(chief, *orders)
    assert "2 of them need a second person" in dialog
    confirm(chief, dialog, "2")
    drain("upkeep")
    assert [order_now(order_id).status for order_id in orders] == [50, 50]
    assert {each.outcome for each in items(db.session(), _operation().id, limit=9)} == {"refused"}


def test_approving_many_when_an_agent_tries_then_403(app: Flask, counter: Counter) -> None:
    orders = opened(counter, "1001")
    agent = at_desk(app, Role.AGENT)
    form = {"csrf_token": agent.token, "plan": _seen(orders[0])}
    assert agent.post("/cancellations/approve/ask", data=form).status_code == 403
    form = {**form, "count": "1", "expected": "1", "submission": str(uuid.uuid4())}
    assert agent.post("/cancellations/approve", data=form).status_code == 403
    assert order_now(orders[0]).status == 50


def _seen(order_id: int) -> str:
    plans = plans_of(order_id)
    return f"{plans[0].id}:{max(plan.version for plan in plans)}"


def _operation() -> Operation:
    db.session.rollback()
    query = select(Operation).where(Operation.kind == "cancellation.approve_many")
    return db.session.scalars(query).one()


def _set_status(order_id: int, status: str, version: int | None = None) -> None:
    db.session.rollback()
    for plan in plans_of(order_id):
        plan.status = status
        plan.version = version or plan.version
    db.session.commit()


def _open_as(client: StaffClient, counter: Counter, orders: list[int]) -> None:
    context = AuditContext(origin=Origin.PAGE, staff_id=client.staff_id, actor="Selin Koç")
    for order_id in orders:
        counter.cancel(order_id, by=context)
