"""How long events and deliveries are kept: long enough to find and repeat what went wrong."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.db import unit_of_work
from webapp.core.operations import NewOperation, OperationRun, Queue
from webapp.core.periodic import slot_of

CLEAN_KIND: Final = "webhooks.clean"
KEPT_DAYS: Final = 30  # also for what waits: a receiver that was away longer reads the orders by the API
AT_ONCE: Final = 5_000  # rows of one transaction
_DAY_MINUTES: Final = 24 * 60

# Their deliveries go with them.
_FORGET = text("""
DELETE FROM event WHERE id IN (
    SELECT id FROM event WHERE created_at < clock_timestamp() - make_interval(days => :days) LIMIT :at_once)
""")


def clean(run: OperationRun) -> None:
    """The handler of `webhooks.clean`: take away what is older than we keep it."""
    total = 0
    while True:
        with unit_of_work() as session:
            run.fence(session, done=total)
            count = forget_some(session)
        total += count
        if count < AT_ONCE:
            return


def forget_some(session: Session) -> int:
    """One batch; how many events it had."""
    done = session.connection().execute(_FORGET, {"days": KEPT_DAYS, "at_once": AT_ONCE})
    return int(done.rowcount)


def daily(session: Session, now: datetime) -> list[NewOperation]:
    """One run a day."""
    return [
        NewOperation(
            kind=CLEAN_KIND,
            queue=Queue.UPKEEP,
            dedupe_key="all",
            args={},
            slot=slot_of(now, _DAY_MINUTES, CLEAN_KIND),
        )
    ]
