"""Where a reading stands, kept in the transaction that stores the page it belongs to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.channels.fetching import OrderQuery, Position
from webapp.channels.models import PullCursor
from webapp.channels.receiving import ORDERS
from webapp.core.clock import utc_now
from webapp.core.operations import Operation, OperationRun

# A channel whose clock is further off than this has none worth believing; a pull a day long is still bearable.
MOST_BEHIND = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class PullPass:
    """One reading of everything that changed: what is asked for, and what the cursor becomes at its end."""

    channel_id: int
    query: OrderQuery
    until: datetime

    @classmethod
    def begin(
        cls, session: Session, channel_id: int, overlap_s: float, start_from: datetime | None
    ) -> "PullPass":
        """Go on with the pass that is under way, else begin one a little before the end of the last.

        The overlap catches what the shop stamped late. A channel that was never read is read from `start_from`, or all.
        """
        cursor = session.get(PullCursor, (channel_id, ORDERS))
        if cursor is None:
            return cls(channel_id, OrderQuery(created_from=start_from), utc_now())
        since = cursor.modified_at - timedelta(seconds=overlap_s) if cursor.modified_at else None
        query = OrderQuery(modified_since=since, created_from=None if since else start_from)
        if cursor.remote_id is None or cursor.pass_until is None:
            return cls(channel_id, query, utc_now())
        return cls(channel_id, query.at(Position(cursor.remote_id, cursor.pass_offset)), cursor.pass_until)

    def by_clock_of(self, dated: datetime | None) -> "PullPass":
        """The same pass, its end told by the channel's clock: by that it stamps what the next pass asks for."""
        return replace(self, until=channel_time(self.until, dated))

    def move(self, session: Session, position: Position | None) -> None:
        """The cursor behind a page that this transaction stores; None: the pass is done."""
        values: dict[str, Any] = {
            "updated_at": utc_now(),
            "remote_id": None,
            "pass_until": None,
            "pass_offset": 0,
        }
        if position is None:
            values |= {"modified_at": self.until, "last_success_at": utc_now(), "last_error": None}
        else:
            values |= {
                "remote_id": position.remote_id,
                "pass_until": self.until,
                "pass_offset": position.offset,
            }
        _save(session, self.channel_id, values)


def channel_time(ours: datetime, dated: datetime | None) -> datetime:
    """The earlier of our time and the channel's, which it tells in whole seconds; at most a day before ours."""
    return ours if dated is None else min(ours, max(dated + SECOND, ours - MOST_BEHIND))


def note_error(session: Session, channel_id: int, words: str) -> None:
    """What the last pull came to, for the channel's page."""
    _save(session, channel_id, {"last_error": words, "updated_at": utc_now()})


def position_of(session: Session, run: OperationRun) -> tuple[Position | None, dict[str, Any]]:
    """Where an earlier try of this operation stood, and the result it had written so far."""
    result = session.scalars(select(Operation.result).where(Operation.id == run.id)).one_or_none() or {}
    kept = result.get("position")
    return (Position(kept["remote_id"], int(kept["offset"])) if kept else None), dict(result)


def _save(session: Session, channel_id: int, values: dict[str, Any]) -> None:
    statement = insert(PullCursor).values(channel_id=channel_id, kind=ORDERS, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=[PullCursor.channel_id, PullCursor.kind], set_=values)
    )
