"""Circuit breakers, one row per outside system, shared by all workers through PostgreSQL.

A breaker opens after several failures without any success within a window. While it is open nobody calls, except
one probe per interval; a probe that succeeds closes it. The clock is the database's.

Every function wants a short transaction of its own: never one that is open while the outside is called.
"""

from datetime import datetime

from sqlalchemy import String, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.db import Base
from webapp.core.settings import Timing


class CircuitBreaker(Base):
    """`name` is "channel:3" or "gateway:stripe". Open while `opened_at` is set; one probe per interval may pass."""

    __tablename__ = "circuit_breaker"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    window_started_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    next_probe_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


_ADMIT = text(
    """
    WITH probe AS (
        UPDATE circuit_breaker SET next_probe_at = clock_timestamp() + make_interval(secs => :probe_s)
        WHERE name = :name AND opened_at IS NOT NULL AND next_probe_at <= clock_timestamp()
        RETURNING 1
    )
    SELECT GREATEST(EXTRACT(EPOCH FROM next_probe_at - clock_timestamp()), 0.05)::float FROM circuit_breaker
    WHERE name = :name AND opened_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM probe)
    """
)
_SUCCESS = text(
    """
    UPDATE circuit_breaker
    SET failures = 0, window_started_at = NULL, opened_at = NULL, next_probe_at = NULL, last_error = NULL
    WHERE name = :name AND (failures > 0 OR opened_at IS NOT NULL)
    """
)
# An old window that never filled up begins anew with this failure.
_FAILURE = text(
    """
    INSERT INTO circuit_breaker AS b (name, failures, window_started_at, last_error)
    VALUES (:name, 1, clock_timestamp(), :error)
    ON CONFLICT (name) DO UPDATE SET
        failures = CASE WHEN b.window_started_at >= clock_timestamp() - make_interval(secs => :window_s)
                        THEN b.failures + 1 ELSE 1 END,
        window_started_at = CASE WHEN b.window_started_at >= clock_timestamp() - make_interval(secs => :window_s)
                                 THEN b.window_started_at ELSE clock_timestamp() END,
        last_error = excluded.last_error
    RETURNING failures
    """
)
_OPEN = text(
    """
    UPDATE circuit_breaker
    SET opened_at = COALESCE(opened_at, clock_timestamp()),
        next_probe_at = clock_timestamp() + make_interval(secs => :probe_s)
    WHERE name = :name AND (opened_at IS NOT NULL OR failures >= :threshold)
    """
)


def admit(session: Session, name: str, timing: Timing) -> float | None:
    """None when a call may go out (also as the one probe of an open breaker), else the seconds to wait."""
    wait = session.execute(_ADMIT, {"name": name, "probe_s": timing.breaker_probe_s}).scalar_one_or_none()
    return None if wait is None else float(wait)


def note_success(session: Session, name: str) -> None:
    """The system answered: the breaker is closed and its failures are forgotten."""
    session.execute(_SUCCESS, {"name": name})


def note_failure(session: Session, name: str, error: str, timing: Timing) -> None:
    """The system did not answer, or not sensibly. Opens the breaker when that was one failure too many."""
    session.execute(_FAILURE, {"name": name, "error": error[:500], "window_s": timing.breaker_window_s})
    session.execute(
        _OPEN, {"name": name, "probe_s": timing.breaker_probe_s, "threshold": timing.breaker_failures}
    )
