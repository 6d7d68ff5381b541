"""`kontor carrier`: accounts at carriers, for whoever runs the product."""

import sys

import click
from sqlalchemy import select

from webapp.cargo.accounts import connect_carrier, disconnect_carrier
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.commands.context import BY_COMMAND, current_settings, fail, print_rows, with_app
from webapp.core.db import db, unit_of_work

_COLUMNS = ("carrier", "name", "address", "connected")


@click.group()
def carrier() -> None:
    """Accounts at carriers: list, connect, disconnect."""


@carrier.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_app
def list_carriers(as_json: bool) -> None:
    """List every carrier and how it is reached; keys are never shown."""
    columns = (CargoCompany.slug, CargoCompany.name, CargoAccount.base_url, CargoAccount.is_active)
    query = select(*columns).outerjoin(CargoAccount, CargoAccount.cargo_company_id == CargoCompany.id)
    rows = [
        {"carrier": row.slug, "name": row.name, "address": row.base_url, "connected": bool(row.is_active)}
        for row in db.session.execute(query.order_by(CargoCompany.slug))
    ]
    print_rows(rows, _COLUMNS, as_json=as_json)


@carrier.command()
@click.argument("slug")
@click.option("--address", required=True, help="Where its parcel API is.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@with_app
def connect(slug: str, address: str, key_stdin: bool) -> None:
    """Connect a carrier, or change how it is reached. The key is asked for, or read from standard input."""
    if key_stdin:
        key = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        key = click.prompt("Key", hide_input=True)
    else:
        raise fail("There is no terminal to ask for the key: give it with --key-stdin.")
    with unit_of_work() as session:
        connect_carrier(session, slug, address, key, BY_COMMAND, settings=current_settings())
    click.echo(f"{slug} is connected.")


@carrier.command()
@click.argument("slug")
@with_app
def disconnect(slug: str) -> None:
    """Ask this carrier no more; what waits for it is then refused, and raised."""
    with unit_of_work() as session:
        disconnect_carrier(session, slug, BY_COMMAND)
    click.echo(f"{slug} is no longer connected.")
