"""`kontor channel`: connect channels and have them read."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from webapp.channels.fetching import FetchOrders
from webapp.channels.inputs import NewChannel
from webapp.channels.models import Channel
from webapp.channels.outbox import unfinished
from webapp.channels.queries import channels as channels_with_health
from webapp.channels.registry import CHANNEL_TYPES
from webapp.channels.service import ChannelService
from webapp.commands.context import BY_COMMAND, fail, is_terminal, print_rows, with_app
from webapp.core.db import db, unit_of_work
from webapp.core.errors import NotFound
from webapp.core.operations import Operation, OperationState
from webapp.orders.service import IntegrationActionService

POLL_S = 0.5
COUNTS = ("seen", "created", "updated", "unchanged", "failed", "skipped")


@click.group()
def channel() -> None:
    """Channels: list, add, pull, backfill."""


@channel.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_app
def list_channels(as_json: bool) -> None:
    """List every channel and how its pulls fare."""
    rows = [
        {
            "id": health.channel.id,
            "name": health.channel.name,
            "type": health.channel.channel_type,
            "url": health.channel.base_url,
            "active": health.channel.is_active,
            "pull_minutes": health.channel.pull_minutes,
            "last_pull_at": health.last_pull_at.isoformat() if health.last_pull_at else None,
            "failed_records": health.failed_records,
            "last_error": health.last_error,
        }
        for health in channels_with_health(db.session(), None)
    ]
    columns = (
        "id",
        "name",
        "type",
        "url",
        "active",
        "pull_minutes",
        "last_pull_at",
        "failed_records",
        "last_error",
    )
    print_rows(rows, columns, as_json=as_json)


@channel.command()
@click.option("--type", "channel_type", type=click.Choice(sorted(CHANNEL_TYPES)), required=True)
@click.option("--name", required=True, help="How staff call it.")
@click.option("--url", required=True, help="The shop's address, such as https://shop.example.")
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="KEY=VALUE",
    help="One credential (repeat it); KEY=- asks for the value, which keeps it out of the shell's history.",
)
@click.option(
    "--set", "conf", multiple=True, metavar="KEY=VALUE", help="One setting of the adapter (repeat it)."
)
@click.option("--pull-minutes", type=int, default=5, show_default=True, help="0: only when asked.")
@click.option(
    "--reread-minutes", type=int, default=60, show_default=True, help="Open orders; 0: only when asked."
)
@click.option("--requests-per-minute", type=int, default=240, show_default=True)
@with_app
def add(
    channel_type: str,
    name: str,
    url: str,
    credentials: tuple[str, ...],
    conf: tuple[str, ...],
    pull_minutes: int,
    reread_minutes: int,
    requests_per_minute: int,
) -> None:
    """Connect a channel."""
    new = NewChannel(
        name=name,
        channel_type=channel_type,
        base_url=url,
        credentials=_pairs(credentials, ask=_ask),
        conf=_pairs(conf),
        pull_minutes=pull_minutes,
        reread_minutes=reread_minutes,
        requests_per_minute=requests_per_minute,
    )
    with unit_of_work() as session:
        created = ChannelService().create_channel(session, new, BY_COMMAND)
        message = f"Channel {created.id} is connected: {created.name}."
    click.echo(message)


@channel.command()
@click.argument("name")
@click.option("--wait", is_flag=True, help="Wait for its end and print the counts.")
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
@with_app
def pull(name: str, wait: bool, as_json: bool) -> None:
    """Pull what changed since the last pull; joins a pull that is under way."""
    with unit_of_work() as session:
        key = ChannelService().pull(session, _find(name), BY_COMMAND)[0].id
    _tell(key, wait=wait, as_json=as_json)


@channel.command()
@click.argument("name")
@click.option("--start", "start_date", metavar="DATE", help="Orders placed from then on (UTC, inclusive).")
@click.option("--end", "end_date", metavar="DATE", help="Orders placed until then (UTC, inclusive).")
@click.option("--created-before", metavar="DATE", help="Orders placed before then.")
@click.option("--number", "numbers", multiple=True, help="This order (repeat it).")
@click.option("--after", "order_id", metavar="ID", help="Orders after the one with this id at the channel.")
@click.option("--all", "fetch_all", is_flag=True, help="Every order, whatever its status.")
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
@click.option("--wait", is_flag=True, help="Wait for its end and print the counts.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
@with_app
def backfill(
    name: str,
    start_date: str | None,
    end_date: str | None,
    created_before: str | None,
    numbers: tuple[str, ...],
    order_id: str | None,
    fetch_all: bool,
    dry_run: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Fetch certain orders of a channel."""
    fetch = FetchOrders(
        start_date=_moment(start_date),
        end_date=_moment(end_date),
        created_before=_moment(created_before),
        order_numbers_to_fetch=numbers,
        order_id=order_id,
        fetch_all_orders=fetch_all,
        dry_run=dry_run,
    )
    if not fetch.names_something:
        raise fail("Say which orders: --start, --end, --created-before, --number, --after or --all.")
    with unit_of_work() as session:
        key = ChannelService().backfill(session, _find(name), fetch, BY_COMMAND)[0].id
    _tell(key, wait=wait, as_json=as_json)


