"""The cancellations that somebody has to decide, check or pay: one row per staff action, walked by the plans' index."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, func, select, true
from sqlalchemy.orm import Session, aliased

from webapp.auth.models import StaffUser
from webapp.core.text import N_
from webapp.customers.models import Customer
from webapp.orders.enums import CLOSED_CANCEL_STATUSES, CancelStatus, PlanKind
from webapp.orders.models import CancellationPlan, CancellationPlanItem, Order
from webapp.orders.queries.criteria import Scope

# Nobody works through more by hand; a tab says "1,000+" then.
COUNTED_AT_MOST: Final = 1_000

QueueRow = Row[*tuple[Any, ...]]


class QueueTab(StrEnum):
    """What has to be done with a plan, in the order of the tabs."""

    APPROVAL = "approval"
    CHECK = "check"
    MANUAL = "manual"
    UNDER_WAY = "under_way"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """English words for the tab, to be translated where shown."""
        return _LABELS[self]

    @property
    def statuses(self) -> tuple[CancelStatus, ...]:
        """The statuses of its plans."""
        return _STATUSES[self]


_LABELS: Final = {
    QueueTab.APPROVAL: N_("To approve"),
    QueueTab.CHECK: N_("To check"),
    QueueTab.MANUAL: N_("Manual refund needed"),
    QueueTab.UNDER_WAY: N_("Refund under way"),
    QueueTab.CLOSED: N_("Closed"),
}
_STATUSES: Final = {
    QueueTab.APPROVAL: (CancelStatus.WAITING, CancelStatus.CONFIRMED),
    QueueTab.CHECK: (CancelStatus.CONFIRMATION_WAITING,),
    QueueTab.MANUAL: (CancelStatus.MANUEL_REFUND_NEED,),
    QueueTab.UNDER_WAY: (CancelStatus.APPROVED, CancelStatus.WAITING_FOR_PAYMENT),
    QueueTab.CLOSED: tuple(sorted(CLOSED_CANCEL_STATUSES)),
}


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What a list of plans shows; an empty tuple does not limit. `opened_by_id` and `not_opened_by_id` are staff."""

    tab: QueueTab
    channels: tuple[int, ...] = ()
    kinds: tuple[PlanKind, ...] = ()
    opened_by_id: int | None = None
    not_opened_by_id: int | None = None


def queue(
    session: Session, wanted: QueueFilter, scope: Scope, *, after_id: int | None = None, limit: int
) -> Sequence[QueueRow]:
    """A page of actions: open ones by how long they wait, closed ones from the newest on. One statement."""
    newest_first = wanted.tab is QueueTab.CLOSED
    plan_id = CancellationPlan.id
    page = _first_plans(wanted, scope)
    if after_id is not None:
        page = page.where(plan_id < after_id if newest_first else plan_id > after_id)
    ids = page.order_by(plan_id.desc() if newest_first else plan_id).limit(limit).subquery("page")
    rows = _shown().join(ids, ids.c.id == CancellationPlan.id)
    return session.execute(rows.order_by(plan_id.desc() if newest_first else plan_id)).all()


def matching(session: Session, wanted: QueueFilter, scope: Scope, *, most: int) -> list[int]:
    """The plans that stand for the actions of a list, `most` and one more at most."""
    query = _first_plans(wanted, scope).order_by(CancellationPlan.id).limit(most + 1)
    return list(session.scalars(query))


def chosen(session: Session, plan_ids: Sequence[int], scope: Scope) -> Sequence[QueueRow]:
    """The rows of these plans; those of channels that the reader may not know of are left out."""
    rows = _shown().where(CancellationPlan.id.in_(plan_ids), _in_scope(scope))
    return session.execute(rows.order_by(CancellationPlan.id)).all()


