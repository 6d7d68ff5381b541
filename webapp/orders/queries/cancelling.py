"""What the form that opens a cancellation rests on: the order, what can be chosen, the reasons, what came later."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditEntry
from webapp.core.errors import NotFound
from webapp.core.ids import LARGEST_ID
from webapp.core.text import N_
from webapp.orders.enums import LIVE_STATUSES, OPEN_CANCEL_STATUSES, OrderStatus
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationReason,
    Order,
    OrderItem,
)
from webapp.orders.queries.criteria import Scope

NEWS: Final = 3


def visible_order(session: Session, order_id: int, scope: Scope) -> Order:
    """The order. Raises NotFound also for one of a channel that the reader may not know of."""
    order = session.get(Order, order_id) if order_id <= LARGEST_ID else None
    if order is None or (scope is not None and order.channel_id not in scope):
        raise NotFound(N_("There is no such order."))
    return order


def live_items(session: Session, order_id: int) -> Sequence[OrderItem]:
    """The items that have neither ended nor stand in a plan; those that somebody only wishes to cancel too."""
    held = (
        select(CancellationPlanItem.id)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
        .where(
            CancellationPlanItem.order_item_id == OrderItem.id,
            ~CancellationPlanItem.is_shipping_only,
            CancellationPlan.status.in_([status.value for status in OPEN_CANCEL_STATUSES]),
        )
    )
    only_wished = and_(
        OrderItem.status == OrderStatus.CANCELLATION_WAITING,
        OrderItem.status_before_cancel.is_not(None),
        ~exists(held),
    )
    live = OrderItem.status.in_([int(status) for status in LIVE_STATUSES])
    query = select(OrderItem).where(OrderItem.order_id == order_id, or_(live, only_wished))
    return session.scalars(query.order_by(OrderItem.position, OrderItem.part, OrderItem.id)).all()


def active_reasons(session: Session) -> Sequence[CancellationReason]:
    """The reasons that can be chosen, in the desk's own order."""
    query = select(CancellationReason).where(CancellationReason.is_active)
    return session.scalars(query.order_by(CancellationReason.sort_order, CancellationReason.name)).all()


def newest_entry(session: Session, order_id: int) -> int:
    """The id of the newest audit entry of the order; 0 without one."""
    return session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.order_id == order_id)) or 0


def entries_after(session: Session, order_id: int, entry_id: int) -> Sequence[AuditEntry]:
    """What happened to the order after that entry, newest first; the newest few."""
    query = select(AuditEntry).where(
        AuditEntry.order_id == order_id, AuditEntry.id > entry_id, ~AuditEntry.refused
    )
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(NEWS)).all()
