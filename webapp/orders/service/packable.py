"""What can be packed, and which parcels can still be packed anew: nothing is written here."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoErrand
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.sentences import mid_sentence, said
from webapp.core.text import N_
from webapp.orders.enums import LEFT_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.inputs import PackageDraft
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.service.moving import name_of

MOST_PACKAGES: Final = 20  # of one order at once; nobody fills in more on one form
LONGEST_NUMBER: Final = 64  # characters, as the columns are


def packages_of(session: Session, order: Order) -> list[Package]:
    """The order's parcels as they are now, by number."""
    query = select(Package).where(Package.order_id == order.id).order_by(Package.number)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def open_packages(
    session: Session, packages: Collection[Package], items: Collection[OrderItem]
) -> list[Package]:
    """The parcels that can still be packed anew: nothing of them has left, and no carrier was told or is being asked."""
    asked = select(CargoErrand.package_id).where(
        CargoErrand.package_id.in_([package.id for package in packages]), CargoErrand.ended_at.is_(None)
    )
    gone = {item.package_id for item in items if item.status in LEFT_STATUSES} | set(session.scalars(asked))
    return [
        package
        for package in packages
        if package.shipped_at is None and package.label_issued_at is None and package.id not in gone
    ]


def can_be_packed(item: OrderItem, fixed: Collection[int]) -> bool:
    """Whether the item may go into a parcel: it is live and in none of the parcels that stay as they are."""
    return item.status in LIVE_STATUSES and item.package_id not in fixed and item.quantity > 0


def check_packages(
    packages: Sequence[PackageDraft], rows: Mapping[int, OrderItem], fixed: Mapping[int, Package]
) -> None:
    """Raises InvalidInput at the field of what is wrong, Conflict for an item that has left, ended or is held."""
    if not packages or len(packages) > MOST_PACKAGES:
        raise wrong("packages", said(N_("Say 1 to %(most)s parcels."), most=MOST_PACKAGES))
    taken: dict[int, Decimal] = {}
    for at, draft in enumerate(packages, start=1):
        _check_one(at, draft, rows, fixed, taken)
    for key, quantity in taken.items():
        if quantity > rows[key].quantity:
            words = said(
                N_("There are %(quantity)s of %(item)s, and %(packed)s were packed."),
                quantity=f"{rows[key].quantity.normalize():f}",
                item=name_of(rows[key]),
                packed=f"{quantity.normalize():f}",
            )
            raise wrong(f"items-{key}", words)
    numbers = [(draft.cargo_company_id, draft.tracking_number) for draft in packages if draft.tracking_number]
    numbers += [
        (each.cargo_company_id, each.tracking_number) for each in fixed.values() if each.tracking_number
    ]
    for at, draft in enumerate(packages, start=1):
        if draft.tracking_number and numbers.count((draft.cargo_company_id, draft.tracking_number)) > 1:
            raise wrong(
                f"tracking_number-{at}", N_("Two parcels of an order cannot travel under one number.")
            )


def _check_one(
    at: int,
    draft: PackageDraft,
    rows: Mapping[int, OrderItem],
    fixed: Mapping[int, Package],
    taken: dict[int, Decimal],
) -> None:
    if len(draft.tracking_number) > LONGEST_NUMBER:
        raise wrong(
            f"tracking_number-{at}",
            said(N_("A number has at most %(most)s characters."), most=LONGEST_NUMBER),
        )
    if not any(quantity > 0 for quantity in draft.contents.values()):
        raise wrong(f"package-{at}", said(N_("Parcel %(at)s is empty."), at=at))
    for key, quantity in draft.contents.items():
        item = rows.get(key)
        if item is None:
            raise wrong("items", N_("An item that was packed is not this order's."))
        _check_item(item, quantity, fixed)
        taken[key] = taken.get(key, Decimal(0)) + quantity


def _check_item(item: OrderItem, quantity: Decimal, fixed: Mapping[int, Package]) -> None:
    name = name_of(item)
    if item.package_id is not None and item.package_id in fixed:
        sentence = N_("%(item)s travels in parcel %(number)s already, which stays as it is.")
        raise Conflict(said(sentence, item=name, number=fixed[item.package_id].number))
    if item.status not in LIVE_STATUSES:
        now = mid_sentence(OrderStatus(item.status).label)
        sentence = N_("%(item)s is %(now)s (%(status)s) and cannot be packed.")
        raise Conflict(said(sentence, item=name, now=now, status=item.status))
    whole = quantity == item.quantity or quantity == quantity.to_integral_value()
    if quantity < 0 or not whole:
        raise wrong(f"items-{item.id}", said(N_("%(item)s is packed in whole units."), item=name))


def wrong(field: str, words: str) -> InvalidInput:
    return InvalidInput(words, fields={field: [words]})
