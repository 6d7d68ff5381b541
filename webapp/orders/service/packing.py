"""Parcels: which units travel together, by whom and under which number.

What was packed before and has not left is packed anew: whoever asks says all parcels that are still to go. Parcels
that have left, or whose label is with the carrier, stay as they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from webapp.cargo.carriers import no_such_carrier, tracking_url
from webapp.cargo.models import CargoCompany, CargoErrand
from webapp.core.audit import AuditContext, record
from webapp.orders.enums import LEFT_STATUSES, ActionKind, OrderStatus
from webapp.orders.inputs import MoveItems, PackageDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.service.editing import check_version
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.moving import items_under_lock, move_items, require_moving
from webapp.orders.service.order_item_service import OrderItemService
from webapp.orders.service.packable import check_packages, open_packages, packages_of, wrong
from webapp.orders.service.standing import touch
from webapp.orders.service.wording import counted

PACKED: Final = "order.packed"


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
    existing = packages_of(session, order)
    open_ones = open_packages(session, existing, rows.values())
    fixed = {package.id: package for package in existing if package not in open_ones}
    check_packages(packages, rows, fixed)
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


def _highest(packages: Sequence[Package]) -> int:
    return max((package.number for package in packages), default=0)


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
        carrier = _carrier(session, order, draft, at + 1)
        package.cargo_company_id = None if carrier is None else carrier.id
        package.tracking_number = draft.tracking_number.strip() or None
        package.tracking_url = _url(draft, carrier)
        session.flush()
        for item in items:
            _put(item, package, carrier)
        written.append(package)
    session.flush()
    _take_away(session, open_ones[len(drafts) :])
    _show_on_order(order, written)
    session.flush()
    return written


def _take_away(session: Session, packages: Sequence[Package]) -> None:
    """Parcels that nobody needs any more; what a carrier was asked about them stays, for the order."""
    ids = [package.id for package in packages]
    if ids:
        session.execute(update(CargoErrand).where(CargoErrand.package_id.in_(ids)).values(package_id=None))
    for package in packages:
        session.delete(package)


def _carrier(session: Session, order: Order, draft: PackageDraft, at: int) -> CargoCompany | None:
    """Who brings the parcel: the one that was chosen, else the order's."""
    carrier_id = draft.cargo_company_id or order.cargo_company_id
    if carrier_id is None:
        return None
    carrier = session.get(CargoCompany, carrier_id)
    if carrier is None:
        raise wrong(f"cargo_company-{at}", no_such_carrier(session))
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
