"""F26: a backup is older than the last sending. What was sent since is found at the gateway and not sent again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, paid_order
from tests.payments.paying_back import approve, breaks, open_plan, refunds_now
from tests.sandbox.running import BankServer
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.orders.service.refunds.claims import order_of
from webapp.orders.service.refunds.restored import look_before_sending
from webapp.payments.models import Refund, Transaction


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    """A bank of its own: its whole list is the judge."""
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def approved(desk: Desk, bank: BankServer, number: str = "1001") -> int:
    """An order one of whose two lines is to be paid back, so that the bank would take it a second time."""
    order_id = paid_order(desk, bank, "100.00", "150.00", number=number)
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    approve(desk, order_id)
    return order_id


def sent_since_the_backup(bank: BankServer) -> None:
    """Send every ready refund as a worker does and book nothing: so a restored database stands to its bank.

    The bank has forgotten the keys, as it has after a day.
    """
    with unit_of_work() as unit:
        orders = [
            order_of(unit, refund, unit.get_one(Transaction, refund.transaction_id))
            for refund in unit.scalars(select(Refund).where(Refund.state == "ready"))
        ]
    gateway = current_app.extensions["kontor_gateways"]("stripe")
    for order in orders:
        gateway.refund(order)
    bank.control("PUT", "settings", {"key_lifetime_s": 0.0})


def moved(bank: BankServer) -> list[int]:
    """Minor units of each movement by the bank's own list."""
    return [int(row["amount"]) for row in bank.control("GET", "refunds")]


def test_control_when_a_restored_refund_is_simply_sent_then_the_bank_pays_twice(
    desk: Desk, bank: BankServer
) -> None:
    approved(desk, bank)
    sent_since_the_backup(bank)

    desk.work()

    assert moved(bank) == [10_000, 10_000]


def test_a_restored_refund_when_the_bank_lists_it_then_it_is_booked_and_not_sent_again(
    desk: Desk, bank: BankServer
) -> None:
    order_id = approved(desk, bank)
    sent_since_the_backup(bank)

    with unit_of_work() as unit:
        assert look_before_sending(unit, SYSTEM) == 1
    desk.work()

    assert moved(bank) == [10_000]
    assert [refund.state for refund in refunds_now()] == ["succeeded"]
    assert breaks() == []
    said = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "refund.restored")).one()
    assert (said.order_id, said.summary) == (order_id, "100.00 TRY")


def test_a_restored_refund_when_the_bank_does_not_list_it_then_it_is_sent_while_its_key_holds(
    desk: Desk, bank: BankServer
) -> None:
    approved(desk, bank)

    with unit_of_work() as unit:
        look_before_sending(unit, SYSTEM)
    desk.work()

    assert moved(bank) == [10_000]
    assert [refund.state for refund in refunds_now()] == ["succeeded"]


def test_a_restored_refund_when_its_key_may_be_forgotten_then_a_person_decides(
    desk: Desk, bank: BankServer
) -> None:
    approved(desk, bank)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE refund SET created_at = created_at - interval '2 days'"))

    with unit_of_work() as unit:
        look_before_sending(unit, SYSTEM)
    desk.work()

    assert moved(bank) == []
    assert [refund.state for refund in refunds_now()] == ["manual"]


def test_after_restore_when_run_twice_then_the_second_time_marks_nothing(
    desk: Desk, bank: BankServer
) -> None:
    approved(desk, bank, "1001")
    approved(desk, bank, "1002")

    with unit_of_work() as unit:
        assert look_before_sending(unit, SYSTEM) == 2
    first = [(refund.first_sent_at, refund.created_at) for refund in refunds_now()]
    with unit_of_work() as unit:
        assert look_before_sending(unit, SYSTEM) == 0

    assert [(refund.first_sent_at, refund.created_at) for refund in refunds_now()] == first
    assert all(sent == made for sent, made in first)
