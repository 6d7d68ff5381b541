"""`kontor secrets`: encrypt stored credentials with a new key."""

import click

from webapp.channels.service import ChannelService
from webapp.commands.context import with_app
from webapp.core.db import unit_of_work


@click.group()
def secrets() -> None:
    """Stored credentials: rotate."""


@secrets.command()
@with_app
def rotate() -> None:
    """Encrypt every stored credential with the first of KONTOR_CREDENTIAL_KEYS; may be run twice.

    Put the new key first and keep the old one behind it; take the old one away when this has ended.
    """
    total, after = 0, 0
    while True:
        with unit_of_work() as session:
            count, after = ChannelService().rotate_secrets(session, after)
        total += count
        if not after:
            break
    click.echo(f"The credentials of {total} channels are encrypted with the first key.")
