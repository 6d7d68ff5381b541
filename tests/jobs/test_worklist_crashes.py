"""A worker dies amid a list of many plans: the next one goes on, and each plan is decided once with its verdict."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.cancel_desk import order_now
from tests.cancelling import Counter, plans_of
from tests.jobs.dying_worker import let_die
from tests.jobs.lists import PATIENT, audited, go_on, outcomes
from tests.servers import Processes
from webapp.core.db import unit_of_work
from webapp.core.worklist import Subject
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.bulk import approve_many

PLANS = 5


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def orders(counter: Counter) -> list[int]:
    """Orders with a plan each, and one operation that is to approve them all."""
    orders = [counter.order(number=f"{1001 + at}") for at in range(PLANS)]
    for order_id in orders:
        counter.cancel(order_id)
    plans = [Subject(plans_of(order_id)[0].id, order_id, 1) for order_id in orders]
    with unit_of_work() as unit:
        approve_many(unit, plans, Authority.of_staff(unit, counter.supervisor), submission=uuid.uuid4())
    return orders


@pytest.mark.parametrize(
    ("step", "decided"),
    [
        pytest.param("third verdict, not committed", 2, id="within the third"),
        pytest.param("third verdict, committed", 3, id="behind the third"),
    ],
)
def test_worker_when_it_dies_amid_the_list_then_the_next_decides_the_rest_and_nothing_twice(
    processes: Processes, orders: list[int], tmp_path: Path, step: str, decided: int
) -> None:
    let_die(processes, tmp_path, step, "upkeep", timing=PATIENT)
    assert [order_now(order_id).status for order_id in orders] == [100] * decided + [50] * (PLANS - decided)
    assert outcomes() == ["done"] * decided + ["waiting"] * (PLANS - decided)

    go_on()

    assert outcomes() == ["done"] * PLANS
    assert [order_now(order_id).status for order_id in orders] == [100] * PLANS
    assert audited("cancellation_plan.approved") == PLANS


def test_control_when_a_verdict_is_written_after_its_act_then_a_death_between_makes_it_wrong(
    processes: Processes, orders: list[int], tmp_path: Path
) -> None:
    let_die(processes, tmp_path, "acted, verdict to come", "upkeep", timing=PATIENT)
    assert order_now(orders[0]).status == 100
    assert outcomes() == ["waiting"] * PLANS

    go_on()

    # The plan was approved, and its verdict says that it was refused.
    assert outcomes() == ["refused", *["done"] * (PLANS - 1)]
