"""Items that travel together under one tracking number."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt


class Package(Base):
    """One parcel of an order; `label_issued_at` set means the carrier has been informed."""

    __tablename__ = "package"
    __table_args__ = (Index("uq_package_order_number", "order_id", "number", unique=True),)

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    number: Mapped[int]
    cargo_company_id: Mapped[int | None] = mapped_column(ForeignKey("cargo_company.id"))
    tracking_number: Mapped[str | None] = mapped_column(String(64))
    tracking_url: Mapped[str | None] = mapped_column(Text)
    label_issued_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
