"""Deeds with a name of their own: paid at the door, picked up in a store, held back from the warehouse, stock let go."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.catalog.models import StockList
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, NotFound, TransitionNotAllowed
from webapp.core.sentences import mid_sentence, said
from webapp.core.text import N_
from webapp.orders.enums import LIVE_STATUSES, DeliveryType, OrderStatus, TenderKind
from webapp.orders.inputs import MoveItems
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderItem, VendorOrder, VendorOrderItem
from webapp.orders.service.editing import check_version
from webapp.orders.service.moving import Moved, items_under_lock, move_items, name_of, require_moving
from webapp.orders.service.order_item_service import OrderItemService
from webapp.orders.service.standing import touch
from webapp.orders.service.stock import add_reservations, reserved_in, reserved_of
from webapp.orders.service.wording import listed
from webapp.payments.models import PaymentOption, Transaction

TO_CONFIRM: Final = OrderStatus.CONFIRMATION_WAITING
# With the warehouse, but nothing has left yet: so long an order can be taken back from there.
HELD_BACK_FROM: Final = (OrderStatus.APPROVED, OrderStatus.PREPARING)


def confirm_pay_on_delivery(
    session: Session, order_id: int, context: AuditContext, *, version: int | None = None
) -> Moved:
    """Approve what waits to be confirmed (350 → 400) of an order that is paid at the door, at its vendors too.

    Raises Conflict for an order that is paid otherwise or has nothing to confirm.
    """
    order = lock_order(session, order_id, acting=context)
    if not is_paid_on_delivery(session, order):
        raise Conflict(
            said(
                N_("Order %(number)s is not paid on delivery: there is nothing to confirm."),
                number=order.number,
            )
        )
    waiting = [item.id for item in items_under_lock(session, order) if item.status == TO_CONFIRM]
    if not waiting:
        raise TransitionNotAllowed(
            said(N_("Nothing of order %(number)s waits to be confirmed (350)."), number=order.number)
        )
    move = MoveItems(OrderStatus.APPROVED, frozenset(waiting))
    moved = move_items(session, order_id, move, context, version=version)
    _confirm_at_vendors(session, order)
    return moved


def is_paid_on_delivery(session: Session, order: Order) -> bool:
    """By what the customer chose, or by a payment of the order."""
    by_option = select(PaymentOption.id).where(
        PaymentOption.id == order.payment_option_id, PaymentOption.tender == TenderKind.PAY_ON_DELIVERY.value
    )
    by_payment = select(Transaction.id).where(
        Transaction.order_id == order.id, Transaction.kind == TenderKind.PAY_ON_DELIVERY.value
    )
    return session.scalar(select(by_option.exists() | by_payment.exists())) is True


def accept_in_store(
    session: Session, order_id: int, context: AuditContext, *, version: int | None = None
) -> Moved:
    """Everything open lies in the store and can be picked up (520). Raises Conflict for what is not picked up there."""
    _require_pickup(lock_order(session, order_id, acting=context))
    return move_items(session, order_id, MoveItems(OrderStatus.READY_FOR_PICKUP), context, version=version)


def deliver_in_store(
    session: Session, order_id: int, context: AuditContext, *, version: int | None = None
) -> Moved:
    """The customer has picked everything up (520 → 550). Raises Conflict naming what the store has not accepted yet."""
    order = lock_order(session, order_id, acting=context)
    _require_pickup(order)
    _require_accepted(items_under_lock(session, order))
    return move_items(session, order_id, MoveItems(OrderStatus.DELIVERED), context, version=version)


def mark_as_not_sent(
    session: Session, order_id: int, context: AuditContext, *, version: int | None = None
) -> Order:
    """Approved, but not with the warehouse: it waits under "to send" again; one that does so already stays as it is.

    Raises Conflict for an order that is not approved or preparing: its goods are not to be sent, or have left.
    """
    require_moving(session, context)
    order = lock_order(session, order_id, acting=context)
    check_version(session, order, version)
    if order.status not in HELD_BACK_FROM:
        now = mid_sentence(OrderStatus(order.status).label)
        raise Conflict(
            said(
                N_(
                    "Order %(number)s is %(now)s (%(status)s). Only an approved (400) or preparing (450) order can be taken back from the warehouse."
                ),
                number=order.number,
                now=now,
                status=order.status,
            )
        )
    if order.is_send:
        order.is_send = False
        touch(order)
        record(
            session,
            context,
            "order.not_sent",
            subject=("order", order.id),
            order_id=order.id,
            changes={"is_send": [True, False]},
        )
        session.flush()
    return order


def create_mapping(
    session: Session,
    item_id: int,
    context: AuditContext,
    *,
    stock_list_id: int | None = None,
    version: int | None = None,
) -> OrderItem:
    """Let go of the stock that an open item has reserved, or reserve it in that stock list; where it is already, nothing happens.

    Raises NotFound, and Conflict when there is nothing to let go and for an item that can reserve nothing: unmapped,
    shipped or ended; also for an order that is no longer at `version`.
    """
    require_moving(session, context)
    item = session.get(OrderItem, item_id)
    if item is None or (stock_list_id is not None and session.get(StockList, stock_list_id) is None):
        raise NotFound(N_("There is no such item or stock list."))
    order = lock_order(session, item.order_id, acting=context)
    check_version(session, order, version)
    session.refresh(item)
    before, after = reserved_of(item), reserved_in(item, stock_list_id)
    if before is None and after is None:
        now = mid_sentence(OrderStatus(item.status).label)
        raise Conflict(
            said(N_("%(item)s is %(now)s and has no stock reserved."), item=name_of(item), now=now)
        )
    if before != after:
        _map(session, order, item, stock_list_id, context)
        released = {} if before is None else {before[0]: -before[1]}
        add_reservations(session, released | ({} if after is None else {after[0]: after[1]}))
        session.flush()
    return item


def count_item_stock(session: Session, item_id: int, context: AuditContext) -> Decimal:
    """Count anew what all open orders hold of an item's product in its stock list; a second time nothing changes.

    Raises NotFound, and Conflict for an item without a stock list.
    """
    item = session.get(OrderItem, item_id)
    if item is None:
        raise NotFound(N_("There is no such item or stock list."))
    reserved = OrderItemService(session).update_order_item_send_stock(item, context)
    if reserved is None:
        raise Conflict(N_("This item has no stock list to count in."))
    return reserved


def _map(
    session: Session, order: Order, item: OrderItem, stock_list_id: int | None, context: AuditContext
) -> None:
    """Write the list at the item, and who did it; what is reserved is the caller's."""
    old, item.stock_list_id = item.stock_list_id, stock_list_id
    item.version += 1
    touch(order)
    session.flush()
    names = [None if key is None else session.get_one(StockList, key).name for key in (old, stock_list_id)]
    deed = "released" if stock_list_id is None else "reserved" if old is None else "moved"
    record(
        session,
        context,
        f"order.item.stock_{deed}",
        subject=("order_item", item.id),
        order_id=order.id,
        summary=name_of(item),
        changes={"stock_list_id": [old, stock_list_id], "stock_list": names},
    )


