"""What happens by the clock: the sweeper finds work without a hint, the scheduler begins each slot once.

Any number of copies may run: slots are unique rows, and a doubled hint does nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.db import unit_of_work
from webapp.core.hints import send_hint
from webapp.core.operations import NewOperation, create
from webapp.core.second_tries import bury_exhausted, queues_with_due_work

# Given the session and the time, the operations whose slot has begun.
SlotSource = Callable[[Session, datetime], list[NewOperation]]


def sweep() -> int:
    """Hint for every queue with due work, one hint per ten operations; how many hints were sent."""
    with unit_of_work() as session:
        bury_exhausted(session)
        due = queues_with_due_work(session)
    sent = 0
    for queue, count in due.items():
        for _ in range(min(count, 1 + count // 10)):
            send_hint(queue)
            sent += 1
    return sent


def tick(sources: list[SlotSource]) -> int:
    """Create the operations of every slot that has begun; how many were new."""
    with unit_of_work() as session:
        # The database's time: a scheduler whose own is off would begin slots that are over or not yet there.
        now = session.execute(select(func.clock_timestamp())).scalar_one()
        wanted = [new for source in sources for new in source(session, now)]
        return sum(made for _, made in (create(session, new) for new in wanted))


def slot_of(now: datetime, minutes: int, name: str) -> str:
    """The name of the slot of `minutes` that `now` (UTC) lies in, such as "pull:3/2026-11-23T10:35Z"."""
    epoch_minutes = int(now.astimezone(UTC).timestamp()) // 60
    begin = datetime.fromtimestamp((epoch_minutes // minutes) * minutes * 60, UTC)
    return f"{name}/{begin:%Y-%m-%dT%H:%MZ}"
