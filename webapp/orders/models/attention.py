"""What somebody must look at: a channel and we disagree, and no rule may decide it alone."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn

OPEN = text("closed_at IS NULL")


class Attention(Base):
    """One thing for the attention page; open until somebody closes it, and open once per kind and order.

    `kind` is an orders/enums.AttentionKind. `words` is the sentence for staff, without personal data; `facts` are
    what it rests on, so that the same facts are not raised again after somebody has closed them.
    """

    __tablename__ = "attention"
    __table_args__ = (
        Index("uq_attention_open_kind_order", "kind", "order_id", unique=True, postgresql_where=OPEN),
        Index("ix_attention_open", text("raised_at DESC"), text("id DESC"), postgresql_where=OPEN),
        Index("ix_attention_order", "order_id", text("id DESC")),
    )

    id: Mapped[BigId]
    kind: Mapped[str] = mapped_column(String(40))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channel.id"))
    words: Mapped[str] = mapped_column(Text)
    facts: Mapped[JsonColumn]
    raised_at: Mapped[CreatedAt]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger)
    closing_words: Mapped[str] = mapped_column(Text, default="", server_default="")
