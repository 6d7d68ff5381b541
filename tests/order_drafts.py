"""Drafts of orders with good defaults, and a channel to write them for. People and domains are invented."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import Base, db, unit_of_work
from webapp.orders.enums import OrderStatus, TenderKind
from webapp.orders.inputs import (
    AddressDraft,
    CustomerDraft,
    DiscountDraft,
    ItemDraft,
    OrderDraft,
    TransactionDraft,
    WriteResult,
)
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.write_orders import write_orders
from webapp.verification import verify

FROM_CHANNEL = AuditContext(origin=Origin.CHANNEL, actor="Demo shop")
PLACED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOME = AddressDraft(
    first_name="Elif",
    last_name="Koç",
    line1="Moda Cad. 22/1",
    district="Kadıköy",
    city="İstanbul",
    postcode="34710",
    country="TR",
    phone="+90 532 000 00 00",
    email="elif@example.com",
)
OFFICE = replace(HOME, company="Koç Tekstil", line1="Bağdat Cad. 118/4")


def make_channel(session: Session, **columns: Any) -> Channel:
    """A committed channel."""
    channel = Channel(
        **{
            "name": "Demo shop",
            "channel_type": "woocommerce",
            "base_url": "https://shop.example.com",
            **columns,
        }
    )
    session.add(channel)
    session.commit()
    return channel


def customer(**fields: Any) -> CustomerDraft:
    """A registered customer of the shop."""
    given = {"remote_id": "42", "first_name": "Elif", "last_name": "Koç", "email": "elif@example.com"}
    return CustomerDraft(**{**given, **fields})


def line(line_id: str = "1", amount: str = "100.00", **fields: Any) -> ItemDraft:
    """A line of one unit, approved."""
    quantity = Decimal(fields.pop("quantity", 1))
    given = {
        "remote_line_id": line_id,
        "position": int(line_id),
        "name": f"Product {line_id}",
        "sku": f"SKU-{line_id}",
        "quantity": quantity,
        "amount": Decimal(amount),
        "price": Decimal(amount) / quantity if quantity else Decimal(0),
        "status": OrderStatus.APPROVED,
        "tax_rate": Decimal(20),
    }
    return ItemDraft(**{**given, **fields})


def payment(amount: str, **fields: Any) -> TransactionDraft:
    """A card payment, captured, whose money the channel holds."""
    given = {
        "remote_id": "payment",
        "kind": TenderKind.CARD,
        "amount": Decimal(amount),
        "captured_amount": Decimal(amount),
        "paid_at": PLACED,
    }
    return TransactionDraft(**{**given, **fields})


def draft(number: str = "1001", **fields: Any) -> OrderDraft:
    """A paid and approved order of one line over 100.00 TRY; `items` given, its amount is theirs."""
    items = tuple(fields.pop("items", (line(),)))
    discounts: tuple[DiscountDraft, ...] = tuple(fields.get("discounts", ()))
    shipping = fields.get("shipping_amount", Decimal(0)) + fields.get("interest_amount", Decimal(0))
    goods = sum((item.amount - item.discount_amount for item in items), Decimal(0))
    off = sum((each.amount for each in discounts if each.scope in ("order", "fee")), Decimal(0))
    amount = fields.pop("amount", goods + shipping - off)
    given = {
        "channel_id": 1,
        "number": number,
        "remote_id": f"r{number}",
        "status": items[0].status if items else OrderStatus.APPROVED,
        "date_placed": PLACED,
        "customer": customer(),
        "shipping_address": HOME,
        "billing_address": HOME,
        "currency": "TRY",
        "amount": amount,
        "items": items,
        "transactions": (payment(str(amount)),),
        "remote_modified_at": PLACED,
        "external_status": "processing",
        "payment_option_slug": "card",
        "payment_option_name": "Card",
    }
    return OrderDraft(**{**given, **fields})


def write(channel: Channel, *drafts: OrderDraft, context: AuditContext = FROM_CHANNEL) -> list[WriteResult]:
    """Write these drafts in a unit of work of their own."""
    with unit_of_work() as session:
        return write_orders(session, session.get_one(Channel, channel.id), drafts, context)


def with_status(given: OrderDraft, status: OrderStatus, word: str) -> OrderDraft:
    """The draft with all its lines at another status."""
    items = tuple(replace(item, status=status) for item in given.items)
    return replace(given, status=status, external_status=word, items=items)


def order_of(session: Session, number: str = "1001") -> Order:
    """The order as the database has it now."""
    session.rollback()
    return session.scalars(select(Order).where(Order.number == number)).one()


def items_of(session: Session, number: str = "1001") -> list[OrderItem]:
    """Its items by position and part."""
    session.rollback()
    query = select(OrderItem).join(Order, Order.id == OrderItem.order_id).where(Order.number == number)
    return list(session.scalars(query.order_by(OrderItem.position, OrderItem.part)))


def rows(session: Session, model: type[Base]) -> int:
    """How many rows a table has."""
    return session.scalar(select(func.count()).select_from(model)) or 0


def findings() -> list[str]:
    """What `kontor verify` says against the database as it is; nothing is best."""
    with db.engine.connect() as connection:
        return [f"{each.check}: {each.words}" for each in verify(connection, stuck_after_s=60)]
