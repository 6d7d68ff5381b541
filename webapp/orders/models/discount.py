"""Discounts as the channel gave them; how they fell on the items is in the items' discount_amount."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonList, MoneyColumn


class DiscountItem(Base):
    """One discount of an order. `order_item_id` is set for a line's own discount; `benefit_lines` limits its scope."""

    __tablename__ = "discount_item"
    __table_args__ = (
        Index("uq_discount_item_remote", "order_id", "remote_id", unique=True),
        Index("ix_discount_item_item", "order_item_id", postgresql_where=text("order_item_id IS NOT NULL")),
        CheckConstraint("scope IN ('line', 'order', 'shipping', 'fee')", name="scope_known"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order_item_id: Mapped[int | None] = mapped_column(ForeignKey("order_item.id"))
    remote_id: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    code: Mapped[str] = mapped_column(String(120), default="", server_default="")
    amount: Mapped[MoneyColumn]
    applied_amount: Mapped[MoneyColumn]
    benefit_lines: Mapped[JsonList]
    also_shipping: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[CreatedAt]
