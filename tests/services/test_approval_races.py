"""F5: two people decide at one moment. Exactly one wins, the other is told who; with the control that must fail."""

import logging
import random
import threading
from collections import Counter as Tally
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, plans_of, refunds_of, staff
from tests.order_drafts import findings
from tests.racing import ROUNDS, SEED, race
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict
from webapp.orders.models import CancellationPlan, Order
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation import deciding
from webapp.orders.service.cancellation.deciding import Approval
from webapp.orders.service.cancellation.opening import OpenedPlans

log = logging.getLogger(__name__)


@pytest.fixture
def counter(session: Session) -> Counter:
    log.warning("seed %d", SEED)
    return Counter.open(session)


@pytest.fixture
def other(counter: Counter) -> AuditContext:
    return staff(Role.SUPERVISOR, "Ece Demir")


def approval(order_id: int, by: AuditContext) -> Callable[[], Approval]:
    def job() -> Approval:
        with unit_of_work() as unit:
            return OrderService(unit).approved_order_cancel(unit.get_one(Order, order_id), None, by)

    return job


def rejection(order_id: int, by: AuditContext) -> Callable[[], list[CancellationPlan]]:
    def job() -> list[CancellationPlan]:
        with unit_of_work() as unit:
            return OrderService(unit).reject_order_cancel(unit.get_one(Order, order_id), by)

    return job


def opened(counter: Counter, at: int) -> int:
    order_id = counter.order("60.00", "40.00", number=str(2000 + at))
    counter.cancel(order_id)
    return order_id


def winner_and_loser(outcomes: list[Any]) -> tuple[int, Conflict]:
    """Which job won; exactly one did, and the other was refused as it should be."""
    refused = [each for each in outcomes if isinstance(each, Exception)]
    assert len(refused) == 1, f"seed {SEED}: {outcomes}"
    assert isinstance(refused[0], Conflict), f"seed {SEED}: {refused[0]!r}"
    return next(at for at, each in enumerate(outcomes) if each is not refused[0]), refused[0]


def test_two_approvals_at_one_moment_then_one_wins_and_the_other_is_told_who(
    app: Flask, counter: Counter, other: AuditContext
) -> None:
    wins: Tally[str] = Tally()
    for at in range(ROUNDS):
        order_id = opened(counter, at)
        people = random.Random(f"{SEED}/{at}").sample([counter.supervisor, other], 2)
        won, refused = winner_and_loser(race(app, [approval(order_id, by) for by in people]))
        assert refused.message.startswith(f"{people[won].actor} has approved this plan on")
        assert [(r.amount, r.state) for r in refunds_of(order_id)] == [(100, "ready")]
        wins[people[won].actor] += 1
    assert wins.total() == ROUNDS
    assert findings() == []


def test_approval_against_rejection_then_one_wins_and_a_rejected_plan_has_no_refund(
    app: Flask, counter: Counter, other: AuditContext
) -> None:
    for at in range(ROUNDS):
        order_id = opened(counter, at)
        jobs = [approval(order_id, counter.supervisor), rejection(order_id, other)]
        won, refused = winner_and_loser(race(app, jobs))
        (plan,) = plans_of(order_id)
        if won == 0:
            assert (plan.status, len(refunds_of(order_id))) == ("approved", 1)
            assert [item.status for item in items_of_order(order_id)] == [100, 100]
            assert refused.message.startswith("Selin Koç has approved this plan on")
        else:
            assert (plan.status, refunds_of(order_id)) == ("rejected", [])
            assert [item.status for item in items_of_order(order_id)] == [400, 400]
            assert refused.message.startswith("Ece Demir has rejected this plan on")
    assert findings() == []


def test_two_openings_of_one_form_then_one_plan(app: Flask, counter: Counter, other: AuditContext) -> None:
    for at in range(ROUNDS):
        order_id = counter.order("60.00", "40.00", number=str(2000 + at))
        version = order_now(order_id).version

        def opening(by: AuditContext, order_id: int = order_id, seen: int = version) -> OpenedPlans:
            return counter.cancel(order_id, by=by, version=seen)

        # The second round of people is one who clicks twice.
        second = other if at % 2 else counter.agent
        outcomes = race(app, [lambda: opening(counter.agent), lambda by=second: opening(by)])  # type: ignore[misc]
        _, refused = winner_and_loser(outcomes)
        assert refused.error_code == "stale_form"
        assert len(plans_of(order_id)) == 1
    assert findings() == []


@pytest.fixture
def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a careful person writes without it: look at the plan, find it waiting, act. Both look before either acts."""
    both_have_looked = threading.Barrier(2)
    look = deciding.group_to_decide

    def look_then_act(*args: Any, **named: Any) -> list[CancellationPlan]:
        found = look(*args, **named)
        both_have_looked.wait(10)
        return found

    monkeypatch.setattr(
        deciding, "lock_order", lambda session, order_id, **_: session.get_one(Order, order_id)
    )
    monkeypatch.setattr(deciding, "group_to_decide", look_then_act)


@pytest.mark.usefixtures("without_the_lock")
def test_control_when_approval_and_rejection_take_no_lock_then_both_win_and_rejected_money_is_sent(
    app: Flask, counter: Counter, other: AuditContext
) -> None:
    order_id = opened(counter, 0)
    outcomes = race(app, [approval(order_id, counter.supervisor), rejection(order_id, other)])
    assert [type(each) for each in outcomes] == [Approval, list]
    assert len(refunds_of(order_id)) == 1


@pytest.mark.usefixtures("without_the_lock")
def test_control_when_two_approvals_take_no_lock_then_both_win(
    app: Flask, counter: Counter, other: AuditContext
) -> None:
    # Nothing captured, so that no refund's unique key stops the second one.
    unpaid = card("100.00", captured_amount=0)
    order_id = counter.order(tenders=(unpaid,))
    counter.cancel(order_id)
    outcomes = race(app, [approval(order_id, counter.supervisor), approval(order_id, other)])
    assert [type(each) for each in outcomes] == [Approval, Approval]
