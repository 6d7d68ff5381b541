"""What channels must be told, written in the transaction of the change; delivered by an operation."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class IntegrationAction(Base):
    """One thing to tell one channel about one order; sent in order per order, in the channel's own words on failure.

    `kind` is an orders/enums.ActionKind, `state` an ActionState; who sends it is channels/delivering.py.
    """

    __tablename__ = "integration_action"
    __table_args__ = (
        Index(
            "ix_integration_action_due",
            "channel_id",
            "id",
            postgresql_where=text("state IN ('waiting', 'failed')"),
        ),
        Index(
            "ix_integration_action_stuck",
            "id",
            postgresql_where=text("state IN ('given_up', 'unsupported')"),
        ),
        Index("ix_integration_action_order", "order_id", text("id DESC")),
        # Whether an earlier one of the same order still has to go.
        Index(
            "ix_integration_action_open",
            "order_id",
            "id",
            postgresql_where=text("state IN ('waiting', 'failed')"),
        ),
        Index(
            "ix_integration_action_item",
            "order_item_id",
            postgresql_where=text("order_item_id IS NOT NULL"),
        ),
        CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'given_up', 'unsupported', 'by_hand', 'withdrawn')",
            name="state_known",
        ),
    )

    id: Mapped[BigId]
    channel_id: Mapped[int] = mapped_column(ForeignKey("channel.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order_item_id: Mapped[int | None] = mapped_column(ForeignKey("order_item.id"))
    kind: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(12), default="waiting", server_default="waiting")
    # Ids and plain facts only; personal data is read from the order when it is sent.
    args: Mapped[JsonColumn]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    failure_code: Mapped[str | None] = mapped_column(String(64))
    failure_words: Mapped[str | None] = mapped_column(Text)
    remote_ref: Mapped[str | None] = mapped_column(String(128))
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger)
    next_run_at: Mapped[datetime | None]
    # Committed before the channel is called for the first time: from then on it may have heard it.
    began_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    # When it was given up, found to be impossible, done there by hand, or withdrawn.
    ended_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
