"""What a person reads once Kontor is up: where it is and how to sign in."""

import secrets
from dataclasses import dataclass, replace

from webapp.core.settings import Settings
from webapp.supervisor.readiness import ANYWHERE, local_url
from webapp.supervisor.sandbox import Sandbox

CLEAR_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look like others


@dataclass(frozen=True)
class Administrator:
    """The first administrator; `password` is empty once it is no longer of use."""

    email: str
    password: str
    is_made_up: bool
    is_new: bool = False

    @classmethod
    def first(cls, email: str, given: str | None) -> "Administrator":
        """Whom to make if nobody can sign in yet; without a given password one is made up (79 bits)."""
        return cls(email, given or _made_up_password(), is_made_up=not given)

    def after(self, *, created: bool) -> "Administrator":
        """As it is once the database was asked: not new if there was somebody already."""
        return replace(self, is_new=created, password=self.password if created else "")


def sign_in(administrator: Administrator) -> str:
    """How to sign in. A made-up password is shown here, once, and kept nowhere."""
    if not administrator.is_new:
        return "Sign in as before."
    if administrator.is_made_up:
        return (
            f"Sign in as {administrator.email} with the password {administrator.password}"
            " (made up now, shown only this once)."
        )
    return f"Sign in as {administrator.email} with the password from KONTOR_ADMIN_PASSWORD."


def greeting(settings: Settings, administrator: Administrator, sandbox: Sandbox | None) -> str:
    """The lines shown when everything answers."""
    lines = [f"Kontor is ready: {local_url(settings)}", sign_in(administrator)]
    if settings.host in ANYWHERE:
        lines.append(f"It listens on every address of this machine, port {settings.port}.")
    if sandbox is not None:
        lines.append(
            f"The sandbox to try it with: shop {sandbox.shop_url}, bank {sandbox.bank_url}, "
            f"carrier {sandbox.carrier_url}."
        )
    lines.append(f"Data and logs: {settings.home}. Ctrl-C stops everything.")
    return "\n".join(lines)


def servers_greeting(settings: Settings) -> str:
    """The lines shown when the servers run and nobody uses them."""
    return (
        "PostgreSQL and Valkey run, and nothing else: `kontor database` reaches them from another terminal.\n"
        f"Data and logs: {settings.home}. Ctrl-C stops them."
    )


def _made_up_password() -> str:
    return "-".join("".join(secrets.choice(CLEAR_LETTERS) for _ in range(4)) for _ in range(4))
