"""API tokens: keys for programs, bounded by the rights of the person who made them.

A token is 256 random bits, shown once; its row has the SHA-256. Whoever loses a right, or the account, loses it for
every token at once, because each request asks for both.
"""

import hashlib
import math
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, case, func, select, text, update
from sqlalchemy.orm import Session, joinedload

from webapp.auth.models import ApiToken, StaffChannel, StaffUser
from webapp.auth.permissions import CurrentStaff
from webapp.auth.roles import FOR_VENDORS, ROLE_PERMISSIONS, Permission, Role
from webapp.auth.service import get_staff, invalid
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import NotFound
from webapp.core.text import N_

MARK: Final = "kontor_"  # so that people and scanners of leaked keys know one when they see it
SHOWN: Final = len(MARK) + 5
WINDOW: Final = timedelta(minutes=1)
MOST_REQUESTS: Final = 6_000  # a minute: as many as one web process answers
USUAL_REQUESTS: Final = 600
LONGEST_DAYS: Final = 3_650
_PERMISSIONS: Final = frozenset(Permission)


@dataclass(frozen=True)
class NewToken:
    """What a token may; `channel_ids` None: every channel of its owner, `days` None: until it is revoked.

    `data_source_id`: it stands for this vendor, and may only answer their part of orders.
    """

    name: str
    permissions: frozenset[Permission]
    channel_ids: frozenset[int] | None = None
    requests_per_minute: int = USUAL_REQUESTS
    days: int | None = None
    data_source_id: int | None = None


@dataclass(frozen=True)
class Presented:
    """Whoever acts by a token, and the seconds to wait when it has been used too often (0: go on)."""

    staff: CurrentStaff
    wait_s: int


def create_token(session: Session, context: AuditContext, staff_id: int, new: NewToken) -> tuple[str, int]:
    """A new token of this person: (the token, its id). It cannot be asked for again. Raises InvalidInput."""
    staff = get_staff(session, staff_id)
    name = " ".join(new.name.split())
    _check(session, staff, name, new)
    token = MARK + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        prefix=token[:SHOWN],
        token_hash=_hash(token),
        staff_id=staff.id,
        permissions=sorted(new.permissions),
        channel_ids=None if new.channel_ids is None else sorted(new.channel_ids),
        data_source_id=new.data_source_id,
        requests_per_minute=new.requests_per_minute,
        expires_at=None if new.days is None else utc_now() + timedelta(days=new.days),
    )
    session.add(row)
    session.flush()
    changes = {
        "permissions": [None, row.permissions],
        "channels": [None, "all" if row.channel_ids is None else row.channel_ids],
        "staff": [None, staff.id],
    }
    if row.data_source_id is not None:
        changes["data_source"] = [None, row.data_source_id]
    record(
        session, context, "api_token.created", subject=("api_token", row.id), summary=name, changes=changes
    )
    return token, row.id


def revoke_token(session: Session, context: AuditContext, token_id: int) -> bool:
    """End a token at once; False when it was revoked already. Raises NotFound."""
    row = session.get(ApiToken, token_id, with_for_update=True)
    if row is None:
        raise NotFound(N_("There is no such token."))
    if row.revoked_at is not None:
        return False
    row.revoked_at = utc_now()
    record(session, context, "api_token.revoked", subject=("api_token", row.id), summary=row.name)
    return True


def tokens(session: Session) -> Sequence[ApiToken]:
    """Every token with its owner: those that still open something first, each the newest first."""
    query = select(ApiToken).options(joinedload(ApiToken.staff))
    ended_last = case((ApiToken.revoked_at.is_(None), 0), else_=1)
    return session.scalars(query.order_by(ended_last, ApiToken.id.desc())).all()


def may_grant(staff: CurrentStaff) -> list[Permission]:
    """The permissions that this person can give to a token of theirs."""
    return [permission for permission in Permission if permission in staff.permissions]


def present(session: Session, token: str) -> Presented | None:
    """Who the token stands for, counted as one request and noted as used; None when it opens nothing.

    One statement. Commit at once, so that parallel requests add up.
    """
    if not token.startswith(MARK):
        return None
    # What a crash of the database server may lose here is some counts of the last moment.
    session.execute(text("SET LOCAL synchronous_commit = off"))
    now = utc_now()
    row = session.execute(_PRESENT, {"hash": _hash(token), "now": now}).one_or_none()
    return None if row is None else Presented(_staff(row), _wait(row, now))


