"""Which running work a person follows: kept in their cookie, so that the top bar goes on with it after a reload."""

import uuid
from collections.abc import Sequence

from flask import session as cookie

from webapp.core.operations import Operation

WATCHED_AT_MOST = 10
_KEY = "watching"


def watch(operation: Operation) -> None:
    """Show this operation in the asker's top bar until it has ended, whoever asked for it first."""
    others = [word for word in cookie.get(_KEY, []) if word != str(operation.id)]
    cookie[_KEY] = [*others, str(operation.id)][-WATCHED_AT_MOST:]


def watched() -> list[uuid.UUID]:
    """What this person follows."""
    return parsed(cookie.get(_KEY, []))


def forget(ended: Sequence[uuid.UUID]) -> None:
    """Follow these no longer."""
    gone = {str(each) for each in ended}
    kept = [word for word in cookie.get(_KEY, []) if word not in gone]
    if len(kept) != len(cookie.get(_KEY, [])):
        cookie[_KEY] = kept


def parsed(words: Sequence[str]) -> list[uuid.UUID]:
    """The ids among these words; what is none is left out."""
    found = []
    for word in words[:WATCHED_AT_MOST]:
        try:
            found.append(uuid.UUID(word))
        except ValueError:
            continue
    return found
