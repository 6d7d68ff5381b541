"""What an order's timeline says, written for many orders at once: the audit log's rows without ORM objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, AuditEntry, AuditPersonal
from webapp.core.bulk import Rows

_COLUMNS: Final = "tag subject_type subject_id order_id summary changes"
_ENTRIES = Rows(AuditEntry, _COLUMNS)
_ENTRIES_WITH_ID = Rows(AuditEntry, f"id {_COLUMNS}")
_PERSONAL = Rows(AuditPersonal, "entry_id customer_id changes")
_NEXT_IDS = text(
    "SELECT nextval(pg_get_serial_sequence('audit_entry', 'id')) FROM generate_series(1, :number)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to an order. `changes` maps a field to [old, new]; what names a person is `personal`.

    The subject is the order unless another one is named.
    """

    order_id: int
    tag: str
    summary: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
    customer_id: int | None = None
    subject: tuple[str, int] | None = None


def record_all(session: Session, context: AuditContext, entries: Sequence[Entry]) -> None:
    """Write the entries in their order, in the caller's transaction."""
    same = {
        "origin": context.origin,
        "staff_id": context.staff_id,
        "actor": context.actor,
        "remote_addr": context.remote_addr,
        "request_id": context.request_id,
    }
    personal = [entry for entry in entries if entry.personal]
    plain = [_row(entry) for entry in entries if not entry.personal]
    if plain:
        _ENTRIES.insert(session, plain, same=same)
    if personal:
        ids = list(session.scalars(_NEXT_IDS, {"number": len(personal)}))
        _ENTRIES_WITH_ID.insert(
            session, [(at, *_row(entry)) for at, entry in zip(ids, personal, strict=True)], same=same
        )
        _PERSONAL.insert(
            session,
            [(at, entry.customer_id, entry.personal) for at, entry in zip(ids, personal, strict=True)],
        )


def _row(entry: Entry) -> tuple[Any, ...]:
    kind, key = entry.subject or ("order", entry.order_id)
    return entry.tag, kind, str(key), entry.order_id, entry.summary, entry.changes
