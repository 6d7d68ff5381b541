"""From a row of the outbox to what the channel is told: ids become facts at the moment of sending."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.channels.pushes import (
    Acknowledgement,
    AddressPush,
    CancelPush,
    CannotTell,
    Push,
    PushedItem,
    StatusPush,
    StockPush,
    TrackingPush,
)
from webapp.customers.identity import ADDRESS_FIELDS, is_empty
from webapp.customers.models import Address
from webapp.orders.enums import ENDED_STATUSES, LIVE_STATUSES, ActionKind, OrderStatus
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import IntegrationAction, Order, OrderItem, Package

# The channel's own name of it must be findable, and say what it is to a person who meets it there.
_KEY = "kontor-{id}"


def push_of(session: Session, action: IntegrationAction, *, may_be_there: bool) -> Push:
    """What the row comes to now. Raises CannotTell where there is nothing, or nobody, to be told."""
    order = session.get_one(Order, action.order_id)
    if order.remote_id is None:
        raise CannotTell("The channel does not have this order, so there is nothing to tell it.")
    addressed = (_KEY.format(id=action.id), order.remote_id, order.number, may_be_there)
    match ActionKind(action.kind):
        case ActionKind.ACKNOWLEDGE:
            return Acknowledgement(*addressed)
        case ActionKind.STATUS:
            return StatusPush(*addressed, status=_status(order, action.args))
        case ActionKind.TRACKING:
            return _tracking(session, order, action, addressed)
        case ActionKind.CANCEL:
            items = _named_items(session, order, action)
            return CancelPush(*addressed, items=_pushed(items), is_whole=_is_whole(session, order))
        case ActionKind.ADDRESS:
            return AddressPush(*addressed, side=_side(action), address=_address(session, order, action))
        case ActionKind.STOCK:
            return StockPush(*addressed, items=_pushed(_named_items(session, order, action)))


def _status(order: Order, args: dict[str, Any]) -> OrderStatus:
    """Where the order stands now, or, while a cancellation is open, what was to be told.

    A channel that knows whole orders only is thus never told of a part, nor of a status that is over.
    """
    now = OrderStatus(order.status)
    told = args.get("status")
    return OrderStatus.from_wire(told) if told is not None and now not in LIVE_STATUSES else now


def _tracking(
    session: Session, order: Order, action: IntegrationAction, addressed: tuple[str, str, str, bool]
) -> TrackingPush:
    """The parcel's number as it was when it was asked for; carrier and link from where the number stands."""
    args = action.args
    items = _named_items(session, order, action)
    package = session.get(Package, args["package_id"]) if args.get("package_id") else None
    if package is not None and not args.get("items"):
        items = [item for item in _items(session, order) if item.package_id == package.id]
    number = args.get("tracking_number") or next(
        (each.tracking_number for each in (package, *items, order) if each and each.tracking_number), None
    )
    if not number:
        raise CannotTell("There is no tracking number any more, so there is nothing to tell.")
    holders = [each for each in (package, *items, order) if each and each.tracking_number == number]
    company_id = next((each.cargo_company_id for each in holders if each.cargo_company_id), None)
    company = session.get(CargoCompany, company_id) if company_id else None
    words = (
        next((item.shipping_company for item in items if item.shipping_company), order.shipping_company) or ""
    )
    return TrackingPush(
        *addressed,
        tracking_number=str(number),
        carrier=company.name if company else words,
        carrier_slug=company.slug if company else words,
        url=next((each.tracking_url for each in holders if each.tracking_url), "") or "",
        items=_pushed(items),
    )


def _is_whole(session: Session, order: Order) -> bool:
    """Whether all of the order was cancelled before anything of it had left."""
    return all(item.status == OrderStatus.CANCELLED for item in _items(session, order))


def _side(action: IntegrationAction) -> str:
    return "billing" if action.args.get("side") == "billing" else "shipping"


def _address(session: Session, order: Order, action: IntegrationAction) -> AddressDraft:
    """The version that was asked for, else the order's own."""
    own = order.billing_address_id if _side(action) == "billing" else order.shipping_address_id
    address = session.get_one(Address, action.args.get("address_id") or own)
    draft = AddressDraft(**{name: getattr(address, name) for name in ADDRESS_FIELDS})
    if is_empty(draft):
        raise CannotTell("The address was erased meanwhile; the channel is not told an empty one.")
    return draft


def _named_items(session: Session, order: Order, action: IntegrationAction) -> list[OrderItem]:
    """The items in `args`, where an empty list means none; else the row's own one, or all that have not ended."""
    items = _items(session, order)
    named = action.args.get("items")
    if named is None and action.order_item_id:
        named = [action.order_item_id]
    if named is None:
        return [item for item in items if item.status not in ENDED_STATUSES]
    return [item for item in items if item.id in set(named)]


def _items(session: Session, order: Order) -> Sequence[OrderItem]:
    query = select(OrderItem).where(OrderItem.order_id == order.id)
    return session.scalars(query.order_by(OrderItem.position, OrderItem.part)).all()


def _pushed(items: Sequence[OrderItem]) -> tuple[PushedItem, ...]:
    return tuple(PushedItem(item.remote_line_id, item.quantity, item.name, item.sku) for item in items)
