"""`kontor prepare`: what `kontor up` asks of the database before anybody is served. Answers in JSON."""

import json

import click
from sqlalchemy import select

from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.auth.service import create_staff
from webapp.commands.context import BY_COMMAND, current_settings, with_app
from webapp.core.db import unit_of_work
from webapp.core.migrate import upgrade


@click.command(hidden=True)
def prepare() -> None:
    """Migrate, and make the first administrator if nobody is on the staff yet."""
    settings = current_settings()
    upgrade(settings.migration_database_url or settings.sqlalchemy_url)
    created = create_first_administrator(settings.admin_email, settings.admin_password or "")
    click.echo(json.dumps({"admin_created": created}))


@with_app
def create_first_administrator(email: str, password: str) -> bool:
    """True when one was made; False when somebody is on the staff already, who then decides about others."""
    with unit_of_work() as session:
        if session.scalars(select(StaffUser.id).limit(1)).first() is not None:
            return False
        create_staff(
            session, BY_COMMAND, email=email, name="Administrator", role=Role.ADMINISTRATOR, password=password
        )
        return True
