"""What changes staff: names, roles, channels, passwords, shutting people out. Every change leaves an audit row."""

import re
from collections.abc import Collection
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.auth import passwords, sessions
from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import Role
from webapp.auth.sessions import Ended
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_

LANGUAGE_CODES = ("en", "tr", "ar")
THEMES = ("system", "light", "dark")
# ASCII only: PostgreSQL and Python do not agree on the lower case of letters such as İ.
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")


def create_staff(
    session: Session,
    context: AuditContext,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    channel_ids: Collection[int] | None = None,
) -> StaffUser:
    """A new member of staff; `channel_ids` None means all channels. Raises InvalidInput, or Conflict for a known address."""
    address = _checked_email(email)
    check_password(password, email=address, name=name)
    staff = StaffUser(
        email=address,
        name=_checked_name(name),
        role=role,
        password_hash=passwords.hash_password(password),
        limited_to_channels=channel_ids is not None,
        channels=[StaffChannel(channel_id=channel_id) for channel_id in sorted(channel_ids or ())],
    )
    try:
        with session.begin_nested():
            session.add(staff)
    except IntegrityError as error:
        raise Conflict(
            N_("There is already a member of staff with this e-mail address."), code="staff_exists"
        ) from error
    record(session, context, "staff.created", subject=("staff", staff.id), changes={"role": [None, role]})
    return staff


def update_staff(
    session: Session,
    context: AuditContext,
    staff_id: int,
    *,
    name: str,
    role: Role,
    channel_ids: Collection[int] | None,
) -> StaffUser:
    """Name, role and channels of a person, in force with their next request. The last administrator stays one."""
    if role is not Role.ADMINISTRATOR:
        _keep_one_administrator(session, staff_id)
    staff = get_staff(session, staff_id, lock=True)
    before = _described(staff)
    staff.name, staff.role = _checked_name(name), role
    staff.limited_to_channels = channel_ids is not None
    session.execute(delete(StaffChannel).where(StaffChannel.staff_id == staff.id))
    session.expire(staff, ["channels"])
    session.add_all(
        StaffChannel(staff_id=staff.id, channel_id=channel_id) for channel_id in sorted(channel_ids or ())
    )
    session.flush()
    session.expire(staff, ["channels"])
    _record_changes(session, context, "staff.changed", staff, before)
    return staff


def set_active(session: Session, context: AuditContext, staff_id: int, *, active: bool) -> StaffUser:
    """Let a person in again, or shut them out and end all their sessions at once."""
    if not active:
        _keep_one_administrator(session, staff_id)
    staff = get_staff(session, staff_id, lock=True)
    if staff.is_active == active:
        return staff
    staff.is_active = active
    ended = 0 if active else sessions.end_all(session, staff.id, Ended.DISABLED)
    tag = "staff.enabled" if active else "staff.disabled"
    changes = {"is_active": [not active, active], "sessions_ended": [None, ended]}
    record(session, context, tag, subject=("staff", staff.id), changes=changes)
    return staff


def reset_password(session: Session, context: AuditContext, staff_id: int, *, new: str) -> StaffUser:
    """An administrator gives a person a new password; all their sessions end."""
    staff = get_staff(session, staff_id, lock=True)
    check_password(new, email=staff.email, name=staff.name)
    set_hash(session, staff, passwords.hash_password(new), context, keep_session_id=None)
    return staff


def end_sessions(session: Session, context: AuditContext, staff_id: int) -> int:
    """An administrator ends every session of a person; returns how many were open."""
    staff = get_staff(session, staff_id)
    ended = sessions.end_all(session, staff.id, Ended.ENDED_BY_ADMIN)
    changes = {"sessions_ended": [None, ended]}
    record(session, context, "staff.sessions_ended", subject=("staff", staff.id), changes=changes)
    return ended


def update_profile(
    session: Session, context: AuditContext, staff_id: int, *, name: str, language: str, time_zone: str
) -> None:
    """What a person may change about themselves. Raises InvalidInput for a language or zone that does not exist."""
    if language not in LANGUAGE_CODES:
        raise invalid("language", N_("Choose one of the languages."))
    if time_zone not in available_timezones():
        raise invalid("time_zone", N_("Choose one of the time zones."))
    staff = get_staff(session, staff_id, lock=True)
    before = _described(staff)
    staff.name, staff.language, staff.time_zone = _checked_name(name), language, time_zone
    _record_changes(session, context, "staff.profile_changed", staff, before)