def _find(name: str) -> int:
    found = db.session.scalars(select(Channel.id).where(Channel.name == name)).one_or_none()
    if found is None:
        raise NotFound(f"There is no channel {name!r}. `kontor channel list` shows them.")
    return found


@channel.command()
@click.argument("name")
@click.option("--again", is_flag=True, help="Try everything anew that was given up.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_app
def outbox(name: str, again: bool, as_json: bool) -> None:
    """Show what a channel still has to be told and what it could not be; or try that again."""
    channel_id = _find(name)
    if again:
        with unit_of_work() as session:
            sent = IntegrationActionService(session).send_all_again(channel_id, BY_COMMAND)
        messages = "1 given-up message is" if sent == 1 else f"{sent} given-up messages are"
        click.echo(f"{messages} tried again.")
        return
    rows = [
        {
            "id": action.id,
            "order": number,
            "kind": action.kind,
            "state": action.state,
            "attempts": action.attempts,
            "words": action.failure_words or "",
        }
        for action, number in unfinished(db.session(), channel_id)
    ]
    print_rows(rows, ("id", "order", "kind", "state", "attempts", "words"), as_json=as_json)


def _tell(key: UUID, *, wait: bool, as_json: bool) -> None:
    """Print the operation's id, or wait and print what it came to; exit status 1 when it was given up."""
    if not wait:
        click.echo(
            f"Operation {key} is waiting for a worker. `kontor operations show {key}` tells how it fares."
        )
        return
    operation = _ended(key)
    result: dict[str, Any] = dict(operation.result or {})
    result.pop("position", None)
    if as_json:
        print_rows([result], COUNTS, as_json=True)
    else:
        click.echo("  ".join(f"{name} {result.get(name, 0)}" for name in COUNTS))
        if result.get("not_found"):
            click.echo(f"not found: {', '.join(result['not_found'])}")
    if operation.state == OperationState.DEAD:
        raise fail(operation.last_error or "The operation was given up.")


def _ended(key: UUID) -> Operation:
    """The operation once it has ended; progress is shown where a person watches."""
    while True:
        db.session.rollback()
        operation = db.session.get_one(Operation, key, populate_existing=True)
        if not operation.is_open:
            return operation
        if is_terminal():
            total = operation.progress_total or "?"
            note = operation.last_error or operation.progress_note
            click.echo(f"\r{operation.progress_done} of {total} {note}\x1b[K", nl=False, err=True)
        db.session.rollback()
        time.sleep(POLL_S)


def _pairs(given: tuple[str, ...], ask: Callable[[str], str] | None = None) -> Mapping[str, str]:
    pairs = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals:
            raise fail(f"“{key}” has no value: write KEY=VALUE.")
        pairs[key] = ask(key) if ask is not None and value == "-" else value
    return pairs


def _ask(key: str) -> str:
    value: str = click.prompt(key, hide_input=True)
    return value


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"“{text}” is no date: write it like 2026-01-31 or 2026-01-31T12:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