def _present() -> Any:
    now = bindparam("now", type_=ApiToken.created_at.type)
    over = func.coalesce(ApiToken.window_started_at <= now - WINDOW, True)
    channels = (
        select(func.array_agg(StaffChannel.channel_id))
        .where(StaffChannel.staff_id == StaffUser.id)
        .scalar_subquery()
    )
    return (
        update(ApiToken)
        .where(
            ApiToken.token_hash == bindparam("hash"),
            ApiToken.revoked_at.is_(None),
            func.coalesce(ApiToken.expires_at > now, True),
            StaffUser.id == ApiToken.staff_id,
            StaffUser.is_active,
        )
        .values(
            last_used_at=now,
            window_started_at=case((over, now), else_=ApiToken.window_started_at),
            window_requests=case((over, 1), else_=ApiToken.window_requests + 1),
        )
        .returning(
            ApiToken.id.label("token_id"),
            ApiToken.name.label("token_name"),
            ApiToken.permissions,
            ApiToken.channel_ids.label("token_channels"),
            ApiToken.data_source_id,
            ApiToken.requests_per_minute,
            ApiToken.window_started_at,
            ApiToken.window_requests,
            StaffUser.id,
            StaffUser.name,
            StaffUser.email,
            StaffUser.role,
            StaffUser.limited_to_channels,
            StaffUser.time_zone,
            channels.label("staff_channels"),
        )
        .execution_options(synchronize_session=False)
    )


# Every request to the API asks it: put together once.
_PRESENT: Final = _present()


def _staff(row: Row[*tuple[Any, ...]]) -> CurrentStaff:
    return CurrentStaff(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        channel_ids=_channels(row),
        language="en",  # programs compare codes; whoever reads their logs gets one language
        time_zone=row.time_zone,
        theme="system",
        preferences={},
        session_id=0,
        session_token="",
        owner_channel_ids=frozenset(row.staff_channels or ()) if row.limited_to_channels else None,
        token_id=row.token_id,
        token_name=row.token_name,
        data_source_id=row.data_source_id,
        # A permission that a later version has dropped allows nothing.
        granted=frozenset(map(Permission, _PERMISSIONS.intersection(row.permissions))),
    )


def _channels(row: Row[*tuple[Any, ...]]) -> frozenset[int] | None:
    """What the token names of what its owner may see."""
    owner = frozenset(row.staff_channels or ()) if row.limited_to_channels else None
    named = None if row.token_channels is None else frozenset(row.token_channels)
    if owner is None or named is None:
        return named if owner is None else owner
    return owner & named


def _wait(row: Row[*tuple[Any, ...]], now: datetime) -> int:
    if row.window_requests <= row.requests_per_minute:
        return 0
    until: timedelta = row.window_started_at + WINDOW - now
    return max(1, math.ceil(until.total_seconds()))


def _check(session: Session, staff: StaffUser, name: str, new: NewToken) -> None:
    if not 1 <= len(name) <= 80:
        raise invalid("name", N_("Write a name of at most 80 characters."))
    if not new.permissions:
        raise invalid("permissions", N_("Tick at least one permission."))
    if not new.permissions <= ROLE_PERMISSIONS[Role(staff.role)]:
        raise invalid("permissions", N_("A token cannot do more than the person whose it is."))
    if new.data_source_id is not None and not new.permissions <= FOR_VENDORS:
        raise invalid(
            "permissions",
            N_("A vendor's token may read and answer vendor orders and nothing else: tick that alone."),
        )
    if not 1 <= new.requests_per_minute <= MOST_REQUESTS:
        raise invalid("requests_per_minute", N_("Write a number from 1 to 6,000."))
    if new.days is not None and not 1 <= new.days <= LONGEST_DAYS:
        raise invalid("days", N_("Write a number of days from 1 to 3,650, or leave it empty."))
    if new.channel_ids is not None:
        _check_channels(session, staff, new.channel_ids)


def _check_channels(session: Session, staff: StaffUser, channel_ids: Collection[int]) -> None:
    if not channel_ids:
        raise invalid("channels", N_("Tick at least one channel, or choose all of them."))
    theirs = session.scalars(select(StaffChannel.channel_id).where(StaffChannel.staff_id == staff.id)).all()
    if staff.limited_to_channels and not set(channel_ids) <= set(theirs):
        raise invalid("channels", N_("A token cannot see more than the person whose it is."))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
