"""Cargo companies, how they are reached, and what they were asked."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class CargoCompany(Base):
    """A carrier. `tracking_url_template` holds `{n}` where the quoted tracking number goes; `slug` is its stable name."""

    __tablename__ = "cargo_company"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    tracking_url_template: Mapped[str] = mapped_column(Text, default="", server_default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    extra_field: Mapped[JsonColumn]
    created_at: Mapped[CreatedAt]


class CargoAccount(Base):
    """Our account at a carrier: with it, labels, new addresses and redirects go there by themselves.

    `account_type` is a key of cargo/accounts.py's list; `credentials` is MultiFernet text.
    """

    __tablename__ = "cargo_account"

    id: Mapped[BigId]
    cargo_company_id: Mapped[int] = mapped_column(ForeignKey("cargo_company.id"), unique=True)
    account_type: Mapped[str] = mapped_column(String(24))
    base_url: Mapped[str] = mapped_column(Text)
    credentials: Mapped[str] = mapped_column(Text, default="", server_default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
    # The last test of the connection as it is now; the error is in the carrier's words, empty when it took the key.
    checked_at: Mapped[datetime | None]
    check_error: Mapped[str] = mapped_column(Text, default="", server_default="")


class CargoErrand(Base):
    """One thing asked of a carrier about one parcel; an order's errands are run one after the other, by id.

    `reference` is ours and goes with every attempt: the carrier acts on it once, and can be asked for it.
    `asked` means that the carrier has it and will decide later (a redirect).
    """

    __tablename__ = "cargo_errand"
    __table_args__ = (
        Index("ix_cargo_errand_order", "order_id", "id"),
        Index(
            "ix_cargo_errand_open", "order_id", "id", postgresql_where=text("state IN ('waiting', 'asked')")
        ),
        CheckConstraint("kind IN ('label', 'update', 'redirect', 'cancel')", name="kind_known"),
        CheckConstraint("state IN ('waiting', 'asked', 'done', 'refused')", name="state_known"),
        CheckConstraint("(state IN ('waiting', 'asked')) = (ended_at IS NULL)", name="ended_has_time"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    cargo_company_id: Mapped[int] = mapped_column(ForeignKey("cargo_company.id"))
    package_id: Mapped[int | None] = mapped_column(ForeignKey("package.id"))
    address_change_id: Mapped[int | None] = mapped_column(ForeignKey("address_change.id"))
    # The version that is sent: read when it is sent, so that no personal data stands here.
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8), default="waiting", server_default="waiting")
    reference: Mapped[str] = mapped_column(String(36), unique=True)
    # The parcel; empty for a label, whose answer brings the number.
    tracking_number: Mapped[str] = mapped_column(String(64), default="", server_default="")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    code: Mapped[str] = mapped_column(String(64), default="", server_default="")
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
