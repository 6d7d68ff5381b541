"""Labels at carriers: issued for what is not packed yet, again where one is outdated, taken back where nothing is left."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.accounts import connected
from webapp.cargo.cargo_service import CargoService
from webapp.cargo.models import CargoCompany, CargoErrand
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict
from webapp.core.text import N_
from webapp.orders.enums import ENDED_STATUSES, LEFT_STATUSES, LIVE_STATUSES
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, Package
from webapp.orders.service.editing import check_version
from webapp.orders.service.parcels import items_of, labelled, to_be_packed
from webapp.orders.service.standing import touch
from webapp.orders.service.wording import said_by


def issue_labels(
    session: Session,
    order_id: int,
    context: AuditContext,
    *,
    cargo_company_id: int | None = None,
    version: int | None = None,
) -> list[Package]:
    """Ask the order's carrier for a label: for every package that has not left, and one for what is not packed.

    `cargo_company_id` chooses the carrier; None means the order's own. A package that has a label gets another; the
    carrier is told that the old parcel will not come. Raises Conflict when the carrier is not connected, nothing is left to send, or a label is just being made.
    """
    order = lock_order(session, order_id, acting=context)
    check_version(session, order, version)
    chosen = _carrier(session, order, cargo_company_id)
    _check_no_label_under_way(session, order_id)
    packages = _packages(session, order, chosen)
    if not packages:
        raise Conflict(N_("Nothing of this order is left to send, so there is nothing to label."))
    if order.cargo_company_id != chosen:
        order.cargo_company_id = chosen
        order.shipping_company = session.get_one(CargoCompany, chosen).slug
    _ask_carrier(session, order, chosen, packages, context)
    touch(order)
    record(
        session,
        context,
        "order.label.requested",
        subject=("order", order.id),
        order_id=order.id,
        summary=said_by(context, "asked the carrier for a label"),
    )
    session.flush()
    return packages


def _carrier(session: Session, order: Order, wanted: int | None) -> int:
    chosen = wanted or order.cargo_company_id
    if chosen is None or not connected(session, {chosen}):
        raise Conflict(N_("This carrier is not connected, so no label can be issued from here."))
    return chosen


def _check_no_label_under_way(session: Session, order_id: int) -> None:
    open_errand = select(CargoErrand.id).where(
        CargoErrand.order_id == order_id, CargoErrand.kind == "label", CargoErrand.ended_at.is_(None)
    )
    if session.scalars(open_errand.limit(1)).first() is not None:
        raise Conflict(N_("A label is being made just now. Wait for it, then look again."))


def _ask_carrier(
    session: Session, order: Order, chosen: int, packages: Sequence[Package], context: AuditContext
) -> None:
    """A label for each; the parcel of a label that is replaced will not come."""
    cargo = CargoService(session)
    for package in packages:
        if package.tracking_number and package.label_issued_at is not None and package.cargo_company_id:
            cargo.cancel(order.id, package.cargo_company_id, package.tracking_number, context)
        cargo.label(order.id, chosen, package.id, order.shipping_address_id, context)


def cancel_empty_parcels(session: Session, order: Order, context: AuditContext) -> None:
    """Tell carriers of labelled parcels in which nothing is left to send; the caller holds the order's lock."""
    full = {item.package_id for item in items_of(session, order) if item.status not in ENDED_STATUSES}
    for package in labelled(session, order):
        if package.id not in full and package.cargo_company_id is not None and package.tracking_number:
            CargoService(session).cancel(order.id, package.cargo_company_id, package.tracking_number, context)


def _packages(session: Session, order: Order, chosen: int) -> list[Package]:
    """Those with something to send that have not left, and a new one for what lies in none."""
    full = {
        item.package_id
        for item in items_of(session, order)
        if item.package_id is not None and item.status in LIVE_STATUSES - LEFT_STATUSES
    }
    known = [
        package
        for package in labelled(session, order)
        if package.cargo_company_id is not None and package.id in full
    ]
    unlabelled = session.scalars(
        select(Package)
        .where(
            Package.order_id == order.id,
            Package.shipped_at.is_(None),
            Package.label_issued_at.is_(None),
            Package.id.in_(full),
        )
        .order_by(Package.number)
    ).all()
    loose = to_be_packed(session, order)
    if not loose:
        return [*known, *unlabelled]
    last = session.scalar(select(func.max(Package.number)).where(Package.order_id == order.id)) or 0
    package = Package(order_id=order.id, number=last + 1, cargo_company_id=chosen)
    session.add(package)
    session.flush()
    for item in loose:
        item.package_id = package.id
    return [*known, *unlabelled, package]
