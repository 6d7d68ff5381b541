"""Signing in and out, and changing one's own password.

These open their own units of work: a try stays counted whatever becomes of it, and no transaction waits for a
password to be hashed.
"""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from webapp.auth import limiter, passwords, sessions
from webapp.auth.models import StaffUser
from webapp.auth.service import by_email, check_password, get_staff, invalid, normal_email, set_hash
from webapp.auth.sessions import Ended
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.text import N_


class SignInRefused(InvalidInput):
    """Unknown address, wrong password or disabled account: one sentence for all, so that none can be told apart."""

    code = "sign_in_refused"


@dataclass(frozen=True)
class SignIn:
    """One try at the sign-in page."""

    email: str
    password: str
    remote_addr: str | None
    user_agent: str | None


def sign_in(attempt: SignIn, context: AuditContext) -> str:
    """The new session's token. Raises TooManyTries, TooBusy, or SignInRefused."""
    account, address = normal_email(attempt.email), attempt.remote_addr or "unknown"
    with unit_of_work() as session:
        verdict = limiter.count_try(session, account=account, address=address)
        staff = by_email(session, account)
        staff_id, stored = (staff.id, staff.password_hash) if staff and staff.is_active else (None, None)
        if verdict.first_refusal:
            _note_refusal(session, context, staff_id, "too many tries")
    if verdict.wait_s:
        raise limiter.TooManyTries(verdict.wait_s)
    if not passwords.verify(attempt.password, stored) or staff_id is None:
        with unit_of_work() as session:
            limiter.note_failure(session, account=account)
            _note_refusal(session, context, staff_id, "wrong password" if staff_id else "no such account")
        raise SignInRefused(N_("The e-mail address or the password is wrong."))
    return _open_session(attempt, staff_id, str(stored), context)


def _open_session(attempt: SignIn, staff_id: int, stored: str, context: AuditContext) -> str:
    stronger = passwords.hash_password(attempt.password) if passwords.needs_rehash(stored) else None
    with unit_of_work() as session:
        staff = session.get_one(StaffUser, staff_id, with_for_update=True)
        # Disabled, or given another password, while this one was being checked.
        if not staff.is_active or staff.password_hash != stored:
            raise SignInRefused(N_("The e-mail address or the password is wrong."))
        if stronger:
            staff.password_hash = stronger
        staff.last_signed_in_at = utc_now()
        limiter.note_success(session, account=staff.email)
        limiter.forget_old(session)
        sessions.forget_old(session)
        token = sessions.start(session, staff, remote_addr=attempt.remote_addr, user_agent=attempt.user_agent)
        record(session, _as(context, staff), "auth.signed_in", subject=("staff", staff.id))
    return token


def sign_out(session: Session, session_id: int, staff_id: int, context: AuditContext) -> None:
    """End this one session; signing out twice is no error."""
    if sessions.end(session, session_id, staff_id, Ended.SIGNED_OUT):
        record(session, context, "auth.signed_out", subject=("staff", staff_id))


def change_own_password(
    staff_id: int, *, old: str, new: str, keep_session_id: int, context: AuditContext
) -> None:
    """A new password, and every other session of the person ended. Raises InvalidInput for a wrong old or a weak new one.

    Wrong old passwords count like wrong sign-ins: a desk left open must not be a way around the limit.
    """
    with unit_of_work() as session:
        staff = get_staff(session, staff_id)
        stored, email, name = staff.password_hash, staff.email, staff.name
        verdict = limiter.count_try(session, account=email, address=context.remote_addr or "unknown")
    if verdict.wait_s:
        raise limiter.TooManyTries(verdict.wait_s)
    if not passwords.verify(old, stored):
        with unit_of_work() as session:
            limiter.note_failure(session, account=email)
            record(
                session, context, "auth.password_change_refused", subject=("staff", staff_id), refused=True
            )
        raise invalid("old_password", N_("This is not your present password."))
    check_password(new, email=email, name=name)
    if old == new:
        raise invalid("new_password", N_("Choose a password other than the present one."))
    hashed = passwords.hash_password(new)
    with unit_of_work() as session:
        limiter.note_success(session, account=email)
        set_hash(session, get_staff(session, staff_id), hashed, context, keep_session_id=keep_session_id)


def end_own_session(session: Session, context: AuditContext, staff_id: int, session_id: int) -> None:
    """End one of one's own sessions. Raises NotFound for anybody else's."""
    if not sessions.end(session, session_id, staff_id, Ended.ENDED_BY_OWNER):
        raise NotFound("This session has already ended.")
    record(session, context, "auth.session_ended", subject=("staff", staff_id))


def _note_refusal(session: Session, context: AuditContext, staff_id: int | None, why: str) -> None:
    # An unknown address is not written down: people type their password into the wrong field.
    subject = ("staff", staff_id or "unknown")
    record(session, context, "auth.sign_in_refused", subject=subject, summary=why, refused=True)


def _as(context: AuditContext, staff: StaffUser) -> AuditContext:
    return replace(context, staff_id=staff.id, actor=staff.name)
