"""`kontor secrets`: encrypt stored credentials with a new key."""

from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from webapp.auth.second_step import rotate_second_steps
from webapp.cargo.accounts import rotate_carrier_secrets
from webapp.channels.service import ChannelService
from webapp.commands.context import with_app
from webapp.core.db import unit_of_work
from webapp.payments.account_setup import rotate_account_secrets
from webapp.webhooks.secrets import rotate_webhook_secrets


@click.group()
def secrets() -> None:
    """Stored credentials: rotate."""


@secrets.command()
@with_app
def rotate() -> None:
    """Encrypt every stored credential with the first of KONTOR_CREDENTIAL_KEYS; may be run twice.

    Put the new key first and keep the old one behind it; take the old one away when this has ended.
    """
    channels = _rotate_all(ChannelService().rotate_secrets)
    accounts = _rotate_all(rotate_account_secrets)
    webhooks = _rotate_all(rotate_webhook_secrets)
    carriers = _rotate_all(rotate_carrier_secrets)
    second_steps = _rotate_all(rotate_second_steps)
    click.echo(
        f"The credentials of {channels} channels, {accounts} payment accounts, {webhooks} webhooks, {carriers}"
        f" carriers and {second_steps} authenticator apps are encrypted with the first key."
    )


def _rotate_all(rotate_some: Callable[[Session, int], tuple[int, int]]) -> int:
    """Page by page, each in a transaction of its own; how many in all."""
    total, after = 0, 0
    while True:
        with unit_of_work() as session:
            count, after = rotate_some(session, after)
        total += count
        if not after:
            return total
