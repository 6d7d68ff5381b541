"""The state of circuit breakers, one row per outside system, shared by all workers through PostgreSQL."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base


class CircuitBreaker(Base):
    """`name` is "channel:3" or "gateway:stripe". Open while `opened_at` is set; one probe per interval may pass."""

    __tablename__ = "circuit_breaker"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    window_started_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    next_probe_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
