"""Who buys, and where parcels go."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class Customer(Base):
    """A person as one channel knows them; guests are told apart by their folded e-mail.

    `search_folded` is core/text.fold of name, e-mail and phone, kept by whoever writes the row.
    """

    __tablename__ = "customer"
    __table_args__ = (
        Index("uq_customer_remote", "channel_id", "remote_id", unique=True),
        Index("ix_customer_email_folded", "email_folded"),
    )

    id: Mapped[BigId]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    # The shop's customer number ("42"), or "guest:" and a hash of the folded e-mail (or of the order for none).
    remote_id: Mapped[str] = mapped_column(String(128))
    first_name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    last_name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    email_folded: Mapped[str] = mapped_column(String(254), default="", server_default="")
    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    language_code: Mapped[str | None] = mapped_column(String(10))
    search_folded: Mapped[str] = mapped_column(Text, default="", server_default="")
    sort_key: Mapped[str] = mapped_column(String(250), default="", server_default="")
    extra_field: Mapped[JsonColumn]
    erased_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    modified_at: Mapped[CreatedAt]

    @property
    def full_name(self) -> str:
        """First and last name in that order; empty for a guest who left none."""
        return f"{self.first_name} {self.last_name}".strip()


class Address(Base):
    """One immutable version of an address; a correction is a new row and the order points to it."""

    __tablename__ = "address"
    __table_args__ = (
        Index("uq_address_content", "customer_id", "content_hash", unique=True),
        CheckConstraint("char_length(country) IN (0, 2)", name="country_is_iso_alpha2"),
    )

    id: Mapped[BigId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    # SHA-256 over all fields: the same address written twice is one row.
    content_hash: Mapped[str] = mapped_column(String(64))
    first_name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    last_name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    company: Mapped[str] = mapped_column(String(200), default="", server_default="")
    line1: Mapped[str] = mapped_column(String(300), default="", server_default="")
    line2: Mapped[str] = mapped_column(String(300), default="", server_default="")
    district: Mapped[str] = mapped_column(String(120), default="", server_default="")
    city: Mapped[str] = mapped_column(String(120), default="", server_default="")
    state: Mapped[str] = mapped_column(String(120), default="", server_default="")
    postcode: Mapped[str] = mapped_column(String(20), default="", server_default="")
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    tax_office: Mapped[str] = mapped_column(String(120), default="", server_default="")
    tax_number: Mapped[str] = mapped_column(String(40), default="", server_default="")
    replaces_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]

    @property
    def full_name(self) -> str:
        """The receiver's first and last name."""
        return f"{self.first_name} {self.last_name}".strip()
