"""F2n: at a gateway without keys, a quiet time shorter than the gateway's own delay pays twice, and our books look right.

Then only the comparison with the gateway's list finds it. With a quiet time that is long enough nothing is doubled.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk
from tests.order_drafts import draft, line, payment, write
from tests.payments.paying_back import (
    add_iyzico,
    approve,
    breaks,
    open_plan,
    paid_at_iyzico,
    refunds_now,
)
from tests.racing import race
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import create
from webapp.orders.cancellation import CancelItem, CancelRequest
from webapp.orders.models import Attention
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.refunds import machine
from webapp.orders.service.refunds.reconcile import reconciliation_of
from webapp.payments.models import LedgerEntry, ReconciliationBreak, RefundAttempt

# The bank shows a refund in its reports only after this long.
REPORT_DELAY_S = 600.0
ORDERS = 3


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    """A bank of its own: its whole list is compared."""
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def opened(desk: Desk, bank: BankServer, number: str = "1001") -> tuple[int, dict[str, Any]]:
    """An order of two equal units, one of which is to be paid back: the bank has nothing against a second payment."""
    weights = [{"id": "1", "weight": 12_000}, {"id": "2", "weight": 8_000}]
    paid = bank.pay(amount=20_000, dialect="iyzico", items=weights)
    lines = (line("1", "120.00", quantity=2), line("2", "80.00"))
    tender = replace(payment("200.00"), holder="us", gateway="iyzico", gateway_ref=paid["id"])
    given = draft(number, items=lines, channel_id=desk.channel.id, transactions=(tender,))
    order_id = write(desk.channel, given)[0].order_id
    assert order_id is not None
    unit = CancelItem(items_of_order(order_id)[0].id, Decimal(1))
    request = CancelRequest(items=(unit,), reasons=(desk.reason(),))
    agent = desk.authority(Role.AGENT)
    with unit_of_work() as session:
        open_plans(session, order_id, request, agent)
    return order_id, paid


def cancelled(desk: Desk, bank: BankServer) -> list[dict[str, Any]]:
    """Approved refunds of which every first answer is lost behind its effect."""
    made = [opened(desk, bank, f"{1001 + at}") for at in range(ORDERS)]
    desk.work()  # the bank's own baskets are asked for
    bank.control("PUT", "settings", {"iyzico_report_delay_s": REPORT_DELAY_S})
    bank.fault(path="/payment/refund", kind="reset_after", method="POST", count=ORDERS)
    for order_id, _ in made:
        approve(desk, order_id)
    return [paid for _, paid in made]


def movements(bank: BankServer, payments: list[dict[str, Any]]) -> list[int]:
    """How often the bank paid back each, by its own list."""
    return [len(bank.refunds(paid)) for paid in payments]


def reconciled(desk: Desk, bank: BankServer) -> list[str]:
    """What the comparison with the bank's whole list finds."""
    bank.control("PUT", "settings", {"iyzico_report_delay_s": 0.0})
    with unit_of_work() as unit:
        create(unit, reconciliation_of("iyzico"))
    desk.work()
    db.session.rollback()
    return list(db.session.scalars(select(ReconciliationBreak.kind)))


def test_control_when_the_quiet_time_is_shorter_than_the_gateways_delay_then_doubled_unseen_and_all_flagged(
    desk: Desk, bank: BankServer
) -> None:
    add_iyzico(bank, quiet_s=1)
    payments = cancelled(desk, bank)

    desk.work()
    time.sleep(1.1)  # the quiet time that somebody thought would do
    desk.work()

    assert movements(bank, payments) == [2] * ORDERS
    # Our own books look right: one booking each, everything adds up.
    assert {refund.state for refund in refunds_now()} == {"succeeded"}
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == ORDERS
    assert breaks() == []
    assert reconciled(desk, bank) == ["double"] * ORDERS


def paid_whole(desk: Desk, bank: BankServer) -> tuple[int, dict[str, Any]]:
    """An order of one line that is paid back whole: of a second payment the bank says that nothing is left.

    It was paid yesterday: today's would be cancelled, which the bank does only once.
    """
    yesterday = datetime.now(UTC) - timedelta(days=1)
    order_id, paid = paid_at_iyzico(desk, bank, "200.00", at=yesterday)
    open_plan(desk, order_id)
    desk.work()  # the bank's own basket is asked for
    return order_id, paid


def test_a_second_sending_when_it_is_refused_because_the_first_was_done_then_looked_up_and_booked_as_paid(
    desk: Desk, bank: BankServer
) -> None:
    add_iyzico(bank, quiet_s=1)
    order_id, paid = paid_whole(desk, bank)
    bank.control("PUT", "settings", {"iyzico_report_delay_s": REPORT_DELAY_S})
    bank.fault(path="/payment/refund", kind="reset_after", method="POST", count=1)
    approve(desk, order_id)
    desk.work()
    time.sleep(1.1)  # the quiet time that somebody thought would do
    desk.work()
    assert sends() == ["unknown", "declined"]
    assert {refund.state for refund in refunds_now()} == {"unknown"}

    bank.control("PUT", "settings", {"iyzico_report_delay_s": 0.0})
    time.sleep(1.1)
    desk.work()

    assert movements(bank, [paid]) == [1]
    assert {refund.state for refund in refunds_now()} == {"succeeded"}
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
    assert breaks() == []
    assert reconciled(desk, bank) == []


