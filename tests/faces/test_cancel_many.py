"""Cancel… in the bulk bar of the orders: one reason for all, the number to type, one verdict an order."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import order_now
from tests.cancelling import Counter, lines_of, plans_of
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.typed_words import TypedWords
from webapp.core.worklist import items
from webapp.orders.enums import PlanKind
from webapp.orders.models import CancellationReason

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def ask(client: StaffClient, *orders: int, **more: str) -> str:
    """The dialog for these orders."""
    form = {"csrf_token": client.token, "id": list(orders), **more}
    answer = client.post("/orders/cancel-many/ask", data=form, headers=HTMX)
    assert answer.status_code == 200
    return answer.text


def confirm(client: StaffClient, dialog: str, count: str, **more: Any):  # type: ignore[no-untyped-def]
    """Send the dialog's form with this number typed."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', dialog):
        if name not in ("count", "csrf_token"):
            fields.setdefault(name, []).append(value)
    data = {**fields, "count": count, "csrf_token": client.token, **more}
    return client.post("/orders/cancel-many", data=data, headers=HTMX)


def operation() -> Operation:
    db.session.rollback()
    return db.session.scalars(select(Operation).where(Operation.kind == "cancellation.open_many")).one()


def test_the_list_when_one_may_cancel_then_the_bulk_bar_offers_it(app: Flask, counter: Counter) -> None:
    counter.order()
    page = at_desk(app, Role.AGENT).get("/orders/").text
    assert "/orders/cancel-many/ask" in page
    assert "/orders/cancel-many/ask" not in at_desk(app, Role.OPERATOR).get("/orders/").text


def test_the_dialog_when_asked_for_then_says_how_much_would_go_back_and_what_cannot(
    app: Flask, counter: Counter
) -> None:
    orders = [counter.order("60.00", "40.00", number=number) for number in ("1001", "1002")]
    counter.cancel(orders[1])
    dialog = ask(at_desk(app, Role.AGENT), *orders)
    assert "Cancel 2 orders" in dialog
    assert "100.00" in dialog
    assert "1 of them cannot be cancelled" in dialog


def test_many_when_confirmed_then_each_order_has_its_plan_and_its_verdict(
    app: Flask, counter: Counter
) -> None:
    orders = [counter.order("60.00", "40.00", number=number) for number in ("1001", "1002", "1003")]
    counter.cancel(orders[2])
    agent = at_desk(app, Role.AGENT)
    reason = str(counter.desk.reasons[PlanKind.CANCEL])
    answer = confirm(agent, ask(agent, *orders), "3", reason_cancel=reason)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/operations/{operation().id}"
    assert drain("upkeep") == 1
    assert [len(plans_of(order_id)) for order_id in orders] == [1, 1, 1]
    assert [order_now(order_id).status for order_id in orders] == [50, 50, 50]
    verdicts = {each.order_id: each.outcome for each in items(db.session(), operation().id, limit=9)}
    assert verdicts == {orders[0]: "done", orders[1]: "done", orders[2]: "refused"}
    assert "1003" in agent.get(f"/operations/{operation().id}/verdicts?show=refused").text


@pytest.mark.parametrize(
    ("count", "reason", "sentence"),
    [("2", "", "Choose why they are cancelled."), ("9", "given", "Type 2: so many will be acted on.")],
)
def test_many_when_the_form_is_wrong_then_422_with_what_was_typed_and_nothing_happens(
    app: Flask, counter: Counter, count: str, reason: str, sentence: str
) -> None:
    orders = [counter.order(number=number) for number in ("1001", "1002")]
    agent = at_desk(app, Role.AGENT)
    chosen = str(counter.desk.reasons[PlanKind.CANCEL]) if reason else ""
    answer = confirm(agent, ask(agent, *orders), count, reason_cancel=chosen)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{count}"' in answer.text
    assert db.session.scalars(select(Operation)).all() == []


