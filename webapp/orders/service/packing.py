"""Parcels: which units travel together, by whom and under which number.

What was packed before and has not left is packed anew: whoever asks says all parcels that are still to go. Parcels
that have left, or whose label is with the carrier, stay as they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.carriers import tracking_url
from webapp.cargo.models import CargoCompany
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.enums import LEFT_STATUSES, LIVE_STATUSES, ActionKind, OrderStatus
from webapp.orders.inputs import MoveItems, PackageDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.service.editing import check_version
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.moving import items_under_lock, move_items, name_of, require_moving
from webapp.orders.service.order_item_service import OrderItemService
from webapp.orders.service.standing import touch
from webapp.orders.service.wording import counted

PACKED: Final = "order.packed"
MOST_PACKAGES: Final = 20  # of one order at once; nobody fills in more on one form
LONGEST_NUMBER: Final = 64


@dataclass(frozen=True, slots=True)
class Parcel:
    """What would tell one parcel from another for the channel and the customer."""

    cargo_company_id: int | None
    tracking_number: str | None
    tracking_url: str | None
    items: frozenset[int]


def split_packages(
    session: Session,
    order_id: int,
    packages: Sequence[PackageDraft],
    context: AuditContext,
    *,
    version: int | None = None,
) -> list[Package]:
    """Pack the order's open items into these parcels; what is in none of them is in no parcel.

    A part of an item is split off first. The channel is told of each parcel whose number is new. Raises InvalidInput
    for what cannot be packed so, Conflict for items that have left in another parcel and for a stale `version`.
    """
    require_moving(session, context)
    order = lock_order(session, order_id, acting=context)
    check_version(session, order, version)
    rows = {item.id: item for item in items_under_lock(session, order)}
    existing = _packages(session, order)
    open_ones = open_packages(existing, rows.values())
    fixed = {package.id: package for package in existing if package not in open_ones}
    _check(packages, rows, fixed)
    before = {package.id: _parcel(package, rows.values()) for package in open_ones}
    for row in rows.values():
        if row.package_id in before:
            _unpack(row)
    contents = _divide(session, rows, packages)
    written = _write(session, order, open_ones, packages, contents, highest=_highest(existing))
    _record(session, order, written, contents, context)
    touch(order)
    session.flush()
    for package, items, draft in zip(written, contents, packages, strict=True):
        if package.tracking_number and before.get(package.id) != _parcel(package, items):
            _tell_channel(session, order, package, items, context)
        if draft.has_left:
            _ship(session, order, items, context)
    session.flush()
    return written


def open_packages(packages: Collection[Package], items: Collection[OrderItem]) -> list[Package]:
    """The parcels that can still be packed anew: nothing of them has left, and no carrier was told."""
    gone = {item.package_id for item in items if item.status in LEFT_STATUSES}
    return [
        package
        for package in packages
        if package.shipped_at is None and package.label_issued_at is None and package.id not in gone
    ]


def can_be_packed(item: OrderItem, fixed: Collection[int]) -> bool:
    """Whether the item may go into a parcel: it is live and in none of the parcels that stay as they are."""
    return item.status in LIVE_STATUSES and item.package_id not in fixed and item.quantity > 0


def _packages(session: Session, order: Order) -> list[Package]:
    query = select(Package).where(Package.order_id == order.id).order_by(Package.number)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _highest(packages: Sequence[Package]) -> int:
    return max((package.number for package in packages), default=0)


def _check(
    packages: Sequence[PackageDraft], rows: Mapping[int, OrderItem], fixed: Mapping[int, Package]
) -> None:
    if not packages or len(packages) > MOST_PACKAGES:
        raise _wrong("packages", f"Say 1 to {MOST_PACKAGES} parcels.")
    taken: dict[int, Decimal] = {}
    for at, draft in enumerate(packages, start=1):
        _check_one(at, draft, rows, fixed, taken)
    for key, quantity in taken.items():
        if quantity > rows[key].quantity:
            words = f"There are {rows[key].quantity.normalize():f} of {name_of(rows[key])}, and {quantity.normalize():f} were packed."
            raise _wrong(f"items-{key}", words)
    numbers = [(draft.cargo_company_id, draft.tracking_number) for draft in packages if draft.tracking_number]
    numbers += [
        (each.cargo_company_id, each.tracking_number) for each in fixed.values() if each.tracking_number
    ]
    for at, draft in enumerate(packages, start=1):
        if draft.tracking_number and numbers.count((draft.cargo_company_id, draft.tracking_number)) > 1:
            raise _wrong(f"tracking_number-{at}", "Two parcels of an order cannot travel under one number.")


def _check_one(
    at: int,
    draft: PackageDraft,
    rows: Mapping[int, OrderItem],
    fixed: Mapping[int, Package],
    taken: dict[int, Decimal],
) -> None:
    if len(draft.tracking_number) > LONGEST_NUMBER:
        raise _wrong(f"tracking_number-{at}", f"A number has at most {LONGEST_NUMBER} characters.")
    if not any(quantity > 0 for quantity in draft.contents.values()):
        raise _wrong(f"package-{at}", f"Parcel {at} is empty.")
    for key, quantity in draft.contents.items():
        item = rows.get(key)
        if item is None:
            raise _wrong("items", "An item that was packed is not this order's.")
        if item.package_id is not None and item.package_id in fixed:
            number = fixed[item.package_id].number
            raise Conflict(f"{name_of(item)} travels in parcel {number} already, which stays as it is.")
        if item.status not in LIVE_STATUSES:
            now = OrderStatus(item.status).label.lower()
            raise Conflict(f"{name_of(item)} is {now} ({item.status}) and cannot be packed.")
        whole = quantity == item.quantity or quantity == quantity.to_integral_value()
        if quantity < 0 or not whole:
            raise _wrong(f"items-{key}", f"{name_of(item)} is packed in whole units.")
        taken[key] = taken.get(key, Decimal(0)) + quantity


def _wrong(field: str, words: str) -> InvalidInput:
    return InvalidInput(words, fields={field: [words]})


def _divide(
    session: Session, rows: Mapping[int, OrderItem], packages: Sequence[PackageDraft]
) -> list[list[OrderItem]]:
    """The rows of each parcel; a row that goes to several is split off part by part, the rest stays the row."""
    left = {key: row.quantity for key, row in rows.items()}
    contents: list[list[OrderItem]] = []
    for draft in packages:
        inside = []
        for key, quantity in draft.contents.items():
            if quantity <= 0:
                continue
            row = rows[key]
            inside.append(
                row if quantity == left[key] else OrderItemService(session).split_off(row, quantity)
            )
            left[key] -= quantity
        contents.append(inside)
    return contents


def _write(
    session: Session,
    order: Order,
    open_ones: Sequence[Package],
    drafts: Sequence[PackageDraft],
    contents: Sequence[Sequence[OrderItem]],
    *,
    highest: int,
) -> list[Package]:
    """The parcels' rows: those that are open are used again in their order, others are added or taken away."""
    written = []
    for at, (draft, items) in enumerate(zip(drafts, contents, strict=True)):
        if at < len(open_ones):
            package = open_ones[at]
        else:
            highest += 1
            package = Package(order_id=order.id, number=highest)
            session.add(package)
        carrier = _carrier(session, draft, at + 1)
        package.cargo_company_id = draft.cargo_company_id
        package.tracking_number = draft.tracking_number.strip() or None
        package.tracking_url = _url(draft, carrier)
        session.flush()
        for item in items:
            _put(item, package, carrier)
        written.append(package)
    session.flush()
    for package in open_ones[len(drafts) :]:
        session.delete(package)
    _show_on_order(order, written)
    session.flush()
    return written


