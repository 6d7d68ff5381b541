"""The one place that asks what time it is."""

from datetime import UTC, datetime, timedelta
from typing import Final

# Below this a difference is the network's or a clock's own trembling, and following it would only make time jump.
FOLLOWED_FROM: Final = timedelta(seconds=2)
# An answer that was longer on its way does not tell what time it is.
FRESH_WITHIN_S: Final = 1.0

_behind = timedelta(0)


def utc_now() -> datetime:
    """The current time, aware, in UTC. Leases use the database's clock instead (`func.clock_timestamp()`)."""
    return datetime.now(UTC) + _behind


def follow(database_now: datetime, took_s: float) -> None:
    """Take the database's time for this process's own where the two differ: one machine's clock may be hours off.

    `took_s` is how long the question was under way. Workers do so at every claim, so that what they write and compare
    is every worker's time.
    """
    global _behind
    if took_s > FRESH_WITHIN_S:
        return
    difference = database_now - datetime.now(UTC)
    _behind = difference if abs(difference) >= FOLLOWED_FROM else timedelta(0)
