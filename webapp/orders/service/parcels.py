"""An order's parcels as carriers know them: those with a label that have not left, and those on their way."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.cargo.accounts import connected
from webapp.cargo.models import CargoErrand
from webapp.orders.enums import LEFT_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.models import Order, OrderItem, Package


@dataclass(frozen=True, slots=True)
class Travelling:
    """A parcel on its way. `can_ask`: its carrier is connected and it has a number."""

    cargo_company_id: int | None
    tracking_number: str
    can_ask: bool


def labelled(session: Session, order: Order) -> list[Package]:
    """Packages whose address a carrier has, or is just being told, and that have not left us."""
    asked = select(CargoErrand.package_id).where(
        CargoErrand.order_id == order.id,
        CargoErrand.kind == "label",
        CargoErrand.state.in_(("waiting", "asked")),
    )
    query = select(Package).where(
        Package.order_id == order.id,
        Package.shipped_at.is_(None),
        Package.label_issued_at.is_not(None) | Package.id.in_(asked),
    )
    left = {item.package_id for item in items_of(session, order) if item.status in LEFT_STATUSES}
    return [package for package in session.scalars(query.order_by(Package.number)) if package.id not in left]


def travelling(session: Session, order: Order) -> list[Travelling]:
    """The parcels of live items that have left and are not delivered, each number once."""
    found: dict[tuple[int | None, str], None] = {}
    for item in items_of(session, order):
        if item.status in LEFT_STATUSES and item.status != OrderStatus.DELIVERED:
            company = item.cargo_company_id or order.cargo_company_id
            number = item.tracking_number or order.tracking_number or ""
            found[company, number] = None
    reachable = connected(session, {company for company, _ in found if company is not None})
    return [
        Travelling(company, number, can_ask=company in reachable and bool(number))
        for company, number in found
    ]


def items_of(session: Session, order: Order) -> list[OrderItem]:
    """The order's rows, as they are now."""
    query = select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def to_be_packed(session: Session, order: Order) -> list[OrderItem]:
    """Live items that have not left us and lie in no package yet."""
    return [
        item
        for item in items_of(session, order)
        if item.status in LIVE_STATUSES and item.status not in LEFT_STATUSES and item.package_id is None
    ]
