"""Notes that staff leave on an order for their colleagues."""

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, NotFound
from webapp.orders.models import Order, OrderNote
from webapp.orders.queries.timeline import NOTE_ADDED

LONGEST_NOTE: Final = 4_000  # characters; a longer text is a document, not a note


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to leave; the same `submission` again is the same note."""

    order_id: int
    body: str
    submission: uuid.UUID


def add_note(session: Session, new: NewNote, context: AuditContext) -> bool:
    """Leave the note; False when this submission has been taken already. Raises NotFound and InvalidInput.

    The log says that a note was left, not what it says: notes can name people, and the log is for ever.
    """
    if not new.body or len(new.body) > LONGEST_NOTE:
        raise InvalidInput(f"A note has 1 to {LONGEST_NOTE:,} characters.")
    if session.scalar(select(Order.id).where(Order.id == new.order_id)) is None:
        raise NotFound("There is no such order.")
    note = insert(OrderNote).values(
        order_id=new.order_id,
        staff_id=context.staff_id,
        author=context.actor,
        body=new.body,
        submission=new.submission,
    )
    added = session.scalar(note.on_conflict_do_nothing().returning(OrderNote.id))
    if added is None:
        return False
    record(session, context, NOTE_ADDED, subject=("order_note", added), order_id=new.order_id)
    return True
