"""The order: what was bought, what it costs, where it stands."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INET, TSTZRANGE
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.db import Base, BigId, CreatedAt, CurrencyColumn, JsonColumn, JsonList, MoneyColumn
from webapp.orders.models.order_item import OrderItem


class ExternalStatus(Base):
    """A status as a channel words it; kept even when we have no word for it."""

    __tablename__ = "external_status"
    __table_args__ = (Index("uq_external_status_channel_code", "channel_id", "code", unique=True),)

    id: Mapped[BigId]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    code: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[CreatedAt]


class Order(Base):
    """One order of one channel.

    amount = sum of item nets + shipping shares + item interest + shipping interest + rounding (rule R5, pricing);
    the originals never change, the three refund amounts only grow. `status` is derived from the items
    (orders/states.py) in the transaction that changes them.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("uq_orders_channel_number", "channel_id", "number", unique=True),
        Index("uq_orders_channel_remote", "channel_id", "remote_id", unique=True),
        Index("ix_orders_number", "number"),
        Index("ix_orders_placed", text("date_placed DESC"), text("id DESC")),
        Index(
            "ix_orders_status_placed",
            "status",
            text("date_placed DESC"),
            text("id DESC"),
            # With it, counting a view for somebody who may see some channels only reads the index alone.
            postgresql_include=["channel_id"],
        ),
        Index("ix_orders_channel_placed", "channel_id", text("date_placed DESC"), text("id DESC")),
        Index("ix_orders_customer_placed", "customer_id", text("date_placed DESC"), text("id DESC")),
        Index("ix_orders_payment_placed", "payment_option_id", text("date_placed DESC"), text("id DESC")),
        Index("ix_orders_cargo_placed", "cargo_company_id", text("date_placed DESC"), text("id DESC")),
        Index("ix_orders_currency_placed", "currency", text("date_placed DESC"), text("id DESC")),
        Index("ix_orders_amount", text("amount DESC"), text("id DESC")),
        Index("ix_orders_modified", "modified_at", "id"),
        Index(
            "ix_orders_cancel_status_placed",
            "cancel_status",
            text("date_placed DESC"),
            text("id DESC"),
            postgresql_where=text("cancel_status IS NOT NULL"),
        ),
        Index(
            "ix_orders_to_send",
            text("date_placed DESC"),
            text("id DESC"),
            postgresql_where=text("NOT is_send AND status IN (400, 450)"),
        ),
        Index(
            "ix_orders_partly",
            text("date_placed DESC"),
            text("id DESC"),
            postgresql_where=text("partially_cancelled OR partially_refunded OR partially_shipped"),
        ),
        Index(
            "ix_orders_money_mismatch",
            text("date_placed DESC"),
            text("id DESC"),
            postgresql_where=text("money_mismatch"),
        ),
        CheckConstraint(
            "status IN (50,100,200,300,350,400,450,500,510,520,540,544,545,550,600)", name="status_known"
        ),
        CheckConstraint(
            "cancel_status IS NULL OR cancel_status IN ('waiting','confirmation_waiting','confirmed','approved',"
            "'rejected','waiting_for_payment','manuel_refund_need','completed')",
            name="cancel_status_known",
        ),
        CheckConstraint("refund_amount >= 0 AND shipping_refund_amount >= 0", name="refunds_not_negative"),
        CheckConstraint(
            "discount_refund_amount >= 0 AND discount_refund_amount <= discount_amount",
            name="discount_refund_within_discount",
        ),
    )

    id: Mapped[BigId]
    number: Mapped[str] = mapped_column(String(64))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    remote_id: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int]
    date_placed: Mapped[datetime]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    shipping_address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    billing_address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    # What the channel said last: another address there is taken only while ours is still the one seen.
    shipping_address_seen_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    billing_address_seen_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))

    currency: Mapped[CurrencyColumn]
    amount: Mapped[MoneyColumn]
    discount_amount: Mapped[MoneyColumn]
    shipping_amount: Mapped[MoneyColumn]
    shipping_discount_amount: Mapped[MoneyColumn]
    shipping_tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    installment_interest_amount: Mapped[MoneyColumn]
    shipping_interest_amount: Mapped[MoneyColumn]
    # A difference of at most one minor unit per line that the shop's own rounding left; part of the identity.
    rounding_amount: Mapped[MoneyColumn]
    # What no item and no shipping could take of the discounts; shown, never lost.
    unapplied_discount: Mapped[MoneyColumn]
    # True: the shop's total is not the sum of its parts; imported, but automatic refunds are blocked.
    money_mismatch: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Digest of the amounts that were distributed, as the channel gave them: the same again need no new sums.
    money_seen: Mapped[str | None] = mapped_column(String(32))
    refund_amount: Mapped[MoneyColumn]
    discount_refund_amount: Mapped[MoneyColumn]
    shipping_refund_amount: Mapped[MoneyColumn]

    payment_option_id: Mapped[int | None] = mapped_column(ForeignKey("payment_option.id"))
    payment_option_slug: Mapped[str | None] = mapped_column(String(64))
    bin_number: Mapped[str | None] = mapped_column(String(8))
    installment_id: Mapped[int | None] = mapped_column(ForeignKey("installment.id"))
    installment_count: Mapped[int] = mapped_column(default=1, server_default="1")

    cargo_company_id: Mapped[int | None] = mapped_column(ForeignKey("cargo_company.id"))
    shipping_company: Mapped[str | None] = mapped_column(String(64))
    tracking_number: Mapped[str | None] = mapped_column(String(64))
    tracking_url: Mapped[str | None] = mapped_column(Text)
    carrier_shipping_code: Mapped[str | None] = mapped_column(String(64))
    shipping_option_slug: Mapped[str | None] = mapped_column(String(64))
    delivery_type: Mapped[str | None] = mapped_column(String(24))
    delivery_range: Mapped[Any | None] = mapped_column(TSTZRANGE)

    invoice_number: Mapped[str | None] = mapped_column(String(64))
    invoice_date: Mapped[datetime | None]
    e_archive_url: Mapped[str | None] = mapped_column(Text)

    is_send: Mapped[bool] = mapped_column(default=False, server_default="false")
    cancel_status: Mapped[str | None] = mapped_column(String(24))
    cancellation_info: Mapped[JsonColumn]
    has_open_plan: Mapped[bool] = mapped_column(default=False, server_default="false")
    partially_cancelled: Mapped[bool] = mapped_column(default=False, server_default="false")
    partially_refunded: Mapped[bool] = mapped_column(default=False, server_default="false")
    partially_shipped: Mapped[bool] = mapped_column(default=False, server_default="false")

    external_status_id: Mapped[int | None] = mapped_column(ForeignKey("external_status.id"))
    checkout_provider_id: Mapped[int | None]
    remote_addr: Mapped[str | None] = mapped_column(INET)
    client_type: Mapped[str] = mapped_column(String(16), default="default", server_default="default")
    language_code: Mapped[str | None] = mapped_column(String(10))
    segment: Mapped[str | None] = mapped_column(String(64))
    has_gift_box: Mapped[bool | None]
    gift_box_note: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    extra_field: Mapped[JsonColumn]
    # Columns that staff have changed here; a pull leaves them alone from then on.
    edited_here: Mapped[JsonList]

    # Lines that stand on the order, for the list's column; parts split off later do not count again.
    item_count: Mapped[int] = mapped_column(default=0, server_default="0")
    remote_modified_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
    modified_at: Mapped[CreatedAt]

    items: Mapped[list[OrderItem]] = relationship(
        back_populates="order", order_by="(OrderItem.position, OrderItem.part)", lazy="raise"
    )

    @property
    def net_shipping_amount(self) -> Decimal:
        """Shipping less its own discount, in the order's currency."""
        return self.shipping_amount - self.shipping_discount_amount


class OrderSearch(Base):
    """What search compares: core/text.fold of number, customer name, e-mail and phone.

    A table of its own, so that a status change of an order does not rewrite its trigrams.
    """

    __tablename__ = "order_search"
    __table_args__ = (
        Index("ix_order_search_trigrams", func.kontor_trigrams(text("folded")), postgresql_using="gin"),
        Index("ix_order_search_placed", text("date_placed DESC"), text("order_id DESC")),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    date_placed: Mapped[datetime]
    folded: Mapped[str] = mapped_column(Text)


class OrderNote(Base):
    """A note that staff left for colleagues. `submission` is the form's own number: the same form posts one note.

    `must_read`: whoever acts on the order confirms first that they have read it (orders/locks.py).
    """

    __tablename__ = "order_note"
    __table_args__ = (
        Index("ix_order_note_order", "order_id", text("id DESC")),
        Index("ix_order_note_must_read", "order_id", postgresql_where=text("must_read")),
        UniqueConstraint("submission", name="uq_order_note_submission"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    submission: Mapped[uuid.UUID | None]
    must_read: Mapped[bool] = mapped_column(default=False, server_default="false")
    # The customer was erased, and with them what colleagues wrote about them.
    erased_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
