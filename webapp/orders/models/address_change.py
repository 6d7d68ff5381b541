"""A new address that somebody else has to agree to before the order has it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt


class AddressChange(Base):
    """A change that waits for the channel (`propose`) or the carrier (`redirect`); one at a time per address.

    The order keeps its address until the change is applied; `words` are the channel's or the carrier's own.
    `withdrawn`: staff took it back before the channel had heard of it.
    """

    __tablename__ = "address_change"
    __table_args__ = (
        Index(
            "uq_address_change_waiting",
            "order_id",
            "side",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_address_change_order", "order_id", text("id DESC")),
        CheckConstraint("side IN ('shipping', 'billing')", name="side_known"),
        CheckConstraint("way IN ('propose', 'redirect')", name="way_known"),
        CheckConstraint("state IN ('waiting', 'applied', 'refused', 'withdrawn')", name="state_known"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended_has_time"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    side: Mapped[str] = mapped_column(String(8))
    way: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default="waiting", server_default="waiting")
    from_address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    to_address_id: Mapped[int] = mapped_column(ForeignKey("address.id"))
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger)
    requested_by: Mapped[str] = mapped_column(String(120), default="", server_default="")
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
