"""Sessions as rows: a cookie alone is worth nothing once its row has ended.

The cookie carries 256 random bits; the row has their SHA-256. One query per request reads session, person and channels.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Select

from webapp.auth.models import SecondStep, StaffChannel, StaffSession, StaffUser
from webapp.auth.permissions import CurrentStaff
from webapp.auth.roles import Role
from webapp.core.clock import utc_now

IDLE = timedelta(minutes=30)  # a desk left alone over lunch is signed out
ABSOLUTE = timedelta(hours=12)  # a shift; after it even a busy session ends
CODE_WITHIN = timedelta(minutes=5)  # from the password to the code: long enough to look for the telephone
TOUCH_EVERY = timedelta(seconds=60)  # how exact "last seen" is; a write per click would buy nothing

FORGET_AFTER = timedelta(days=30)


class Ended(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason, not a password
    DISABLED = "disabled"
    ENDED_BY_OWNER = "ended_by_owner"
    ENDED_BY_ADMIN = "ended_by_admin"
    REPLACED = "replaced"


def start(
    session: Session,
    staff: StaffUser,
    *,
    remote_addr: str | None,
    user_agent: str | None,
    awaits_code: bool = False,
) -> str:
    """Begin a session and return its token, which is never stored and cannot be asked for again.

    One that awaits a code opens nothing; `awaiting` finds it for CODE_WITHIN.
    """
    token = secrets.token_urlsafe(32)
    now = utc_now()
    session.add(
        StaffSession(
            token_hash=_hash(token),
            staff_id=staff.id,
            created_at=now,
            last_seen_at=now,
            remote_addr=remote_addr,
            user_agent=(user_agent or "")[:200] or None,
            awaits_code=awaits_code,
        )
    )
    return token


def load(session: Session, token: str) -> tuple[CurrentStaff, datetime] | None:
    """Who the token stands for and when they were last seen; None when ended, idle, too old, or the person is disabled."""
    now = utc_now()
    since = {"seen_since": now - IDLE, "begun_since": now - ABSOLUTE}
    row = session.execute(_LIVE, {"token_hash": _hash(token), **since}).one_or_none()
    return None if row is None else (_staff(row, token), row.last_seen_at)


def awaiting(session: Session, token: str) -> StaffSession | None:
    """The session of somebody whose password was right just now and who is to type a code; None when that is over."""
    return session.scalars(
        select(StaffSession)
        .join(StaffUser)
        .where(
            StaffSession.token_hash == _hash(token),
            StaffSession.awaits_code,
            StaffSession.ended_at.is_(None),
            StaffSession.created_at > utc_now() - CODE_WITHIN,
            StaffUser.is_active,
        )
    ).one_or_none()


def touch(session: Session, session_id: int) -> None:
    """Note that the person has acted just now."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(last_seen_at=utc_now()))


def end(session: Session, session_id: int, staff_id: int, because: Ended) -> bool:
    """End one session of this person; False when it had ended already or is somebody else's."""
    statement = (
        update(StaffSession)
        .where(
            StaffSession.id == session_id, StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None)
        )
        .values(ended_at=utc_now(), ended_because=because)
        .returning(StaffSession.id)
    )
    return session.execute(statement).one_or_none() is not None


def end_all(session: Session, staff_id: int, because: Ended, *, but: int | None = None) -> int:
    """End every session of this person, except the one named; returns how many."""
    statement = (
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
        .values(ended_at=utc_now(), ended_because=because)
        .returning(StaffSession.id)
    )
    if but is not None:
        statement = statement.where(StaffSession.id != but)
    return len(session.execute(statement).all())


def forget_old(session: Session) -> None:
    """Drop the rows of sessions that began a month ago; the audit log keeps who signed in when."""
    session.execute(delete(StaffSession).where(StaffSession.created_at < utc_now() - FORGET_AFTER))


def live_sessions(session: Session, staff_id: int) -> Sequence[StaffSession]:
    """The sessions that still open the desk, last seen first."""
    now = utc_now()
    return session.scalars(
        select(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
            StaffSession.awaits_code.is_(False),
            StaffSession.last_seen_at > now - IDLE,
            StaffSession.created_at > now - ABSOLUTE,
        )
        .order_by(StaffSession.last_seen_at.desc())
    ).all()


def _live() -> Select[*tuple[Any, ...]]:
    channels = (
        select(func.array_agg(StaffChannel.channel_id))
        .where(StaffChannel.staff_id == StaffUser.id)
        .scalar_subquery()
    )
    has_second_step = exists().where(
        SecondStep.staff_id == StaffUser.id, SecondStep.confirmed_at.is_not(None)
    )
    return (
        select(
            StaffSession.id.label("session_id"),
            StaffSession.last_seen_at,
            StaffUser.id,
            StaffUser.name,
            StaffUser.email,
            StaffUser.role,
            StaffUser.limited_to_channels,
            StaffUser.language,
            StaffUser.time_zone,
            StaffUser.theme,
            StaffUser.preferences,
            channels.label("channel_ids"),
            has_second_step.label("has_second_step"),
        )
        .join(StaffUser, StaffUser.id == StaffSession.staff_id)
        .where(
            StaffSession.token_hash == bindparam("token_hash"),
            StaffSession.ended_at.is_(None),
            StaffSession.awaits_code.is_(False),
            StaffSession.last_seen_at > bindparam("seen_since"),
            StaffSession.created_at > bindparam("begun_since"),
            StaffUser.is_active,
        )
    )


# Every request asks it: put together once.
_LIVE = _live()


def _staff(row: Row[*tuple[Any, ...]], token: str) -> CurrentStaff:
    return CurrentStaff(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        channel_ids=frozenset(row.channel_ids or ()) if row.limited_to_channels else None,
        language=row.language,
        time_zone=row.time_zone,
        theme=row.theme,
        preferences=row.preferences,
        session_id=row.session_id,
        session_token=token,
        has_second_step=row.has_second_step,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
