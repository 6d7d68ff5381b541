"""Notes that staff leave on an order for their colleagues: whom they name, and which must be read first."""

import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.auth.models import StaffChannel, StaffUser
from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.sentences import said
from webapp.core.text import N_, fold
from webapp.orders.locks import lock_order
from webapp.orders.models import NoteReader, Order, OrderNote
from webapp.orders.queries.timeline import NOTE_ADDED

LONGEST_NOTE: Final = 4_000  # characters; a longer text is a document, not a note
MOST_MENTIONS: Final = 50
NOTE_CONFIRMED: Final = "order.note.confirmed"


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to leave; the same `submission` again is the same note.

    `mentions` are ids of colleagues; whoever is named in the text as "@Full Name" is mentioned as well.
    """

    order_id: int
    body: str
    submission: uuid.UUID
    mentions: tuple[int, ...] = ()
    must_read: bool = False


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be named in a note or given an order."""

    id: int
    name: str


def colleagues(session: Session, channel_id: int | None = None) -> list[Colleague]:
    """Everybody who works here, by name; with a channel only who may know of its orders."""
    query = select(StaffUser.id, StaffUser.name).where(StaffUser.is_active)
    if channel_id is not None:
        theirs = select(StaffChannel.staff_id).where(StaffChannel.channel_id == channel_id)
        query = query.where(or_(~StaffUser.limited_to_channels, StaffUser.id.in_(theirs)))
    return [Colleague(*row) for row in session.execute(query.order_by(StaffUser.name, StaffUser.id))]


def add_note(session: Session, new: NewNote, context: AuditContext) -> bool:
    """Leave the note; False when this submission has been taken already. Raises NotFound and InvalidInput.

    The log says that a note was left, not what it says: notes can name people, and the log is for ever. A note that
    must be read takes the order's lock, so that it stands either before a colleague's act or after it.
    """
    if not new.body or len(new.body) > LONGEST_NOTE:
        raise InvalidInput(said(N_("A note has 1 to %(most)s characters."), most=f"{LONGEST_NOTE:,}"))
    channel_id = session.scalar(select(Order.channel_id).where(Order.id == new.order_id))
    if channel_id is None:
        raise NotFound(N_("There is no such order."))
    if new.must_read:
        lock_order(session, new.order_id)
    mentioned = _mentioned(new, colleagues(session, channel_id), context.staff_id)
    note = insert(OrderNote).values(
        order_id=new.order_id,
        staff_id=context.staff_id,
        author=context.actor,
        body=new.body,
        submission=new.submission,
        must_read=new.must_read,
    )
    added = session.scalar(note.on_conflict_do_nothing().returning(OrderNote.id))
    if added is None:
        return False
    for staff_id in mentioned:
        session.add(NoteReader(note_id=added, staff_id=staff_id, is_mentioned=True))
    record(session, context, NOTE_ADDED, subject=("order_note", added), order_id=new.order_id)
    return True


def confirm_read(
    session: Session, note_ids: Collection[int], context: AuditContext, *, channels: Collection[int] | None
) -> int:
    """Keep that this person has read these notes, of the `channels` they may know (None: of all); how many are new.

    Confirming a note that must be read is an entry in the log: others rely on it.
    """
    if context.staff_id is None:
        raise InvalidInput(N_("Only a member of staff can confirm that they have read a note."))
    seen = true() if channels is None else Order.channel_id.in_(channels)
    query = select(OrderNote).join(Order, Order.id == OrderNote.order_id)
    notes = session.scalars(query.where(OrderNote.id.in_(note_ids), seen).order_by(OrderNote.id)).all()
    return sum(_confirm(session, note, context, context.staff_id) for note in notes)


def confirm_all_mentions(session: Session, context: AuditContext) -> int:
    """Mark every mention of this person as read that asks for nothing more; notes that must be read stay."""
    kept = select(OrderNote.id).where(OrderNote.id == NoteReader.note_id, OrderNote.must_read)
    done = session.execute(
        update(NoteReader)
        .where(
            NoteReader.staff_id == context.staff_id,
            NoteReader.is_mentioned,
            NoteReader.read_at.is_(None),
            ~kept.exists(),
        )
        .values(read_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _confirm(session: Session, note: OrderNote, context: AuditContext, staff_id: int) -> bool:
    reading = insert(NoteReader).values(note_id=note.id, staff_id=staff_id, read_at=func.clock_timestamp())
    new = session.scalar(
        reading.on_conflict_do_update(
            index_elements=[NoteReader.note_id, NoteReader.staff_id],
            set_={"read_at": reading.excluded.read_at},
            where=NoteReader.read_at.is_(None),
        ).returning(NoteReader.note_id)
    )
    if new is not None and note.must_read:
        record(session, context, NOTE_CONFIRMED, subject=("order_note", note.id), order_id=note.order_id)
    return new is not None


def _mentioned(new: NewNote, known: Sequence[Colleague], author_id: int | None) -> list[int]:
    """Ids of who is ticked or named in the text and may know of the order; never the author."""
    ticked = set(new.mentions) | set(_named(new.body, known))
    found = [each.id for each in known if each.id in ticked and each.id != author_id]
    return found[:MOST_MENTIONS]


def _named(body: str, known: Sequence[Colleague]) -> Iterable[int]:
    """Who stands in the text as @Full Name, however it is written; the longer of two names that begin alike."""
    text = fold(body)
    by_name: dict[str, list[int]] = defaultdict(list)
    for each in known:
        by_name[fold(each.name)].append(each.id)
    by_name.pop("", None)
    if "@" not in text or not by_name:
        return ()
    names = "|".join(re.escape(name) for name in sorted(by_name, key=len, reverse=True))
    # Two of one name are both meant: nobody can write which.
    return [found for name in re.findall(rf"@({names})(?!\w)", text) for found in by_name[name]]
