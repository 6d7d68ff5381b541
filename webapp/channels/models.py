"""Places that sell, what they sent us word for word, and how far we have read."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class DataSource(Base):
    """Who supplies a product. An item of another data source than its channel's is a vendor item."""

    __tablename__ = "data_source"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[CreatedAt]


class Channel(Base):
    """A web shop or marketplace account. `credentials` is MultiFernet text (core/secrets.py), never shown again."""

    __tablename__ = "channel"
    __table_args__ = (
        CheckConstraint("address_ownership IN ('owner', 'mirror', 'none')", name="address_ownership_known"),
        CheckConstraint("pull_minutes >= 0", name="pull_minutes_not_negative"),
    )

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    # The adapter's key in channels/registry.py, such as "woocommerce".
    channel_type: Mapped[str] = mapped_column(String(40))
    base_url: Mapped[str] = mapped_column(Text)
    credentials: Mapped[str] = mapped_column(Text, default="", server_default="")
    auth_token: Mapped[str] = mapped_column(Text, default="", server_default="")
    data_source_id: Mapped[int | None] = mapped_column(ForeignKey("data_source.id"))
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("price_list.id"))
    stock_list_id: Mapped[int | None] = mapped_column(ForeignKey("stock_list.id"))
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    # Minutes between scheduled pulls; 0 means by button only.
    pull_minutes: Mapped[int] = mapped_column(default=5, server_default="5")
    # Minutes between re-reads of open orders: "updated since" misses changes on every shop we drove.
    reread_minutes: Mapped[int] = mapped_column(default=60, server_default="60")
    address_ownership: Mapped[str] = mapped_column(String(8), default="mirror", server_default="mirror")
    # Requests per minute that all workers together may send.
    requests_per_minute: Mapped[int] = mapped_column(default=240, server_default="240")
    # Settings of the adapter, such as which status "completed" means on first import.
    conf: Mapped[JsonColumn]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
    modified_at: Mapped[CreatedAt]


class Mapping(Base):
    """A word of the channel and what it means here: a SKU, a status, a payment method, a carrier."""

    __tablename__ = "mapping"
    __table_args__ = (
        Index("uq_mapping_channel_kind_remote", "channel_id", "kind", "remote_value", unique=True),
        CheckConstraint("kind IN ('sku', 'status', 'payment_method', 'cargo_company')", name="kind_known"),
    )

    id: Mapped[BigId]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    kind: Mapped[str] = mapped_column(String(24))
    remote_value: Mapped[str] = mapped_column(String(200))
    # A SKU of ours, a status code ("400"), a payment option's slug, or a carrier's slug.
    local_value: Mapped[str] = mapped_column(String(200))
    # For payment methods: {"tender": "card", "gateway": "stripe", "holder": "us" | "channel"}.
    conf: Mapped[JsonColumn]
    created_at: Mapped[CreatedAt]

    channel: Mapped[Channel] = relationship(lazy="raise", viewonly=True)


class RemoteRecord(Base):
    """What a channel sent, word for word, before anything was made of it. One row per channel, kind and remote id.

    state: received (not applied yet), applied, skipped (drafts and the like) or failed (see `failure_class`).
    """

    __tablename__ = "remote_record"
    __table_args__ = (
        Index("uq_remote_record_channel_kind_remote", "channel_id", "kind", "remote_id", unique=True),
        Index(
            "ix_remote_record_failed",
            "channel_id",
            text("id DESC"),
            postgresql_where=text("state = 'failed'"),
        ),
        # What a run that died had stored but not applied; normally empty.
        Index(
            "ix_remote_record_received",
            "channel_id",
            "remote_id",
            postgresql_where=text("state = 'received'"),
        ),
        Index("ix_remote_record_order", "order_id"),
        CheckConstraint("state IN ('received', 'applied', 'skipped', 'failed')", name="state_known"),
        CheckConstraint(
            "failure_class IS NULL OR failure_class IN ('mapping', 'validation', 'money', 'remote', 'bug')",
            name="failure_class_known",
        ),
    )

    id: Mapped[BigId]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    kind: Mapped[str] = mapped_column(String(24), default="order", server_default="order")
    remote_id: Mapped[str] = mapped_column(String(64))
    number: Mapped[str | None] = mapped_column(String(64))
    content_hash: Mapped[str] = mapped_column(String(64))
    payload: Mapped[JsonColumn]
    remote_modified_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default="received", server_default="received")
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    failure_class: Mapped[str | None] = mapped_column(String(12))
    failure_words: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    received_at: Mapped[CreatedAt]
    applied_at: Mapped[datetime | None]
    # The customer was erased: the payload is gone, its hash stays, so that the same content is not taken again.
    erased_at: Mapped[datetime | None]


class PullCursor(Base):
    """How far a channel has been read: (remote modified time, remote id), moved with the rows of its page only.

    Everything that changed up to `modified_at` is stored. While a pass is under way, so is everything up to
    `remote_id` of what has changed since then; `pass_until` is what `modified_at` becomes when the pass is done.
    """

    __tablename__ = "pull_cursor"
    __table_args__ = (
        CheckConstraint("(remote_id IS NULL) = (pass_until IS NULL)", name="open_pass_has_place_and_end"),
    )

    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    modified_at: Mapped[datetime | None]
    remote_id: Mapped[str | None] = mapped_column(String(64))
    pass_until: Mapped[datetime | None]
    # About how many orders of the pass lie before remote_id; the next page is looked for there.
    pass_offset: Mapped[int] = mapped_column(default=0, server_default="0")
    last_success_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[CreatedAt]


class WebhookEvent(Base):
    """A message a channel sent us; unique per channel and event id, so a repeat has no second effect."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("uq_webhook_event_channel_event", "channel_id", "event_id", unique=True),)

    id: Mapped[BigId]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    event_id: Mapped[str] = mapped_column(String(128))
    topic: Mapped[str] = mapped_column(String(64), default="", server_default="")
    remote_id: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[CreatedAt]


class RateBucket(Base):
    """The tokens all workers share for one channel; `blocked_until` is the channel's own Retry-After."""

    __tablename__ = "rate_bucket"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"), primary_key=True)
    tokens: Mapped[Decimal] = mapped_column(Numeric(12, 4), default=Decimal(0), server_default="0")
    updated_at: Mapped[CreatedAt]
    blocked_until: Mapped[datetime | None]
