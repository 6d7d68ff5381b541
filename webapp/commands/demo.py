"""`kontor demo load`: connect the sandbox shop, so that there is something to see."""

import click
from sqlalchemy import select

from webapp.channels.inputs import ChangeChannel, NewChannel
from webapp.channels.models import Channel
from webapp.channels.service import ChannelService
from webapp.commands.context import BY_COMMAND, current_settings, with_app
from webapp.core.db import unit_of_work

SHOP = "Sandbox shop"
# The sandbox's own, known to everybody; they open nothing else.
CREDENTIALS = {"consumer_key": "ck_sandbox", "consumer_secret": "cs_sandbox"}
PULL_MINUTES = 1


@click.group()
def demo() -> None:
    """The sandbox to try things with, and to break."""


@demo.command()
@click.option("--shop-url", help="Where the sandbox shop listens; the port after PORT if not given.")
@with_app
def load(shop_url: str | None) -> None:
    """Connect the sandbox shop as a channel and start its first pull; doing it again changes nothing."""
    url = shop_url or f"http://127.0.0.1:{current_settings().port + 1}"
    service = ChannelService()
    with unit_of_work() as session:
        channel = session.scalars(select(Channel).where(Channel.name == SHOP)).one_or_none()
        if channel is None:
            new = NewChannel(SHOP, "woocommerce", url, CREDENTIALS, pull_minutes=PULL_MINUTES)
            channel = service.create_channel(session, new, BY_COMMAND)
            session.flush()
            service.pull(session, channel.id, BY_COMMAND)
        elif channel.base_url != url:
            change = ChangeChannel(channel.version, base_url=url, credentials=CREDENTIALS)
            service.update_channel(session, channel.id, change, BY_COMMAND)
    click.echo(f"{SHOP}: {url}")
