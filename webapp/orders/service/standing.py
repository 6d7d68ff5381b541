"""Where an order stands by its items and plans, written in the transaction that changed them."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, object_session

from webapp.orders.enums import CancelStatus, OrderStatus
from webapp.orders.models import CancellationPlan, Order, OrderItem
from webapp.orders.service.news import announce_change
from webapp.orders.service.vendors import mirror_vendor_items
from webapp.orders.states import order_cancel_status, order_flags, order_status


def restate(session: Session, order: Order) -> None:
    """Derive the order's status, flags and cancel status anew and give it the next version; under its lock."""
    before = order.status
    rows = _standing_items(session, order)
    for name, value in _derived(session, order, [status for status, _ in rows]).items():
        setattr(order, name, value)
    touch(order, status_before=before)
    if any(source is not None for _, source in rows):
        mirror_vendor_items(session, [order.id])


def derived(session: Session, order: Order) -> dict[str, Any]:
    """The order's columns that its items and plans decide, as they must be now."""
    return _derived(session, order, [status for status, _ in _standing_items(session, order)])


def _standing_items(session: Session, order: Order) -> list[tuple[OrderStatus, int | None]]:
    """Status and data source of each item."""
    session.flush()
    query = select(OrderItem.status, OrderItem.data_source_id).where(OrderItem.order_id == order.id)
    return [(OrderStatus(status), source) for status, source in session.execute(query)]


def _derived(session: Session, order: Order, items: list[OrderStatus]) -> dict[str, Any]:
    plans = [
        CancelStatus(status)
        for status in session.scalars(
            select(CancellationPlan.status)
            .where(CancellationPlan.order_id == order.id)
            .order_by(CancellationPlan.closed_at.nulls_last(), CancellationPlan.id)
        )
    ]
    return {
        "status": order_status(items) or OrderStatus(order.status),
        "cancel_status": order_cancel_status(plans),
        **asdict(order_flags(items, plans)),
    }


def touch(order: Order, *, status_before: int | None = None) -> None:
    """Somebody changed the order: forms that were opened before are stale now, and other systems hear of it."""
    order.version += 1
    order.modified_at = func.now()
    session = object_session(order)
    if session is not None:
        announce_change(session, order, status_before=status_before)
