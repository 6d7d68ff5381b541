"""Two people in one form: whoever saves second is told what the first one changed, and loses nothing that was typed."""

import hashlib
import json
from typing import Any

from flask import request
from flask_babel import gettext
from sqlalchemy import select

from webapp.core import reference
from webapp.core.audit import AuditEntry
from webapp.core.db import db
from webapp.core.reference import Kind
from webapp.ui.formatting import writer

STALE_FIELD = "seen"


def fingerprint(kind: Kind[Any], row: Any) -> str:
    """What the row holds now, in a few characters; the form carries it along."""
    text = json.dumps(reference.state(kind, row), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def change_since(kind: Kind[Any], row: Any, labels: dict[str, Any]) -> str | None:
    """What somebody changed since the sent form was opened, as a sentence; None when nothing."""
    seen = request.form.get(STALE_FIELD)
    if seen is None or seen == fingerprint(kind, row):
        return None
    entry = db.session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_type == kind.word,
            AuditEntry.subject_id == str(reference.key_of(row)),
            # Of a person the log also keeps when they signed in: nobody has changed them by that.
            AuditEntry.changes != {},
            ~AuditEntry.refused,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()
    if entry is None:
        return str(gettext("This was changed while you were editing it. Look at your values and save again."))
    changes = "; ".join(
        f"{labels.get(name, name)}: {_word(old)} → {_word(new)}" for name, (old, new) in entry.changes.items()
    )
    told = gettext(
        "%(who)s changed this on %(time)s, while you were editing it (%(changes)s). Your values are still here: save again to keep them.",
        who=entry.actor,
        time=writer().short(entry.at),
        changes=changes,
    )
    return str(told)


def _word(value: Any) -> str:
    return "—" if value in (None, "") else f"“{value}”"
