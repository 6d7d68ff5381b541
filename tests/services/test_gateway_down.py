"""F18 in small: a bank that is down is left alone after a few tries, and another bank's refunds go on."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk, paid_order
from tests.order_drafts import findings
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.breaker import CircuitBreaker
from webapp.core.db import db, unit_of_work
from webapp.core.secrets import current_vault
from webapp.core.settings import Timing
from webapp.orders.service.cancellation.deciding import approved_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.payments.models import GatewayAccount, Transaction

WAITING, OTHERS = 9, 3


@pytest.fixture
def banks(tmp_path: Path) -> Iterator[tuple[BankServer, BankServer]]:
    pair = (
        BankServer("sandbox.bank", tmp_path / "a.sqlite"),
        BankServer("sandbox.bank", tmp_path / "b.sqlite"),
    )
    yield pair
    for bank in pair:
        bank.stop()


def refund(desk: Desk, bank: BankServer, number: str, gateway: str) -> None:
    """An order whose refund is approved and waits for that gateway."""
    order_id = paid_order(desk, bank, number=number)
    agent, supervisor = desk.authority(Role.AGENT), desk.authority()
    with unit_of_work() as unit:
        unit.execute(update(Transaction).where(Transaction.order_id == order_id).values(gateway=gateway))
        open_plans(unit, order_id, desk.request(), agent)
    with unit_of_work() as unit:
        assert approved_order_cancel(unit, order_id, supervisor).is_approved


def test_one_bank_when_it_is_down_then_left_alone_and_the_other_pays(
    session: Session, banks: tuple[BankServer, BankServer]
) -> None:
    down, up = banks
    desk = make_desk(session, down)
    account = GatewayAccount(name="other", gateway_type="stripe", base_url=f"{up.url}/v1")
    account.credentials = current_vault().encrypt_fields({"secret_key": up.key})
    session.add(account)
    session.commit()
    for at in range(WAITING):
        refund(desk, down, str(5000 + at), "stripe")
    for at in range(OTHERS):
        refund(desk, up, str(6000 + at), "other")
    down.fault(path="/v1/refunds", kind="503", method="POST", count=1_000)

    desk.work()

    tried = db.session.scalar(text("SELECT count(*) FROM refund_attempt WHERE outcome = 'unknown'"))
    assert tried == Timing().breaker_failures
    assert db.session.get_one(CircuitBreaker, "gateway:stripe").opened_at is not None
    assert db.session.get(CircuitBreaker, "gateway:other") is None
    assert _states() == {
        ("stripe", "unknown"): tried,
        ("stripe", "ready"): WAITING - tried,
        ("other", "succeeded"): OTHERS,
    }
    assert len(up.control("GET", "refunds")) == OTHERS

    down.control("DELETE", "faults")
    with unit_of_work() as unit:
        unit.execute(update(CircuitBreaker).values(next_probe_at=text("clock_timestamp()")))
    for _ in range(3):
        desk.work()
    assert _states() == {("stripe", "succeeded"): WAITING, ("other", "succeeded"): OTHERS}
    assert [row["amount"] for row in down.control("GET", "refunds")] == [10_000] * WAITING
    assert db.session.scalar(text("SELECT sum(amount) FROM ledger_entry")) == Decimal(
        100 * (WAITING + OTHERS)
    )
    assert findings() == []


def _states() -> dict[tuple[str, str], int]:
    db.session.rollback()
    rows = db.session.execute(text("SELECT gateway, state, count(*) FROM refund GROUP BY gateway, state"))
    return {(row[0], row[1]): row[2] for row in rows}
