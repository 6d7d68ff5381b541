"""Events, who wants them, and what became of each on its way."""

import uuid
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class Event(Base):
    """One thing that happened, written in its transaction. `facts` are ids and plain facts, never a person's data.

    Within a transaction a name is written once per subject: what three services did to an order there is one event.
    """

    __tablename__ = "event"
    __table_args__ = (
        # Only while it is not spread: the numbers of transactions begin anew when a dump is restored elsewhere.
        Index(
            "uq_event_transaction",
            "transaction_id",
            "name",
            "subject",
            unique=True,
            postgresql_where=text("NOT is_spread"),
        ),
        Index("ix_event_unspread", "id", postgresql_where=text("NOT is_spread")),
        Index("ix_event_created_at", "created_at"),
    )

    id: Mapped[BigId]
    # What receivers know it by, the same at every try.
    key: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), unique=True, server_default=text("gen_random_uuid()")
    )
    name: Mapped[str] = mapped_column(String(40))
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str] = mapped_column(String(40))
    facts: Mapped[JsonColumn]
    transaction_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
    )
    # Every subscription that wants it has its delivery.
    is_spread: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[CreatedAt]


class WebhookSubscription(Base):
    """An address that is told of events. `channels` empty means those of every channel.

    `secrets` holds the signing secrets, encrypted: the current one, and until `former_until` the one before it.
    """

    __tablename__ = "webhook_subscription"

    id: Mapped[BigId]
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(120), default="", server_default="")
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    channels: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    secrets: Mapped[str] = mapped_column(Text)
    former_until: Mapped[datetime | None]
    # While it is paused its deliveries wait; `paused_because` is empty where staff paused it.
    paused_at: Mapped[datetime | None]
    paused_because: Mapped[str] = mapped_column(Text, default="", server_default="")
    # Since when no delivery has succeeded; None while the last one did.
    failing_since: Mapped[datetime | None]
    last_delivered_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_by_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]

    @property
    def is_paused(self) -> bool:
        """Nothing is sent; what happens meanwhile waits."""
        return self.paused_at is not None


class WebhookDelivery(Base):
    """One event for one subscription, with what the last try came to."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("uq_webhook_delivery_event", "subscription_id", "event_id", unique=True),
        Index(
            "ix_webhook_delivery_waiting",
            "subscription_id",
            "event_id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_webhook_delivery_failed",
            "subscription_id",
            "id",
            postgresql_where=text("state = 'failed'"),
        ),
        Index("ix_webhook_delivery_event_id", "event_id"),
        Index("ix_webhook_delivery_log", "subscription_id", text("id DESC")),
        CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state_known"),
    )

    id: Mapped[BigId]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("webhook_subscription.id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    # Since it was written or last replayed.
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[CreatedAt]
    tried_at: Mapped[datetime | None]
    answer_status: Mapped[int | None]
    answer_words: Mapped[str] = mapped_column(Text, default="", server_default="")
    answer_ms: Mapped[int | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
