"""Signing in and out, and changing one's own password.

These open their own units of work: a try stays counted whatever becomes of it, and no transaction waits for a
password to be hashed.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy.orm import Session

from webapp.auth import limiter, passwords, second_step, sessions
from webapp.auth.models import StaffUser
from webapp.auth.service import by_email, check_password, get_staff, invalid, normal_email, set_hash
from webapp.auth.sessions import Ended
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_


class SignInRefused(InvalidInput):
    """Unknown address, wrong password or disabled account: one sentence for all, so that none can be told apart."""

    code = "sign_in_refused"


class SignInOver(Conflict):
    """Nobody who waits for a code: it took too long, or the session was ended meanwhile. Begin anew."""

    code = "sign_in_over"

    def __init__(self) -> None:
        super().__init__(N_("That took too long. Write your e-mail address and password again."))


@dataclass(frozen=True)
class SignIn:
    """One try at the sign-in page."""

    email: str
    password: str
    remote_addr: str | None
    user_agent: str | None


@dataclass(frozen=True)
class CodeAttempt:
    """One try at the second step; `token` is that of the session that awaits the code."""

    token: str
    code: str
    remote_addr: str | None
    user_agent: str | None


class SignedIn(NamedTuple):
    """A new session's token; with `awaits_code` it opens nothing until `enter_code` has changed it for another."""

    token: str
    awaits_code: bool


def sign_in(attempt: SignIn, context: AuditContext) -> SignedIn:
    """A new session. Raises TooManyTries, TooBusy, or SignInRefused."""
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


def _open_session(attempt: SignIn, staff_id: int, stored: str, context: AuditContext) -> SignedIn:
    stronger = passwords.hash_password(attempt.password) if passwords.needs_rehash(stored) else None
    with unit_of_work() as session:
        staff = session.get_one(StaffUser, staff_id, with_for_update=True)
        # Disabled, or given another password, while this one was being checked.
        if not staff.is_active or staff.password_hash != stored:
            raise SignInRefused(N_("The e-mail address or the password is wrong."))
        if stronger:
            staff.password_hash = stronger
        # The counters go on until the code is right as well: a known password buys no endless guesses at it.
        awaits_code = second_step.is_on(session, staff.id)
        token = sessions.start(
            session,
            staff,
            remote_addr=attempt.remote_addr,
            user_agent=attempt.user_agent,
            awaits_code=awaits_code,
        )
        if not awaits_code:
            _note_signed_in(session, staff, context)
    return SignedIn(token, awaits_code)


def enter_code(attempt: CodeAttempt, context: AuditContext) -> str:
    """The second step: the token of a new session. Raises TooManyTries, SignInOver, or SignInRefused.

    Counted with the passwords of the same account: 5 a minute, and a wait that doubles after 5 wrong ones in a row.
    """
    with unit_of_work() as session:
        waiting = sessions.awaiting(session, attempt.token)
        if waiting is None:
            raise SignInOver()
        waiting_id, staff_id, email = waiting.id, waiting.staff_id, waiting.staff.email
        verdict = limiter.count_try(session, account=email, address=attempt.remote_addr or "unknown")
        if verdict.first_refusal:
            _note_refusal(session, context, staff_id, "too many tries")
    if verdict.wait_s:
        raise limiter.TooManyTries(verdict.wait_s)
    with unit_of_work() as session:
        staff = session.get_one(StaffUser, staff_id, with_for_update=True)
        taken = second_step.accept(session, staff_id, attempt.code)
        if taken is None:
            limiter.note_failure(session, account=email)
            _note_refusal(session, context, staff_id, "wrong code")
        # Whoever was disabled, or got another password, meanwhile has no session left that could end.
        elif sessions.end(session, waiting_id, staff_id, Ended.REPLACED):
            _note_signed_in(session, staff, context, by=taken)
            return sessions.start(
                session, staff, remote_addr=attempt.remote_addr, user_agent=attempt.user_agent
            )
    if taken:
        raise SignInOver()
    raise SignInRefused(N_("This code is wrong or was used before. Wait for the next one."))


def _note_signed_in(session: Session, staff: StaffUser, context: AuditContext, *, by: str = "") -> None:
    staff.last_signed_in_at = utc_now()
    limiter.note_success(session, account=staff.email)
    limiter.forget_old(session)
    sessions.forget_old(session)
    summary = "with a recovery code" if by == "recovery" else ""
    record(session, _as(context, staff), "auth.signed_in", subject=("staff", staff.id), summary=summary)


def sign_out(session: Session, session_id: int, staff_id: int, context: AuditContext) -> None:
    """End this one session; signing out twice is no error."""
    if sessions.end(session, session_id, staff_id, Ended.SIGNED_OUT):
        record(session, context, "auth.signed_out", subject=("staff", staff_id))


def change_own_password(
    staff_id: int, *, old: str, new: str, keep_session_id: int, context: AuditContext
) -> None:
    """A new password, and every other session of the person ended. Raises InvalidInput for a wrong old or a weak new one."""
    prove_password(staff_id, old, context, field="old_password", refused="auth.password_change_refused")
    with unit_of_work() as session:
        staff = get_staff(session, staff_id)
        check_password(new, email=staff.email, name=staff.name)
    if old == new:
        raise invalid("new_password", N_("Choose a password other than the present one."))
    hashed = passwords.hash_password(new)
    with unit_of_work() as session:
        set_hash(session, get_staff(session, staff_id), hashed, context, keep_session_id=keep_session_id)


def prove_password(staff_id: int, password: str, context: AuditContext, *, field: str, refused: str) -> None:
    """Whoever sits at a desk is the one who signed in there. Raises InvalidInput on `field`, or TooManyTries.

    Wrong ones count like wrong sign-ins: a desk left open must not be a way around the limit. `refused` is the audit's word.
    """
    with unit_of_work() as session:
        staff = get_staff(session, staff_id)
        stored, email = staff.password_hash, staff.email
        verdict = limiter.count_try(session, account=email, address=context.remote_addr or "unknown")
    if verdict.wait_s:
        raise limiter.TooManyTries(verdict.wait_s)
    is_right = passwords.verify(password, stored)
    with unit_of_work() as session:
        if is_right:
            limiter.note_success(session, account=email)
            return
        limiter.note_failure(session, account=email)
        record(session, context, refused, subject=("staff", staff_id), refused=True)
    raise invalid(field, N_("This is not your present password."))


def end_own_session(session: Session, context: AuditContext, staff_id: int, session_id: int) -> None:
    """End one of one's own sessions. Raises NotFound for anybody else's."""
    if not sessions.end(session, session_id, staff_id, Ended.ENDED_BY_OWNER):
        raise NotFound(N_("This session has already ended."))
    record(session, context, "auth.session_ended", subject=("staff", staff_id))


def _note_refusal(session: Session, context: AuditContext, staff_id: int | None, why: str) -> None:
    # An unknown address is not written down: people type their password into the wrong field.
    subject = ("staff", staff_id or "unknown")
    record(session, context, "auth.sign_in_refused", subject=subject, summary=why, refused=True)


def _as(context: AuditContext, staff: StaffUser) -> AuditContext:
    return replace(context, staff_id=staff.id, actor=staff.name)
