"""Orders as the reference's API writes them: its names and types, and ours beside them.

A status is its number as text ("400"), an amount is text with its currency's decimals, only `net_shipping_amount`
is a number, a currency is lower case, a time is ISO 8601 in UTC. Fields that the reference does not have are
listed in ADDED_ORDER_FIELDS and ADDED_ITEM_FIELDS.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from webapp.core.money import quantise
from webapp.customers.identity import ADDRESS_FIELDS
from webapp.customers.models import Address, Customer
from webapp.orders.enums import OrderStatus, TenderKind
from webapp.orders.models import DiscountItem, Order, OrderItem
from webapp.orders.queries.detail import Payment
from webapp.orders.queries.record import OrderRecord, RecordedItem, RecordedPlan

Json = dict[str, Any]

# The reference's name of the list that holds payments of a kind. `bextransaction_set` belongs to a payment system
# that no channel of ours knows: it is always empty.
_PAYMENT_SETS: Final = {
    TenderKind.CARD: "transaction_set",
    TenderKind.FUNDS_TRANSFER: "fundstransfertransaction_set",
    TenderKind.PAY_ON_DELIVERY: "payondeliverytransaction_set",
    TenderKind.LOYALTY: "loyaltytransaction_set",
    TenderKind.CASH_REGISTER: "cashregistertransaction_set",
    TenderKind.MARKETPLACE: "marketplacetransaction_set",
}
ADDED_ORDER_FIELDS: Final = (
    "remote_id",
    "modified_date",
    "created_date",
    "delivery_type",
    "shipping_discount_amount",
    "rounding_amount",
    "unapplied_discount",
    "money_mismatch",
    "has_open_plan",
    "partially_cancelled",
    "partially_refunded",
    "partially_shipped",
    "marketplacetransaction_set",
)
ADDED_ITEM_FIELDS: Final = (
    "remote_line_id",
    "part",
    "sku",
    "name",
    "quantity",
    "amount",
    "tax_amount",
    "shipping_amount",
    "shipping_interest_amount",
    "rounding_amount",
    "refund_amount",
    "discount_refund_amount",
    "shipping_refund_amount",
    "shipped_date",
    "delivered_date",
    "forced_refund",
)


def order_detail(record: OrderRecord) -> Json:
    """The detail payload, every list of it included."""
    head, order = record.head, record.order
    return {
        **_own_fields(order),
        "channel": {
            "pk": head.channel.id,
            "name": head.channel.name,
            "channel_type": head.channel.channel_type,
        },
        "customer": customer_json(head.customer),
        "shipping_address": address_json(head.shipping),
        "billing_address": address_json(head.billing),
        "payment_option": _named(head.payment_option, "slug", "name"),
        "installment": _named(record.installment, "installment_count", "label"),
        "cargo_company": _named(head.cargo, "slug", "name"),
        "external_status": _external(order.external_status_id, head.external_status),
        "orderitem_set": [item_json(item) for item in record.items],
        "discountitem_set": [_discount(discount, order.currency) for discount in record.discounts],
        "cancellationplan_set": [plan_json(plan) for plan in record.plans],
        "bextransaction_set": [],
        **_payment_sets(record.payments),
    }


def order_listed(order: Order, transfers: Iterable[Payment] = ()) -> Json:
    """The order as a list shows it: what it points to by number, and of its payments the bank transfers alone."""
    return {
        **_own_fields(order),
        "channel": order.channel_id,
        "customer": order.customer_id,
        "shipping_address": order.shipping_address_id,
        "billing_address": order.billing_address_id,
        "payment_option": order.payment_option_id,
        "installment": order.installment_id,
        "cargo_company": order.cargo_company_id,
        "external_status": order.external_status_id,
        "fundstransfertransaction_set": [payment_json(each) for each in transfers],
    }


def item_json(item: RecordedItem) -> Json:
    """One row of the order."""
    row = item.row
    return {
        **_item_fields(row),
        "product": _named(item.product, "sku", "name", "barcode"),
        "price_list": _named(item.price_list, "code", "name"),
        "stock_list": _named(item.stock_list, "code", "name"),
        "data_source": _named(item.data_source, "slug", "name"),
        "external_status": _external(
            row.external_status_id, item.external_status.code if item.external_status else None
        ),
    }


def customer_json(customer: Customer) -> Json:
    """Who ordered."""
    names = ("first_name", "last_name", "email", "phone", "language_code", "remote_id")
    return {"pk": customer.id, **{name: getattr(customer, name) for name in names}}


def address_json(address: Address) -> Json:
    """Where it goes."""
    return {"pk": address.id, **{name: getattr(address, name) for name in ADDRESS_FIELDS}}


def _own_fields(order: Order) -> Json:
    amount = amounts_in(order.currency)
    return {
        "pk": order.id,
        "number": order.number,
        "status": OrderStatus(order.status).wire,
        "status_display": OrderStatus(order.status).slug,
        "date_placed": stamp(order.date_placed),
        "currency": order.currency.lower(),
        "amount": amount(order.amount),
        "discount_amount": amount(order.discount_amount),
        "shipping_amount": amount(order.shipping_amount),
        "net_shipping_amount": plain_number(quantise(order.net_shipping_amount, order.currency)),
        "shipping_tax_rate": _rate(order.shipping_tax_rate),
        "shipping_interest_amount": amount(order.shipping_interest_amount),
        "installment_interest_amount": amount(order.installment_interest_amount),
        "refund_amount": amount(order.refund_amount),
        "discount_refund_amount": amount(order.discount_refund_amount),
        "shipping_refund_amount": amount(order.shipping_refund_amount),
        "payment_option_slug": order.payment_option_slug,
        "bin_number": order.bin_number,
        "installment_count": order.installment_count,
        "invoice_number": order.invoice_number,
        "invoice_date": stamp(order.invoice_date),
        "e_archive_url": order.e_archive_url,
        "is_send": order.is_send,
        "cancel_status": order.cancel_status,
        "cancellation_info": order.cancellation_info,
        "tracking_number": order.tracking_number,
        "tracking_url": order.tracking_url,
        "carrier_shipping_code": order.carrier_shipping_code,
        "remote_addr": str(order.remote_addr) if order.remote_addr else None,
        "client_type": order.client_type,
        "language_code": order.language_code,
        "notes": order.notes,
        "segment": order.segment,
        "has_gift_box": bool(order.has_gift_box),
        "gift_box_note": order.gift_box_note,
        "delivery_range": _range(order.delivery_range),
        "shipping_option_slug": order.shipping_option_slug,
        "extra_field": order.extra_field,
        **_added_order_fields(order, amount),
    }


def _added_order_fields(order: Order, amount: Callable[[Decimal | None], str | None]) -> Json:
    return {
        "remote_id": order.remote_id,
        "delivery_type": order.delivery_type,
        "shipping_discount_amount": amount(order.shipping_discount_amount),
        "rounding_amount": amount(order.rounding_amount),
        "unapplied_discount": amount(order.unapplied_discount),
        "money_mismatch": order.money_mismatch,
        "has_open_plan": order.has_open_plan,
        "partially_cancelled": order.partially_cancelled,
        "partially_refunded": order.partially_refunded,
        "partially_shipped": order.partially_shipped,
        "created_date": stamp(order.created_at),
        "modified_date": stamp(order.modified_at),
    }


def _item_fields(row: OrderItem) -> Json:
    amount = amounts_in(row.price_currency)
    return {
        "pk": row.id,
        "order": row.order_id,
        "status": OrderStatus(row.status).wire,
        "status_display": OrderStatus(row.status).slug,
        "cancel_status": row.cancel_status,
        "price_currency": row.price_currency.lower(),
        "price": amount(row.price),
        "retail_price": amount(row.retail_price),
        "net_amount": amount(row.net_amount),
        "discount_amount": amount(row.discount_amount),
        "installment_interest_amount": amount(row.installment_interest_amount),
        "tax_rate": _rate(row.tax_rate),
        "invoice_number": row.invoice_number,
        "invoice_date": stamp(row.invoice_date),
        "e_archive_url": row.e_archive_url,
        "tracking_number": row.tracking_number,
        "tracking_url": row.tracking_url,
        "shipping_company": row.shipping_company,
        "shipment_code": row.shipment_code,
        "estimated_delivery_date": row.estimated_delivery_date.isoformat()
        if row.estimated_delivery_date
        else None,
        "image": row.image,
        "parent": row.parent_id,
        "attributes": row.attributes,
        "attributes_kwargs": row.attributes_kwargs,
        "extra_field": row.extra_field,
        # Who profits from a campaign: a notion of the reference's promotions, which our channels do not send.
        "benefitapplicant_set": [],
        **_added_item_fields(row, amount),
    }


def _added_item_fields(row: OrderItem, amount: Callable[[Decimal | None], str | None]) -> Json:
    return {
        "remote_line_id": row.remote_line_id,
        "part": row.part,
        "sku": row.sku,
        "name": row.name,
        "quantity": f"{row.quantity.normalize():f}",
        "amount": amount(row.amount),
        "tax_amount": amount(row.tax_amount),
        "shipping_amount": amount(row.shipping_amount),
        "shipping_interest_amount": amount(row.shipping_interest_amount),
        "rounding_amount": amount(row.rounding_amount),
        "refund_amount": amount(row.refund_amount),
        "discount_refund_amount": amount(row.discount_refund_amount),
        "shipping_refund_amount": amount(row.shipping_refund_amount),
        "shipped_date": stamp(row.shipped_date),
        "delivered_date": stamp(row.delivered_date),
        "forced_refund": row.forced_refund,
    }


def _payment_sets(payments: Iterable[Payment]) -> Json:
    sets: Json = {name: [] for name in _PAYMENT_SETS.values()}
    for payment in payments:
        sets[_PAYMENT_SETS[TenderKind(payment.row.kind)]].append(payment_json(payment))
    return sets


def payment_json(payment: Payment) -> Json:
    """A payment and what went back over it."""
    row = payment.row
    amount = amounts_in(row.currency)
    return {
        "pk": row.id,
        "amount": amount(row.amount),
        "authorised_amount": amount(row.authorised_amount),
        "captured_amount": amount(row.captured_amount),
        "interest_amount": amount(row.interest_amount),
        "currency": row.currency.lower(),
        "holder": row.holder,
        "payment_option": row.payment_option_id,
        "installment_count": row.installment_count,
        "bin_number": row.bin_number,
        "gateway": row.gateway,
        "gateway_ref": row.gateway_ref,
        "remote_id": row.remote_id,
        "paid_date": stamp(row.paid_at),
        "refund_set": [
            {
                "pk": str(refund.id),
                "amount": amount(refund.amount),
                "state": refund.state,
                "cancellation_plan": refund.plan_id,
                "remote_id": refund.remote_id,
                "reason": refund.reason,
                "settled_date": stamp(refund.settled_at),
            }
            for refund in payment.refunds
        ],
    }


def _discount(discount: DiscountItem, currency: str) -> Json:
    amount = amounts_in(currency)
    return {
        "pk": discount.id,
        "order_item": discount.order_item_id,
        "scope": discount.scope,
        "name": discount.name,
        "code": discount.code,
        "amount": amount(discount.amount),
        "applied_amount": amount(discount.applied_amount),
        "remote_id": discount.remote_id,
    }


def plan_json(plan: RecordedPlan) -> Json:
    """A cancellation plan as its order lists it."""
    row = plan.row
    amount = amounts_in(row.currency)
    return {
        "pk": row.id,
        "kind": row.kind,
        "status": row.status,
        "is_all": row.is_all,
        "currency": row.currency.lower(),
        "refund_amount": amount(row.refund_amount),
        "computed_amount": amount(row.computed_amount),
        "forced_refund_amount": amount(row.forced_refund_amount),
        "shipping_amount": amount(row.shipping_amount),
        "refund_invoice_number": row.refund_invoice_number,
        "created_date": stamp(row.created_at),
        "cancellationplanitem_set": [
            {
                "pk": item.id,
                "order_item": item.order_item_id,
                "reason": item.reason_id,
                "reason_text": item.reason_text,
                "quantity": f"{item.quantity.normalize():f}",
                "amount": amount(item.amount),
            }
            for item in plan.items
        ],
    }


def amounts_in(currency: str) -> Callable[[Decimal | None], str | None]:
    """Writes amounts of this currency with its decimals: "8.50"; None for none."""
    return lambda amount: None if amount is None else str(quantise(amount, currency))


def plain_number(amount: Decimal) -> int | float:
    """An amount as the number that JSON has: 0, 7, 8.5. The one place where the reference asks for it."""
    whole = amount.to_integral_value()
    # Fifteen digits survive a double unchanged, and amounts that people pay for shipping have fewer.
    return int(whole) if amount == whole else float(amount)


def stamp(at: datetime | None) -> str | None:
    """`2020-12-24T09:07:54.639779Z`; None for none."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def _rate(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:.2f}"


def _range(times: Any) -> Json | None:
    if times is None or times.isempty:
        return None
    return {"lower": _bound(times.lower), "upper": _bound(times.upper)}


def _bound(at: datetime | date | None) -> str | None:
    return stamp(at) if isinstance(at, datetime) else None


def _external(key: int | None, code: str | None) -> Json | None:
    return None if key is None else {"pk": key, "code": code}


def _named(row: Any, *names: str) -> Json | None:
    """What a row points to: its number and what people call it."""
    return None if row is None else {"pk": row.id, **{name: getattr(row, name) for name in names}}
