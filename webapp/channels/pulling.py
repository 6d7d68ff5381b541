"""What the workers do for channels: pull, re-read, backfill, replay, refresh one order. All may be run twice.

Each run works in short transactions of its own, every one fenced by the operation's lease, and none open while the
channel is called. A channel that asks for a pause gets it: the operation is put off and its worker freed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, false, select, update
from sqlalchemy.orm import Session

from webapp.channels.adapters import command_integration, integration
from webapp.channels.applying import Counts, OrderIntake
from webapp.channels.base import CommandIntegration
from webapp.channels.bookmarks import PullPass, note_error, position_of
from webapp.channels.connection import MustWait, NoSuchRemote
from webapp.channels.fetching import FetchOrders, query_of
from webapp.channels.models import RemoteRecord
from webapp.channels.patience import patiently, while_switched_on
from webapp.channels.profile import ChannelProfile, load_profile
from webapp.channels.readings import DryRun, Reading, Replaying, Rereading, count_open, mark_gone
from webapp.channels.receiving import ORDERS
from webapp.channels.service import ChannelService
from webapp.core.db import unit_of_work
from webapp.core.errors import IntegrationError
from webapp.core.hints import current_hints
from webapp.core.operations import OperationRun
from webapp.orders.models import ExternalStatus, Order, OrderItem

# How far back open orders are read again; older ones that are still open are a matter for people.
REREAD_DAYS = 60


@while_switched_on
def pull(run: OperationRun) -> None:
    """Take in what changed at the channel since the last pull, and first what a run that died had left."""
    with patiently(run), _telling_failure(run):
        with unit_of_work() as session:
            profile = _profile(session, run)
            overlap_s = current_hints().settings.timing.pull_overlap_s
            pull_pass = PullPass.begin(session, profile.id, overlap_s, start_from(profile))
            _, result = position_of(session, run)
        adapter = command_integration(profile)
        reading = Reading(run, _intake(adapter, Counts.of_result(result)), pull_pass)
        reading.intake.apply_leftovers(reading.make_room)
        adapter.do_action("get_orders", query=pull_pass.query, sink=reading)


@while_switched_on
def backfill(run: OperationRun) -> None:
    """Take in the orders that the operation's arguments name; a dry run only tells what would change."""
    fetch = FetchOrders.from_args(run.args)
    with patiently(run):
        with unit_of_work() as session:
            profile = _profile(session, run)
            position, result = position_of(session, run)
        adapter = command_integration(profile)
        intake = _intake(adapter, Counts.of_result(result))
        missing = list(result.get("not_found", []))
        if fetch.dry_run:
            reading: Reading = DryRun(
                run, intake, None, position, None, missing, list(result.get("changes", []))
            )
        else:
            reading = Reading(run, intake, position=position, missing=missing)
        adapter.do_action("get_orders", query=query_of(fetch).at(position), sink=reading)
        reading.save()


@while_switched_on
def reread(run: OperationRun) -> None:
    """Read every open order again: shops do not stamp each change, so asking for changes does not find them all."""
    with patiently(run):
        with unit_of_work() as session:
            profile = _profile(session, run)
            position, result = position_of(session, run)
            days = int(profile.conf.get("reread_days") or REREAD_DAYS)
            total = count_open(session, profile.id, days)
        adapter = command_integration(profile)
        reading = Rereading(run, _intake(adapter, Counts.of_result(result)), position=position, total=total)
        adapter.do_action("get_orders", objects=reading.questions(days), sink=reading)


def replay(run: OperationRun) -> None:
    """Try records again as they were received: failed ones (those in `record_ids`, or all), or those with one of the `words`."""
    with patiently(run):
        with unit_of_work() as session:
            profile = _profile(session, run)
            _, result = position_of(session, run)
            # Only once: what fails again in this run is not tried for ever.
            reopened = 0 if result else _reopen(session, profile.id, run.args)
            total = reopened or int(result.get("to_try", 0))
            run.fence(session, result={**Counts.of_result(result).as_result(), "to_try": total})
        reading = Replaying(run, _intake(command_integration(profile), Counts.of_result(result)), total=total)
        reading.intake.apply_leftovers(reading.make_room)


@while_switched_on
def refresh_order(run: OperationRun) -> None:
    """Ask the channel for one order, the first way."""

    def fence(session: Session, counts: Counts) -> None:
        run.fence(session, done=counts.seen, total=1, result=counts.as_result())

    remote_id = str(run.args["remote_id"])
    with patiently(run):
        try:
            ChannelService(fence).get_class(_channel_id(run), ["orders"], remote_id=remote_id)
        except NoSuchRemote:
            with unit_of_work() as session:
                mark_gone(session, _channel_id(run), [remote_id])
                fence(session, Counts())


def check(run: OperationRun) -> None:
    """Ask the channel whether it takes our credentials."""
    with patiently(run):
        with unit_of_work() as session:
            profile = _profile(session, run)
        integration(profile).login()
        with unit_of_work() as session:
            run.fence(session, done=1, total=1, note="The channel accepts the credentials.")


def start_from(profile: ChannelProfile) -> datetime | None:
    """From when a channel that was never read is read; None: from its beginning."""
    text = str(profile.conf.get("start_from") or "")
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def _telling_failure(run: OperationRun) -> Iterator[None]:
    """Leave what went wrong at the channel's cursor, for its page."""
    try:
        yield
    except MustWait:
        raise
    except IntegrationError as error:
        with unit_of_work() as session:
            note_error(session, _channel_id(run), error.message)
        raise


def _profile(session: Session, run: OperationRun) -> ChannelProfile:
    return load_profile(session, _channel_id(run))


def _channel_id(run: OperationRun) -> int:
    if run.channel_id is None:
        raise IntegrationError("The operation names no channel.", permanent=True)
    return run.channel_id


def _intake(adapter: CommandIntegration, counts: Counts) -> OrderIntake:
    reader = adapter.serializer("orders").read
    return OrderIntake(adapter.profile.id, reader, counts=counts, actor=adapter.profile.name)


def _reopen(session: Session, channel_id: int, args: Mapping[str, Any]) -> int:
    """Make records ones that are to be applied; how many there were."""
    statement = update(RemoteRecord).where(RemoteRecord.channel_id == channel_id, RemoteRecord.kind == ORDERS)
    if "words" in args:
        statement = statement.where(
            RemoteRecord.order_id.in_(_orders_with(channel_id, args["kind"], args["words"]))
        )
    else:
        statement = statement.where(RemoteRecord.state == "failed")
    if args.get("record_ids") is not None:
        statement = statement.where(RemoteRecord.id.in_(args["record_ids"]))
    return int(session.connection().execute(statement.values(state="received")).rowcount)


def _orders_with(channel_id: int, kind: str, words: Sequence[str]) -> Select[int]:
    """The channel's orders that carry one of the words: an unmapped SKU, or a status."""
    orders = select(Order.id).where(Order.channel_id == channel_id)
    if kind == "sku":
        return orders.join(OrderItem, OrderItem.order_id == Order.id).where(
            OrderItem.sku.in_(words), OrderItem.product_id.is_(None)
        )
    if kind == "status":
        return orders.join(ExternalStatus, ExternalStatus.id == Order.external_status_id).where(
            ExternalStatus.channel_id == channel_id, ExternalStatus.code.in_(words)
        )
    # What a payment method or a carrier means counts from the next pull on: money that came in is not made anew.
    return orders.where(false())
