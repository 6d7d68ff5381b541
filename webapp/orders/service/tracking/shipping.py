"""Writing tracking numbers and moves to 500 for many orders at once, under their locks.

What a single move by hand does is done here for all of them with one statement per table: items, the orders' own
status and flags, reserved stock, parcels, a line on each timeline, and word for the channels.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.cargo.carriers import tracking_url
from webapp.cargo.models import CargoCompany
from webapp.core.audit import AuditContext
from webapp.core.bulk import Rows, plain_array, text_array
from webapp.core.clock import utc_now
from webapp.orders.enums import ActionKind, OrderStatus
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.integration_action_service import IntegrationActionService, NewAction
from webapp.orders.service.stock import StockKey, add_reservations, reserved_by
from webapp.orders.service.timeline import Entry, record_all
from webapp.orders.service.tracking.facts import ItemState, OrderState
from webapp.orders.service.vendors import mirror_known
from webapp.orders.service.wording import listed
from webapp.orders.service.writing.moves import is_sent
from webapp.orders.states import OrderFlags, order_flags, order_status

SHIPPED: Final = "order.shipped"
_ITEMS = Rows(
    OrderItem, "id status tracking_number tracking_url cargo_company_id shipping_company shipped_date"
)
_ORDERS = Rows(
    Order,
    "id status partially_cancelled partially_refunded partially_shipped is_send tracking_number tracking_url"
    " cargo_company_id shipping_company",
)
_TOUCH: Final = "version = kept.version + 1, modified_at = now()"
_PARCELS = text("""
    UPDATE package SET tracking_number = given.number, shipped_at = coalesce(package.shipped_at, now())
    FROM unnest(CAST(:ids AS bigint[]), CAST(:numbers AS text[])) AS given(id, number)
    WHERE package.id = given.id
""")


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel of one order: items that leave, and items that have left and lack its number.

    Without a carrier the items keep theirs; without an address it follows from the carrier's template.
    """

    order_id: int
    tracking_number: str
    moving: tuple[int, ...]
    numbered: tuple[int, ...] = ()
    cargo_company_id: int | None = None
    tracking_url: str = ""
    shipped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Carriers:
    """Carriers by id: short name and template of the parcels' page."""

    slugs: Mapping[int, str]
    templates: Mapping[int, str]

    @classmethod
    def read(cls, session: Session) -> "Carriers":
        """All of them; a few dozen."""
        rows = session.execute(
            select(CargoCompany.id, CargoCompany.slug, CargoCompany.tracking_url_template)
        ).all()
        return cls({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})

    def url(self, carrier_id: int | None, number: str) -> str | None:
        """Where the parcel is followed."""
        template = self.templates.get(carrier_id or 0)
        return tracking_url(template, number) if template else None


Written = dict[int, tuple[ItemState, ...]]  # by the shipment's place in the list: its items as they are now


def ship(
    session: Session, orders: Mapping[int, OrderState], shipments: Sequence[Shipment], context: AuditContext
) -> Written:
    """Carry these shipments out; the caller holds the locks of `orders`, has read them since, and has judged each.

    Gives the items as they stand afterwards.
    """
    if not shipments:
        return {}
    carriers = Carriers.read(session)
    now = utc_now()
    written: Written = {}
    for at, shipment in enumerate(shipments):
        chosen = {*shipment.moving, *shipment.numbered}
        items = (each for each in orders[shipment.order_id].items if each.id in chosen)
        written[at] = tuple(_shipped(each, shipment, carriers, now) for each in items)
    before = {item.id: item for order in orders.values() for item in order.items}
    after = {item.id: item for items in written.values() for item in items}
    write_items(session, after.values())
    release(session, [(before[item.id], item) for item in after.values()])
    _write_parcels(session, after)
    write_orders(session, orders, after, whole_numbers(orders, shipments, written))
    record_all(
        session,
        context,
        [_entry(orders[each.order_id], each, written[at]) for at, each in enumerate(shipments)],
    )
    _tell_channels(session, orders, shipments, context)
    return written


def write_items(session: Session, items: Any) -> None:
    """Store these items as they shall be; each gets its next version."""
    rows = [
        (
            each.id,
            each.status,
            each.tracking_number,
            each.tracking_url,
            each.cargo_company_id,
            each.shipping_company,
            each.shipped_date,
        )
        for each in items
    ]
    _ITEMS.update(session, sorted(rows), also=_TOUCH)


def release(session: Session, moved: Sequence[tuple[ItemState, ItemState]]) -> None:
    """What the items had reserved before and have not now, or the other way round."""
    differences: dict[StockKey, Decimal] = defaultdict(Decimal)
    for pair in moved:
        for item, sign in zip(pair, (-1, 1), strict=True):
            reserved = reserved_by(
                item.product_id, item.stock_list_id, item.status, item.status_before_cancel, item.quantity
            )
            if reserved is not None:
                differences[reserved[0]] += sign * reserved[1]
    add_reservations(session, differences)


