"""`kontor gateway`: payment accounts, for whoever runs the product."""

import json
import sys
from collections.abc import Iterable

import click
from sqlalchemy import select

from webapp.commands.context import BY_COMMAND, fail, print_rows, with_app
from webapp.core.db import db, unit_of_work
from webapp.core.errors import NotFound
from webapp.payments.account_setup import (
    ChangeAccount,
    NewAccount,
    change_account,
    list_accounts,
    new_account,
    resume_account,
)
from webapp.payments.account_types import ACCOUNT_TYPES, AccountType, account_type
from webapp.payments.models import GatewayAccount

_COLUMNS = ("name", "type", "address", "active", "paused_because", "settings")


@click.group()
def gateway() -> None:
    """Payment accounts: list, add, change, resume."""


@gateway.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_app
def list_gateways(as_json: bool) -> None:
    """List every payment account; secrets are never shown."""
    rows = [
        {
            "name": account.name,
            "type": account.gateway_type,
            "address": account.base_url,
            "active": account.is_active,
            "paused_because": account.paused_because,
            "settings": dict(account.conf) if as_json else json.dumps(account.conf, ensure_ascii=False),
        }
        for account in list_accounts(db.session())
    ]
    print_rows(rows, _COLUMNS, as_json=as_json)


_SETTING = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting that is no secret (repeat it)."
)
_FROM_STDIN = click.option(
    "--secrets-stdin", is_flag=True, help="Read the secrets from standard input, one NAME=VALUE a line."
)


@gateway.command()
@click.argument("name")
@click.option("--type", "type_name", type=click.Choice(sorted(ACCOUNT_TYPES)), required=True)
@click.option("--address", default="", help="Where its API is; the live one if not given.")
@_SETTING
@_FROM_STDIN
@with_app
def add(name: str, type_name: str, address: str, settings: tuple[str, ...], secrets_stdin: bool) -> None:
    """Set a payment account up. Secrets are asked for, or read from standard input."""
    kind = account_type(type_name)
    values = {**_pairs(settings, kind, secret=False), **_secrets(kind, secrets_stdin)}
    with unit_of_work() as session:
        new_account(session, NewAccount(name, type_name, address, values), BY_COMMAND)
    click.echo(f"{name} is set up.")


@gateway.command()
@click.argument("name")
@click.option(
    "--address", default=None, help="Another address of its API; the secrets are then needed again."
)
@_SETTING
@_FROM_STDIN
@click.option("--active/--inactive", "is_active", default=None, help="Whether refunds may go out over it.")
@with_app
def change(
    name: str, address: str | None, settings: tuple[str, ...], secrets_stdin: bool, is_active: bool | None
) -> None:
    """Change an account: new secrets, settings, another address."""
    with unit_of_work() as session:
        account = session.scalars(select(GatewayAccount).where(GatewayAccount.name == name)).one_or_none()
        if account is None:
            raise NotFound(f"There is no payment account “{name}”.")
        kind = account_type(account.gateway_type)
        values = _pairs(settings, kind, secret=False)
        if secrets_stdin:
            values |= _secrets(kind, from_stdin=True)
        wanted = ChangeAccount(account.version, base_url=address, values=values, is_active=is_active)
        change_account(session, name, wanted, BY_COMMAND)
    click.echo(f"{name} is changed.")


@gateway.command()
@click.argument("name")
@with_app
def resume(name: str) -> None:
    """Let refunds go out again over an account that was paused."""
    with unit_of_work() as session:
        resume_account(session, name, BY_COMMAND)
    click.echo(f"{name} is no longer paused.")


def _secrets(kind: AccountType, from_stdin: bool) -> dict[str, str]:
    """Never arguments: those are in the shell's history and the process list."""
    if from_stdin:
        return _pairs((line.rstrip("\r\n") for line in sys.stdin if line.strip()), kind, secret=True)
    needed = [each for each in kind.fields if each.is_secret and each.is_required]
    if needed and not sys.stdin.isatty():
        raise fail("There is no terminal to ask for the secrets: give them with --secrets-stdin.")
    return {each.name: click.prompt(each.label, hide_input=True) for each in needed}


def _pairs(lines: Iterable[str], kind: AccountType, *, secret: bool) -> dict[str, str]:
    values = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals:
            raise fail("Write NAME=VALUE.")
        if (name.strip() in kind.secrets) is not secret:
            where = "--secrets-stdin" if not secret else "--set"
            raise fail(f"Give {name.strip()} with {where}.")
        values[name.strip()] = value.strip()
    return values
