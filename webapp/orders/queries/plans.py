"""The cancellation plans of one order that are not closed: what they take, over which ways, and how their refunds stand."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, String, and_, cast, select
from sqlalchemy.orm import Session, aliased

from webapp.auth.models import StaffUser
from webapp.core.errors import NotFound
from webapp.core.operations import Operation, OperationState
from webapp.core.text import N_
from webapp.orders.enums import CLOSED_CANCEL_STATUSES, UNDER_WAY_REFUND_STATES
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    CancellationReason,
    OrderItem,
)
from webapp.payments.models import Refund, Transaction

Opener = aliased(StaffUser, name="opener")
Decider = aliased(StaffUser, name="decider")


@dataclass(frozen=True)
class PlanRow:
    """A row of the order that the plan ends, with the reason as it was chosen."""

    name: str
    quantity: Decimal
    reason: str


@dataclass(frozen=True)
class PlanWay:
    """How much of the plan goes back, how, and over a payment of which kind."""

    way: str
    kind: str
    amount: Decimal


@dataclass(frozen=True)
class RefundState:
    """A refund with the machine's next look at it; `is_worked_on`: a worker has it at this moment."""

    row: Refund
    kind: str
    next_look_at: datetime | None
    is_worked_on: bool
    note: str


@dataclass(frozen=True)
class OpenPlan:
    """One plan with everything its banner says."""

    row: CancellationPlan
    opener: str
    decider: str
    items: Sequence[PlanRow]
    ways: Sequence[PlanWay]
    refunds: Sequence[RefundState]

    @property
    def moves(self) -> Decimal:
        """What really moves or is let go: what approval limits look at."""
        return self.row.owed_amount + self.row.released_amount

    @property
    def is_under_way(self) -> bool:
        """Whether the machine still works on one of its refunds."""
        return any(refund.row.state in UNDER_WAY_REFUND_STATES for refund in self.refunds)


@dataclass(frozen=True)
class PlanGroup:
    """The plans of one staff action, which are decided together."""

    plans: Sequence[OpenPlan]

    @property
    def version(self) -> int:
        """What a form about the group carries: it changes with each of its plans."""
        return max(plan.row.version for plan in self.plans)

    @property
    def first(self) -> OpenPlan:
        """The plan that names the group."""
        return self.plans[0]

    @property
    def refund_amount(self) -> Decimal:
        """What the customer is to get, over all plans."""
        return sum((plan.row.refund_amount for plan in self.plans), Decimal(0))

    @property
    def moves(self) -> Decimal:
        """What really moves, over all plans."""
        return sum((plan.moves for plan in self.plans), Decimal(0))


def open_groups(session: Session, order_id: int) -> list[PlanGroup]:
    """The groups of which some plan is open, oldest first; four statements, one when there is none."""
    rows = session.execute(_plans().where(CancellationPlan.order_id == order_id)).all()
    closed = {status.value for status in CLOSED_CANCEL_STATUSES}
    wanted = {plan.group_id for plan, *_ in rows if plan.status not in closed}
    return _groups(session, [row for row in rows if row[0].group_id in wanted])


def group_of(session: Session, plan_id: int) -> PlanGroup:
    """The staff action that this plan belongs to, open or closed. Raises NotFound."""
    group = select(CancellationPlan.group_id).where(CancellationPlan.id == plan_id).scalar_subquery()
    groups = _groups(session, session.execute(_plans().where(CancellationPlan.group_id == group)).all())
    if not groups:
        raise NotFound(N_("There is no such cancellation plan."))
    return groups[0]


def _plans() -> Select[CancellationPlan, str, str]:
    return (
        select(CancellationPlan, Opener.name, Decider.name)
        .outerjoin(Opener, Opener.id == CancellationPlan.opened_by_id)
        .outerjoin(Decider, Decider.id == CancellationPlan.decided_by_id)
        .order_by(CancellationPlan.id)
    )


def _groups(session: Session, found: Sequence[Row[CancellationPlan, str, str]]) -> list[PlanGroup]:
    if not found:
        return []
    ids = [plan.id for plan, *_ in found]
    items, ways, refunds = _items(session, ids), _ways(session, ids), _refunds(session, ids)
    groups: dict[uuid.UUID, list[OpenPlan]] = {}
    for plan, opener, decider in found:
        groups.setdefault(plan.group_id, []).append(
            OpenPlan(
                plan,
                opener or "",
                decider or "",
                items.get(plan.id, []),
                ways.get(plan.id, []),
                refunds.get(plan.id, []),
            )
        )
    return [PlanGroup(plans) for plans in groups.values()]


def plan_ids_of_group(session: Session, order_id: int, plan_id: int) -> list[int]:
    """The order's item ids that stand in the named plan's group; empty for a plan of another order."""
    group = select(CancellationPlan.group_id).where(
        CancellationPlan.id == plan_id, CancellationPlan.order_id == order_id
    )
    query = (
        select(CancellationPlanItem.order_item_id)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
        .where(CancellationPlan.group_id.in_(group), ~CancellationPlanItem.is_shipping_only)
    )
    return list(session.scalars(query))


def _items(session: Session, ids: Sequence[int]) -> dict[int, list[PlanRow]]:
    query = (
        select(
            CancellationPlanItem.plan_id,
            OrderItem.name,
            CancellationPlanItem.quantity,
            CancellationReason.name,
            CancellationPlanItem.reason_text,
        )
        .join(OrderItem, OrderItem.id == CancellationPlanItem.order_item_id)
        .outerjoin(CancellationReason, CancellationReason.id == CancellationPlanItem.reason_id)
        .where(CancellationPlanItem.plan_id.in_(ids), ~CancellationPlanItem.is_shipping_only)
        .order_by(OrderItem.position, OrderItem.part)
    )
    rows = session.execute(query)
    return _by_plan(
        (plan_id, PlanRow(name, quantity, ": ".join(filter(None, (reason, words)))))
        for plan_id, name, quantity, reason, words in rows
    )


def _ways(session: Session, ids: Sequence[int]) -> dict[int, list[PlanWay]]:
    query = (
        select(
            CancellationPlanTender.plan_id,
            CancellationPlanTender.way,
            Transaction.kind,
            CancellationPlanTender.amount,
        )
        .join(Transaction, Transaction.id == CancellationPlanTender.transaction_id)
        .where(CancellationPlanTender.plan_id.in_(ids))
        .order_by(CancellationPlanTender.id)
    )
    return _by_plan(
        (plan_id, PlanWay(way, kind, amount)) for plan_id, way, kind, amount in session.execute(query)
    )


def _refunds(session: Session, ids: Sequence[int]) -> dict[int, list[RefundState]]:
    running = and_(
        Operation.kind == "refund.run",
        Operation.dedupe_key == cast(Refund.id, String),
        Operation.state.in_((OperationState.READY.value, OperationState.LEASED.value)),
    )
    query = (
        select(Refund, Transaction.kind, Operation.next_run_at, Operation.state, Operation.progress_note)
        .join(Transaction, Transaction.id == Refund.transaction_id)
        .outerjoin(Operation, running)
        .where(Refund.plan_id.in_(ids))
        .order_by(Refund.created_at, Refund.id)
    )
    return _by_plan(
        (refund.plan_id or 0, RefundState(refund, kind, next_at, state == OperationState.LEASED, note or ""))
        for refund, kind, next_at, state, note in session.execute(query)
    )


def _by_plan(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for plan_id, value in pairs:
        found.setdefault(plan_id, []).append(value)
    return found