@lru_cache(maxsize=1_024)  # Many orders, few ways to stand.
def _standing(item_statuses: frozenset[int]) -> tuple[OrderStatus | None, OrderFlags]:
    statuses = [OrderStatus(status) for status in item_statuses]
    return order_status(statuses), order_flags(statuses, ())


Numbers = Mapping[int, tuple[str | None, str | None, int | None, str | None]]


def write_orders(
    session: Session, orders: Mapping[int, OrderState], after: Mapping[int, ItemState], numbers: Numbers
) -> None:
    """Status, flags and the order's own parcel by its items as they are now; `numbers` are what it shows of a parcel."""
    rows = []
    for order in orders.values():
        if not any(item.id in after for item in order.items):
            continue
        by_items, flags = _standing(frozenset([after.get(item.id, item).status for item in order.items]))
        status = by_items or OrderStatus(order.status)
        sent = is_sent(status, was_sent=order.is_send, before=OrderStatus(order.status))
        rows.append(
            (
                order.id,
                int(status),
                flags.partially_cancelled,
                flags.partially_refunded,
                flags.partially_shipped,
                sent,
                *numbers[order.id],
            )
        )
    _ORDERS.update(session, rows, also=_TOUCH)
    mirror_known(session, [row[0] for row in rows])


def whole_numbers(
    orders: Mapping[int, OrderState], shipments: Sequence[Shipment], written: Written
) -> Numbers:
    """What each order shows as its parcel: the first that it ever had, or the one that takes all of it now."""
    first: dict[int, int] = {}
    for at, shipment in enumerate(shipments):
        first.setdefault(shipment.order_id, at)
    numbers = {}
    for order in orders.values():
        numbers[order.id] = _own_number(order)
        if order.id not in first:
            continue
        at = first[order.id]
        if not order.tracking_number or _takes_all(order, shipments[at]):
            item = written[at][0]
            carrier_id = item.cargo_company_id or order.cargo_company_id
            numbers[order.id] = (item.tracking_number, item.tracking_url, carrier_id, item.shipping_company)
    return numbers


def _own_number(order: OrderState) -> tuple[str | None, str | None, int | None, str | None]:
    return order.tracking_number, order.tracking_url, order.cargo_company_id, order.shipping_company


def _takes_all(order: OrderState, shipment: Shipment) -> bool:
    ended = {OrderStatus.CANCELLED, OrderStatus.REFUNDED}
    return {item.id for item in order.items if item.status not in ended} <= {
        *shipment.moving,
        *shipment.numbered,
    }


def _shipped(item: ItemState, shipment: Shipment, carriers: Carriers, now: datetime) -> ItemState:
    carrier_id = shipment.cargo_company_id or item.cargo_company_id
    return ItemState(
        item.id,
        item.order_id,
        int(OrderStatus.SHIPPED) if item.id in shipment.moving else item.status,
        item.status_before_cancel,
        item.sku,
        item.name,
        item.quantity,
        item.product_id,
        item.stock_list_id,
        item.package_id,
        shipment.tracking_number,
        shipment.tracking_url or carriers.url(carrier_id, shipment.tracking_number),
        carrier_id,
        carriers.slugs.get(shipment.cargo_company_id or 0, item.shipping_company),
        shipment.shipped_at or item.shipped_date or now,
        item.version + 1,
        item.line,
    )


def _write_parcels(session: Session, after: Mapping[int, ItemState]) -> None:
    numbers = {
        item.package_id: item.tracking_number for item in after.values() if item.package_id is not None
    }
    if numbers:
        ids = sorted(numbers)
        session.execute(
            _PARCELS, {"ids": plain_array(ids), "numbers": text_array(numbers[each] for each in ids)}
        )


def _entry(order: OrderState, shipment: Shipment, items: Sequence[ItemState]) -> Entry:
    before = {item.id: item for item in order.items}
    changes: dict[str, Any] = {
        "tracking_number": [before[items[0].id].tracking_number, shipment.tracking_number],
        "moved": {"items": [item.id for item in items]},
    }
    if shipment.moving:
        left = min(before[item_id].status for item_id in shipment.moving)
        changes["status"] = [left, int(OrderStatus.SHIPPED)]
    names = listed([_named(item) for item in items])
    return Entry(order.id, SHIPPED, f"{names}: {shipment.tracking_number}", changes)


def _named(item: ItemState) -> str:
    name = item.name or item.sku or f"Item {item.id}"
    return name if item.quantity == 1 else f"{item.quantity.normalize():f} × {name}"


def _tell_channels(
    session: Session, orders: Mapping[int, OrderState], shipments: Sequence[Shipment], context: AuditContext
) -> None:
    """An order that was made here has no channel to tell."""
    actions = [
        NewAction(
            orders[each.order_id].channel_id,
            each.order_id,
            ActionKind.TRACKING,
            {"tracking_number": each.tracking_number, "items": sorted((*each.moving, *each.numbered))},
        )
        for each in shipments
        if orders[each.order_id].remote_id is not None
    ]
    IntegrationActionService(session).create_many(actions, context)
