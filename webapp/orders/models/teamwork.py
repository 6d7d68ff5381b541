"""How colleagues share the work on orders: who must read what, tags, who looks after an order until when, saved lists."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt


class NoteReader(Base):
    """Somebody whom a note names (`is_mentioned`), or who has confirmed that they read it; `read_at` says when."""

    __tablename__ = "note_reader"
    __table_args__ = (
        Index(
            "ix_note_reader_staff", "staff_id", text("note_id DESC"), postgresql_where=text("is_mentioned")
        ),
        Index(
            "ix_note_reader_unread",
            "staff_id",
            postgresql_where=text("is_mentioned AND read_at IS NULL"),
        ),
    )

    note_id: Mapped[int] = mapped_column(ForeignKey("order_note.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True)
    is_mentioned: Mapped[bool] = mapped_column(default=False, server_default="false")
    read_at: Mapped[datetime | None]


class TagColour(StrEnum):
    """The palette of tags: the colours that the pages have in light and dark."""

    GREY = "grey"
    BLUE = "blue"
    INDIGO = "indigo"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Tag(Base):
    """A word of the house that staff put on orders."""

    __tablename__ = "tag"
    __table_args__ = (
        Index("uq_tag_name", text("lower(name)"), unique=True),
        CheckConstraint("colour IN ('grey', 'blue', 'indigo', 'green', 'amber', 'red')", name="colour_known"),
    )

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(String(40))
    colour: Mapped[str] = mapped_column(String(8), default="grey", server_default="grey")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[CreatedAt]


class OrderTag(Base):
    """A tag on an order, once. Apart from the order's own row, so that tagging never meets a colleague's change."""

    __tablename__ = "order_tag"
    __table_args__ = (Index("ix_order_tag_tag", "tag_id", text("order_id DESC")),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]


class OrderAssignment(Base):
    """Who looks after an order, and by which day it must be done. One person at most; no row or no person: nobody.

    `version` counts the changes of this row, so that two people who assign at once do not overwrite each other.
    """

    __tablename__ = "order_assignment"
    __table_args__ = (
        Index("ix_order_assignment_staff", "staff_id", "due_on"),
        Index("ix_order_assignment_due", "due_on", postgresql_where=text("due_on IS NOT NULL")),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id", ondelete="SET NULL"))
    due_on: Mapped[date | None]
    assigned_by_id: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    assigned_at: Mapped[CreatedAt]


class SavedView(Base):
    """A list of orders that somebody comes back to: the words of its URL under a name; theirs, or everybody's.

    `query` is what stands behind the question mark, without paging: view, filters, sort and columns.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("uq_saved_view_own_name", "owner_id", text("lower(name)"), unique=True),
        Index("ix_saved_view_shared", "position", postgresql_where=text("is_shared")),
    )

    id: Mapped[BigId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(Text)
    is_shared: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Views stand in this order among those of their kind; equal places by id.
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
