"""F21 on the services: one order at a real database and a real bank, through any sequence of deeds and answers.

After each step the books must add up (`kontor verify`), and the bank must not have paid more than it took. At the end
of each walk, with the bank well again, its own list is what our ledger says, to the cent.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, order_now, paid_order
from tests.order_drafts import findings
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.errors import DomainError
from webapp.orders.cancellation import CancelItem, CancelRequest
from webapp.orders.enums import LIVE_STATUSES, PlanKind
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.deciding import approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.standing import restate
from webapp.payments.models import LedgerEntry, Transaction

WALKS, STEPS = 60, 20
FAULTS = ("reset_before", "reset_after", "500_before", "500_after", "503", "429", "pending_settles")


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


class Walk(RuleBasedStateMachine):
    """One order; what is refused is as good a step as what is done."""

    desk: Desk
    bank: BankServer
    agent: Authority
    supervisor: Authority
    numbers = iter(range(1001, 100_000))

    @initialize(cents=st.lists(st.integers(1, 20_000), min_size=1, max_size=4))
    def begin(self, cents: list[int]) -> None:
        """An order of that many lines, paid at the bank."""
        self.bank.control("DELETE", "faults")
        amounts = [f"{each // 100}.{each % 100:02d}" for each in cents]
        self.order_id = paid_order(self.desk, self.bank, *amounts, number=f"{next(self.numbers)}")
        self.paid = sum(cents)
        db.session.rollback()
        query = select(Transaction.gateway_ref).where(Transaction.order_id == self.order_id)
        self.payment = {"id": db.session.scalars(query).one()}
        db.session.rollback()

    @rule(picks=st.sets(st.integers(0, 3), min_size=1))
    def cancel(self, picks: set[int]) -> None:
        """Open a plan for some of the lines, wherever they stand."""
        items = [item.id for at, item in enumerate(items_of_order(self.order_id)) if at in picks]
        if not items:
            return
        reasons = tuple(self.desk.reason(kind) for kind in PlanKind)
        request = CancelRequest(items=tuple(map(CancelItem, items)), reasons=reasons)
        self._try(lambda unit: open_plans(unit, self.order_id, request, self.agent))

    @rule()
    def approve(self) -> None:
        self._try(lambda unit: approved_order_cancel(unit, self.order_id, self.supervisor))

    @rule()
    def reject(self) -> None:
        self._try(lambda unit: reject_order_cancel(unit, self.order_id, self.supervisor, words="No."))

    @rule(at=st.integers(0, 3))
    def ship(self, at: int) -> None:
        """A line leaves the house."""
        items = [item.id for item in items_of_order(self.order_id) if item.status in LIVE_STATUSES]
        if at < len(items):
            with unit_of_work() as unit:
                unit.get_one(OrderItem, items[at]).status = 500
                restate(unit, unit.get_one(Order, self.order_id))

    @rule(kind=st.sampled_from(FAULTS))
    def break_the_bank(self, kind: str) -> None:
        """The next refund meets a fault."""
        self.bank.fault(path="/v1/refunds", kind=kind, method="POST", count=1, seconds=0)

    @rule()
    def work(self) -> None:
        self.desk.work()

    @invariant()
    def the_books_add_up(self) -> None:
        if hasattr(self, "order_id"):
            assert findings() == []
            order = order_now(self.order_id)
            assert 0 <= order.refund_amount <= order.amount
            assert sum(self._movements().values()) <= self.paid
            db.session.rollback()

    def teardown(self) -> None:
        """The bank gets well, and everybody finishes."""
        if not hasattr(self, "order_id"):
            return
        self.bank.control("DELETE", "faults")
        for _ in range(4):
            self.desk.work()
        db.session.rollback()
        ledger = db.session.execute(
            select(LedgerEntry.kind, LedgerEntry.amount).where(LedgerEntry.order_id == self.order_id)
        ).all()
        booked = Counter(int(amount * 100) for kind, amount in ledger if kind == "refund")
        moved = Counter(self._movements().values())
        assert moved == booked
        states = db.session.execute(
            text("SELECT state FROM refund WHERE order_id = :id"), {"id": self.order_id}
        )
        assert {state for (state,) in states} <= {"succeeded", "declined", "withdrawn", "manual"}
        assert findings() == []
        db.session.rollback()

    def _movements(self) -> dict[str, int]:
        rows = self.bank.refunds(self.payment)
        return {row["id"]: row["amount"] for row in rows if row["status"] in ("succeeded", "pending")}

    def _try(self, deed: Any) -> None:
        try:
            with unit_of_work() as unit:
                deed(unit)
        except DomainError:
            return


def test_any_walk_of_an_order_when_the_bank_fails_at_will_then_books_and_bank_agree(
    desk: Desk, bank: BankServer
) -> None:
    Walk.desk, Walk.bank = desk, bank
    Walk.agent, Walk.supervisor = desk.authority(Role.AGENT), desk.authority()
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=STEPS,
            deadline=None,
            # A walk costs a second: the first one that fails is told as it is.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
