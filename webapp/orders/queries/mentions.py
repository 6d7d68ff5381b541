"""Notes in which somebody was named, newest first, of the channels they may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.orders.models import NoteReader, Order, OrderNote
from webapp.orders.queries.criteria import Scope

MOST_COUNTED: Final = 100  # a badge says "99+" from here


@dataclass(frozen=True, slots=True)
class Mention:
    """A note with its order; `read_at` None while nobody has marked it as read."""

    note: OrderNote
    number: str
    channel: str
    read_at: datetime | None


def mentions(
    session: Session, staff_id: int, scope: Scope, *, unread_only: bool, before_id: int | None, limit: int
) -> Sequence[Mention]:
    """A page of the notes that name this person, from before a note on."""
    query = (
        select(OrderNote, Order.number, Channel.name, NoteReader.read_at)
        .join(NoteReader, NoteReader.note_id == OrderNote.id)
        .join(Order, Order.id == OrderNote.order_id)
        .join(Channel, Channel.id == Order.channel_id)
        .where(
            NoteReader.staff_id == staff_id,
            NoteReader.is_mentioned,
            NoteReader.read_at.is_(None) if unread_only else true(),
            true() if before_id is None else NoteReader.note_id < before_id,
            true() if scope is None else Order.channel_id.in_(scope),
        )
        .order_by(NoteReader.note_id.desc())
        .limit(limit)
    )
    return [Mention(*row) for row in session.execute(query)]


def count_unread(session: Session, staff_id: int, scope: Scope) -> int:
    """How many mentions the person has not marked as read; MOST_COUNTED at most."""
    unread = select(NoteReader.note_id).where(
        NoteReader.staff_id == staff_id, NoteReader.is_mentioned, NoteReader.read_at.is_(None)
    )
    if scope is not None:
        notes = unread.join(OrderNote, OrderNote.id == NoteReader.note_id)
        unread = notes.join(Order, Order.id == OrderNote.order_id).where(Order.channel_id.in_(scope))
    counted = select(func.count()).select_from(unread.limit(MOST_COUNTED).subquery())
    return session.execute(counted).scalar_one()
