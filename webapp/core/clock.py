"""The one place that asks what time it is."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current time, aware, in UTC. Leases use the database's clock instead (`func.now()`)."""
    return datetime.now(UTC)
