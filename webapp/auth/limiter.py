"""How often somebody may try to sign in. The counters live in PostgreSQL: Redis may be away, and then neither opens nor shuts the door.

Per account 5 tries a minute and, after 5 wrong ones in a row, a wait that doubles; per address 20 tries a minute.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, literal, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.auth.models import SignInThrottle
from webapp.core.clock import utc_now
from webapp.core.errors import DomainError
from webapp.core.text import N_

WINDOW = timedelta(minutes=1)
TRIES = {"account": 5, "address": 20}
FREE_FAILURES = 5  # wrong passwords in a row before the account has to wait
FIRST_WAIT_S = 30
LONGEST_WAIT_S = (
    900  # long enough to stop guessing, short enough that nobody can lock a colleague out for a day
)
FORGET_AFTER = timedelta(days=1)


class TooManyTries(DomainError):
    """Too many tries from this account or address; `retry_after_s` says when the next one counts."""

    code = "too_many_tries"
    http_status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            N_("Too many tries. Wait a little, then try again."), details={"retry_after_s": retry_after_s}
        )
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Verdict:
    """Seconds to wait, 0 when the try may go on; `first_refusal` so that an attack leaves one audit row a minute."""

    wait_s: int
    first_refusal: bool


def count_try(session: Session, *, account: str, address: str) -> Verdict:
    """Count one try of this account from this address. Commit at once, so that parallel tries add up."""
    counted = (_count(session, "account", account), _count(session, "address", address))
    return Verdict(max(one.wait_s for one in counted), any(one.first_refusal for one in counted))


def note_failure(session: Session, *, account: str) -> None:
    """A wrong password: after a few in a row each one doubles the wait."""
    failures = session.scalar(
        update(SignInThrottle)
        .where(SignInThrottle.scope == "account", SignInThrottle.key_hash == _key(account))
        .values(failures=SignInThrottle.failures + 1)
        .returning(SignInThrottle.failures)
    )
    if failures is None or failures < FREE_FAILURES:
        return
    session.execute(
        update(SignInThrottle)
        .where(SignInThrottle.scope == "account", SignInThrottle.key_hash == _key(account))
        .values(blocked_until=utc_now() + wait_after(failures))
    )


def note_success(session: Session, *, account: str) -> None:
    """The right password: the account starts afresh; its address keeps its count."""
    session.execute(
        delete(SignInThrottle).where(
            SignInThrottle.scope == "account", SignInThrottle.key_hash == _key(account)
        )
    )


def wait_after(failures: int) -> timedelta:
    """30 s after the fifth wrong password in a row, then twice as long each time, at most 15 minutes."""
    doubled = FIRST_WAIT_S * 2 ** min(failures - FREE_FAILURES, 10)
    return timedelta(seconds=min(doubled, LONGEST_WAIT_S))


def forget_old(session: Session) -> None:
    """Drop counters that nobody has touched for a day."""
    session.execute(delete(SignInThrottle).where(SignInThrottle.window_started_at < utc_now() - FORGET_AFTER))


def _count(session: Session, scope: str, key: str) -> Verdict:
    now = utc_now()
    row = insert(SignInThrottle).values(scope=scope, key_hash=_key(key), window_started_at=now, tries=1)
    begun = SignInThrottle.window_started_at
    over = begun <= now - WINDOW
    counted = row.on_conflict_do_update(
        index_elements=["scope", "key_hash"],
        set_={
            "tries": case((over, 1), else_=SignInThrottle.tries + 1),
            "window_started_at": case((over, literal(now)), else_=begun),
        },
    ).returning(SignInThrottle.tries, SignInThrottle.window_started_at, SignInThrottle.blocked_until)
    tries, window_started_at, blocked_until = session.execute(counted).one()
    waits = [blocked_until] if blocked_until else []
    if tries > TRIES[scope]:
        waits.append(window_started_at + WINDOW)
    wait_s = max((_seconds(until, now) for until in waits), default=0)
    return Verdict(wait_s, first_refusal=wait_s > 0 and tries in (1, TRIES[scope] + 1))


def _seconds(until: datetime, now: datetime) -> int:
    return max(0, math.ceil((until - now).total_seconds()))


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
