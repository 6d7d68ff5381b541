"""The statements of an order's page, put together once: building one costs more than asking it."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, Select, and_, bindparam, case, exists, func, or_, select, text
from sqlalchemy.orm import aliased

from webapp.cargo.models import CargoAccount, CargoCompany, CargoErrand
from webapp.channels.models import Channel, RemoteRecord
from webapp.core.operations import Operation, OperationState
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


_ID: Final = bindparam("order_id", type_=BigInteger)
# Written out, for the partial indexes.
_CHANGE_WAITS: Final = text("address_change.state = 'waiting'")
_ERRAND_IS_OPEN: Final = text("cargo_errand.state IN ('waiting', 'asked')")
_ASKED_ANEW: Final = and_(
    Operation.kind == REFRESH_KIND, Operation.state.in_((OperationState.READY, OperationState.LEASED))
)


def _head_statement() -> Select[*tuple[Any, ...]]:
    failed = case((RemoteRecord.state == "failed", RemoteRecord.failure_words))
    columns = (
        *(Order, Customer, Shipping, Billing, Channel, PaymentOption, CargoCompany),
        ExternalStatus.code,
        RemoteRecord.id.label("record_id"),
        RemoteRecord.state.label("record_state"),
        RemoteRecord.received_at,
        failed.label("failure"),
        *_customer_counts(),
        *(exists().where(*clauses).label(part.value) for part, clauses in _PARTS.items()),
    )
    return (
        select(*columns)
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


def _customer_counts() -> tuple[Any, Any]:
    """How many orders the customer has, and how many of them came back; capped."""
    theirs = (
        select(Order.status, Order.partially_refunded)
        .where(Order.customer_id == Customer.id)
        .limit(CUSTOMER_ORDERS_CAP)
        .correlate(Customer)
        .subquery("theirs")
    )
    came_back = or_(theirs.c.status == OrderStatus.REFUNDED, theirs.c.partially_refunded)
    counted = select(func.count()).select_from(theirs)
    return (
        counted.scalar_subquery().label("their_orders"),
        counted.where(came_back).scalar_subquery().label("their_returns"),
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
HEAD: Final = _head_statement()
PEEK: Final = _peek_statement()
ITEMS: Final = (
    select(OrderItem, ExternalStatus.code, CargoCompany)
    .outerjoin(ExternalStatus, ExternalStatus.id == OrderItem.external_status_id)
    .outerjoin(CargoCompany, CargoCompany.id == OrderItem.cargo_company_id)
    .where(OrderItem.order_id == _ID)
    .order_by(OrderItem.position, OrderItem.part, OrderItem.id)
)
PAYMENTS: Final = (
    select(Transaction, Refund)
    .outerjoin(Refund, Refund.transaction_id == Transaction.id)
    .where(Transaction.order_id == _ID)
    .order_by(Transaction.id, Refund.created_at, Refund.id)
)
DISCOUNTS: Final = select(DiscountItem).where(DiscountItem.order_id == _ID).order_by(DiscountItem.id)
PACKAGES: Final = (
    select(Package, CargoCompany)
    .outerjoin(CargoCompany, CargoCompany.id == Package.cargo_company_id)
    .where(Package.order_id == _ID)
    .order_by(Package.number)
)
ATTENTION: Final = (
    select(Attention).where(Attention.order_id == _ID, Attention.closed_at.is_(None)).order_by(Attention.id)
)
TOLD: Final = (
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
CHANGES: Final = (
    select(AddressChange, Address, _TOLD_SINCE)
    .join(Address, Address.id == AddressChange.to_address_id)
    .where(AddressChange.order_id == _ID, _CHANGE_WAITS)
)
CARRIERS: Final = (
    select(CargoCompany.id, CargoCompany.name)
    .join(CargoAccount, CargoAccount.cargo_company_id == CargoCompany.id)
    .where(CargoAccount.is_active, CargoCompany.is_active)
    .order_by(CargoCompany.name)
)
ERRANDS: Final = (
    select(CargoErrand).where(CargoErrand.order_id == _ID, _ERRAND_IS_OPEN).order_by(CargoErrand.id)
)
REFRESH: Final = (
    select(Operation).where(Operation.order_id == _ID, _ASKED_ANEW).order_by(Operation.created_at.desc())
)
