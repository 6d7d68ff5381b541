"""Reject… in the bulk bar of the cancellations: one reason for all, the number to type, one verdict a plan."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import order_now
from tests.cancelling import Counter, plans_of
from webapp.auth.roles import Role
from webapp.core.db import db
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.typed_words import TypedWords
from webapp.core.worklist import items

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def orders(counter: Counter) -> list[int]:
    orders = [counter.order(number=number) for number in ("1001", "1002", "1003")]
    for order_id in orders:
        counter.cancel(order_id)
    return orders


def ask(client: StaffClient, *orders: int) -> str:
    seen = [f"{plan.id}:{plan.version}" for order_id in orders for plan in plans_of(order_id)]
    form = {"csrf_token": client.token, "plan": seen}
    answer = client.post("/cancellations/reject/ask", data=form, headers=HTMX)
    assert answer.status_code == 200
    return answer.text


def confirm(client: StaffClient, dialog: str, count: str, words: str) -> Any:
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', dialog):
        if name not in ("count", "csrf_token"):
            fields.setdefault(name, []).append(value)
    data = {**fields, "csrf_token": client.token, "count": count, "words": words}
    return client.post("/cancellations/reject", data=data, headers=HTMX)


def operation() -> Operation:
    db.session.rollback()
    return db.session.scalars(select(Operation).where(Operation.kind == "cancellation.reject_many")).one()


def test_many_when_confirmed_then_items_are_as_before_and_each_plan_has_its_verdict_and_the_reason(
    app: Flask, counter: Counter, orders: list[int]
) -> None:
    chief = at_desk(app, Role.SUPERVISOR)
    assert "/cancellations/reject/ask" in chief.get("/cancellations/").text
    dialog = ask(chief, *orders)
    assert "Reject 3 plans" in dialog
    counter.approve(orders[2])
    assert confirm(chief, dialog, "3", "The customer keeps it").status_code == 204
    assert operation().args == {}
    assert drain("upkeep") == 1
    assert [order_now(order_id).status for order_id in orders] == [400, 400, 100]
    verdicts = {row.order_id: row.outcome for row in items(db.session(), operation().id, limit=9)}
    assert verdicts == {orders[0]: "done", orders[1]: "done", orders[2]: "refused"}
    assert [plans_of(order_id)[0].decision_words for order_id in orders[:2]] == ["The customer keeps it"] * 2
    assert db.session.scalars(select(TypedWords)).all() == []


@pytest.mark.parametrize(
    ("count", "words", "sentence"),
    [
        ("3", "", "Say why; whoever opened it will ask."),
        ("9", "Because", "Type 3: so many will be acted on."),
    ],
)
def test_form_when_it_is_wrong_then_422_and_nothing_happens(
    app: Flask, orders: list[int], count: str, words: str, sentence: str
) -> None:
    chief = at_desk(app, Role.SUPERVISOR)
    answer = confirm(chief, ask(chief, *orders), count, words)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert words in answer.text
    assert db.session.scalars(select(Operation)).all() == []


def test_agents_may_not(app: Flask, orders: list[int]) -> None:
    agent = at_desk(app, Role.AGENT)
    for path in ("/cancellations/reject/ask", "/cancellations/reject"):
        assert agent.post(path, data={"csrf_token": agent.token}).status_code == 403
