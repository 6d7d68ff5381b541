"""The cancellations that somebody has to decide, check or pay: one row per staff action, walked by the plans' index.

Before them come the wishes of customers and channels, one row per order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    exists,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.selectable import LateralFromClause

from webapp.auth.models import StaffUser
from webapp.core.text import N_
from webapp.customers.models import Customer
from webapp.orders.enums import CLOSED_CANCEL_STATUSES, CancelStatus, PlanKind, RequestStatus
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationReason,
    CancellationRequest,
    Order,
    OrderItem,
)
from webapp.orders.queries.criteria import Scope

COUNTED_AT_MOST: Final = 10_000  # as lists of orders are: a tab says "10,000+" then

# Written out, for the partial index.
REQUEST_IS_OPEN: Final = text("cancellation_request.status IN ('waiting_approval', 'confirmed')")

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
    page = first_plans(wanted, scope)
    if after_id is not None:
        page = page.where(plan_id < after_id if newest_first else plan_id > after_id)
    ids = page.order_by(plan_id.desc() if newest_first else plan_id).limit(limit).subquery("page")
    rows = _shown().join(ids, ids.c.id == CancellationPlan.id)
    return session.execute(rows.order_by(plan_id.desc() if newest_first else plan_id)).all()


def matching(session: Session, wanted: QueueFilter, scope: Scope, *, most: int) -> list[int]:
    """The plans that stand for the actions of a list, `most` and one more at most."""
    query = first_plans(wanted, scope).order_by(CancellationPlan.id).limit(most + 1)
    return list(session.scalars(query))


def chosen(session: Session, plan_ids: Sequence[int], scope: Scope) -> Sequence[QueueRow]:
    """The rows of these plans; those of channels that the reader may not know of are left out."""
    rows = _shown().where(CancellationPlan.id.in_(plan_ids), _in_scope(scope))
    return session.execute(rows.order_by(CancellationPlan.id)).all()


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What the tabs say, each counted to 10,001 at most; closed plans are not counted."""

    requests: int
    plans: Mapping[QueueTab, int]

    @property
    def undecided(self) -> int:
        """What `undecided` counts."""
        return self.requests + self.plans[QueueTab.APPROVAL]


def count_queue(session: Session, scope: Scope) -> QueueCounts:
    """How many orders have undecided wishes and how many actions each tab of open plans has; one statement."""
    open_tabs = [tab for tab in QueueTab if tab is not QueueTab.CLOSED]
    counted = [
        _capped(wished_orders(scope)).label("requests"),
        *(_capped(first_plans(QueueFilter(tab), scope)).label(tab.value) for tab in open_tabs),
    ]
    requests, *plans = session.execute(select(*counted)).one()
    return QueueCounts(requests, dict(zip(open_tabs, plans, strict=True)))


def undecided(scope: Scope) -> ColumnElement[int]:
    """How many requests and plans wait for a decision, each counted to 10,001 at most."""
    return _capped(first_plans(QueueFilter(QueueTab.APPROVAL), scope)) + _capped(wished_orders(scope))


def _capped(query: Select[*tuple[Any, ...]]) -> ScalarSelect[int]:
    return select(func.count()).select_from(query.limit(COUNTED_AT_MOST + 1).subquery()).scalar_subquery()


def first_plans(wanted: QueueFilter, scope: Scope) -> Select[int]:
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


def _whole_group() -> LateralFromClause:
    """What the plans of a row's group come to together."""
    linked = aliased(CancellationPlan, name="linked")
    return (
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


def _items_of_group() -> ScalarSelect[int]:
    """How many rows of the order the group takes; what only pays shipping back is none."""
    of_group = aliased(CancellationPlan, name="of_group")
    return (
        select(func.count())
        .select_from(CancellationPlanItem)
        .join(of_group, of_group.id == CancellationPlanItem.plan_id)
        .where(of_group.group_id == CancellationPlan.group_id, ~CancellationPlanItem.is_shipping_only)
        .correlate(CancellationPlan)
        .scalar_subquery()
    )


def _shown() -> Select[*tuple[Any, ...]]:
    group = _whole_group()
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
            _items_of_group().label("items"),
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


def wished(
    session: Session, scope: Scope, *, after_id: int | None = None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """A page of orders with undecided wishes, the longest waiting first: order, customer, items, since when, by whom."""
    page = wished_orders(scope)
    if after_id is not None:
        page = page.having(func.min(CancellationRequest.id) > after_id)
    page_ids = page.order_by(func.min(CancellationRequest.id)).limit(limit).subquery("page")
    names = (
        select(func.string_agg(OrderItem.name, aggregate_order_by(literal(", "), OrderItem.position)))
        .join(CancellationRequest, CancellationRequest.order_item_id == OrderItem.id)
        .where(CancellationRequest.order_id == Order.id, REQUEST_IS_OPEN)
        .correlate(Order)
        .scalar_subquery()
    )
    query = (
        select(
            page_ids.c.first_id,
            page_ids.c.wishes,
            page_ids.c.since,
            page_ids.c.origin,
            page_ids.c.all_checked,
            Order.id.label("order_id"),
            Order.number,
            Order.channel_id,
            func.concat_ws(" ", Customer.first_name, Customer.last_name).label("customer"),
            names.label("items"),
        )
        .join(page_ids, page_ids.c.order_id == Order.id)
        .join(Customer, Customer.id == Order.customer_id)
    )
    return session.execute(query.order_by(page_ids.c.first_id)).all()


def wishes_of(session: Session, order_id: int) -> Sequence[Row[CancellationRequest, OrderItem, str]]:
    """The undecided wishes of one order with their items and the reason that was given, in the order of the items."""
    query = (
        select(CancellationRequest, OrderItem, CancellationReason.name)
        .join(OrderItem, OrderItem.id == CancellationRequest.order_item_id)
        .outerjoin(CancellationReason, CancellationReason.id == CancellationRequest.reason_id)
        .where(CancellationRequest.order_id == order_id, REQUEST_IS_OPEN)
    )
    return session.execute(query.order_by(OrderItem.position, OrderItem.part)).all()


def wished_orders(scope: Scope) -> Select[*tuple[Any, ...]]:
    """Orders with undecided wishes: the oldest wish, how many, and since when."""
    return (
        select(
            CancellationRequest.order_id,
            func.min(CancellationRequest.id).label("first_id"),
            func.count().label("wishes"),
            func.min(CancellationRequest.created_at).label("since"),
            func.min(CancellationRequest.origin).label("origin"),
            func.bool_and(CancellationRequest.status == RequestStatus.CONFIRMED).label("all_checked"),
        )
        .join(Order, Order.id == CancellationRequest.order_id)
        .where(REQUEST_IS_OPEN, _in_scope(scope))
        .group_by(CancellationRequest.order_id)
    )
