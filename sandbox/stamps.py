"""Times as the two dialects write them: whole seconds, without a zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%dT%H:%M:%S"


def now() -> datetime:
    """Aware UTC, cut to whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def gmt_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()[:19]


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat()[:19]


def from_gmt_text(text: str) -> datetime:
    return datetime.strptime(text, FORMAT).replace(tzinfo=UTC)
