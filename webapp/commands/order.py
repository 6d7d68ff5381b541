"""`kontor order`: look at orders from the command line."""

import json

import click

from webapp.commands.context import fail, with_app


@click.group()
def order() -> None:
    """Orders: show."""


@order.command()
@click.argument("number")
@click.option(
    "--channel", "channel_name", metavar="NAME", help="Of this channel, where several use the number."
)
@with_app
def show(number: str, channel_name: str | None) -> None:
    """One order as the API's detail payload, in JSON."""
    from webapp.core.db import db
    from webapp.orders.queries.detail import orders_of_number
    from webapp.orders.queries.record import order_record
    from webapp.orders.serializers import order_detail

    session = db.session()
    found = [
        (key, name)
        for key, name in orders_of_number(session, number)
        if channel_name is None or name == channel_name
    ]
    if not found:
        where = f" in {channel_name}" if channel_name else ""
        raise fail(f"There is no order {number}{where}.")
    if len(found) > 1:
        names = ", ".join(name for _, name in found)
        raise fail(f"Several channels have an order {number}: {names}. Say which one with --channel.")
    record = order_record(session, found[0][0], None)
    click.echo(json.dumps(order_detail(record), ensure_ascii=False, indent=2))
