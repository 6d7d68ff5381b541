"""Who else supplies a part of an order, and where it stands there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.channels.models import DataSource
from webapp.orders.enums import LIVE_STATUSES
from webapp.orders.models import OrderItem, VendorOrder, VendorOrderItem


@dataclass(frozen=True)
class VendorLine:
    """One item at its vendor, with the carrier that the vendor named."""

    row: VendorOrderItem
    item: OrderItem
    carrier: str | None


@dataclass(frozen=True)
class VendorPart:
    """What one vendor supplies of an order."""

    row: VendorOrder
    vendor: str
    lines: list[VendorLine] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether anything of it is still to come."""
        return any(line.item.status in LIVE_STATUSES for line in self.lines)


_PARTS: Final = (
    select(VendorOrder, DataSource.name, VendorOrderItem, OrderItem, CargoCompany.name)
    .join(DataSource, DataSource.id == VendorOrder.data_source_id)
    .outerjoin(VendorOrderItem, VendorOrderItem.vendor_order_id == VendorOrder.id)
    .outerjoin(OrderItem, OrderItem.id == VendorOrderItem.order_item_id)
    .outerjoin(CargoCompany, CargoCompany.id == VendorOrderItem.cargo_company_id)
    .where(VendorOrder.order_id == bindparam("order_id", type_=BigInteger))
    .order_by(DataSource.name, VendorOrder.id, OrderItem.position, OrderItem.part)
)


def vendor_parts(session: Session, order_id: int) -> list[VendorPart]:
    """The order's vendors by name, each with its items in the order's own order. One statement."""
    parts: dict[int, VendorPart] = {}
    for row, vendor, line, item, carrier in session.execute(_PARTS, {"order_id": order_id}):
        part = parts.setdefault(row.id, VendorPart(row, vendor))
        if line is not None:
            part.lines.append(VendorLine(line, item, carrier))
    return list(parts.values())


def vendor_part(session: Session, order_id: int, vendor_order_id: int) -> VendorPart | None:
    """One of them; None when the order has no such vendor order."""
    return next((part for part in vendor_parts(session, order_id) if part.row.id == vendor_order_id), None)


def carriers(session: Session) -> Sequence[tuple[int, str]]:
    """The carriers that can be chosen, by name."""
    query = select(CargoCompany.id, CargoCompany.name).where(CargoCompany.is_active)
    return [(key, name) for key, name in session.execute(query.order_by(CargoCompany.name))]
