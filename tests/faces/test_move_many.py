"""Move… in the bulk bar of the orders: where to, the number to type, one verdict an order."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter
from tests.moving import entries, move
from webapp.auth.roles import Role
from webapp.core.db import db
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.worklist import items

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def orders(counter: Counter) -> list[int]:
    return [counter.order("60.00", "40.00", number=number) for number in ("1001", "1002", "1003")]


def ask(client: StaffClient, *orders: int, **more: str) -> str:
    form = {"csrf_token": client.token, "id": list(orders), **more}
    answer = client.post("/orders/move-many/ask", data=form, headers=HTMX)
    assert answer.status_code == 200
    return answer.text


def confirm(client: StaffClient, dialog: str, count: str, **more: Any) -> Any:
    """Send the dialog's form with this number typed."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', dialog):
        if name not in ("count", "csrf_token", "move_reason"):
            fields.setdefault(name, []).append(value)
    data = {**fields, "count": count, "csrf_token": client.token, **more}
    return client.post("/orders/move-many", data=data, headers=HTMX)


def operation() -> Operation:
    db.session.rollback()
    return db.session.scalars(select(Operation).where(Operation.kind == "order.move_many")).one()


def verdicts() -> dict[int | None, tuple[str, str]]:
    rows = items(db.session(), operation().id, limit=99)
    return {row.order_id: (row.outcome, row.words) for row in rows}


def offered(dialog: str) -> dict[str, str]:
    return dict(re.findall(r'<option[^>]*value="(\d+)"[^>]*>([^<]+)</option>', dialog))


def test_many_when_confirmed_then_each_is_moved_or_refused_in_words(
    app: Flask, counter: Counter, orders: list[int]
) -> None:
    move(orders[1], 550, counter.agent)
    move(orders[2], 500, counter.agent)
    agent = at_desk(app, Role.AGENT)
    dialog = ask(agent, *orders)
    assert "Move 3 orders" in dialog
    assert offered(dialog)["500"] == "Shipped (1 of 3)"
    answer = confirm(agent, dialog, "3", move_to="500")
    assert answer.headers["HX-Redirect"] == f"/operations/{operation().id}"
    assert drain("upkeep") == 1
    assert [order_now(order_id).status for order_id in orders] == [500, 550, 500]
    assert {order_id: outcome for order_id, (outcome, _) in verdicts().items()} == {
        orders[0]: "done",
        orders[1]: "refused",
        orders[2]: "unchanged",
    }
    assert "Product 1 is delivered (550)" in verdicts()[orders[1]][1]
    assert entries(orders[0], "order.status.changed")[0].actor == "Ece Kaya"
    page = agent.get(f"/operations/{operation().id}").text
    assert "Moving of many orders" in page


def test_all_of_a_list_then_the_filter_is_kept_and_counted_again_at_confirming(
    app: Flask, counter: Counter, orders: list[int]
) -> None:
    agent = at_desk(app, Role.AGENT)
    dialog = ask(agent, all_matching="1", status="400", view="all")
    assert "Move 3 orders" in dialog
    assert 'name="status" value="400"' in dialog
    assert 'name="id"' not in dialog
    counter.order(number="1004")
    answer = confirm(agent, dialog, "3", move_to="450")
    assert answer.status_code == 422
    assert "There are 4 of them now" in answer.text
    assert confirm(agent, answer.text, "4", move_to="450").status_code == 204
    drain("upkeep")
    assert operation().result == {"seen": 4, "updated": 4, "unchanged": 0, "failed": 0}
    assert operation().args == {"status": 450}


def test_form_when_sent_twice_then_one_operation(app: Flask, orders: list[int]) -> None:
    agent = at_desk(app, Role.AGENT)
    dialog = ask(agent, *orders)
    assert confirm(agent, dialog, "3", move_to="450").status_code == 204
    assert confirm(agent, dialog, "3", move_to="450").status_code == 204
    assert len(verdicts()) == 3


def test_step_back_of_many_needs_its_permission_and_a_reason(
    app: Flask, counter: Counter, orders: list[int]
) -> None:
    for order_id in orders:
        move(order_id, 450, counter.agent)
    assert "400" not in offered(ask(at_desk(app, Role.AGENT), *orders))
    supervisor = at_desk(app, Role.SUPERVISOR)
    dialog = ask(supervisor, *orders)
    answer = confirm(supervisor, dialog, "3", move_to="400")
    assert answer.status_code == 422
    assert "say why" in answer.text
    assert confirm(supervisor, dialog, "3", move_to="400", move_reason="Wrong wave").status_code == 204
    drain("upkeep")
    assert [order_now(order_id).status for order_id in orders] == [400, 400, 400]
    assert entries(orders[0], "order.status.changed")[-1].told == "Product 1 and Product 2: Wrong wave"
    assert "Wrong wave" not in str(operation().args)


@pytest.mark.parametrize(
    ("count", "target", "sentence"),
    [("3", "", "Choose where to."), ("9", "450", "Type 3: so many will be acted on.")],
)
def test_form_when_it_is_wrong_then_422_with_what_was_typed_and_nothing_happens(
    app: Flask, orders: list[int], count: str, target: str, sentence: str
) -> None:
    agent = at_desk(app, Role.AGENT)
    answer = confirm(agent, ask(agent, *orders), count, move_to=target, move_reason="Because")
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Because"' in answer.text
    assert db.session.scalars(select(Operation)).all() == []


def test_ends_are_neither_offered_nor_taken(app: Flask, orders: list[int]) -> None:
    agent = at_desk(app, Role.AGENT)
    dialog = ask(agent, *orders)
    assert offered(dialog).keys() == {"450", "500", "510", "540", "550"}
    for target in ("100", "600", "50"):
        assert confirm(agent, dialog, "3", move_to=target).status_code == 422
    assert [item.status for item in items_of_order(orders[0])] == [400, 400]


def test_orders_of_other_channels_or_without_the_permission_then_nothing(
    app: Flask, orders: list[int]
) -> None:
    assert "Move 0 orders" in ask(at_desk(app, Role.AGENT, channels=[]), *orders)
    operator = at_desk(app, Role.OPERATOR)
    for path in ("/orders/move-many/ask", "/orders/move-many"):
        form = {"csrf_token": operator.token, "id": orders}
        assert operator.post(path, data=form).status_code == 403
    assert "/orders/move-many/ask" not in operator.get("/orders/").text
    assert "/orders/move-many/ask" in at_desk(app, Role.AGENT).get("/orders/").text


def test_dialog_without_a_script_then_a_page_that_works(app: Flask, orders: list[int]) -> None:
    agent = at_desk(app, Role.AGENT)
    page = agent.post("/orders/move-many/ask", data={"csrf_token": agent.token, "id": orders})
    assert "<html" in page.text
    assert "Move 3 orders" in page.text