def test_a_second_sending_when_it_is_refused_and_the_first_stays_unlisted_then_a_person_looks_and_no_third_goes(
    desk: Desk, bank: BankServer
) -> None:
    add_iyzico(bank, quiet_s=1)
    order_id, paid = paid_whole(desk, bank)
    bank.control("PUT", "settings", {"iyzico_report_delay_s": REPORT_DELAY_S})
    bank.fault(path="/payment/refund", kind="reset_after", method="POST", count=1)
    approve(desk, order_id)

    for _ in range(4):
        desk.work()
        time.sleep(1.1)

    assert movements(bank, [paid]) == [1]
    assert sends() == ["unknown", "declined"]
    assert {refund.state for refund in refunds_now()} == {"manual"}
    assert any("look there whether the money went back" in words for words in alarms())


def sends() -> list[str]:
    """What each sending was answered, in their order."""
    db.session.rollback()
    query = select(RefundAttempt.outcome).where(RefundAttempt.phase == "send").order_by(RefundAttempt.id)
    return list(db.session.scalars(query))


def test_a_quiet_time_when_longer_than_the_gateways_delay_then_asked_until_found_and_paid_once(
    desk: Desk, bank: BankServer
) -> None:
    add_iyzico(bank, quiet_s=900)
    payments = cancelled(desk, bank)

    for _ in range(3):
        desk.work()
    assert movements(bank, payments) == [1] * ORDERS
    assert {refund.state for refund in refunds_now()} == {"unknown"}

    bank.control("PUT", "settings", {"iyzico_report_delay_s": 0.0})
    desk.work()
    assert {refund.state for refund in refunds_now()} == {"succeeded"}
    assert movements(bank, payments) == [1] * ORDERS
    assert reconciled(desk, bank) == []


def test_a_quiet_time_when_it_has_passed_and_nothing_was_done_then_sent_again_once(
    desk: Desk, bank: BankServer
) -> None:
    add_iyzico(bank, quiet_s=900)
    order_id, paid = opened(desk, bank)
    desk.work()
    approve(desk, order_id)
    bank.fault(path="/payment/refund", kind="reset_before", method="POST", count=1)
    desk.work()
    assert movements(bank, [paid]) == [0]
    with unit_of_work() as unit:
        unit.execute(
            text(
                "UPDATE refund SET first_sent_at = first_sent_at - interval '901 s',"
                " last_sent_at = last_sent_at - interval '901 s'"
            )
        )
    desk.work()
    assert movements(bank, [paid]) == [1]


def late(app: Flask, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """The first worker freezes with its request in hand until its lease has ended and `meanwhile` is done."""
    ask, slept = machine._ask, []

    def sleep_then_ask(*args: Any) -> Any:
        if not slept:
            slept.append(True)
            with unit_of_work() as session:
                session.execute(
                    text(
                        "UPDATE operation SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'leased'"
                    )
                )
                session.execute(text("UPDATE refund SET last_sent_at = last_sent_at - interval '2 s'"))
            (met,) = race(app, [meanwhile])
            assert not isinstance(met, Exception), met
        return ask(*args)

    monkeypatch.setattr(machine, "_ask", sleep_then_ask)
    drain("money")


def alarms() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Attention.words)))


def test_a_late_answer_when_the_successor_was_answered_too_then_a_person_hears_that_both_were_done(
    app: Flask, desk: Desk, bank: BankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_iyzico(bank, quiet_s=1)
    order_id, paid = opened(desk, bank)
    desk.work()
    approve(desk, order_id)

    late(app, monkeypatch, lambda: drain("money"))

    # Nothing here can take back what the frozen request has done at a gateway without keys.
    assert movements(bank, [paid]) == [2]
    assert {refund.state for refund in refunds_now()} == {"succeeded"}
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
    assert [words for words in alarms() if "it may have been paid twice" in words] != []


@pytest.mark.parametrize(
    ("state", "is_alarming"), [("manual", True), ("declined", True), ("withdrawn", True), ("unknown", False)]
)
def test_a_late_answer_when_the_refund_counts_as_not_paid_then_a_person_hears_of_it_and_nothing_is_booked(
    app: Flask, desk: Desk, bank: BankServer, monkeypatch: pytest.MonkeyPatch, state: str, is_alarming: bool
) -> None:
    add_iyzico(bank, quiet_s=1)
    order_id, paid = opened(desk, bank)
    desk.work()
    approve(desk, order_id)

    def decide() -> None:
        with unit_of_work() as session:
            session.execute(text("UPDATE refund SET state = :state"), {"state": state})
            session.execute(
                text(
                    "UPDATE operation SET lease_token = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 h' WHERE state = 'leased'"
                )
            )

    late(app, monkeypatch, decide)

    assert movements(bank, [paid]) == [1]
    assert {refund.state for refund in refunds_now()} == {state}
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 0
    assert sends() == ["succeeded"]
    assert any("Do not pay it a second time" in words for words in alarms()) is is_alarming


def test_an_answer_with_the_name_of_another_refund_is_not_booked_a_second_time(
    desk: Desk, bank: BankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_iyzico(bank, quiet_s=1)
    first, second = opened(desk, bank, "1001"), opened(desk, bank, "1002")
    desk.work()
    approve(desk, first[0])
    desk.work()
    known = refunds_now()[0].gateway_ref
    ask = machine._ask
    monkeypatch.setattr(machine, "_ask", lambda *args: replace(ask(*args), gateway_ref=known))
    approve(desk, second[0])
    desk.work()

    assert sorted(refund.state for refund in refunds_now()) == ["manual", "succeeded"]
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
    assert any("belongs to another refund" in words for words in alarms())
