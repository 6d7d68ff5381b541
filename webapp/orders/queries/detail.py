"""One order and everything that belongs to it, in a fixed number of statements however much that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany, CargoErrand
from webapp.channels.models import Channel, RemoteRecord
from webapp.core.errors import NotFound
from webapp.core.operations import Operation
from webapp.core.text import N_
from webapp.customers.models import Address, Customer
from webapp.orders.models import (
    AddressChange,
    Attention,
    DiscountItem,
    IntegrationAction,
    Order,
    OrderItem,
    Package,
)
from webapp.orders.queries import detail_statements as statements
from webapp.orders.queries.criteria import Scope
from webapp.orders.queries.detail_statements import Part
from webapp.payments.models import PaymentOption, Refund, Transaction


@dataclass(frozen=True)
class Peek:
    """What opens under an order in the list; both are plain rows."""

    order: Any
    items: Sequence[Any]


@dataclass(frozen=True)
class CustomerHistory:
    """How many orders the customer has and from how many something came back; capped."""

    orders: int
    returns: int


@dataclass(frozen=True)
class LastSent:
    """What became of the channel's latest word about the order; `failure` is the reason when it could not be taken."""

    record_id: int
    state: str
    received_at: Any
    failure: str | None


@dataclass(frozen=True)
class OrderHead:
    """The order's own row and the single things it points to."""

    order: Order
    customer: Customer
    shipping: Address
    billing: Address
    channel: Channel
    payment_option: PaymentOption | None
    cargo: CargoCompany | None
    external_status: str | None
    history: CustomerHistory
    last_sent: LastSent | None
    has: frozenset[Part]

    @property
    def payment_name(self) -> str:
        """What the way of paying is called; the channel's own word where we have none."""
        return self.payment_option.name if self.payment_option else self.order.payment_option_slug or ""

    @property
    def carrier_name(self) -> str:
        """Who brings it; the channel's own word where we have none."""
        return self.cargo.name if self.cargo else self.order.shipping_company or ""


@dataclass(frozen=True)
class Item:
    """A row of the order with the names of what it points to."""

    row: OrderItem
    external_status: str | None
    cargo: CargoCompany | None


@dataclass(frozen=True)
class Payment:
    """A transaction and the refunds over it, oldest first."""

    row: Transaction
    refunds: Sequence[Refund]


def head(session: Session, order_id: int, scope: Scope) -> OrderHead:
    """The order's head. Raises NotFound also for an order of a channel that the reader may not know of."""
    row = session.execute(statements.HEAD, {"order_id": order_id}).one_or_none()
    if row is None or (scope is not None and row[0].channel_id not in scope):
        raise NotFound(N_("There is no such order."))
    order, customer, shipping, billing, channel, payment_option, cargo, external = row[:8]
    last_sent = None if row.record_id is None else LastSent(*row[8:12])
    return OrderHead(
        order=order,
        customer=customer,
        shipping=shipping,
        billing=billing,
        channel=channel,
        payment_option=payment_option,
        cargo=cargo,
        external_status=external,
        last_sent=last_sent,
        history=CustomerHistory(row.their_orders, row.their_returns),
        has=frozenset(part for part in Part if getattr(row, part)),
    )


def peek(session: Session, order_id: int, scope: Scope) -> Peek:
    """The few facts and rows that open under an order in the list, in one statement. Raises NotFound."""
    rows = session.execute(statements.PEEK, {"order_id": order_id}).all()
    if not rows or (scope is not None and rows[0].channel_id not in scope):
        raise NotFound(N_("There is no such order."))
    return Peek(rows[0], [row for row in rows if row.item_id is not None])


def items(session: Session, order_id: int) -> list[Item]:
    """The rows of the order in its own order."""
    rows = session.execute(statements.ITEMS, {"order_id": order_id})
    return [Item(row, external, cargo) for row, external, cargo in rows]


def payments(session: Session, order_id: int) -> list[Payment]:
    """What was paid and what went back."""
    refunds: dict[Transaction, list[Refund]] = {}
    rows: Iterable[Any] = session.execute(statements.PAYMENTS, {"order_id": order_id})
    for transaction, refund in rows:
        refunds.setdefault(transaction, []).extend([] if refund is None else [refund])
    return [Payment(transaction, found) for transaction, found in refunds.items()]


def discounts(session: Session, order_id: int) -> Sequence[DiscountItem]:
    """The discounts as the channel gave them."""
    return session.scalars(statements.DISCOUNTS, {"order_id": order_id}).all()


def packages(session: Session, order_id: int) -> list[tuple[Package, CargoCompany | None]]:
    """The parcels with their carriers."""
    rows = session.execute(statements.PACKAGES, {"order_id": order_id})
    return [(package, cargo) for package, cargo in rows]


def open_attention(session: Session, order_id: int) -> Sequence[Attention]:
    """What somebody must look at."""
    return session.scalars(statements.ATTENTION, {"order_id": order_id}).all()


def told_actions(session: Session, order_id: int) -> Sequence[IntegrationAction]:
    """What the channel was, is being, or could not be told; the newest few."""
    return session.scalars(statements.TOLD, {"order_id": order_id}).all()


def open_refresh(session: Session, order_id: int) -> Operation | None:
    """The refresh from the channel that waits or runs."""
    return session.scalars(statements.REFRESH, {"order_id": order_id}).first()


class WaitingAddress(NamedTuple):
    """A change that waits for an answer, the version it would bring, and since when the channel may have heard of it."""

    change: AddressChange
    address: Address
    told_since: datetime | None


def waiting_addresses(session: Session, order_id: int) -> list[WaitingAddress]:
    """Changes of the addresses that wait for an answer."""
    rows = session.execute(statements.CHANGES, {"order_id": order_id})
    return [WaitingAddress(change, address, told_since) for change, address, told_since in rows]


def connected_carriers(session: Session) -> list[tuple[int, str]]:
    """(id, name) of the carriers that can be asked for a label from here, by name."""
    return [(row.id, row.name) for row in session.execute(statements.CARRIERS)]


def open_errands(session: Session, order_id: int) -> Sequence[CargoErrand]:
    """What a carrier is being asked, in order."""
    return session.scalars(statements.ERRANDS, {"order_id": order_id}).all()


def raw_payload(session: Session, order_id: int) -> tuple[RemoteRecord, str] | None:
    """What the channel sent last, as readable JSON with every figure as it was; None when no channel sent the order."""
    query = select(RemoteRecord, func.jsonb_pretty(RemoteRecord.payload)).where(
        RemoteRecord.order_id == order_id
    )
    row = session.execute(query.order_by(RemoteRecord.received_at.desc()).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1])


def id_of_number(session: Session, number: str, scope: Scope) -> int | None:
    """The order with exactly this number, with or without a # in front, if the reader may see one and only one."""
    query = select(Order.id).where(Order.number.in_((number, f"#{number}")))
    if scope is not None:
        query = query.where(Order.channel_id.in_(scope))
    ids = session.scalars(query.limit(2)).all()
    return ids[0] if len(ids) == 1 else None


def orders_of_number(session: Session, number: str) -> list[tuple[int, str]]:
    """(id, channel's name) of every order with this number; channels may use the same."""
    query = select(Order.id, Channel.name).join(Channel, Channel.id == Order.channel_id)
    return [
        (key, name) for key, name in session.execute(query.where(Order.number == number).order_by(Order.id))
    ]
