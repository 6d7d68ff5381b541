"""Storing what a channel sent, word for word, before anything is made of it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from webapp.core import exact_json

ORDERS = "order"
MOST_REMOTE_ID = 64


@dataclass(frozen=True)
class RawOrder:
    """One order as a channel sent it: `text` word for word, `payload` the same parsed with exact numbers.

    `volatile` names top-level keys that change without the order changing; they do not count in the hash.
    """

    remote_id: str
    number: str | None
    modified_at: datetime | None
    text: str = field(repr=False)
    payload: Any = field(repr=False)
    volatile: frozenset[str] = frozenset()

    @property
    def content_hash(self) -> str:
        """SHA-256 over the content, not over its spelling."""
        counted = {key: value for key, value in self.payload.items() if key not in self.volatile}
        return hashlib.sha256(exact_json.canonical(counted).encode()).hexdigest()


@dataclass(frozen=True)
class RawPage:
    """Orders that came in one answer; `asked_at` and `answered_at` bound when the channel looked at them."""

    rows: Sequence[RawOrder]
    asked_at: datetime
    answered_at: datetime

    def sorted_rows(self) -> list[RawOrder]:
        """Each order once, in the order in which every worker locks them."""
        latest = {row.remote_id: row for row in self.rows}
        return [latest[remote_id] for remote_id in sorted(latest)]


# An answer that was asked for before the stored one arrived may be the older of the two: then the channel's own
# stamp decides. remote_id is sorted as Python sorts it, so that all workers take the locks in one order.
_STORE = text(
    """
    INSERT INTO remote_record AS r (channel_id, kind, remote_id, number, content_hash, payload,
                                    remote_modified_at, state, received_at)
    SELECT :channel, :kind, n.remote_id, n.number, n.content_hash, n.payload::jsonb,
           n.modified_at, 'received', :answered_at
    FROM unnest(CAST(:remote_ids AS text[]), CAST(:numbers AS text[]), CAST(:hashes AS text[]),
                CAST(:payloads AS text[]), CAST(:modified AS timestamptz[]))
         AS n (remote_id, number, content_hash, payload, modified_at)
    ORDER BY n.remote_id COLLATE "C"
    ON CONFLICT (channel_id, kind, remote_id) DO UPDATE SET
        number = excluded.number, content_hash = excluded.content_hash, payload = excluded.payload,
        remote_modified_at = excluded.remote_modified_at, received_at = excluded.received_at,
        state = 'received', failure_class = NULL, failure_words = NULL, attempts = 0
    WHERE r.content_hash <> excluded.content_hash
      AND (:asked_at >= r.received_at
           OR COALESCE(excluded.remote_modified_at, '-infinity') > COALESCE(r.remote_modified_at, '-infinity')
           OR (excluded.remote_modified_at IS NOT DISTINCT FROM r.remote_modified_at
               AND excluded.received_at >= r.received_at))
    RETURNING r.remote_id
    """
)


def store(session: Session, channel_id: int, page: RawPage) -> list[str]:
    """Store what is new or changed; gives the channel's ids of those, in the order of locking."""
    rows = page.sorted_rows()
    try:
        with session.begin_nested():
            return _store(session, channel_id, page, rows)
    except DataError:
        # One text that PostgreSQL's jsonb does not take: find it, and keep it as it came.
        return [remote_id for row in rows for remote_id in _store_alone(session, channel_id, page, row)]


def unchanged(session: Session, channel_id: int, rows: Sequence[RawOrder]) -> Iterator[RawOrder]:
    """Those of the rows that are stored with the same content. Writes nothing."""
    found = session.execute(
        text(
            "SELECT remote_id, content_hash FROM remote_record"
            " WHERE channel_id = :channel AND kind = :kind AND remote_id = ANY(:remote_ids)"
        ),
        {"channel": channel_id, "kind": ORDERS, "remote_ids": [row.remote_id for row in rows]},
    )
    known = {str(remote_id): str(content_hash) for remote_id, content_hash in found}
    return (row for row in rows if known.get(row.remote_id) == row.content_hash)


def _store(session: Session, channel_id: int, page: RawPage, rows: Sequence[RawOrder]) -> list[str]:
    values = {
        "channel": channel_id,
        "kind": ORDERS,
        "asked_at": page.asked_at,
        "answered_at": page.answered_at,
        "remote_ids": [row.remote_id[:MOST_REMOTE_ID] for row in rows],
        "numbers": [row.number[:64] if row.number else None for row in rows],
        "hashes": [row.content_hash for row in rows],
        "payloads": [exact_json.storable(row.text) for row in rows],
        "modified": [row.modified_at for row in rows],
    }
    return sorted(session.execute(_STORE, values).scalars())


def _store_alone(session: Session, channel_id: int, page: RawPage, row: RawOrder) -> list[str]:
    try:
        with session.begin_nested():
            return _store(session, channel_id, page, [row])
    except DataError:
        wrapped = json.dumps({"unstorable": row.text.replace("\0", "\ufffd")})
        return _store(
            session,
            channel_id,
            page,
            [RawOrder(row.remote_id, row.number, row.modified_at, wrapped, row.payload)],
        )
