"""What the form that opens a cancellation rests on: the order, what can be chosen, the reasons, what came later."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditEntry
from webapp.core.errors import NotFound
from webapp.orders.enums import LIVE_STATUSES
from webapp.orders.models import CancellationReason, Order, OrderItem
from webapp.orders.queries.criteria import Scope

LARGEST_ID: Final = 2**63 - 1  # of PostgreSQL's bigint
NEWS: Final = 3


def visible_order(session: Session, order_id: int, scope: Scope) -> Order:
    """The order. Raises NotFound also for one of a channel that the reader may not know of."""
    order = session.get(Order, order_id) if order_id <= LARGEST_ID else None
    if order is None or (scope is not None and order.channel_id not in scope):
        raise NotFound("There is no such order.")
    return order


def live_items(session: Session, order_id: int) -> Sequence[OrderItem]:
    """The items that have neither ended nor stand in a plan."""
    query = select(OrderItem).where(
        OrderItem.order_id == order_id, OrderItem.status.in_([int(status) for status in LIVE_STATUSES])
    )
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
