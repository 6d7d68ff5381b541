"""An authenticator app for tests: it makes the codes that a telephone would show."""

import pyotp
from sqlalchemy import update

from webapp.auth import second_step
from webapp.auth.models import SecondStep
from webapp.core.audit import SYSTEM
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work


class App:
    """A telephone that has read the secret; `recovery` are the codes that were shown with it."""

    def __init__(self, secret: str, recovery: list[str]) -> None:
        self.secret = secret
        self.recovery = recovery

    @classmethod
    def of(cls, staff_id: int) -> "App":
        """Two-step sign-in switched on for this person, no code used yet but that of long ago."""
        with unit_of_work() as session:
            second_step.begin(session, staff_id)
            secret = str(second_step.begun_secret(session, staff_id))
            recovery = second_step.confirm(session, SYSTEM, staff_id, code_of(secret))
        forget_used_codes(staff_id)
        return cls(secret, recovery)

    def code(self, steps: int = 0) -> str:
        """What it shows now, or so many times 30 seconds later."""
        return code_of(self.secret, steps)


def code_of(secret: str, steps: int = 0) -> str:
    """The code of a secret, now or so many times 30 seconds later."""
    return pyotp.TOTP(secret).at(utc_now(), counter_offset=steps)


def wrong(code: str) -> str:
    """Six digits that are surely not these."""
    return f"{(int(code) + 500_000) % 1_000_000:06}"


def forget_used_codes(staff_id: int) -> None:
    """As if 30 seconds had gone by since the last code."""
    with unit_of_work() as session:
        session.execute(update(SecondStep).where(SecondStep.staff_id == staff_id).values(last_step=0))
