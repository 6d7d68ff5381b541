"""The rows of an order. Rows, not units, hold the money: `amount` is the gross of the whole row."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Numeric,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.db import Base, BigId, CreatedAt, CurrencyColumn, JsonColumn, MoneyColumn, OptionalMoney

if TYPE_CHECKING:
    from webapp.orders.models.order import Order

order_item_transaction = Table(
    "order_item_transaction",
    Base.metadata,
    Column("order_item_id", ForeignKey("order_item.id"), primary_key=True),
    Column("transaction_id", ForeignKey("payment_transaction.id"), primary_key=True),
)


class OrderItem(Base):
    """One or more equal units of one product; a part is split off into a row of its own before it moves alone.

    amount: gross of the row, tax included, before discounts, in price_currency. price: unit price to show,
    never multiplied back. All money columns are sliced by rule R6 (pricing) when a part is split off.
    """

    __tablename__ = "order_item"
    __table_args__ = (
        Index("uq_order_item_remote_line_part", "order_id", "remote_line_id", "part", unique=True),
        Index("ix_order_item_product", "product_id"),
        Index("ix_order_item_sku", "sku"),
        Index("ix_order_item_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "ix_order_item_tracking", "tracking_number", postgresql_where=text("tracking_number IS NOT NULL")
        ),
        CheckConstraint(
            "status IN (50,100,200,300,350,400,450,500,510,520,540,544,545,550,600)", name="status_known"
        ),
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),
        CheckConstraint("discount_amount >= 0 AND discount_amount <= amount", name="discount_within_amount"),
        CheckConstraint(
            "(status = 50) = (status_before_cancel IS NOT NULL)", name="cancel_waiting_remembers_status"
        ),
        CheckConstraint(
            "refund_amount >= 0 AND discount_refund_amount >= 0 AND shipping_refund_amount >= 0",
            name="refunds_not_negative",
        ),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    # Where the row came from: the shop's line id ("fee:12" for fees), and which part of it (0 = the first).
    remote_line_id: Mapped[str] = mapped_column(String(64))
    part: Mapped[int] = mapped_column(default=0, server_default="0")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    sku: Mapped[str] = mapped_column(String(120), default="", server_default="")
    name: Mapped[str] = mapped_column(Text, default="", server_default="")
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3), default=Decimal(1), server_default="1")
    ordered_quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3), default=Decimal(1), server_default="1")

    status: Mapped[int]
    status_before_cancel: Mapped[int | None]
    cancel_status: Mapped[str | None] = mapped_column(String(24))
    forced_refund: Mapped[bool] = mapped_column(default=False, server_default="false")
    external_status_id: Mapped[int | None] = mapped_column(ForeignKey("external_status.id"))

    price_currency: Mapped[CurrencyColumn]
    price: Mapped[MoneyColumn]
    retail_price: Mapped[OptionalMoney]
    amount: Mapped[MoneyColumn]
    discount_amount: Mapped[MoneyColumn]
    # The row's share of the order's net shipping, of its instalment interest, and of the interest on that shipping.
    shipping_amount: Mapped[MoneyColumn]
    installment_interest_amount: Mapped[MoneyColumn]
    shipping_interest_amount: Mapped[MoneyColumn]
    rounding_amount: Mapped[MoneyColumn]
    tax_rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    tax_amount: Mapped[MoneyColumn]
    refund_amount: Mapped[MoneyColumn]
    discount_refund_amount: Mapped[MoneyColumn]
    shipping_refund_amount: Mapped[MoneyColumn]

    invoice_number: Mapped[str | None] = mapped_column(String(64))
    invoice_date: Mapped[datetime | None]
    e_archive_url: Mapped[str | None] = mapped_column(Text)

    tracking_number: Mapped[str | None] = mapped_column(String(64))
    # The number as the channel gave it last; ours follows it only while it is the same.
    tracking_number_seen: Mapped[str | None] = mapped_column(String(64))
    tracking_url: Mapped[str | None] = mapped_column(Text)
    shipping_company: Mapped[str | None] = mapped_column(String(64))
    cargo_company_id: Mapped[int | None] = mapped_column(ForeignKey("cargo_company.id"))
    carrier_shipping_code: Mapped[str | None] = mapped_column(String(64))
    shipment_code: Mapped[str | None] = mapped_column(String(64))
    package_id: Mapped[int | None] = mapped_column(ForeignKey("package.id"))
    estimated_delivery_date: Mapped[date | None]
    shipped_date: Mapped[datetime | None]
    delivered_date: Mapped[datetime | None]

    image: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("order_item.id"))
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("price_list.id"))
    stock_list_id: Mapped[int | None] = mapped_column(ForeignKey("stock_list.id"))
    data_source_id: Mapped[int | None] = mapped_column(ForeignKey("data_source.id"))
    reconciliation_id: Mapped[int | None] = mapped_column(ForeignKey("reconciliation.id"))
    cancellation_reconciliation_id: Mapped[int | None] = mapped_column(ForeignKey("reconciliation.id"))
    attributes: Mapped[JsonColumn]
    attributes_kwargs: Mapped[JsonColumn]
    localized_attributes: Mapped[JsonColumn]
    localized_attributes_kwargs: Mapped[JsonColumn]
    extra_field: Mapped[JsonColumn]
    # How each figure came about, as orders/pricing.py explains it, for the page.
    price_steps: Mapped[Any] = mapped_column(JSONB, default=list, server_default="[]")

    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
    modified_at: Mapped[CreatedAt]

    order: Mapped["Order"] = relationship(back_populates="items", lazy="raise")

    @property
    def net_amount(self) -> Decimal:
        """The row after its discounts, tax included."""
        return self.amount - self.discount_amount
