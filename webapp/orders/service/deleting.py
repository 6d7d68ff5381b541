"""Deleting an order that should never have been: only one without money, and nothing that somebody has decided."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoErrand
from webapp.channels.models import RemoteRecord
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.locks import lock_order
from webapp.orders.models import (
    AddressChange,
    Attention,
    CancellationPlan,
    CancellationRequest,
    DiscountItem,
    IntegrationAction,
    NoteReader,
    Order,
    OrderAssignment,
    OrderItem,
    OrderNote,
    OrderSearch,
    OrderTag,
    Package,
    VendorOrder,
)
from webapp.orders.service.stock import add_reservations, reserved_by
from webapp.orders.service.wording import said_by
from webapp.payments.models import LedgerEntry, Payee, Refund, Transaction

# What makes an order part of somebody's books.
_MONEY: Final[tuple[Any, ...]] = (Transaction, Refund, LedgerEntry, Payee)
_DECIDED: Final[tuple[Any, ...]] = (CancellationPlan, CancellationRequest, Package, VendorOrder)
# From the leaves to the order. Its log stays; attention entries keep their words without it.
_GONE_WITH_IT: Final[tuple[Any, ...]] = (
    DiscountItem,
    OrderNote,
    OrderTag,
    OrderAssignment,
    OrderSearch,
    IntegrationAction,
    CargoErrand,
    AddressChange,
    OrderItem,
)


class OrderHasMoney(Conflict):
    """The order was paid, refunded or decided about: it can be cancelled, never deleted."""

    code = "order_has_money"


def delete_order(session: Session, order_id: int, context: AuditContext) -> None:
    """Take the order out of the tables; the audit log keeps that it was there. Raises NotFound and OrderHasMoney."""
    order = lock_order(session, order_id, acting=context)
    for model in (*_MONEY, *_DECIDED):
        if session.scalar(select(exists().where(model.order_id == order.id))):
            raise OrderHasMoney(
                said(
                    N_(
                        "Order %(number)s has payments, refunds, parcels or cancellations. Cancel it instead."
                    ),
                    number=order.number,
                )
            )
    _free_stock(session, order)
    session.execute(update(RemoteRecord).where(RemoteRecord.order_id == order.id).values(order_id=None))
    session.execute(update(Attention).where(Attention.order_id == order.id).values(order_id=None))
    record(
        session,
        context,
        "order.deleted",
        subject=("order", order.id),
        order_id=order.id,
        summary=said_by(context, f"deleted order {order.number}"),
    )
    notes = select(OrderNote.id).where(OrderNote.order_id == order.id)
    session.execute(delete(NoteReader).where(NoteReader.note_id.in_(notes)))
    for model in _GONE_WITH_IT:
        session.execute(delete(model).where(model.order_id == order.id))
    session.execute(delete(Order).where(Order.id == order.id))


def _free_stock(session: Session, order: Order) -> None:
    freed: dict[tuple[int, int], Decimal] = {}
    for item in session.scalars(select(OrderItem).where(OrderItem.order_id == order.id)):
        reserved = reserved_by(
            item.product_id, item.stock_list_id, item.status, item.status_before_cancel, item.quantity
        )
        if reserved is not None:
            key, quantity = reserved
            freed[key] = freed.get(key, Decimal(0)) - quantity
    add_reservations(session, freed)
