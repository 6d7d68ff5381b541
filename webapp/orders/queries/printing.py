"""Orders as papers that go with them: what is to be packed, in which parcel, and where it goes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.channels.models import Channel
from webapp.customers.models import Address
from webapp.orders.enums import LIVE_STATUSES
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.queries.criteria import Scope


@dataclass(frozen=True, slots=True)
class PrintedParcel:
    """Items that travel together; `package` is None for what lies in no parcel yet."""

    package: Package | None
    carrier: str
    items: Sequence[OrderItem]


@dataclass(frozen=True, slots=True)
class PrintedOrder:
    """An order with everything that its papers say."""

    order: Order
    channel: str
    address: Address
    parcels: Sequence[PrintedParcel]


def printed_orders(session: Session, ids: Sequence[int], scope: Scope) -> list[PrintedOrder]:
    """These orders in the order of `ids`, each with its live items by parcel; three statements for all of them.

    Orders of channels that the reader may not know of are left out, and so are orders with nothing to send.
    """
    rows = session.execute(
        select(Order, Channel.name, Address, CargoCompany.name)
        .join(Channel, Channel.id == Order.channel_id)
        .join(Address, Address.id == Order.shipping_address_id)
        .outerjoin(CargoCompany, CargoCompany.id == Order.cargo_company_id)
        .where(Order.id.in_(ids), true() if scope is None else Order.channel_id.in_(scope))
    ).all()
    items = _items(session, ids)
    packages = _packages(session, ids)
    found = {
        order.id: PrintedOrder(
            order,
            channel,
            address,
            _parcels(packages[order.id], items[order.id], carrier or order.shipping_company or ""),
        )
        for order, channel, address, carrier in rows
    }
    return [found[key] for key in ids if key in found and found[key].parcels]


def _items(session: Session, ids: Sequence[int]) -> dict[int, list[OrderItem]]:
    live = [int(status) for status in LIVE_STATUSES]
    query = select(OrderItem).where(OrderItem.order_id.in_(ids), OrderItem.status.in_(live))
    found: dict[int, list[OrderItem]] = defaultdict(list)
    for item in session.scalars(query.order_by(OrderItem.position, OrderItem.part, OrderItem.id)):
        found[item.order_id].append(item)
    return found


def _packages(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[Package, str]]]:
    query = (
        select(Package, CargoCompany.name)
        .outerjoin(CargoCompany, CargoCompany.id == Package.cargo_company_id)
        .where(Package.order_id.in_(ids))
    )
    found: dict[int, list[tuple[Package, str]]] = defaultdict(list)
    for package, carrier in session.execute(query.order_by(Package.number)):
        found[package.order_id].append((package, carrier or ""))
    return found


def _parcels(
    packages: Sequence[tuple[Package, str]], items: Sequence[OrderItem], carrier: str
) -> list[PrintedParcel]:
    known = {package.id for package, _ in packages}
    parcels = [
        PrintedParcel(package, name or carrier, [item for item in items if item.package_id == package.id])
        for package, name in packages
    ]
    loose = [item for item in items if item.package_id not in known]
    parcels.append(PrintedParcel(None, carrier, loose))
    return [parcel for parcel in parcels if parcel.items]
