"""The second step of signing in: a code of six digits from an app (TOTP, RFC 6238), or a recovery code.

Each code counts once: taking one is a conditional UPDATE, so of two who send the same code at the same moment one is
refused. The secret is encrypted as channels' credentials are; of a recovery code only the SHA-256 is kept, which is
enough for 80 random bits.
"""

import hashlib
import secrets
from datetime import timedelta

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.auth.models import RecoveryCode, SecondStep
from webapp.auth.service import get_staff, invalid
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import Conflict, NotFound
from webapp.core.secrets import current_vault
from webapp.core.text import N_

STEP_S = 30  # what every authenticator app assumes
DRIFT = 1  # steps that a telephone's clock may be ahead or behind
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 bits: 16 letters and digits
BEGUN_LASTS = timedelta(hours=1)  # a secret that was shown and never confirmed is not shown for longer
ISSUER = "Kontor"
ROTATED_AT_ONCE = 100


def is_on(session: Session, staff_id: int) -> bool:
    """Whether this person's password alone does not sign them in."""
    query = select(SecondStep.confirmed_at).where(SecondStep.staff_id == staff_id)
    return session.scalar(query) is not None


def codes_left(session: Session, staff_id: int) -> int:
    """How many recovery codes have not been used."""
    query = select(func.count()).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query) or 0


def begin(session: Session, staff_id: int) -> None:
    """Make a secret that counts once a code of it was typed. Raises Conflict when the second step is on already."""
    get_staff(session, staff_id, lock=True)
    if is_on(session, staff_id):
        raise Conflict(N_("Two-step sign-in is on already."), code="second_step_is_on")
    _forget(session, staff_id)
    secret = current_vault().encrypt(pyotp.random_base32())
    session.add(SecondStep(staff_id=staff_id, secret=secret, begun_at=utc_now()))


def begun_secret(session: Session, staff_id: int) -> str | None:
    """The secret that waits for its first code; None when there is none, also once it is confirmed."""
    query = select(SecondStep.secret).where(
        SecondStep.staff_id == staff_id,
        SecondStep.confirmed_at.is_(None),
        SecondStep.begun_at > utc_now() - BEGUN_LASTS,
    )
    found = session.scalar(query)
    return None if found is None else current_vault().decrypt(found)


