"""Items of another data source, mirrored to their vendor."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class VendorOrder(Base):
    """The part of an order that one vendor supplies."""

    __tablename__ = "vendor_order"
    __table_args__ = (
        Index("uq_vendor_order_source", "order_id", "data_source_id", unique=True),
        Index("ix_vendor_order_source", "data_source_id", text("id DESC")),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    data_source_id: Mapped[int] = mapped_column(ForeignKey("data_source.id"))
    number: Mapped[str] = mapped_column(String(64))
    remote_id: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int]
    extra_field: Mapped[JsonColumn]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
    # When its status or one of its lines changed last, with `version`.
    modified_at: Mapped[CreatedAt]


class VendorOrderItem(Base):
    """Which item of the order is which item at the vendor."""

    __tablename__ = "vendor_order_item"
    __table_args__ = (
        Index("uq_vendor_order_item", "vendor_order_id", "order_item_id", unique=True),
        Index("ix_vendor_order_item_item", "order_item_id"),
    )

    id: Mapped[BigId]
    vendor_order_id: Mapped[int] = mapped_column(ForeignKey("vendor_order.id"))
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_item.id"))
    status: Mapped[int]
    remote_line_id: Mapped[str | None] = mapped_column(String(64))
    # What the vendor says of the parcel; the order's item follows (VendorOrderService.send_shipping_info).
    tracking_number: Mapped[str | None] = mapped_column(String(64))
    tracking_url: Mapped[str | None] = mapped_column(Text)
    cargo_company_id: Mapped[int | None] = mapped_column(ForeignKey("cargo_company.id"))
