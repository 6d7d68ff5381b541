"""What the bank says of an order's payments: asked by a button, followed, readable; what nobody can be asked of is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.cancel_desk import Desk, make_desk, paid_order
from tests.payments.paying_back import approve, open_plan, write_order
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.db import db
from webapp.core.operations import Operation

HTMX = {"HX-Request": "true"}


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def test_the_bank_when_asked_then_says_what_it_took_and_what_went_back_and_by_whom(
    app: Flask, desk: Desk, bank: BankServer
) -> None:
    order_id = paid_order(desk, bank, "60.00", "40.00")
    open_plan(desk, order_id)
    approve(desk, order_id)
    desk.work()
    client = at_desk(app, Role.AGENT)
    assert "What the bank says" in client.get(f"/orders/{order_id}").text
    url = f"/orders/{order_id}/payment-history"

    asked = client.post(url, data={"csrf_token": client.token}, headers=HTMX)
    assert asked.status_code == 200
    assert "Asking the bank…" in asked.text
    assert 'hx-trigger="every 1s"' in asked.text
    desk.work()

    told = client.get(url, headers=HTMX).text
    assert "taken from the card" in told
    assert "100.00" in told
    assert "by us" in told
    assert "every 1s" not in told


def test_the_bank_when_asked_twice_then_one_question(app: Flask, desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank, "60.00")
    client = at_desk(app, Role.AGENT)
    for _ in range(20):
        client.post(f"/orders/{order_id}/payment-history", data={"csrf_token": client.token}, headers=HTMX)
    db.session.rollback()
    questions = db.session.scalars(select(Operation).where(Operation.kind == "payment.history")).all()
    assert len(questions) == 1


def test_the_bank_when_it_does_not_answer_then_its_place_says_so(
    app: Flask, desk: Desk, bank: BankServer
) -> None:
    order_id = paid_order(desk, bank, "60.00")
    bank.fault(path="/v1/payment_intents/*", kind="reset_before")
    client = at_desk(app, Role.AGENT)
    url = f"/orders/{order_id}/payment-history"
    client.post(url, data={"csrf_token": client.token}, headers=HTMX)
    desk.work()
    assert "k-bad" in client.get(url, headers=HTMX).text


def test_the_bank_when_the_money_lies_with_the_channel_then_nothing_to_ask(app: Flask, desk: Desk) -> None:
    order_id = write_order(desk, ("60.00",), holder="channel")
    client = at_desk(app, Role.AGENT)
    assert "What the bank says" not in client.get(f"/orders/{order_id}").text
    answer = client.post(
        f"/orders/{order_id}/payment-history", data={"csrf_token": client.token}, headers=HTMX
    )
    assert answer.status_code == 409
    assert "No payment of this order lies at a gateway that could be asked." in answer.text


def test_the_bank_when_asked_of_an_order_of_another_channel_then_404(
    app: Flask, desk: Desk, bank: BankServer
) -> None:
    order_id = paid_order(desk, bank, "60.00")
    stranger = at_desk(app, Role.AGENT, channels=[])
    url = f"/orders/{order_id}/payment-history"
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, data={"csrf_token": stranger.token}).status_code == 404