def count_by_tab(session: Session, scope: Scope) -> dict[QueueTab, int]:
    """How many actions each tab of open plans has, each counted to 1,001 at most; one statement."""
    counted = {
        tab: select(func.count())
        .select_from(_first_plans(QueueFilter(tab), scope).limit(COUNTED_AT_MOST + 1).subquery())
        .scalar_subquery()
        .label(tab.value)
        for tab in QueueTab
        if tab is not QueueTab.CLOSED
    }
    row = session.execute(select(*counted.values())).one()
    return dict(zip(counted, row, strict=True))


def _first_plans(wanted: QueueFilter, scope: Scope) -> Select[int]:
    """Of each action the first plan that has one of the tab's statuses: two linked plans are one row."""
    statuses = _literal(wanted.tab)
    earlier = aliased(CancellationPlan, name="earlier")
    linked = select(earlier.id).where(
        earlier.group_id == CancellationPlan.group_id,
        earlier.id < CancellationPlan.id,
        earlier.status.in_(statuses),
    )
    query = (
        select(CancellationPlan.id)
        .join(Order, Order.id == CancellationPlan.order_id)
        .where(CancellationPlan.status.in_(statuses), ~exists(linked), _in_scope(scope))
    )
    if wanted.channels:
        query = query.where(Order.channel_id.in_(wanted.channels))
    if wanted.kinds:
        query = query.where(CancellationPlan.kind.in_([kind.value for kind in wanted.kinds]))
    if wanted.opened_by_id is not None:
        query = query.where(CancellationPlan.opened_by_id == wanted.opened_by_id)
    if wanted.not_opened_by_id is not None:
        query = query.where(CancellationPlan.opened_by_id.is_distinct_from(wanted.not_opened_by_id))
    return query


def _literal(tab: QueueTab) -> Any:
    """The statuses written out: the planner takes the partial index only for a condition that it can read."""
    values = [status.value for status in tab.statuses]
    return bindparam("statuses", values, expanding=True, literal_execute=True, unique=True)


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else Order.channel_id.in_(scope)


def _shown() -> Select[*tuple[Any, ...]]:
    linked = aliased(CancellationPlan, name="linked")
    group = (
        select(
            func.max(linked.version).label("version"),
            func.count().label("plans"),
            func.sum(linked.refund_amount).label("refund_amount"),
            func.sum(linked.owed_amount + linked.released_amount).label("moves"),
            func.array_agg(linked.kind).label("kinds"),
            func.array_agg(linked.opened_by_id).label("openers"),
        )
        .where(linked.group_id == CancellationPlan.group_id)
        .lateral("whole")
    )
    of_group = aliased(CancellationPlan, name="of_group")
    items = (
        select(func.count())
        .select_from(CancellationPlanItem)
        .join(of_group, of_group.id == CancellationPlanItem.plan_id)
        .where(of_group.group_id == CancellationPlan.group_id, ~CancellationPlanItem.is_shipping_only)
        .correlate(CancellationPlan)
        .scalar_subquery()
    )
    decider = aliased(StaffUser, name="decider")
    return (
        select(
            CancellationPlan.id,
            CancellationPlan.order_id,
            CancellationPlan.status,
            CancellationPlan.origin,
            CancellationPlan.currency,
            CancellationPlan.created_at,
            CancellationPlan.decided_at,
            Order.number,
            Order.channel_id,
            func.concat_ws(" ", Customer.first_name, Customer.last_name).label("customer"),
            StaffUser.name.label("opener"),
            decider.name.label("decider"),
            items.label("items"),
            group.c.version,
            group.c.plans,
            group.c.refund_amount,
            group.c.moves,
            group.c.kinds,
            group.c.openers,
        )
        .join(Order, Order.id == CancellationPlan.order_id)
        .join(Customer, Customer.id == Order.customer_id)
        .join(group, true())
        .outerjoin(StaffUser, StaffUser.id == CancellationPlan.opened_by_id)
        .outerjoin(decider, decider.id == CancellationPlan.decided_by_id)
    )
