"""Storing what a channel sent, word for word, before anything is made of it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from webapp.core import exact_json
from webapp.core.bulk import text_array, time_array

ORDERS = "order"
MOST_REMOTE_ID = 64
UNSTORABLE = "The order holds a number or a text that the database cannot keep."


@dataclass(frozen=True)
class RawOrder:
    """One order as a channel sent it: `text` word for word, `payload` the same parsed with exact numbers."""

    remote_id: str
    number: str | None
    modified_at: datetime | None
    text: str = field(repr=False)
    payload: Any = field(repr=False)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over the text: another spelling of the same content costs a look and changes nothing."""
        return hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()

    @cached_property
    def storable(self) -> str:
        """The text as the database can keep it; mostly the very same."""
        return exact_json.storable(self.text)


@dataclass(frozen=True)
class Stored:
    """What became of a page: what is new or changed, and what the database could not keep as it came."""

    fresh: list[str]
    refused: list[str]


@dataclass(frozen=True)
class RawPage:
    """Orders that came in one answer; `asked_at` and `answered_at` bound when the channel looked at them.

    Both are by our clock; `dated` is by the channel's, which stamps its orders, where it says.
    """

    rows: Sequence[RawOrder]
    asked_at: datetime
    answered_at: datetime
    dated: datetime | None = None

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
        erased_at = NULL, state = 'received', failure_class = NULL, failure_words = NULL, attempts = 0
    WHERE r.content_hash <> excluded.content_hash
      AND (:asked_at >= r.received_at
           OR COALESCE(excluded.remote_modified_at, '-infinity') > COALESCE(r.remote_modified_at, '-infinity')
           OR (excluded.remote_modified_at IS NOT DISTINCT FROM r.remote_modified_at
               AND excluded.received_at >= r.received_at))
    RETURNING r.remote_id
    """
)


_BLANK = text(
    """
    UPDATE remote_record SET payload = '{"erased": true}', failure_words = NULL, erased_at = now()
    FROM orders JOIN customer ON customer.id = orders.customer_id
    WHERE remote_record.id = ANY(:ids) AND orders.id = remote_record.order_id
      AND customer.erased_at >= orders.date_placed AND remote_record.erased_at IS NULL
    """
)


def store(session: Session, channel_id: int, page: RawPage) -> Stored:
    """Store what is new or changed; gives the channel's ids of those, in the order of locking."""
    rows = page.sorted_rows()
    try:
        with session.begin_nested():
            return Stored(_store(session, channel_id, page, rows), [])
    except DataError:
        # One text that PostgreSQL's jsonb does not take: find it, and keep it as it came.
        return _store_one_by_one(session, channel_id, page, rows)


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


def blank_erased(session: Session, record_ids: Sequence[int]) -> None:
    """Leave nothing but the hash of payloads whose order is of somebody who was erased after it."""
    session.execute(_BLANK, {"ids": list(record_ids)})


def _store(session: Session, channel_id: int, page: RawPage, rows: Sequence[RawOrder]) -> list[str]:
    values = {
        "channel": channel_id,
        "kind": ORDERS,
        "asked_at": page.asked_at,
        "answered_at": page.answered_at,
        "remote_ids": text_array([row.remote_id[:MOST_REMOTE_ID] for row in rows]),
        "numbers": text_array([row.number[:64] if row.number else None for row in rows]),
        "hashes": text_array([row.content_hash for row in rows]),
        "payloads": text_array([row.storable for row in rows]),
        "modified": time_array([row.modified_at for row in rows]),
    }
    return sorted(session.execute(_STORE, values).scalars())


def _store_one_by_one(session: Session, channel_id: int, page: RawPage, rows: Sequence[RawOrder]) -> Stored:
    fresh, refused = [], []
    for row in rows:
        try:
            with session.begin_nested():
                fresh += _store(session, channel_id, page, [row])
        except DataError:
            if _store_as_text(session, channel_id, page, row):
                refused.append(row.remote_id)
    return Stored(fresh, refused)


def _store_as_text(session: Session, channel_id: int, page: RawPage, row: RawOrder) -> bool:
    """Keep a payload that is no JSON for the database as one long text, failed; False when it was kept before."""
    wrapped = json.dumps({"unstorable": row.text.replace("\0", "\ufffd")})
    kept = RawOrder(row.remote_id, row.number, row.modified_at, wrapped, row.payload)
    if not _store(session, channel_id, page, [kept]):
        return False
    session.execute(
        text(
            "UPDATE remote_record SET state = 'failed', failure_class = 'validation', failure_words = :words,"
            " attempts = 1 WHERE channel_id = :channel AND kind = :kind AND remote_id = :remote_id"
        ),
        {"channel": channel_id, "kind": ORDERS, "remote_id": row.remote_id, "words": UNSTORABLE},
    )
    return True