def _require_pickup(order: Order) -> None:
    if order.delivery_type != DeliveryType.STORE_PICKUP:
        raise Conflict(
            said(
                N_("Order %(number)s is sent to the customer, not picked up in a store."), number=order.number
            )
        )


def _require_accepted(items: Sequence[OrderItem]) -> None:
    missing = [
        f"{name_of(item)} is {mid_sentence(OrderStatus(item.status).label)} ({item.status})"
        for item in items
        if item.status in LIVE_STATUSES
        and item.status not in (OrderStatus.READY_FOR_PICKUP, OrderStatus.DELIVERED)
    ]
    if missing:
        raise TransitionNotAllowed(
            said(
                N_("Nothing was handed over. %(items)s. Accept it in the store first."),
                items=listed(missing),
            )
        )


def _confirm_at_vendors(session: Session, order: Order) -> None:
    for vendor_order in session.scalars(select(VendorOrder).where(VendorOrder.order_id == order.id)):
        if vendor_order.status == TO_CONFIRM:
            vendor_order.status = int(OrderStatus.APPROVED)
            vendor_order.version += 1
        lines = select(VendorOrderItem).where(VendorOrderItem.vendor_order_id == vendor_order.id)
        for line in session.scalars(lines):
            if line.status == TO_CONFIRM:
                line.status = int(OrderStatus.APPROVED)
