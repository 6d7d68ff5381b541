"""Who uploads, and what the orders say that an upload names: read for many at once, with plain rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import AuditContext, Origin
from webapp.core.bulk import plain_array, text_array
from webapp.core.errors import PermissionDenied
from webapp.core.text import fold
from webapp.orders.tracking_file.verdicts import ItemFact, OrderFact

Scope = frozenset[int] | None  # channels; None: all


@dataclass(frozen=True, slots=True)
class Uploader:
    """Whoever stands behind the work: for the audit log, which channels they may know, their clock."""

    context: AuditContext
    scope: Scope
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class ItemState:
    """An item's columns that shipping reads or writes."""

    id: int
    order_id: int
    status: int
    status_before_cancel: int | None
    sku: str
    name: str
    quantity: Decimal
    product_id: int | None
    stock_list_id: int | None
    package_id: int | None
    tracking_number: str | None
    tracking_url: str | None
    cargo_company_id: int | None
    shipping_company: str | None
    shipped_date: datetime | None
    version: int

    def as_fact(self) -> ItemFact:
        """What decides about its verdict."""
        return ItemFact(self.id, fold(self.sku), self.quantity, self.status, self.tracking_number)


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order's columns that shipping reads or writes, with its items."""

    id: int
    number: str
    channel_id: int
    remote_id: str | None
    status: int
    is_send: bool
    tracking_number: str | None
    tracking_url: str | None
    cargo_company_id: int | None
    shipping_company: str | None
    items: tuple[ItemState, ...]

    def as_fact(self, *, is_held_up: bool = False) -> OrderFact:
        """What decides about the verdicts of rows that name it."""
        return OrderFact(self.id, tuple(each.as_fact() for each in self.items), self.number, is_held_up)


_ORDER_COLUMNS: Final = (
    "id, number, channel_id, remote_id, status, is_send, tracking_number, tracking_url, cargo_company_id,"
    " shipping_company"
)
_ITEM_COLUMNS: Final = (
    "id, order_id, status, status_before_cancel, sku, name, quantity, product_id, stock_list_id, package_id,"
    " tracking_number, tracking_url, cargo_company_id, shipping_company, shipped_date, version"
)
_IDS = text(
    "SELECT id FROM orders WHERE number = ANY(CAST(:numbers AS text[]))"
    " AND (CAST(:channels AS bigint[]) IS NULL OR channel_id = ANY(CAST(:channels AS bigint[]))) ORDER BY id"
)
_ORDERS = text(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id")  # noqa: S608 - constants
_ITEMS = text(
    f"SELECT {_ITEM_COLUMNS} FROM order_item WHERE order_id = ANY(CAST(:ids AS bigint[]))"  # noqa: S608 - constants
    " ORDER BY order_id, position, part, id"
)


def uploader_of(session: Session, staff_id: int | None, *, request_id: str | None = None) -> Uploader:
    """The person as they are now: whoever was disabled or moved to another desk meanwhile ships nothing more.

    Raises PermissionDenied.
    """
    staff = session.get(StaffUser, staff_id) if staff_id is not None else None
    allowed = ROLE_PERMISSIONS[Role(staff.role)] if staff is not None and staff.is_active else frozenset()
    if staff is None or Permission.TRACKING_UPLOAD not in allowed:
        raise PermissionDenied("You may not upload tracking numbers. Ask a supervisor.")
    channels = None
    if staff.limited_to_channels:
        query = select(StaffChannel.channel_id).where(StaffChannel.staff_id == staff.id)
        channels = frozenset(session.scalars(query))
    context = AuditContext(Origin.JOB, staff_id=staff.id, actor=staff.name, request_id=request_id)
    return Uploader(context, channels, ZoneInfo(staff.time_zone))


def order_ids(session: Session, numbers: Iterable[str], scope: Scope) -> list[int]:
    """The orders of these numbers that the person may know of."""
    channels = None if scope is None else plain_array(sorted(scope))
    return list(session.scalars(_IDS, {"numbers": text_array(numbers), "channels": channels}))


def read_orders(session: Session, ids: Collection[int]) -> dict[int, OrderState]:
    """These orders with their items as they are now, by id. Two statements."""
    given = {"ids": plain_array(sorted(ids))}
    items: dict[int, list[ItemState]] = defaultdict(list)
    for row in session.execute(_ITEMS, given):
        items[row.order_id].append(ItemState(*row))
    return {row.id: _order(row, items[row.id]) for row in session.execute(_ORDERS, given)}


def _order(row: Any, items: Iterable[ItemState]) -> OrderState:
    return OrderState(**row._mapping, items=tuple(items))


def by_number(orders: Mapping[int, OrderState]) -> dict[str, list[OrderState]]:
    """The orders of each number."""
    found: dict[str, list[OrderState]] = defaultdict(list)
    for order in orders.values():
        found[order.number].append(order)
    return found
