"""What happened to an order: notes of staff, and the audit log's entries with what names a person beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditEntry, AuditPersonal
from webapp.orders.models import OrderNote

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
class Part:
    """Newest first, and the id from before which to go on; None when nothing older is left."""

    rows: Sequence[Any]
    before_id: int | None


def notes(session: Session, order_id: int, *, before_id: int | None = None) -> Part:
    """Notes that staff left."""
    query = select(OrderNote).where(OrderNote.order_id == order_id)
    if before_id is not None:
        query = query.where(OrderNote.id < before_id)
    return _part(session.scalars(query.order_by(OrderNote.id.desc()).limit(NOTES + 1)).all(), NOTES)


def entries(session: Session, order_id: int, *, before_id: int | None = None) -> Part:
    """What the audit log has about the order."""
    query = (
        select(AuditEntry, AuditPersonal.changes, AuditPersonal.erased_at)
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .where(AuditEntry.order_id == order_id, AuditEntry.tag != NOTE_ADDED)
    )
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    found = session.execute(query.order_by(AuditEntry.id.desc()).limit(ENTRIES + 1)).all()
    return _part([_happened(*row) for row in found], ENTRIES)


def _happened(entry: AuditEntry, personal: Mapping[str, Any] | None, erased_at: datetime | None) -> Happened:
    return Happened(
        id=entry.id,
        at=entry.at,
        tag=entry.tag,
        origin=entry.origin,
        staff_id=entry.staff_id,
        actor=entry.actor,
        summary=entry.summary,
        refused=entry.refused,
        changes={**entry.changes, **(personal or {})},
        erased=erased_at is not None,
    )


def _part(found: Sequence[Any], size: int) -> Part:
    shown = found[:size]
    return Part(shown, shown[-1].id if len(found) > size else None)
