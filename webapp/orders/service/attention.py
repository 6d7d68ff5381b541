"""Raising and closing what somebody must look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.audit import AuditContext, record
from webapp.core.bulk import json_array, plain_array, text_array
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import AttentionKind
from webapp.orders.models import Attention

# The same facts again say nothing new, even when somebody has closed them; other facts replace those of an open one.
_RAISE = text("""
INSERT INTO attention (kind, order_id, channel_id, words, facts)
SELECT given.* FROM unnest(CAST(:kinds AS text[]), CAST(:orders AS bigint[]), CAST(:channels AS bigint[]),
    CAST(:words AS text[]), CAST(:facts AS jsonb[])) AS given(kind, order_id, channel_id, words, facts)
WHERE NOT EXISTS (
    SELECT 1 FROM attention AS known
    WHERE known.order_id = given.order_id AND known.kind = given.kind AND known.facts = given.facts
)
ON CONFLICT (kind, order_id) WHERE closed_at IS NULL
DO UPDATE SET words = excluded.words, facts = excluded.facts, raised_at = now()
""")
_CLOSE = text(
    "UPDATE attention SET closed_at = now(), closed_by_id = :staff, closing_words = :words"
    " WHERE id = :id AND closed_at IS NULL RETURNING kind, order_id"
)
LONGEST_WORDS = 1_000


@dataclass(frozen=True, slots=True)
class Alarm:
    """What to raise: a sentence for staff without personal data, and the facts it rests on (ids, codes, amounts)."""

    order_id: int
    channel_id: int
    kind: AttentionKind
    words: str
    facts: dict[str, Any]


def raise_attention(session: Session, alarms: Sequence[Alarm]) -> None:
    """Have these on the attention page; the same facts as before raise nothing."""
    ordered = sorted(alarms, key=lambda alarm: (alarm.order_id, alarm.kind))
    if ordered:
        session.execute(
            _RAISE,
            {
                "kinds": text_array(alarm.kind for alarm in ordered),
                "orders": plain_array(alarm.order_id for alarm in ordered),
                "channels": plain_array(alarm.channel_id for alarm in ordered),
                "words": text_array(alarm.words for alarm in ordered),
                "facts": json_array(alarm.facts for alarm in ordered),
            },
        )


def close_attention(session: Session, attention_id: int, context: AuditContext, *, words: str) -> None:
    """Take it off the page, with what was found out.

    Raises InvalidInput without words, NotFound, and Conflict with who has closed it already and when.
    """
    if not words.strip() or len(words) > LONGEST_WORDS:
        sentence = N_("Say what you found out; whoever looks next will want to know.")
        raise InvalidInput(sentence, fields={"words": [sentence]})
    given = {"id": attention_id, "staff": context.staff_id, "words": words.strip()}
    closed = session.execute(_CLOSE, given).one_or_none()
    if closed is None:
        entry = session.get(Attention, attention_id)
        if entry is None:
            raise NotFound(N_("There is no such entry."))
        raise Conflict(_who_closed(session, entry), code="already_closed")
    record(
        session,
        context,
        "attention.closed",
        subject=("attention", attention_id),
        order_id=closed.order_id,
        summary=AttentionKind(closed.kind).label,
    )


def _who_closed(session: Session, entry: Attention) -> str:
    who = session.scalar(select(StaffUser.name).where(StaffUser.id == entry.closed_by_id)) or "Kontor"
    if entry.closed_at is None:
        return said(N_("%(who)s has closed this entry."), who=who)
    return said(
        N_("%(who)s has closed this entry on %(at)s UTC."),
        who=who,
        at=f"{entry.closed_at:%d %b %Y at %H:%M:%S}",
    )
