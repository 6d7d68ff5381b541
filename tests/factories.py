"""Orders as rows, with good defaults, for tests that read them. Everybody's; what imports orders is tested elsewhere.

shop = make_channel(session)
order = make_order(session, shop, number="1001", items=[item(amount="99.99"), item(sku="SCARF")])
session.commit()                    a test commits what it has set up before it asks a page for it

An order that is made here keeps the rules that `kontor verify` checks: its columns are the sums of its items.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.channels.models import Channel, RemoteRecord
from webapp.core.audit import AuditEntry
from webapp.customers.identity import folded_person, order_search_text
from webapp.customers.models import Address, Customer
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import CustomerDraft
from webapp.orders.models import ExternalStatus, Order, OrderItem, OrderNote, OrderSearch
from webapp.payments.models import PaymentOption, Transaction

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_numbers = count(1)

Fields = dict[str, Any]


def make_channel(session: Session, name: str = "Web shop TR", **columns: Any) -> Channel:
    """A channel of the sandbox's kind that pulls by button only."""
    channel = Channel(
        **{
            "name": name,
            "channel_type": "woocommerce",
            "base_url": "https://shop.example.test",
            "pull_minutes": 0,
            **columns,
        }
    )
    session.add(channel)
    session.flush()
    return channel


def make_customer(session: Session, channel: Channel, **columns: Any) -> Customer:
    """A registered customer, folded for search as the import folds them."""
    number = next(_numbers)
    fields = {
        "remote_id": str(number),
        "first_name": "Elif",
        "last_name": "Yılmaz",
        "email": f"elif{number}@example.com",
        "phone": "+90 532 000 00 00",
        **columns,
    }
    names = ("remote_id", "first_name", "last_name", "email", "phone")
    person = folded_person(CustomerDraft(**{name: fields[name] for name in names}))
    customer = Customer(channel_id=channel.id, **fields, **person._asdict())
    session.add(customer)
    session.flush()
    return customer


def make_address(session: Session, customer: Customer, **columns: Any) -> Address:
    """An address in Kadıköy."""
    fields = {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "line1": "Moda Cad. 22/1",
        "district": "Kadıköy",
        "city": "İstanbul",
        "postcode": "34710",
        "country": "TR",
        "phone": customer.phone,
        **columns,
    }
    digest = hashlib.sha256(repr((next(_numbers), fields)).encode()).hexdigest()
    address = Address(customer_id=customer.id, content_hash=digest, **fields)
    session.add(address)
    session.flush()
    return address


def item(amount: str = "100.00", **columns: Any) -> Fields:
    """The columns of one row of an order: gross of the row, and what else a test cares about."""
    fields: Fields = {"name": "Wool scarf", "sku": "SC-WL", "quantity": Decimal(1), **columns}
    return {"amount": Decimal(amount), "price": Decimal(amount) / (fields["quantity"] or 1), **fields}


def make_order(
    session: Session,
    channel: Channel,
    *,
    status: int = OrderStatus.APPROVED,
    items: Sequence[Fields] | None = None,
    customer: Customer | None = None,
    **columns: Any,
) -> Order:
    """An order with its items, customer, addresses and search row; its sums follow from the items."""
    customer = customer or make_customer(session, channel)
    address = make_address(session, customer)
    rows = [item()] if items is None else list(items)
    number = str(columns.pop("number", 100_000 + next(_numbers)))
    fields: Fields = {
        "date_placed": NOON,
        "currency": "TRY",
        "is_send": True,
        "remote_id": f"r{number}",
        **_sums(rows),
        "item_count": len(rows),
        "shipping_address_id": address.id,
        "billing_address_id": address.id,
        **columns,
    }
    order = Order(number=number, channel_id=channel.id, customer_id=customer.id, status=status, **fields)
    session.add(order)
    session.flush()
    _add_items(session, order, rows)
    _add_search(session, order, customer)
    return order


def make_orders(session: Session, channel: Channel, number: int, **columns: Any) -> list[Order]:
    """Many orders of one customer, each placed a minute before the one above it: the first is the newest."""
    customer = columns.pop("customer", None) or make_customer(session, channel)
    newest = columns.pop("newest", NOON)
    return [
        make_order(
            session, channel, customer=customer, date_placed=newest - timedelta(minutes=back), **columns
        )
        for back in range(number)
    ]