def _carrier(session: Session, draft: PackageDraft, at: int) -> CargoCompany | None:
    if draft.cargo_company_id is None:
        return None
    carrier = session.get(CargoCompany, draft.cargo_company_id)
    if carrier is None:
        raise _wrong(f"cargo_company-{at}", "There is no such carrier; choose one of the list.")
    return carrier


def _url(draft: PackageDraft, carrier: CargoCompany | None) -> str | None:
    if draft.tracking_url:
        return draft.tracking_url
    number = draft.tracking_number.strip()
    return tracking_url(carrier.tracking_url_template, number) if carrier and number else None


def _put(item: OrderItem, package: Package, carrier: CargoCompany | None) -> None:
    item.package_id = package.id
    item.tracking_number, item.tracking_url = package.tracking_number, package.tracking_url
    item.cargo_company_id = package.cargo_company_id
    if carrier is not None:
        item.shipping_company = carrier.slug
    item.version += 1
    item.modified_at = func.now()


def _unpack(item: OrderItem) -> None:
    """As before it was packed; a number that the channel gave is its own again."""
    item.package_id = None
    item.tracking_number, item.tracking_url = item.tracking_number_seen, None
    item.version += 1
    item.modified_at = func.now()


def _show_on_order(order: Order, written: Sequence[Package]) -> None:
    """Lists show one number of an order: the first parcel's, unless the channel gave the order one of its own."""
    first = next((package for package in written if package.tracking_number), None)
    if first is not None and order.tracking_number is None:
        order.tracking_number, order.tracking_url = first.tracking_number, first.tracking_url
        order.cargo_company_id = first.cargo_company_id or order.cargo_company_id


def _parcel(package: Package, items: Collection[OrderItem]) -> Parcel:
    inside = frozenset(item.id for item in items if item.package_id == package.id)
    return Parcel(package.cargo_company_id, package.tracking_number, package.tracking_url, inside)


def _record(
    session: Session,
    order: Order,
    packages: Sequence[Package],
    contents: Sequence[Sequence[OrderItem]],
    context: AuditContext,
) -> None:
    numbers = [package.tracking_number or f"parcel {package.number}" for package in packages]
    parcels: dict[str, Any] = {
        str(package.number): [[item.id, str(item.quantity)] for item in items]
        for package, items in zip(packages, contents, strict=True)
    }
    record(
        session,
        context,
        PACKED,
        subject=("order", order.id),
        order_id=order.id,
        summary=f"{counted(len(packages), 'parcel')} ({', '.join(numbers)})",
        changes={"parcels": parcels},
    )


def _tell_channel(
    session: Session, order: Order, package: Package, items: Sequence[OrderItem], context: AuditContext
) -> None:
    if order.remote_id is None:
        return
    facts = {
        "package_id": package.id,
        "tracking_number": package.tracking_number,
        "tracking_url": package.tracking_url,
        "cargo_company_id": package.cargo_company_id,
        "items": [item.id for item in items],
    }
    IntegrationActionService(session).create(order, ActionKind.TRACKING, facts, context)


def _ship(session: Session, order: Order, items: Sequence[OrderItem], context: AuditContext) -> None:
    """Move what has not left yet to shipped; what has left without a parcel is only packed."""
    here = frozenset(item.id for item in items if item.status not in LEFT_STATUSES)
    if here:
        move_items(session, order.id, MoveItems(OrderStatus.SHIPPED, here), context)
