"""Moving and packing through `OrderService`, as a test says it: each in a unit of work of its own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from webapp.core.audit import AuditContext, AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import PackageDraft
from webapp.orders.models import IntegrationAction, Order, OrderItem, Package
from webapp.orders.service import OrderService
from webapp.orders.service.moving import Moved


def move(order_id: int, status: int, by: AuditContext, *items: int, **named: Any) -> Moved:
    """Move the order, or these items of it."""
    with unit_of_work() as unit:
        chosen = [unit.get_one(OrderItem, item) for item in items] if items else None
        order = unit.get_one(Order, order_id)
        return OrderService(unit).change_order_status(
            order, OrderStatus(status), by, order_items=chosen, **named
        )


def pack(order_id: int, by: AuditContext, *packages: PackageDraft, **named: Any) -> list[int]:
    """Pack the order into these parcels; the ids of their rows."""
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        return [each.id for each in OrderService(unit).split_packages(order, packages, by, **named)]


def parcel(contents: Mapping[int, int], number: str = "", **fields: Any) -> PackageDraft:
    """A parcel of these items and units."""
    units = {item: Decimal(quantity) for item, quantity in contents.items()}
    return PackageDraft(units, tracking_number=number, **fields)


def deed(name: str, order_id: int, by: AuditContext, **named: Any) -> Any:
    """One of the deeds with a name of their own: accept_in_store, deliver_in_store, …"""
    with unit_of_work() as unit:
        return getattr(OrderService(unit), name)(unit.get_one(Order, order_id), by, **named)


def told(order_id: int) -> list[tuple[str, dict[str, Any]]]:
    """What the outbox holds for the order's channel, oldest first."""
    db.session.rollback()
    query = select(IntegrationAction).where(IntegrationAction.order_id == order_id)
    return [(row.kind, row.args) for row in db.session.scalars(query.order_by(IntegrationAction.id))]


def entries(order_id: int, tag: str) -> list[AuditEntry]:
    """The order's audit entries of that tag, oldest first."""
    db.session.rollback()
    query = select(AuditEntry).where(AuditEntry.order_id == order_id, AuditEntry.tag == tag)
    return list(db.session.scalars(query.order_by(AuditEntry.id)))


def packages_of(order_id: int) -> list[Package]:
    """Its parcels as the database has them now."""
    db.session.rollback()
    return list(
        db.session.scalars(select(Package).where(Package.order_id == order_id).order_by(Package.number))
    )
