"""Raising and closing what somebody must look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.bulk import json_array, plain_array, text_array
from webapp.core.errors import Conflict, NotFound
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
    "UPDATE attention SET closed_at = now(), closed_by_id = :staff WHERE id = :id AND closed_at IS NULL RETURNING id"
)


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


def close_attention(session: Session, attention_id: int, *, staff_id: int) -> None:
    """Take it off the page. Raises NotFound, and Conflict when somebody else has closed it already."""
    if session.execute(_CLOSE, {"id": attention_id, "staff": staff_id}).first() is None:
        if session.get(Attention, attention_id) is None:
            raise NotFound("There is no such entry.")
        raise Conflict("Somebody else has closed this entry already.")