def make_payment(session: Session, order: Order, **columns: Any) -> Transaction:
    """A card payment of the whole order, captured, held by the channel."""
    fields = {
        "kind": "card",
        "remote_id": "payment",
        "currency": order.currency,
        "amount": order.amount,
        "authorised_amount": order.amount,
        "captured_amount": order.amount,
        **columns,
    }
    payment = Transaction(order_id=order.id, **fields)
    session.add(payment)
    session.flush()
    return payment


def make_payment_option(
    session: Session, slug: str = "credit_card", name: str = "Credit card"
) -> PaymentOption:
    """A way of paying."""
    option = PaymentOption(slug=slug, name=name)
    session.add(option)
    session.flush()
    return option


def make_cargo(session: Session, slug: str = "swift", name: str = "Swift Parcel") -> CargoCompany:
    """A carrier with a page per parcel."""
    cargo = CargoCompany(slug=slug, name=name, tracking_url_template="https://swift.example.test/{n}")
    session.add(cargo)
    session.flush()
    return cargo


def make_note(session: Session, order: Order, body: str = "Called, will wait.", **columns: Any) -> OrderNote:
    """A note of a colleague."""
    note = OrderNote(order_id=order.id, body=body, **{"author": "Ece Kaya", **columns})
    session.add(note)
    session.flush()
    return note


def make_entry(session: Session, order: Order, summary: str = "Pulled", **columns: Any) -> AuditEntry:
    """An entry of the order's timeline, made by the channel."""
    fields = {"tag": "order.updated", "origin": "channel", "actor": "channel", **columns}
    entry = AuditEntry(
        order_id=order.id, subject_type="order", subject_id=str(order.id), summary=summary, **fields
    )
    session.add(entry)
    session.flush()
    return entry


def make_record(
    session: Session, order: Order, payload: Fields | None = None, **columns: Any
) -> RemoteRecord:
    """What the channel sent for this order."""
    fields = {
        "state": "applied",
        "content_hash": hashlib.sha256(repr(payload).encode()).hexdigest(),
        "payload": payload or {"id": order.remote_id, "total": "100.00"},
        **columns,
    }
    record = RemoteRecord(
        channel_id=order.channel_id,
        remote_id=order.remote_id,
        number=order.number,
        order_id=order.id,
        **fields,
    )
    session.add(record)
    session.flush()
    return record


def make_external_status(session: Session, channel: Channel, code: str) -> ExternalStatus:
    """A status in the channel's own words."""
    found = session.scalar(
        select(ExternalStatus).where(ExternalStatus.channel_id == channel.id, ExternalStatus.code == code)
    )
    if found is None:
        found = ExternalStatus(channel_id=channel.id, code=code)
        session.add(found)
        session.flush()
    return found


def _sums(rows: Sequence[Fields]) -> Fields:
    def total(*names: str) -> Decimal:
        return sum((row.get(name, Decimal(0)) for row in rows for name in names), Decimal(0))

    interest = ("installment_interest_amount", "shipping_interest_amount")
    whole = total("amount", "shipping_amount", "rounding_amount", *interest) - total("discount_amount")
    names = ("discount_amount", "shipping_amount", "rounding_amount", *interest)
    return {"amount": whole, **{name: total(name) for name in names}}


def _add_items(session: Session, order: Order, rows: Sequence[Fields]) -> None:
    for position, columns in enumerate(rows, start=1):
        fields = {
            "remote_line_id": str(position),
            "position": position,
            "status": order.status,
            "status_before_cancel": OrderStatus.APPROVED if order.status == 50 else None,
            "price_currency": order.currency,
            "ordered_quantity": columns["quantity"],
            **columns,
        }
        session.add(OrderItem(order_id=order.id, **fields))
    session.flush()


def _add_search(session: Session, order: Order, customer: Customer) -> None:
    receiver = session.scalar(
        select(func.concat(Address.first_name, " ", Address.last_name)).where(
            Address.id == order.shipping_address_id
        )
    )
    folded = order_search_text(order.number, customer.search_folded, receiver or "")
    session.add(OrderSearch(order_id=order.id, date_placed=order.date_placed, folded=folded))
    session.flush()
