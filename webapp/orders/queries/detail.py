"""One order and everything that belongs to it, in a fixed number of statements however much that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Integer, Select, and_, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from webapp.cargo.models import CargoAccount, CargoCompany, CargoErrand
from webapp.channels.models import Channel, RemoteRecord
from webapp.core.errors import NotFound
from webapp.core.operations import Operation, OperationState
from webapp.core.text import N_
from webapp.customers.models import Address, Customer
from webapp.orders.enums import ActionKind, OrderStatus
from webapp.orders.models import (
    AddressChange,
    Attention,
    CancellationRequest,
    DiscountItem,
    ExternalStatus,
    IntegrationAction,
    Order,
    OrderAssignment,
    OrderItem,
    OrderNote,
    OrderTag,
    Package,
    VendorOrder,
)
from webapp.orders.queries.criteria import Scope
from webapp.orders.queries.plan_queue import REQUEST_IS_OPEN
from webapp.payments.models import PaymentOption, Refund, Transaction

# Enough for "14 orders"; a marketplace's collective customer may have a hundred thousand.
CUSTOMER_ORDERS_CAP: Final = 1_000
TOLD_SHOWN: Final = 10  # messages to the channel on the order's page
REFRESH_KIND: Final = "channel.refresh_order"

Shipping = aliased(Address, name="shipping")
Billing = aliased(Address, name="billing")


class Part(StrEnum):
    """What not every order has."""

    DISCOUNTS = "has_discounts"
    PACKAGES = "has_packages"
    NOTES = "has_notes"
    MUST_READ = "has_must_read"
    ATTENTION = "has_attention"
    WISHES = "has_wishes"
    TOLD = "has_told"
    VENDORS = "has_vendors"
    REFRESH = "has_refresh"
    TAGS = "has_tags"
    ASSIGNMENT = "has_assignment"
    ADDRESS_CHANGE = "has_address_change"
    CARRIER = "has_carrier"
    ERRANDS = "has_errands"


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
    row = session.execute(_HEAD, {"order_id": order_id}).one_or_none()
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
    rows = session.execute(_PEEK, {"order_id": order_id}).all()
    if not rows or (scope is not None and rows[0].channel_id not in scope):
        raise NotFound(N_("There is no such order."))
    return Peek(rows[0], [row for row in rows if row.item_id is not None])


def items(session: Session, order_id: int) -> list[Item]:
    """The rows of the order in its own order."""
    rows = session.execute(_ITEMS, {"order_id": order_id})
    return [Item(row, external, cargo) for row, external, cargo in rows]


def payments(session: Session, order_id: int) -> list[Payment]:
    """What was paid and what went back."""
    refunds: dict[Transaction, list[Refund]] = {}
    rows: Iterable[Any] = session.execute(_PAYMENTS, {"order_id": order_id})
    for transaction, refund in rows:
        refunds.setdefault(transaction, []).extend([] if refund is None else [refund])
    return [Payment(transaction, found) for transaction, found in refunds.items()]


def discounts(session: Session, order_id: int) -> Sequence[DiscountItem]:
    """The discounts as the channel gave them."""
    return session.scalars(_DISCOUNTS, {"order_id": order_id}).all()


def packages(session: Session, order_id: int) -> list[tuple[Package, CargoCompany | None]]:
    """The parcels with their carriers."""
    rows = session.execute(_PACKAGES, {"order_id": order_id})
    return [(package, cargo) for package, cargo in rows]


def open_attention(session: Session, order_id: int) -> Sequence[Attention]:
    """What somebody must look at."""
    return session.scalars(_ATTENTION, {"order_id": order_id}).all()


def told_actions(session: Session, order_id: int) -> Sequence[IntegrationAction]:
    """What the channel was, is being, or could not be told; the newest few."""
    return session.scalars(_TOLD, {"order_id": order_id}).all()


def open_refresh(session: Session, order_id: int) -> Operation | None:
    """The refresh from the channel that waits or runs."""
    return session.scalars(_REFRESH, {"order_id": order_id}).first()


class WaitingAddress(NamedTuple):
    """A change that waits for an answer, the version it would bring, and since when the channel may have heard of it."""

    change: AddressChange
    address: Address
    told_since: datetime | None


def waiting_addresses(session: Session, order_id: int) -> list[WaitingAddress]:
    """Changes of the addresses that wait for an answer."""
    rows = session.execute(_CHANGES, {"order_id": order_id})
    return [WaitingAddress(change, address, told_since) for change, address, told_since in rows]


def connected_carriers(session: Session) -> list[tuple[int, str]]:
    """(id, name) of the carriers that can be asked for a label from here, by name."""
    return [(row.id, row.name) for row in session.execute(_CARRIERS)]


def open_errands(session: Session, order_id: int) -> Sequence[CargoErrand]:
    """What a carrier is being asked, in order."""
    return session.scalars(_ERRANDS, {"order_id": order_id}).all()


def raw_payload(session: Session, order_id: int) -> tuple[RemoteRecord, str] | None:
    """What the channel sent last, as readable JSON with every figure as it was; None when no channel sent the order."""
    query = select(RemoteRecord, func.jsonb_pretty(RemoteRecord.payload)).where(
        RemoteRecord.order_id == order_id
    )
    row = session.execute(query.order_by(RemoteRecord.received_at.desc()).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1])


def id_of_number(session: Session, number: str, scope: Scope) -> int | None:
    """The order with exactly this number, if the reader may see one and only one."""
    query = select(Order.id).where(Order.number == number)
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


_ID: Final = bindparam("order_id", type_=BigInteger)
# Written out, for the partial indexes.
_CHANGE_WAITS: Final = text("address_change.state = 'waiting'")
_ERRAND_IS_OPEN: Final = text("cargo_errand.state IN ('waiting', 'asked')")
_ASKED_ANEW: Final = and_(
    Operation.kind == REFRESH_KIND, Operation.state.in_((OperationState.READY, OperationState.LEASED))
)


def _head_statement() -> Select[*tuple[Any, ...]]:
    theirs = (
        select(Order.status, Order.partially_refunded)
        .where(Order.customer_id == Customer.id)
        .limit(CUSTOMER_ORDERS_CAP)
        .correlate(Customer)
        .subquery("theirs")
    )
    came_back = or_(theirs.c.status == OrderStatus.REFUNDED, theirs.c.partially_refunded)
    failed = case((RemoteRecord.state == "failed", RemoteRecord.failure_words))
    return (
        select(
            Order,
            Customer,
            Shipping,
            Billing,
            Channel,
            PaymentOption,
            CargoCompany,
            ExternalStatus.code,
            RemoteRecord.id.label("record_id"),
            RemoteRecord.state.label("record_state"),
            RemoteRecord.received_at,
            failed.label("failure"),
            select(func.count()).select_from(theirs).scalar_subquery().label("their_orders"),
            select(func.count())
            .select_from(theirs)
            .where(came_back)
            .scalar_subquery()
            .label("their_returns"),
            *(exists().where(*clauses).label(part.value) for part, clauses in _PARTS.items()),
        )
        .join(Customer, Customer.id == Order.customer_id)
        .join(Shipping, Shipping.id == Order.shipping_address_id)
        .join(Billing, Billing.id == Order.billing_address_id)
        .join(Channel, Channel.id == Order.channel_id)
        .outerjoin(PaymentOption, PaymentOption.id == Order.payment_option_id)
        .outerjoin(CargoCompany, CargoCompany.id == Order.cargo_company_id)
        .outerjoin(ExternalStatus, ExternalStatus.id == Order.external_status_id)
        .outerjoin(RemoteRecord, RemoteRecord.order_id == Order.id)
        .where(Order.id == _ID)
        .order_by(RemoteRecord.received_at.desc().nulls_last())
        .limit(1)
    )


def _peek_statement() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Order.id,
            Order.number,
            Order.channel_id,
            Order.currency,
            Order.shipping_amount,
            Order.discount_amount,
            func.coalesce(PaymentOption.name, Order.payment_option_slug).label("payment"),
            func.coalesce(CargoCompany.name, Order.shipping_company).label("carrier"),
            OrderItem.id.label("item_id"),
            OrderItem.sku,
            OrderItem.name,
            OrderItem.status,
            OrderItem.quantity,
            OrderItem.amount,
            OrderItem.attributes,
        )
        .outerjoin(OrderItem, OrderItem.order_id == Order.id)
        .outerjoin(PaymentOption, PaymentOption.id == Order.payment_option_id)
        .outerjoin(CargoCompany, CargoCompany.id == Order.cargo_company_id)
        .where(Order.id == _ID)
        .order_by(OrderItem.position, OrderItem.part, OrderItem.id)
    )


# What an order may have; the head says which, so that a page asks for those only.
_PARTS: Final = {
    Part.DISCOUNTS: (DiscountItem.order_id == Order.id,),
    Part.PACKAGES: (Package.order_id == Order.id,),
    Part.NOTES: (OrderNote.order_id == Order.id,),
    Part.MUST_READ: (OrderNote.order_id == Order.id, OrderNote.must_read, OrderNote.erased_at.is_(None)),
    Part.ATTENTION: (Attention.order_id == Order.id, Attention.closed_at.is_(None)),
    Part.WISHES: (CancellationRequest.order_id == Order.id, REQUEST_IS_OPEN),
    Part.TOLD: (IntegrationAction.order_id == Order.id,),
    Part.VENDORS: (VendorOrder.order_id == Order.id,),
    Part.TAGS: (OrderTag.order_id == Order.id,),
    Part.ASSIGNMENT: (OrderAssignment.order_id == Order.id,),
    Part.REFRESH: (Operation.order_id == Order.id, _ASKED_ANEW),
    Part.ADDRESS_CHANGE: (AddressChange.order_id == Order.id, _CHANGE_WAITS),
    Part.CARRIER: (CargoAccount.is_active,),
    Part.ERRANDS: (CargoErrand.order_id == Order.id, _ERRAND_IS_OPEN),
}
# Put together once: building a statement costs more than asking it.
_HEAD: Final = _head_statement()
_PEEK: Final = _peek_statement()
_ITEMS: Final = (
    select(OrderItem, ExternalStatus.code, CargoCompany)
    .outerjoin(ExternalStatus, ExternalStatus.id == OrderItem.external_status_id)
    .outerjoin(CargoCompany, CargoCompany.id == OrderItem.cargo_company_id)
    .where(OrderItem.order_id == _ID)
    .order_by(OrderItem.position, OrderItem.part, OrderItem.id)
)
_PAYMENTS: Final = (
    select(Transaction, Refund)
    .outerjoin(Refund, Refund.transaction_id == Transaction.id)
    .where(Transaction.order_id == _ID)
    .order_by(Transaction.id, Refund.created_at, Refund.id)
)
_DISCOUNTS: Final = select(DiscountItem).where(DiscountItem.order_id == _ID).order_by(DiscountItem.id)
_PACKAGES: Final = (
    select(Package, CargoCompany)
    .outerjoin(CargoCompany, CargoCompany.id == Package.cargo_company_id)
    .where(Package.order_id == _ID)
    .order_by(Package.number)
)
_ATTENTION: Final = (
    select(Attention).where(Attention.order_id == _ID, Attention.closed_at.is_(None)).order_by(Attention.id)
)
_TOLD: Final = (
    select(IntegrationAction)
    .where(IntegrationAction.order_id == _ID)
    .order_by(IntegrationAction.id.desc())
    .limit(TOLD_SHOWN)
)
_TOLD_SINCE: Final = (
    select(func.max(IntegrationAction.began_at))
    .where(
        IntegrationAction.order_id == AddressChange.order_id,
        IntegrationAction.kind == ActionKind.ADDRESS.value,
        IntegrationAction.args["change_id"].astext.cast(Integer) == AddressChange.id,
    )
    .correlate(AddressChange)
    .scalar_subquery()
)
_CHANGES: Final = (
    select(AddressChange, Address, _TOLD_SINCE)
    .join(Address, Address.id == AddressChange.to_address_id)
    .where(AddressChange.order_id == _ID, _CHANGE_WAITS)
)
_CARRIERS: Final = (
    select(CargoCompany.id, CargoCompany.name)
    .join(CargoAccount, CargoAccount.cargo_company_id == CargoCompany.id)
    .where(CargoAccount.is_active, CargoCompany.is_active)
    .order_by(CargoCompany.name)
)
_ERRANDS: Final = (
    select(CargoErrand).where(CargoErrand.order_id == _ID, _ERRAND_IS_OPEN).order_by(CargoErrand.id)
)
_REFRESH: Final = (
    select(Operation).where(Operation.order_id == _ID, _ASKED_ANEW).order_by(Operation.created_at.desc())
)
