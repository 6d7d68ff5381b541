"""Who uploads, and what the orders say that an upload names: read for many at once, with plain rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import AuditContext, Origin
from webapp.core.bulk import plain_array, text_array
from webapp.core.errors import PermissionDenied
from webapp.core.text import N_, fold
from webapp.orders.locks import held_up
from webapp.orders.tracking_file.cells import bare_number
from webapp.orders.tracking_file.judging import ItemFact, OrderFact

Scope = frozenset[int] | None  # channels; None: all


@dataclass(frozen=True, slots=True)
class Uploader:
    """Whoever stands behind the work: for the audit log, which channels they may know, their clock."""

    context: AuditContext
    scope: Scope
    zone: ZoneInfo


class ItemState(NamedTuple):
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
    line: str = ""

    def as_fact(self) -> ItemFact:
        """What decides about its verdict."""
        return ItemFact(self.id, fold(self.sku), self.quantity, self.status, self.tracking_number, self.line)


class OrderState(NamedTuple):
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
    " tracking_number, tracking_url, cargo_company_id, shipping_company, shipped_date, version, remote_line_id"
)
_NAMED: Final = (
    "number = ANY(CAST(:numbers AS text[]))"
    " AND (CAST(:channels AS bigint[]) IS NULL OR channel_id = ANY(CAST(:channels AS bigint[])))"
)
_IDS = text(f"SELECT id FROM orders WHERE {_NAMED} ORDER BY id")  # noqa: S608 - constants
_FACTS = text(f"""
    SELECT named.number, named.id, item.id, item.sku, item.quantity, item.status, item.tracking_number,
        item.remote_line_id
    FROM (SELECT id, number FROM orders WHERE {_NAMED}) AS named
    LEFT JOIN order_item AS item ON item.order_id = named.id
    ORDER BY named.id, item.position, item.part, item.id
""")  # noqa: S608 - constants
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
        raise PermissionDenied(N_("You may not upload tracking numbers. Ask a supervisor."))
    channels = None
    if staff.limited_to_channels:
        query = select(StaffChannel.channel_id).where(StaffChannel.staff_id == staff.id)
        channels = frozenset(session.scalars(query))
    context = AuditContext(Origin.JOB, staff_id=staff.id, actor=staff.name, request_id=request_id)
    return Uploader(context, channels, ZoneInfo(staff.time_zone))


def order_ids(session: Session, numbers: Iterable[str], scope: Scope) -> list[int]:
    """The orders of these numbers that the person may know of."""
    return list(session.scalars(_IDS, _named(numbers, scope)))


def _named(numbers: Iterable[str], scope: Scope) -> dict[str, str | None]:
    """`numbers` are bare; an order may have the sign in its own number."""
    channels = None if scope is None else plain_array(sorted(scope))
    return {
        "numbers": text_array([form for number in numbers for form in (number, f"#{number}")]),
        "channels": channels,
    }


def read_orders(session: Session, ids: Collection[int]) -> dict[int, OrderState]:
    """These orders with their items as they are now, by id. Two statements."""
    given = {"ids": plain_array(sorted(ids))}
    items: dict[int, list[ItemState]] = defaultdict(list)
    for row in session.execute(_ITEMS, given).all():
        item = ItemState._make(row)
        items[item.order_id].append(item)
    orders = session.execute(_ORDERS, given).all()
    return {row.id: OrderState._make((*row, tuple(items[row.id]))) for row in orders}


def read_facts(
    session: Session, numbers: Iterable[str], scope: Scope, acting: AuditContext
) -> dict[str, list[OrderFact]]:
    """What decides about rows that name these orders, by bare number, of the orders that the person may know of."""
    items: dict[tuple[str, int], list[ItemFact]] = defaultdict(list)
    for number, order_id, item_id, sku, *others in session.execute(_FACTS, _named(numbers, scope)).all():
        of_order = items[number, order_id]
        if item_id is not None:
            of_order.append(ItemFact(item_id, fold(sku), *others))
    held = held_up(session, {order_id for _, order_id in items}, acting)
    found: dict[str, list[OrderFact]] = defaultdict(list)
    for (number, order_id), of_order in items.items():
        found[bare_number(number)].append(OrderFact(order_id, tuple(of_order), number, order_id in held))
    return found


def facts_of(orders: Mapping[int, OrderState], held: Collection[int] = ()) -> dict[str, list[OrderFact]]:
    """The same of orders that were read already; `held`: those with a note to be read first (locks.held_up)."""
    found: dict[str, list[OrderFact]] = defaultdict(list)
    for order in orders.values():
        found[bare_number(order.number)].append(order.as_fact(is_held_up=order.id in held))
    return found
