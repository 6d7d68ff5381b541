"""A worker dies amid each kind of list that the bulk bars ask for: the next one goes on, each thing is acted on once."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.cancelling import Counter, lines_of, plans_of
from tests.jobs.dying_worker import let_die
from tests.servers import Processes
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.settings import Timing
from webapp.core.typed_words import TypedWords
from webapp.core.worklist import OperationItem, Subject
from webapp.orders.enums import PlanKind
from webapp.orders.models import CancellationPlan, OrderAssignment, OrderTag, Tag
from webapp.orders.service.assigning import Assignment, assign_many
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.bulk import cancel_many, reject_many
from webapp.orders.service.tags import tag_many

ORDERS = 5
# Leases are ended by the tests.
PATIENT = Timing(lease_s=600)


@dataclass(frozen=True)
class Bulk:
    """A deed over many: how it is asked for, how often the log has it, and what is there of it, once for each order."""

    ask: Callable[[Session, Counter, list[int]], object]
    tag: str
    done: Callable[[list[int]], int]


def _cancel(unit: Session, counter: Counter, orders: list[int]) -> object:
    words = {PlanKind.CANCEL: "Out of stock"}
    subjects = [Subject(order_id, order_id) for order_id in orders]
    by = Authority.of_staff(unit, counter.agent)
    return cancel_many(unit, subjects, counter.desk.reasons, by, submission=uuid.uuid4(), words=words)


def _reject(unit: Session, counter: Counter, orders: list[int]) -> object:
    plans = [Subject(plans_of(order_id)[0].id, order_id, 1) for order_id in orders]
    by = Authority.of_staff(unit, counter.supervisor)
    return reject_many(unit, plans, "The customer keeps it", by, submission=uuid.uuid4())


def _assign(unit: Session, counter: Counter, orders: list[int]) -> object:
    wanted = Assignment(counter.supervisor.staff_id)
    subjects = [Subject(order_id, order_id) for order_id in orders]
    return assign_many(unit, subjects, wanted, counter.agent, submission=uuid.uuid4())


def _tag(unit: Session, counter: Counter, orders: list[int]) -> object:
    tag = Tag(name="Urgent")
    unit.add(tag)
    unit.flush()
    subjects = [Subject(order_id, order_id) for order_id in orders]
    return tag_many(unit, subjects, tag.id, counter.agent, remove=False, submission=uuid.uuid4())


def _cancelled(orders: list[int]) -> int:
    """Orders with exactly one plan, whose line has what was typed."""
    return sum(
        len(plans := plans_of(order_id)) == 1 and lines_of(plans[0].id)[0].reason_text == "Out of stock"
        for order_id in orders
    )


def _count(*where: object) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]


BULKS = {
    "cancel": Bulk(_cancel, "cancellation_plan.opened", _cancelled),
    "reject": Bulk(
        _reject,
        "cancellation_plan.rejected",
        lambda _orders: _count(CancellationPlan.decision_words == "The customer keeps it"),
    ),
    "assign": Bulk(
        _assign,
        "order.assigned",
        lambda orders: _count(OrderAssignment.order_id.in_(orders), OrderAssignment.version == 1),
    ),
    "tag": Bulk(_tag, "order.tagged", lambda orders: _count(OrderTag.order_id.in_(orders))),
}


@pytest.mark.parametrize("name", BULKS)
@pytest.mark.parametrize(
    ("step", "decided"),
    [
        pytest.param("third verdict, not committed", 2, id="within the third"),
        pytest.param("third verdict, committed", 3, id="behind the third"),
    ],
)
def test_worker_when_it_dies_amid_the_list_then_the_next_does_the_rest_and_nothing_twice(
    processes: Processes, session: Session, tmp_path: Path, name: str, step: str, decided: int
) -> None:
    counter, bulk = Counter.open(session), BULKS[name]
    orders = [counter.order(number=f"{1001 + at}") for at in range(ORDERS)]
    if name == "reject":
        for order_id in orders:
            counter.cancel(order_id)
    with unit_of_work() as unit:
        bulk.ask(unit, counter, orders)

    let_die(processes, tmp_path, step, "upkeep", timing=PATIENT)
    assert bulk.done(orders) == decided
    assert _outcomes() == ["done"] * decided + ["waiting"] * (ORDERS - decided)

    with unit_of_work() as unit:
        unit.execute(text("UPDATE operation SET lease_until = now() - interval '1 s'"))
    assert drain("upkeep") == 1

    assert _outcomes() == ["done"] * ORDERS
    assert bulk.done(orders) == ORDERS
    assert _count(AuditEntry.tag == bulk.tag, AuditEntry.refused.is_(False)) == ORDERS
    # What was typed stands where it belongs, and nowhere else any more.
    assert db.session.scalars(select(TypedWords)).all() == []


def _outcomes() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(OperationItem.outcome).order_by(OperationItem.position)))
