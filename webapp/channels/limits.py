"""The token bucket of a channel, one row that all workers share: how often its shop may be called.

Both functions want a short transaction of their own, never one that is open while the shop is called.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

# A bucket holds what flows in within this time: a short burst is fine, an hour of saved-up calls is not.
BURST_S = 10

_TAKE = text(
    """
    INSERT INTO rate_bucket AS b (channel_id, tokens, updated_at)
    VALUES (:channel, :capacity - 1, clock_timestamp())
    ON CONFLICT (channel_id) DO UPDATE SET
        tokens = LEAST(:capacity, b.tokens + EXTRACT(EPOCH FROM clock_timestamp() - b.updated_at) * :rate) - 1,
        updated_at = clock_timestamp()
    WHERE LEAST(:capacity, b.tokens + EXTRACT(EPOCH FROM clock_timestamp() - b.updated_at) * :rate) >= 1
      AND (b.blocked_until IS NULL OR b.blocked_until <= clock_timestamp())
    RETURNING 1
    """
)
_WAIT = text(
    """
    SELECT GREATEST(
        EXTRACT(EPOCH FROM blocked_until - clock_timestamp()),
        (1 - tokens) / :rate - EXTRACT(EPOCH FROM clock_timestamp() - updated_at),
        0.01
    )::float
    FROM rate_bucket WHERE channel_id = :channel
    """
)
_BLOCK = text(
    """
    INSERT INTO rate_bucket AS b (channel_id, tokens, updated_at, blocked_until)
    VALUES (:channel, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (channel_id) DO UPDATE SET
        tokens = 0, updated_at = clock_timestamp(),
        blocked_until = GREATEST(b.blocked_until, excluded.blocked_until)
    """
)


def take_token(session: Session, channel_id: int, per_minute: int) -> float | None:
    """None when the channel may be called now (a token is taken), else the seconds until there may be one."""
    rate = max(per_minute, 1) / 60
    values = {"channel": channel_id, "rate": rate, "capacity": max(1.0, rate * BURST_S)}
    if session.execute(_TAKE, values).first() is not None:
        return None
    return float(session.execute(_WAIT, {"channel": channel_id, "rate": rate}).scalar_one())


def block(session: Session, channel_id: int, seconds: float) -> None:
    """The channel asked for silence (429, Retry-After): nobody calls it for so many seconds."""
    session.execute(_BLOCK, {"channel": channel_id, "seconds": seconds})
