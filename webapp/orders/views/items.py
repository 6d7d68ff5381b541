"""The rows of an order as pages show them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from webapp.cargo.carriers import tracking_url
from webapp.cargo.models import CargoCompany
from webapp.orders.enums import OrderStatus
from webapp.orders.models import OrderItem, Package
from webapp.orders.queries.detail import Item, OrderHead
from webapp.ui.formatting import number
from webapp.ui.i18n import gettext


class ItemLine(NamedTuple):
    """A row with its state and its figures in words."""

    row: OrderItem
    label: str
    dot: str
    attributes: str
    quantity: str
    external_status: str | None
    parcel: "Parcel | None"


class Parcel(NamedTuple):
    """Where something travels; `url` opens the carrier's page."""

    carrier: str
    number: str
    url: str | None
    shipped_at: datetime | None = None


def item_lines(items: Iterable[Item], *, of_order: str | None = None) -> list[ItemLine]:
    """The rows in words; what the channel says of one is said where it is not what it says `of_order`."""
    return [_line(item, of_order) for item in items]


class PeekLine(NamedTuple):
    """A row as the list shows it under its order."""

    row: Any
    label: str
    dot: str
    attributes: str
    quantity: str


def peek_line(row: Any) -> PeekLine:
    """The row in words."""
    status = OrderStatus(row.status)
    return PeekLine(
        row, gettext(status.label), status.dot, _attributes(row.attributes), quantity_text(row.quantity)
    )


def parcel(
    cargo: CargoCompany | None, carrier: str | None, tracking_number: str | None, url: str | None
) -> Parcel | None:
    """The parcel of this number; None without one."""
    if not tracking_number:
        return None
    name = cargo.name if cargo is not None else carrier or ""
    # A shop's own words: only an address of the web may become a link.
    link = url if url and url.startswith(("https://", "http://")) else None
    if link is None and cargo is not None:
        link = tracking_url(cargo.tracking_url_template, tracking_number)
    return Parcel(name, tracking_number, link)


def parcels(
    head: OrderHead, items: Sequence[Item], packages: Iterable[tuple[Package, CargoCompany | None]]
) -> list[Parcel]:
    """Every parcel once, with the day it left: the order's number, the packages', and those that only items carry.

    A packed parcel whose number nobody knows yet comes last, without one.
    """
    order, packed = head.order, list(packages)
    found = [
        parcel(head.cargo, order.shipping_company, order.tracking_number, order.tracking_url),
        *(parcel(cargo, None, each.tracking_number, each.tracking_url) for each, cargo in packed),
        *(line.parcel for line in item_lines(items)),
    ]
    once = {each.number: each for each in reversed(found) if each is not None}
    left = {item.row.tracking_number: item.row.shipped_date for item in items}
    numbered = [each._replace(shipped_at=left.get(each.number)) for each in reversed(once.values())]
    nameless = [
        Parcel(cargo.name if cargo is not None else "", "", None)
        for each, cargo in packed
        if not each.tracking_number
    ]
    return numbered + nameless


def quantity_text(quantity: Decimal) -> str:
    """`2`, `1.5`: no zeros that say nothing."""
    whole = quantity.to_integral_value()
    return number(int(whole) if quantity == whole else quantity.normalize())


def _line(item: Item, of_order: str | None) -> ItemLine:
    row = item.row
    status = OrderStatus(row.status)
    return ItemLine(
        row=row,
        label=gettext(status.label),
        dot=status.dot,
        attributes=_attributes(row.attributes),
        quantity=quantity_text(row.quantity),
        external_status=item.external_status if item.external_status != of_order else None,
        parcel=parcel(item.cargo, row.shipping_company, row.tracking_number, row.tracking_url),
    )


def item_words(attributes: Mapping[str, Any]) -> str:
    """An item's attributes as one line."""
    return _attributes(attributes)


def _attributes(attributes: Mapping[str, Any]) -> str:
    """`Black · M`; values that are no plain words are for the raw payload."""
    return " · ".join(str(value) for value in attributes.values() if isinstance(value, str | int) and value)
