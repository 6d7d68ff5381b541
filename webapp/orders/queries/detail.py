"""One order and everything that belongs to it, in a fixed number of statements however much that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.cargo.models import CargoCompany
from webapp.channels.models import Channel, RemoteRecord
from webapp.core.errors import NotFound
from webapp.core.operations import Operation, OperationState
from webapp.customers.models import Address, Customer
from webapp.orders.enums import OrderStatus
from webapp.orders.models import (
    Attention,
    DiscountItem,
    ExternalStatus,
    IntegrationAction,
    Order,
    OrderItem,
    Package,
)
from webapp.orders.queries.criteria import Scope
from webapp.payments.models import PaymentOption, Refund, Transaction

# Enough for "14 orders"; a marketplace's collective customer may have a hundred thousand.
CUSTOMER_ORDERS_CAP: Final = 1_000
REFRESH_KIND: Final = "channel.refresh_order"

Shipping = aliased(Address, name="shipping")
Billing = aliased(Address, name="billing")


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
    row = session.execute(_head(order_id, scope)).one_or_none()
    if row is None:
        raise NotFound("There is no such order.")
    order, customer, shipping, billing, channel, payment_option, cargo, external, orders, returns, *record = (
        row
    )
    return OrderHead(
        order=order,
        customer=customer,
        shipping=shipping,
        billing=billing,
        channel=channel,
        payment_option=payment_option,
        cargo=cargo,
        external_status=external,
        history=CustomerHistory(orders, returns),
        last_sent=None if record[0] is None else LastSent(*record),
    )


def items(session: Session, order_id: int) -> list[Item]:
    """The rows of the order in its own order."""
    query = (
        select(OrderItem, ExternalStatus.code, CargoCompany)
        .outerjoin(ExternalStatus, ExternalStatus.id == OrderItem.external_status_id)
        .outerjoin(CargoCompany, CargoCompany.id == OrderItem.cargo_company_id)
        .where(OrderItem.order_id == order_id)
        .order_by(OrderItem.position, OrderItem.part, OrderItem.id)
    )
    return [Item(row, external, cargo) for row, external, cargo in session.execute(query)]


def payments(session: Session, order_id: int) -> list[Payment]:
    """What was paid and what went back."""
    query = (
        select(Transaction, Refund)
        .outerjoin(Refund, Refund.transaction_id == Transaction.id)
        .where(Transaction.order_id == order_id)
        .order_by(Transaction.id, Refund.created_at, Refund.id)
    )
    refunds: dict[Transaction, list[Refund]] = {}
    rows: Iterable[Any] = session.execute(query)
    for transaction, refund in rows:
        refunds.setdefault(transaction, []).extend([] if refund is None else [refund])
    return [Payment(transaction, found) for transaction, found in refunds.items()]


def discounts(session: Session, order_id: int) -> Sequence[DiscountItem]:
    """The discounts as the channel gave them."""
    query = select(DiscountItem).where(DiscountItem.order_id == order_id).order_by(DiscountItem.id)
    return session.scalars(query).all()


def packages(session: Session, order_id: int) -> list[tuple[Package, CargoCompany | None]]:
    """The parcels with their carriers."""
    query = (
        select(Package, CargoCompany)
        .outerjoin(CargoCompany, CargoCompany.id == Package.cargo_company_id)
        .where(Package.order_id == order_id)
        .order_by(Package.number)
    )
    return [(package, cargo) for package, cargo in session.execute(query)]


def troubles(session: Session, order_id: int) -> tuple[Sequence[Attention], Sequence[IntegrationAction]]:
    """What somebody must look at, and what the channel refused to be told."""
    open_entries = select(Attention).where(Attention.order_id == order_id, Attention.closed_at.is_(None))
    refused = (
        select(IntegrationAction)
        .where(
            IntegrationAction.order_id == order_id,
            IntegrationAction.state.in_(("failed", "given_up", "unsupported")),
        )
        .order_by(IntegrationAction.id.desc())
        .limit(10)
    )
    return session.scalars(open_entries.order_by(Attention.id)).all(), session.scalars(refused).all()


def open_refresh(session: Session, order_id: int) -> Operation | None:
    """The refresh from the channel that waits or runs."""
    query = select(Operation).where(
        Operation.order_id == order_id,
        Operation.kind == REFRESH_KIND,
        Operation.state.in_((OperationState.READY, OperationState.LEASED)),
    )
    return session.scalars(query.order_by(Operation.created_at.desc())).first()


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


def _head(order_id: int, scope: Scope) -> Select[*tuple[Any, ...]]:
    theirs = (
        select(Order.status, Order.partially_refunded)
        .where(Order.customer_id == Customer.id)
        .limit(CUSTOMER_ORDERS_CAP)
        .correlate(Customer)
        .subquery("theirs")
    )
    came_back = or_(theirs.c.status == OrderStatus.REFUNDED, theirs.c.partially_refunded)
    failed = case((RemoteRecord.state == "failed", RemoteRecord.failure_words))
    query = (
        select(
            Order,
            Customer,
            Shipping,
            Billing,
            Channel,
            PaymentOption,
            CargoCompany,
            ExternalStatus.code,
            select(func.count()).select_from(theirs).scalar_subquery(),
            select(func.count()).select_from(theirs).where(came_back).scalar_subquery(),
            RemoteRecord.id,
            RemoteRecord.state,
            RemoteRecord.received_at,
            failed,
        )
        .join(Customer, Customer.id == Order.customer_id)
        .join(Shipping, Shipping.id == Order.shipping_address_id)
        .join(Billing, Billing.id == Order.billing_address_id)
        .join(Channel, Channel.id == Order.channel_id)
        .outerjoin(PaymentOption, PaymentOption.id == Order.payment_option_id)
        .outerjoin(CargoCompany, CargoCompany.id == Order.cargo_company_id)
        .outerjoin(ExternalStatus, ExternalStatus.id == Order.external_status_id)
        .outerjoin(RemoteRecord, RemoteRecord.order_id == Order.id)
        .where(Order.id == order_id)
        .order_by(RemoteRecord.received_at.desc().nulls_last())
        .limit(1)
    )
    return query if scope is None else query.where(Order.channel_id.in_(scope))
