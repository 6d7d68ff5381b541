"""Vendor orders for programs: which of them, and each with its items and where they go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.channels.models import DataSource
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.customers.models import Address
from webapp.orders.models import Order, OrderItem, VendorOrder, VendorOrderItem
from webapp.orders.queries.criteria import Scope

Statement = Select[*tuple[Any, ...]]
VENDOR_ORDER_ID: Final = VendorOrder.id


@dataclass(frozen=True, slots=True)
class VendorCriteria:
    """Which vendor orders. Several values of one mean any of them; different ones must all hold. Spans are half-open, UTC."""

    order_id: int | None = None
    number: str | None = None
    statuses: Sequence[int] = ()
    vendors: Sequence[int] = ()
    modified: tuple[datetime | None, datetime | None] = (None, None)


@dataclass(frozen=True)
class VendorRecord:
    """One vendor order in full; `lines` are (mirror, the order's own item, the carrier that the vendor named)."""

    row: VendorOrder
    vendor: DataSource
    address: Address
    lines: list[tuple[VendorOrderItem, OrderItem, CargoCompany | None]] = field(default_factory=list)


def vendor_orders(scope: Scope, vendor: int | None, wanted: VendorCriteria | None = None) -> Statement:
    """The vendor orders that match: of channels that the reader may know of, and of their own `vendor` if it is one."""
    query = (
        select(VendorOrder, DataSource, Address)
        .join(Order, Order.id == VendorOrder.order_id)
        .join(DataSource, DataSource.id == VendorOrder.data_source_id)
        .join(Address, Address.id == Order.shipping_address_id)
    )
    if scope is not None:
        query = query.where(Order.channel_id.in_(sorted(scope)))
    if vendor is not None:
        query = query.where(VendorOrder.data_source_id == vendor)
    return query if wanted is None else query.where(*_narrowed(wanted))


def vendor_order_id(session: Session, scope: Scope, vendor: int | None, key: int) -> int:
    """The same number, when the reader may know of that vendor order. Raises NotFound."""
    query = vendor_orders(scope, vendor).where(VendorOrder.id == key).with_only_columns(VendorOrder.id)
    if session.scalar(query) is None:
        raise NotFound(N_("There is no such vendor order."))
    return key


def vendor_record(session: Session, scope: Scope, vendor: int | None, key: int) -> VendorRecord:
    """One vendor order in full. Raises NotFound."""
    row = session.execute(vendor_orders(scope, vendor).where(VendorOrder.id == key)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such vendor order."))
    return with_lines(session, [row])[0]


def with_lines(session: Session, rows: Sequence[Any]) -> list[VendorRecord]:
    """These vendor orders with their items, each in the order's own order. One statement."""
    records = {row[0].id: VendorRecord(row[0], row[1], row[2]) for row in rows}
    query = (
        select(VendorOrderItem, OrderItem, CargoCompany)
        .join(OrderItem, OrderItem.id == VendorOrderItem.order_item_id)
        .outerjoin(CargoCompany, CargoCompany.id == VendorOrderItem.cargo_company_id)
        .where(VendorOrderItem.vendor_order_id.in_(list(records)))
        .order_by(OrderItem.position, OrderItem.part, OrderItem.id)
    )
    for line, item, carrier in session.execute(query):
        records[line.vendor_order_id].lines.append((line, item, carrier))
    return list(records.values())


def _narrowed(wanted: VendorCriteria) -> list[Any]:
    since, until = wanted.modified
    clauses: list[tuple[Any, Callable[[Any], Any]]] = [
        (wanted.order_id, lambda key: VendorOrder.order_id == key),
        (wanted.number, lambda number: VendorOrder.number == number),
        (wanted.statuses or None, lambda statuses: VendorOrder.status.in_(list(statuses))),
        (wanted.vendors or None, lambda keys: VendorOrder.data_source_id.in_(list(keys))),
        (since, lambda at: VendorOrder.modified_at >= at),
        (until, lambda at: VendorOrder.modified_at < at),
    ]
    return [clause(given) for given, clause in clauses if given is not None]