def set_theme(session: Session, staff_id: int, theme: str) -> None:
    """Light, dark, or as the computer is set. A matter of taste that no audit log needs."""
    if theme not in THEMES:
        raise invalid("theme", N_("Choose light, dark or system."))
    get_staff(session, staff_id).theme = theme


def set_preference(session: Session, staff_id: int, key: str, value: object) -> None:
    """Keep what a person chose under an area's key, beside what other areas keep; None forgets it. Raises NotFound."""
    staff = get_staff(session, staff_id, lock=True)
    kept = {name: chosen for name, chosen in staff.preferences.items() if name != key}
    staff.preferences = kept if value is None else {**kept, key: value}


def get_staff(session: Session, staff_id: int, *, lock: bool = False) -> StaffUser:
    """The person, locked for a change when asked. Raises NotFound."""
    staff = session.get(StaffUser, staff_id, with_for_update=lock or None, populate_existing=lock)
    if staff is None:
        raise NotFound(N_("There is no such member of staff."))
    return staff


def find_staff(session: Session, email: str) -> StaffUser:
    """The person with this address. Raises NotFound."""
    staff = by_email(session, normal_email(email))
    if staff is None:
        raise NotFound(f"There is no member of staff with the address {email}.")
    return staff


def has_staff(session: Session) -> bool:
    """Whether anybody can sign in at all; a fresh installation has no account."""
    return session.scalar(select(func.count()).select_from(StaffUser)) != 0


def normal_email(email: str) -> str:
    """The form in which addresses are stored and compared."""
    return email.strip().lower()


def by_email(session: Session, email: str) -> StaffUser | None:
    """The person with this address, written as `normal_email` writes it."""
    return session.scalars(select(StaffUser).where(StaffUser.email == email)).one_or_none()


def _checked_email(email: str) -> str:
    address = normal_email(email)
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise invalid("email", N_("Write an e-mail address such as ayse@shop.example."))
    return address


def _checked_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= 120:
        raise invalid("name", N_("Write a name of at most 120 characters."))
    return cleaned


def check_password(password: str, *, email: str, name: str) -> None:
    """Raises InvalidInput on `new_password` when the rules of passwords.py refuse it."""
    found = passwords.problems(password, email=email, name=name)
    if found:
        raise invalid("new_password", *found)


def set_hash(
    session: Session, staff: StaffUser, hashed: str, context: AuditContext, *, keep_session_id: int | None
) -> None:
    """Store a hashed password and end the person's sessions, except the one in which they changed it themselves."""
    staff.password_hash = hashed
    staff.password_changed_at = utc_now()
    ended = sessions.end_all(session, staff.id, Ended.PASSWORD_CHANGED, but=keep_session_id)
    changes = {"sessions_ended": [None, ended]}
    record(session, context, "staff.password_changed", subject=("staff", staff.id), changes=changes)


def _keep_one_administrator(session: Session, staff_id: int) -> None:
    """Raises Conflict when the desk would be left without an active administrator."""
    # All administrators are locked, in one order and before the person: two who disable each other at once
    # must neither both succeed nor wait for each other.
    active = session.scalars(
        select(StaffUser.id)
        .where(StaffUser.role == Role.ADMINISTRATOR, StaffUser.is_active)
        .order_by(StaffUser.id)
        .with_for_update()
    ).all()
    if list(active) == [staff_id]:
        raise Conflict(
            N_("This is the only administrator. Make somebody else one first."), code="last_administrator"
        )


def _described(staff: StaffUser) -> dict[str, Any]:
    return {
        "name": staff.name,
        "role": str(staff.role),
        "language": staff.language,
        "time_zone": staff.time_zone,
        "channels": sorted(link.channel_id for link in staff.channels)
        if staff.limited_to_channels
        else "all",
    }


def _record_changes(
    session: Session, context: AuditContext, tag: str, staff: StaffUser, before: dict[str, Any]
) -> None:
    after = _described(staff)
    changes = {field: [before[field], after[field]] for field in after if before[field] != after[field]}
    if changes:
        record(session, context, tag, subject=("staff", staff.id), changes=changes)


def invalid(field: str, *sentences: str) -> InvalidInput:
    """The refusal of one field."""
    return InvalidInput(sentences[0], fields={field: list(sentences)})
