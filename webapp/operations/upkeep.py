"""Old background work is forgotten: what ended well says nothing any more after a quarter, what was given up after a year."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.db import unit_of_work
from webapp.core.hints import Handler
from webapp.core.operations import NewOperation, OperationRun, Queue
from webapp.core.periodic import SlotSource, slot_of

FORGET_KIND: Final = "operations.forget"
DONE_DAYS: Final = 90
DEAD_DAYS: Final = 365
AT_ONCE: Final = 2_000  # rows a transaction deletes: a fraction of a second, so that nobody waits behind it
_A_DAY_MIN: Final = 24 * 60

# By the index of what was created last, from its other end: what was created later cannot have ended earlier.
_FORGET: Final = text("""
    DELETE FROM operation WHERE id IN (
        SELECT id FROM operation
        WHERE created_at < clock_timestamp() - make_interval(days => :done_days)
            AND (state = 'done' OR (state = 'dead'
                AND created_at < clock_timestamp() - make_interval(days => :dead_days)))
        ORDER BY created_at, id LIMIT :at_once FOR UPDATE SKIP LOCKED)
""")


def forget(run: OperationRun) -> None:
    """Delete in small transactions, each fenced; a second run goes on where the first was cut off."""
    done = 0
    while True:
        with unit_of_work() as session:
            run.fence(session, done=done)
            gone = _forget_some(session)
        if not gone:
            return
        done += gone


def forget_slots(_session: Session, now: datetime) -> list[NewOperation]:
    """Once a day (UTC)."""
    slot = slot_of(now, _A_DAY_MIN, "forget")
    return [NewOperation(FORGET_KIND, Queue.UPKEEP, dedupe_key="all", args={}, slot=slot)]


def _forget_some(session: Session) -> int:
    values = {"done_days": DONE_DAYS, "dead_days": DEAD_DAYS, "at_once": AT_ONCE}
    return int(session.connection().execute(_FORGET, values).rowcount)


HANDLERS: Final[dict[str, Handler]] = {FORGET_KIND: forget}
SLOT_SOURCES: Final[tuple[SlotSource, ...]] = (forget_slots,)
