"""`kontor prepare`: what `kontor up` asks of the database before anybody is served. Answers in JSON.

At most starts there is nothing to do, so what only the first one needs is imported only then.
"""

import json

import click
import psycopg

from webapp.commands.context import BY_COMMAND, current_settings, with_app
from webapp.core.migrate import is_current, upgrade


@click.command(hidden=True)
def prepare() -> None:
    """Migrate, and make the first administrator if nobody is on the staff yet."""
    settings = current_settings()
    url = settings.migration_database_url or settings.sqlalchemy_url
    if not is_current(url):
        upgrade(url)
    is_first = not _has_staff(url)
    if is_first:
        create_first_administrator(settings.admin_email, settings.admin_password or "")
    click.echo(json.dumps({"admin_created": is_first}))


def _has_staff(url: str) -> bool:
    """Whether anybody is on the staff, who then decides about others."""
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        row = connection.execute("SELECT EXISTS (SELECT FROM staff_user)").fetchone()
    return row is not None and bool(row[0])


@with_app
def create_first_administrator(email: str, password: str) -> None:
    """With what staff need on their first day. Raises InvalidInput with what is wrong with address or password."""
    from webapp.auth.roles import Role
    from webapp.auth.service import create_staff
    from webapp.core.db import unit_of_work
    from webapp.first_things import write_first_things

    with unit_of_work() as session:
        write_first_things(session, BY_COMMAND)
        create_staff(
            session, BY_COMMAND, email=email, name="Administrator", role=Role.ADMINISTRATOR, password=password
        )
