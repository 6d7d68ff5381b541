"""A worker dies amid a list of many orders: the next one goes on, and each is moved once with its verdict."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.cancel_desk import order_now
from tests.cancelling import Counter
from tests.jobs.dying_worker import let_die
from tests.jobs.lists import PATIENT, audited, go_on, outcomes
from tests.servers import Processes
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import MoveItems
from webapp.orders.models import IntegrationAction
from webapp.orders.queries.chosen import ticked_orders
from webapp.orders.service.moving_many import move_many

ORDERS = 5


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def orders(counter: Counter) -> list[int]:
    """Approved orders, the newest last, and one operation that is to move them all to shipped."""
    orders = [counter.order(number=f"{1001 + at}") for at in range(ORDERS)]
    with unit_of_work() as unit:
        move = MoveItems(OrderStatus.SHIPPED)
        move_many(unit, ticked_orders(orders, None), move, counter.agent, submission=uuid.uuid4())
    # The list begins with the newest.
    return orders[::-1]


@pytest.mark.parametrize(
    ("step", "decided"),
    [
        pytest.param("third verdict, not committed", 2, id="within the third"),
        pytest.param("third verdict, committed", 3, id="behind the third"),
    ],
)
def test_worker_when_it_dies_amid_the_list_then_the_next_moves_the_rest_and_nothing_twice(
    processes: Processes, orders: list[int], tmp_path: Path, step: str, decided: int
) -> None:
    let_die(processes, tmp_path, step, "upkeep", timing=PATIENT)
    assert [order_now(order_id).status for order_id in orders] == [500] * decided + [400] * (ORDERS - decided)
    assert outcomes() == ["done"] * decided + ["waiting"] * (ORDERS - decided)

    go_on()

    assert outcomes() == ["done"] * ORDERS
    assert [order_now(order_id).status for order_id in orders] == [500] * ORDERS
    assert (audited("order.status.changed"), _told()) == (ORDERS, ORDERS)


def test_control_when_a_verdict_is_written_after_its_act_then_a_death_between_makes_it_wrong(
    processes: Processes, orders: list[int], tmp_path: Path
) -> None:
    let_die(processes, tmp_path, "acted, verdict to come", "upkeep", timing=PATIENT)
    assert order_now(orders[0]).status == 500
    assert outcomes() == ["waiting"] * ORDERS

    go_on()

    # The order was moved, and its verdict says that it was so already.
    assert outcomes() == ["unchanged", *["done"] * (ORDERS - 1)]


def _told() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(IntegrationAction)) or 0