def test_all_of_a_list_when_it_has_grown_meanwhile_then_the_new_number_is_asked_for(
    app: Flask, counter: Counter
) -> None:
    for number in ("1001", "1002"):
        counter.order(number=number)
    agent = at_desk(app, Role.AGENT)
    reason = str(counter.desk.reasons[PlanKind.CANCEL])
    dialog = ask(agent, all_matching="1", status="400")
    assert "Cancel 2 orders" in dialog
    assert 'name="status" value="400"' in dialog
    counter.order(number="1003")
    answer = confirm(agent, dialog, "2", reason_cancel=reason)
    assert answer.status_code == 422
    assert "There are 3 of them now" in answer.text
    assert confirm(agent, answer.text, "3", reason_cancel=reason).status_code == 204
    drain("upkeep")
    assert operation().result == {"seen": 3, "updated": 3, "unchanged": 0, "failed": 0}


def test_all_of_a_search_then_only_what_matches(app: Flask, counter: Counter) -> None:
    counter.order(number="4711")
    counter.order(number="1002")
    agent = at_desk(app, Role.AGENT)
    assert "Cancel 1 order" in ask(agent, all_matching="1", q="4711", view="all")


@pytest.fixture
def wordy(counter: Counter) -> str:
    """The key of a reason that asks for words."""
    with unit_of_work() as unit:
        reason = CancellationReason(slug="other", name="Something else", plan_kind="cancel", needs_text=True)
        unit.add(reason)
        unit.flush()
        return str(reason.id)


def test_a_reason_that_asks_for_words_when_there_are_none_then_422_at_their_field_and_nothing_happens(
    app: Flask, counter: Counter, wordy: str
) -> None:
    order_id = counter.order()
    agent = at_desk(app, Role.AGENT)
    dialog = ask(agent, order_id)
    assert "Something else" in dialog

    answer = confirm(agent, dialog, "1", reason_cancel=wordy, reason_text_cancel="  ")

    assert answer.status_code == 422
    assert 'href="#reason_text_cancel"' in answer.text
    assert "This reason asks for a few words." in answer.text
    assert f'value="{wordy}"' in answer.text
    assert db.session.scalars(select(Operation)).all() == []


def test_a_reason_with_words_when_confirmed_then_every_plan_has_them_and_the_operation_does_not(
    app: Flask, counter: Counter, wordy: str
) -> None:
    orders = [counter.order("60.00", "40.00", number=number) for number in ("1001", "1002")]
    agent = at_desk(app, Role.AGENT)
    words = "The warehouse of Şişli was flooded"

    answer = confirm(agent, ask(agent, *orders), "2", reason_cancel=wordy, reason_text_cancel=f" {words} ")

    assert answer.status_code == 204
    assert words not in str(operation().args)
    assert drain("upkeep") == 1
    for order_id in orders:
        [plan] = plans_of(order_id)
        assert {line.reason_text for line in lines_of(plan.id)} == {words}
    assert words not in str(operation().result)
    assert db.session.scalars(select(TypedWords)).all() == []


def test_words_when_too_long_then_422(app: Flask, counter: Counter, wordy: str) -> None:
    order_id = counter.order()
    agent = at_desk(app, Role.AGENT)

    answer = confirm(agent, ask(agent, order_id), "1", reason_cancel=wordy, reason_text_cancel="x" * 1001)

    assert answer.status_code == 422


def test_orders_of_other_channels_when_named_then_they_are_not_there(app: Flask, counter: Counter) -> None:
    order_id = counter.order()
    stranger = at_desk(app, Role.AGENT, channels=[])
    assert "Cancel 0 orders" in ask(stranger, order_id)


def test_many_when_one_may_not_then_403(app: Flask, counter: Counter) -> None:
    order_id = counter.order()
    operator = at_desk(app, Role.OPERATOR)
    form = {"csrf_token": operator.token, "id": order_id}
    assert operator.post("/orders/cancel-many/ask", data=form).status_code == 403
    assert operator.post("/orders/cancel-many", data=form).status_code == 403


def test_refresh_when_the_whole_list_is_meant_then_a_sentence_says_what_to_do(
    app: Flask, counter: Counter
) -> None:
    counter.order()
    agent = at_desk(app, Role.AGENT)
    form = {"csrf_token": agent.token, "all_matching": "1"}
    answer = agent.post("/orders/refresh", data=form, headers=HTMX)
    assert answer.status_code == 422
    assert "Pull orders for more." in answer.text
