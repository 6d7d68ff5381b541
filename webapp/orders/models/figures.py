"""What the dashboard shows, summed up beforehand: a page must not read a month of orders."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, CurrencyColumn, MoneyColumn


class QuarterFigures(Base):
    """The orders placed in one quarter of an hour (UTC) at one channel in one currency, and the money paid back in it.

    Quarters, because every time zone of the world begins its days at one. `cancelled_count` are the orders placed in
    it that have ended as cancelled or refunded by now, whenever that was.
    """

    __tablename__ = "quarter_figures"
    __table_args__ = (
        CheckConstraint(
            "placed_count >= 0 AND cancelled_count BETWEEN 0 AND placed_count", name="counts_add_up"
        ),
    )

    quarter: Mapped[datetime] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    currency: Mapped[CurrencyColumn] = mapped_column(primary_key=True)
    placed_count: Mapped[int] = mapped_column(default=0, server_default="0")
    placed_amount: Mapped[MoneyColumn]
    cancelled_count: Mapped[int] = mapped_column(default=0, server_default="0")
    refunded_amount: Mapped[MoneyColumn]
