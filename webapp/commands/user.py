"""`kontor user`: the staff, for whoever runs the product and for the day when nobody can sign in any more."""

import secrets
import sys

import click
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from webapp.auth import second_step, service
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.commands.context import BY_COMMAND, is_terminal, print_rows, with_app
from webapp.core.db import db, unit_of_work
from webapp.core.errors import NotFound

_MADE_UP_BYTES = 15  # 20 characters, 120 bits


@click.group()
def user() -> None:
    """Members of staff: create, list, disable, enable, password, reset-mfa."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="How colleagues and the audit log call the person.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Only these channels (repeat it).")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_app
def create(email: str, name: str, role: str, channels: tuple[str, ...], password_stdin: bool) -> None:
    """Create a member of staff. Without a terminal and without --password-stdin a password is made up and printed once."""
    password, made_up = _ask_password(password_stdin)
    with unit_of_work() as session:
        channel_ids = _channel_ids(session, channels) if channels else None
        service.create_staff(
            session,
            BY_COMMAND,
            email=email,
            name=name,
            role=Role(role),
            password=password,
            channel_ids=channel_ids,
        )
    click.echo(f"{email} may sign in as {role}.")
    _show(password, made_up=made_up)


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_app
def list_users(as_json: bool) -> None:
    """List everybody on the staff."""
    names = {row.id: row.name for row in db.session.execute(select(Channel.id, Channel.name))}
    staff = db.session.scalars(
        select(StaffUser).options(selectinload(StaffUser.channels)).order_by(StaffUser.email)
    )
    rows = [
        {
            "email": one.email,
            "name": one.name,
            "role": one.role,
            "active": one.is_active,
            "channels": _channel_names(one, names),
            "last_signed_in_at": one.last_signed_in_at.isoformat() if one.last_signed_in_at else None,
        }
        for one in staff
    ]
    print_rows(rows, ("email", "name", "role", "active", "channels", "last_signed_in_at"), as_json=as_json)


@user.command()
@click.argument("email")
@with_app
def disable(email: str) -> None:
    """Shut a person out and end all their sessions at once."""
    with unit_of_work() as session:
        service.set_active(session, BY_COMMAND, service.find_staff(session, email).id, active=False)
    click.echo(f"{email} is shut out; every session has ended.")


@user.command()
@click.argument("email")
@with_app
def enable(email: str) -> None:
    """Let a disabled person in again."""
    with unit_of_work() as session:
        service.set_active(session, BY_COMMAND, service.find_staff(session, email).id, active=True)
    click.echo(f"{email} may sign in again.")


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_app
def password(email: str, password_stdin: bool) -> None:
    """Give a person a new password and end all their sessions."""
    new, made_up = _ask_password(password_stdin)
    with unit_of_work() as session:
        service.reset_password(session, BY_COMMAND, service.find_staff(session, email).id, new=new)
    click.echo(f"{email} has a new password; every session has ended.")
    _show(new, made_up=made_up)


@user.command("reset-mfa")
@click.argument("email")
@with_app
def reset_mfa(email: str) -> None:
    """Switch a person's two-step sign-in off: the telephone and the recovery codes are lost."""
    with unit_of_work() as session:
        second_step.reset(session, BY_COMMAND, service.find_staff(session, email).id)
    click.echo(f"{email} signs in with the password alone until they switch two-step sign-in on again.")


def _ask_password(from_stdin: bool) -> tuple[str, bool]:
    """The password and whether we made it up. Never an argument: those are in the shell's history and the process list."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if is_terminal() and sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True), False
    return secrets.token_urlsafe(_MADE_UP_BYTES), True


def _show(password: str, *, made_up: bool) -> None:
    if made_up:
        click.echo(f"Password, shown only now: {password}")


def _channel_ids(session: Session, names: tuple[str, ...]) -> list[int]:
    rows = session.execute(select(Channel.name, Channel.id).where(Channel.name.in_(names)))
    found = {row.name: row.id for row in rows}
    missing = [name for name in names if name not in found]
    if missing:
        raise NotFound(f"There is no channel {missing[0]!r}. `kontor channel list` shows them.")
    return list(found.values())


def _channel_names(staff: StaffUser, names: dict[int, str]) -> list[str] | str:
    if not staff.limited_to_channels:
        return "all"
    return sorted(names.get(link.channel_id, str(link.channel_id)) for link in staff.channels)
