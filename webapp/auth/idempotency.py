"""The rows behind `Idempotency-Key`: claim, mark, keep, forget. Every function works in the caller's transaction."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.auth.models import ApiIdempotency
from webapp.core.errors import Conflict, InvalidInput

KEPT_FOR: Final = timedelta(hours=24)
# Longer than any request runs: a web process is ended after 60 s. Then nobody works on it any more.
CLAIMED_FOR: Final = timedelta(seconds=120)
_FORGOTTEN_AT_ONCE: Final = 200


class ReusedKey(InvalidInput):
    """The key came with another request before."""

    code = "idempotency_key_reused"


class StillWorkedOn(Conflict):
    """The first request with this key has not been answered yet."""

    code = "idempotency_in_progress"


class AnswerLost(Conflict):
    """The first request was carried out, and its process died before the answer was kept."""

    code = "idempotency_answer_lost"


@dataclass(frozen=True)
class Claim:
    """The right to carry out the request with this key; `fence` tells it from whoever takes over."""

    token_id: int
    key: str
    fence: uuid.UUID


@dataclass(frozen=True)
class Kept:
    """The answer that was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(session: Session, token_id: int, key: str, fingerprint: bytes) -> Claim | Kept:
    """Claim the key, or the answer that it got. Commit at once. Raises ReusedKey, StillWorkedOn, AnswerLost."""
    # The database's time: to a web process whose own is a day ahead, every key would be forgotten.
    now = session.execute(select(func.clock_timestamp())).scalar_one()
    mine = Claim(token_id, key, uuid.uuid4())
    values = _values(mine, fingerprint, now)
    made = insert(ApiIdempotency).values(token_id=token_id, key=key, **values)
    row = None
    while row is None:
        if session.execute(made.on_conflict_do_nothing().returning(ApiIdempotency.key)).one_or_none():
            _forget_old(session, now)
            return mine
        # Whoever had the key may give it back just now: then it is free for us.
        row = session.get(ApiIdempotency, (token_id, key), with_for_update=True, populate_existing=True)
    if row.expires_at > now:
        kept = _told(row, fingerprint, now)
        if kept is not None:
            return kept
    for name, value in values.items():
        setattr(row, name, value)
    return mine


def mark_committed(session: Session, mine: Claim) -> None:
    """Note in the deed's own transaction that it is done. Raises StillWorkedOn when another has taken over."""
    marked = update(ApiIdempotency).where(*_is(mine)).values(committed=True).returning(ApiIdempotency.key)
    if session.execute(marked).one_or_none() is None:
        raise StillWorkedOn("Another request with this Idempotency-Key has taken over.")


def keep(session: Session, mine: Claim, answer: Kept) -> None:
    """Keep the answer for whoever asks again."""
    values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    session.execute(update(ApiIdempotency).where(*_is(mine)).values(**values))


def forget(session: Session, mine: Claim) -> None:
    """Nothing was done: the key is free again. What was committed stays."""
    session.execute(delete(ApiIdempotency).where(*_is(mine), ~ApiIdempotency.committed))


def _told(row: ApiIdempotency, fingerprint: bytes, now: datetime) -> Kept | None:
    """The answer that was kept; None when the claim may be taken over."""
    if row.fingerprint != fingerprint:
        raise ReusedKey("This Idempotency-Key came with another request before. Use a new key.")
    if row.status is not None:
        return Kept(row.status, row.headers, row.body or b"")
    if now - row.claimed_at < CLAIMED_FOR:
        raise StillWorkedOn(
            "The first request with this Idempotency-Key is being worked on. Ask again later."
        )
    if row.committed:
        raise AnswerLost("The request was carried out, but its answer was lost. Read how things are now.")
    return None


def _values(mine: Claim, fingerprint: bytes, now: datetime) -> dict[str, object]:
    return {
        "fingerprint": fingerprint,
        "claim": mine.fence,
        "claimed_at": now,
        "expires_at": now + KEPT_FOR,
        "committed": False,
        "status": None,
        "headers": {},
        "body": None,
    }


def _is(mine: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        ApiIdempotency.token_id == mine.token_id,
        ApiIdempotency.key == mine.key,
        ApiIdempotency.claim == mine.fence,
    )


def _forget_old(session: Session, now: datetime) -> None:
    """Drop a handful of what has expired; two who drop at once pass over each other's rows."""
    old = (
        select(ApiIdempotency.token_id, ApiIdempotency.key)
        .where(ApiIdempotency.expires_at < now)
        .limit(_FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(ApiIdempotency).where(tuple_(ApiIdempotency.token_id, ApiIdempotency.key).in_(old))
    )