def uri(secret: str, email: str) -> str:
    """What the QR code says: an app reads from it the secret and what to call it."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm(session: Session, context: AuditContext, staff_id: int, code: str) -> list[str]:
    """Switch it on with the first code; the recovery codes, shown this once. Raises InvalidInput on `code`."""
    get_staff(session, staff_id, lock=True)
    secret = begun_secret(session, staff_id)
    step = None if secret is None else _step_of(secret, code)
    if step is None:
        raise invalid(
            "code", N_("This code does not fit. Look at the app again: it changes every 30 seconds.")
        )
    session.execute(
        update(SecondStep)
        .where(SecondStep.staff_id == staff_id)
        .values(confirmed_at=utc_now(), last_step=step)
    )
    record(session, context, "staff.second_step_on", subject=("staff", staff_id))
    return _new_codes(session, staff_id)


def accept(session: Session, staff_id: int, code: str) -> str | None:
    """Take a code, for good: "app" or "recovery", or None when it is wrong or was taken before."""
    typed = "".join(letter for letter in code if letter.isalnum())
    if typed.isascii() and typed.isdigit() and len(typed) == 6:
        return "app" if _take_code(session, staff_id, typed) else None
    return "recovery" if _take_recovery_code(session, staff_id, typed) else None


def renew_codes(session: Session, context: AuditContext, staff_id: int) -> list[str]:
    """Ten new recovery codes, shown this once; the former ones are worth nothing. Raises Conflict when it is off."""
    get_staff(session, staff_id, lock=True)
    if not is_on(session, staff_id):
        raise Conflict(N_("Two-step sign-in is off."), code="second_step_is_off")
    record(session, context, "staff.recovery_codes_renewed", subject=("staff", staff_id))
    return _new_codes(session, staff_id)


def turn_off(session: Session, context: AuditContext, staff_id: int) -> None:
    """The password alone signs in again; off twice is no error."""
    _end(session, context, staff_id, "staff.second_step_off")


def reset(session: Session, context: AuditContext, staff_id: int) -> None:
    """For a colleague who lost the telephone and the recovery codes. Raises Conflict for oneself, NotFound when off.

    One's own is switched off on one's own page, with the password.
    """
    if context.staff_id == staff_id:
        words = N_("Switch your own two-step sign-in off in your profile, with your password.")
        raise Conflict(words, code="own_second_step")
    if not _end(session, context, staff_id, "staff.second_step_reset"):
        raise NotFound(N_("This person does not use two-step sign-in."))


def rotate_second_steps(session: Session, after_id: int = 0) -> tuple[int, int]:
    """Encrypt the next secrets with the newest key; (how many, the last id or 0 at the end)."""
    vault = current_vault()
    query = select(SecondStep).where(SecondStep.staff_id > after_id).order_by(SecondStep.staff_id)
    rows = list(session.scalars(query.limit(ROTATED_AT_ONCE).with_for_update()))
    for row in rows:
        row.secret = vault.rotate(row.secret)
    return len(rows), rows[-1].staff_id if len(rows) == ROTATED_AT_ONCE else 0


def _take_code(session: Session, staff_id: int, code: str) -> bool:
    secret = session.scalar(
        select(SecondStep.secret).where(SecondStep.staff_id == staff_id, SecondStep.confirmed_at.is_not(None))
    )
    step = None if secret is None else _step_of(current_vault().decrypt(secret), code)
    return step is not None and _take_step(session, staff_id, step)


def _take_step(session: Session, staff_id: int, step: int) -> bool:
    """Note the latest step that was used; False when it, or a later one, was used before."""
    statement = (
        update(SecondStep)
        .where(SecondStep.staff_id == staff_id, SecondStep.last_step < step)
        .values(last_step=step)
        .returning(SecondStep.staff_id)
    )
    return session.execute(statement).one_or_none() is not None


def _take_recovery_code(session: Session, staff_id: int, code: str) -> bool:
    statement = (
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff_id,
            RecoveryCode.code_hash == _hash(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=utc_now())
        .returning(RecoveryCode.staff_id)
    )
    return session.execute(statement).one_or_none() is not None


def _step_of(secret: str, code: str) -> int | None:
    """The 30 seconds in which the app shows this code, among those that a wrong clock may mean."""
    typed = code.replace(" ", "")
    now = int(utc_now().timestamp()) // STEP_S
    app = pyotp.TOTP(secret, interval=STEP_S)
    fitting = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        # In bytes: compare_digest takes only ASCII as text.
        if secrets.compare_digest(app.generate_otp(step).encode(), typed.encode())
    ]
    return max(fitting, default=None)


def _new_codes(session: Session, staff_id: int) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(staff_id=staff_id, code_hash=_hash(code)) for code in codes)
    return codes


def _recovery_code() -> str:
    """Such as `k3df-77qa-…`: base32, so that no letter is taken for a digit."""
    letters = pyotp.random_base32(length=32)[: _RECOVERY_BYTES * 8 // 5].lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _hash(code: str) -> bytes:
    bare = "".join(letter for letter in code if letter.isalnum()).lower()
    return hashlib.sha256(bare.encode()).digest()


def _end(session: Session, context: AuditContext, staff_id: int, tag: str) -> bool:
    get_staff(session, staff_id, lock=True)
    was_on = is_on(session, staff_id)
    _forget(session, staff_id)
    if was_on:
        record(session, context, tag, subject=("staff", staff_id))
    return was_on


def _forget(session: Session, staff_id: int) -> None:
    session.execute(delete(SecondStep).where(SecondStep.staff_id == staff_id))
