"""Small pieces of the sentences on an order's timeline."""

from collections.abc import Sequence

from webapp.core.audit import AuditContext
from webapp.core.sentences import Sentence, enumeration


def counted(number: int, thing: str) -> str:
    """`1 item`, `3 items`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(words: Sequence[str]) -> Sentence:
    """`a`, `a and b`, `a, b and c`."""
    return enumeration(words)


def said_by(context: AuditContext, what: str) -> str:
    """`what` as it stands after a person's name ("changed notes"), or as a sentence of its own ("Changed notes")."""
    return what if context.staff_id is not None else f"{what[:1].upper()}{what[1:]}"
