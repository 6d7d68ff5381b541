"""What happened to an order: notes of staff, and the audit log's entries with what names a person beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.audit import AuditEntry, AuditPersonal, in_one
from webapp.core.ids import LARGEST_ID
from webapp.orders.models import NoteReader, OrderNote

ENTRIES: Final = 20
NOTES: Final = 10
# The note itself stands above; that somebody wrote it is news to the audit page only.
NOTE_ADDED: Final = "order.note.added"


@dataclass(frozen=True)
class Happened:
    """One entry; `changes` maps a field to [old, new], None when what it named has been erased."""

    id: int
    at: datetime
    tag: str
    origin: str
    staff_id: int | None
    actor: str
    summary: str
    refused: bool
    changes: Mapping[str, Any]
    erased: bool


@dataclass(frozen=True)
class Note:
    """A note, whom it names, and who has confirmed that they read it (names, in the order of reading)."""

    row: OrderNote
    mentioned: Sequence[str]
    read_by: Sequence[str]

    @property
    def id(self) -> int:
        """The note's."""
        return self.row.id


@dataclass(frozen=True)
class Part:
    """Newest first, and the id from before which to go on; None when nothing older is left."""

    rows: Sequence[Any]
    before_id: int | None


NOTHING: Final = Part((), None)


def notes(session: Session, order_id: int, *, before_id: int | None = None) -> Part:
    """Notes that staff left."""
    found = session.execute(_NOTES, _place(order_id, before_id)).all()
    return _part([Note(row[0], row[1] or (), row[2] or ()) for row in found], NOTES)


def entries(session: Session, order_id: int, *, before_id: int | None = None) -> Part:
    """What the audit log has about the order."""
    found = session.execute(_ENTRIES, _place(order_id, before_id)).all()
    return _part([_happened(row) for row in found], ENTRIES)


def _place(order_id: int, before_id: int | None) -> dict[str, int]:
    return {"order_id": order_id, "before_id": LARGEST_ID if before_id is None else before_id}


def _happened(row: Any) -> Happened:
    return Happened(
        id=row.id,
        at=row.at,
        tag=row.tag,
        origin=row.origin,
        staff_id=row.staff_id,
        actor=row.actor,
        summary=in_one(row.summary, row.words),
        refused=row.refused,
        changes={**row.changes, **(row.personal or {})},
        erased=row.erased_at is not None,
    )


def _part(found: Sequence[Any], size: int) -> Part:
    shown = found[:size]
    return Part(shown, shown[-1].id if len(found) > size else None)


_ID: Final = bindparam("order_id", type_=BigInteger)
_BEFORE: Final = bindparam("before_id", type_=BigInteger)
# Put together once: building a statement costs more than asking it.
_NAMES: Final = (
    select(func.array_agg(StaffUser.name))
    .join(NoteReader, NoteReader.staff_id == StaffUser.id)
    .where(NoteReader.note_id == OrderNote.id)
    .correlate(OrderNote)
)
_NOTES: Final = (
    select(
        OrderNote,
        _NAMES.where(NoteReader.is_mentioned).scalar_subquery(),
        _NAMES.where(NoteReader.read_at.is_not(None)).scalar_subquery(),
    )
    .where(OrderNote.order_id == _ID, OrderNote.id < _BEFORE)
    .order_by(OrderNote.id.desc())
    .limit(NOTES + 1)
)
_ENTRIES: Final = (
    select(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.tag,
        AuditEntry.origin,
        AuditEntry.staff_id,
        AuditEntry.actor,
        AuditEntry.summary,
        AuditEntry.refused,
        AuditEntry.changes,
        AuditPersonal.changes.label("personal"),
        AuditPersonal.words,
        AuditPersonal.erased_at,
    )
    .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
    .where(AuditEntry.order_id == _ID, AuditEntry.tag != NOTE_ADDED, AuditEntry.id < _BEFORE)
    .order_by(AuditEntry.id.desc())
    .limit(ENTRIES + 1)
)
