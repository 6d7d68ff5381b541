"""The refusal of a form that a colleague has overtaken: who, what and when stand in the log, and are told from there."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditEntry
from webapp.core.errors import Conflict
from webapp.core.sentences import said
from webapp.core.text import N_

NOBODY = N_("Somebody")


def overtaken(
    session: Session,
    subject: tuple[str, object],
    template: str,
    *,
    parts: Mapping[str, object] | None = None,
    tag: str | None = None,
    code: str = "stale_form",
    details: Mapping[str, Any] | None = None,
) -> Conflict:
    """The Conflict to raise; `%(who)s` in the template becomes the name of whoever acted on this subject last.

    With a `tag` only deeds of that kind count, for a form that shows one part of its subject; with one that ends in a
    dot, all deeds that begin so.
    """
    query = select(AuditEntry).where(
        AuditEntry.subject_type == subject[0],
        AuditEntry.subject_id == str(subject[1]),
        ~AuditEntry.refused,
    )
    if tag is not None:
        counts = (
            AuditEntry.tag.startswith(tag, autoescape=True) if tag.endswith(".") else AuditEntry.tag == tag
        )
        query = query.where(counts)
    latest = session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).first()
    words = said(template, who=latest.actor if latest else said(NOBODY), **(parts or {}))
    return Conflict(words, code=code, details={**(details or {}), **told_change(latest)})


def told_change(latest: AuditEntry | None) -> dict[str, Any]:
    """Who did what and when, as details of a refusal; the time is ISO 8601 in UTC. Nothing where nobody is known."""
    if latest is None:
        return {}
    return {"changed_by": latest.actor, "change": _what(latest), "changed_at": latest.at.isoformat()}


def _what(latest: AuditEntry) -> str:
    """The log's own sentence, else the names of what was changed, else the kind of deed (what names people is kept apart)."""
    fields = ", ".join(name.replace("_", " ") for name in sorted(latest.changes))
    return latest.summary or fields or latest.tag.rpartition(".")[2].replace("_", " ")
