"""F6: two people cancel parts of one order of which less was captured than its items cost. Never too much goes back."""

import logging
import random
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order
from tests.cancelling import Counter, card, plans_of, refunds_of, staff
from tests.order_drafts import findings
from tests.racing import ROUNDS, SEED, race
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext
from webapp.core.db import unit_of_work
from webapp.core.errors import DomainError
from webapp.orders.models import Order
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation import opening

CAPTURED = Decimal("100.00")
log = logging.getLogger(__name__)


@pytest.fixture
def counter(session: Session) -> Counter:
    log.warning("seed %d", SEED)
    return Counter.open(session)


def canceller(counter: Counter, order_id: int, items: list[int], by: AuditContext) -> Callable[[], list[str]]:
    """Cancels these items one by one and approves each; what somebody else took is told and left."""

    def job() -> list[str]:
        refused = []
        for item in items:
            try:
                plan = counter.cancel(order_id, item, by=by).plans[0].id
                with unit_of_work() as unit:
                    order = unit.get_one(Order, order_id)
                    OrderService(unit).approved_order_cancel(order, None, by, plan_id=plan)
            except DomainError as refusal:
                refused.append(refusal.error_code)
        return refused

    return job


def test_two_people_when_they_cancel_more_than_was_captured_then_never_more_goes_back(
    app: Flask, counter: Counter
) -> None:
    people = [counter.supervisor, staff(Role.SUPERVISOR, "Ece Demir")]
    for at in range(ROUNDS // 2):
        chance = random.Random(f"{SEED}/{at}")
        order_id = counter.order(*["40.00"] * 4, number=str(3000 + at), tenders=(card(str(CAPTURED)),))
        items = [item.id for item in items_of_order(order_id)]
        jobs = [canceller(counter, order_id, chance.sample(items, 3), by) for by in people]

        outcomes = race(app, jobs)

        assert all(isinstance(each, list) for each in outcomes), f"seed {SEED}: {outcomes}"
        gone = [refund.amount for refund in refunds_of(order_id)]
        taken = [item for item in items_of_order(order_id) if item.status == 100]
        assert sum(gone) == min(CAPTURED, 40 * len(taken)), f"seed {SEED}, round {at}: {gone}"
        assert all(amount > 0 for amount in gone)
        assert all(item.amount - item.discount_amount - item.refund_amount >= 0 for item in taken)
        assert len(plans_of(order_id)) == len(taken)
        told = [code for each in outcomes for code in each]
        assert set(told) <= {"item_in_open_plan", "item_ended"}, f"seed {SEED}: {told}"
    assert findings() == []


def test_control_when_the_order_is_not_locked_then_both_plans_count_on_the_same_money(
    app: Flask, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_counted = threading.Barrier(2)
    count = opening.diagnose

    def count_then_write(*args: Any) -> Any:
        drafted = count(*args)
        both_have_counted.wait(10)
        return drafted

    monkeypatch.setattr(
        opening, "lock_order", lambda session, order_id, **_: session.get_one(Order, order_id)
    )
    monkeypatch.setattr(opening, "diagnose", count_then_write)
    order_id = counter.order("80.00", "80.00", tenders=(card(str(CAPTURED)),))
    first, second = (item.id for item in items_of_order(order_id))

    race(app, [lambda: counter.cancel(order_id, first), lambda: counter.cancel(order_id, second)])

    assert [plan.owed_amount for plan in plans_of(order_id)] == [Decimal("80.00"), Decimal("80.00")]
    # Approval counts again under the lock, so even then no more goes back than was captured.
    monkeypatch.undo()
    for plan in plans_of(order_id):
        counter.approve(order_id, plan_id=plan.id)
    assert sum(refund.amount for refund in refunds_of(order_id)) <= CAPTURED
