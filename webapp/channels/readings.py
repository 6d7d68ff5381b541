"""Where the pages of a run go: taken in, taken in chunk by chunk, or only looked at."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from webapp.channels.applying import Counts, OrderIntake
from webapp.channels.base import OrderPage
from webapp.channels.bookmarks import PullPass
from webapp.channels.connection import MustWait
from webapp.channels.fetching import OrderQuery, Position
from webapp.channels.models import RemoteRecord
from webapp.channels.preview import preview
from webapp.channels.receiving import ORDERS
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.hints import current_hints
from webapp.core.operations import OperationRun
from webapp.orders.enums import FailureClass, OrderStatus
from webapp.orders.models import Order

# What a run keeps of names and changes in its result; the counts are always whole.
MOST_NAMES = 200
# Open orders are read again this often in one question.
REREAD_CHUNK = 100
# Delivered and ended orders change only in ways that move the shop's own stamp.
SETTLED = (OrderStatus.CANCELLED, OrderStatus.DELIVERED, OrderStatus.REFUNDED)
GONE = "The channel no longer has this order."


@dataclass
class Reading:
    """Takes the pages of a run in, keeps its place, and tells how far it is."""

    run: OperationRun
    intake: OrderIntake
    pull_pass: PullPass | None = None
    position: Position | None = None
    total: int | None = None
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.intake.fence = self.fence
        self._until = time.monotonic() + current_hints().settings.timing.slice_s

    def take_page(self, page: OrderPage) -> None:
        """Store the page and our place behind it in one transaction, then make orders of it."""
        self.total = page.total if page.total is not None else self.total
        if self.pull_pass is not None:
            self.pull_pass = self.pull_pass.by_clock_of(page.page.dated)
        self.intake.take(page.page, lambda session: self._move(session, page.position))
        if page.position is not None:
            self.make_room()

    def make_room(self) -> None:
        """Let others have the worker after a while: a first pull takes an hour, a webhook's order a second.

        Raises MustWait; the run goes on at its place as soon as nothing older is due.
        """
        if time.monotonic() > self._until:
            raise MustWait(0, "Letting other work through.")

    def not_found(self, names: Sequence[str]) -> None:
        """Keep what the channel does not have, for the result."""
        self.missing += names[: MOST_NAMES - len(self.missing)]

    def fence(self, session: Session, counts: Counts) -> None:
        """Renew the lease and write how far we are, in the transaction of the page. Raises LeaseLost."""
        total = None if self.total is None else max(self.total, counts.seen)
        self.run.fence(session, done=counts.seen, total=total, note="", result=self.result(counts))

    def result(self, counts: Counts) -> dict[str, Any]:
        """The counts, what was not found, and where to go on should this run not end."""
        result: dict[str, Any] = counts.as_result()
        if self.missing:
            result["not_found"] = self.missing
        if self.position is not None:
            result["position"] = {"remote_id": self.position.remote_id, "offset": self.position.offset}
        return result

    def save(self) -> None:
        """Write the result as it is now."""
        with unit_of_work() as session:
            self.fence(session, self.intake.counts)

    def _move(self, session: Session, position: Position | None) -> None:
        if self.pull_pass is not None:
            self.pull_pass.move(session, position)
        else:
            self.position = position


class Replaying(Reading):
    """No reading of the channel at all: what failed is tried again from the records."""

    def result(self, counts: Counts) -> dict[str, Any]:
        """The counts, and how many there were to try."""
        return {**super().result(counts), "to_try": self.total}


class Rereading(Reading):
    """A reading of orders that we have; its place is the last of ours whose chunk is done."""

    def questions(self, days: int) -> Iterator[OrderQuery]:
        """Our open orders of the last days in chunks, read while the run goes on: any number needs no memory."""
        after = int(self.position.remote_id) if self.position else 0
        while chunk := self._next_chunk(after, days):
            yield OrderQuery(remote_ids=tuple(chunk.values()))
            after = max(chunk)
            self.position = Position(str(after))
            self.save()
            self.make_room()

    def not_found(self, names: Sequence[str]) -> None:
        """The channel has deleted these for good: people decide what that means."""
        super().not_found(names)
        with unit_of_work() as session:
            mark_gone(session, self.intake.channel_id, names)
            self.fence(session, self.intake.counts)

    def _next_chunk(self, after: int, days: int) -> dict[int, str]:
        with unit_of_work() as session:
            query = (
                select(Order.id, Order.remote_id)
                .where(open_orders(self.intake.channel_id, days), Order.id > after)
                .order_by(Order.id)
                .limit(REREAD_CHUNK)
            )
            rows = session.execute(query)
            return {key: str(remote_id) for key, remote_id in rows}

    def _move(self, session: Session, position: Position | None) -> None:
        """The place moves by chunks of our own orders, not by the channel's pages."""


@dataclass
class DryRun(Reading):
    """Only looks: tells what each order would come to, and writes nothing but the operation's own row."""

    changes: list[dict[str, str]] = field(default_factory=list)

    def take_page(self, page: OrderPage) -> None:
        """Find out what the page would change."""
        self.total = page.total if page.total is not None else self.total
        with unit_of_work() as session:
            forecasts = preview(session, self.intake, page.page)
            for forecast in forecasts:
                self.intake.counts = self.intake.counts.plus(forecast.verdict)
            told = [forecast for forecast in forecasts if forecast.verdict != "unchanged"]
            self.changes += [asdict(forecast) for forecast in told[: MOST_NAMES - len(self.changes)]]
            self.position = page.position
            self.fence(session, self.intake.counts)
        if page.position is not None:
            self.make_room()

    def result(self, counts: Counts) -> dict[str, Any]:
        """The counts that a real run would have had, and the first changes by order number."""
        return {**super().result(counts), "dry_run": True, "changes": self.changes}


def open_orders(channel_id: int, days: int) -> ColumnElement[bool]:
    """The channel's orders of the last `days` that may still change without a stamp."""
    return and_(
        Order.channel_id == channel_id,
        Order.remote_id.is_not(None),
        Order.status.not_in(SETTLED),
        Order.date_placed >= utc_now() - timedelta(days=days),
    )


def count_open(session: Session, channel_id: int, days: int) -> int:
    """How many orders a re-read will ask for."""
    return session.scalars(select(func.count()).where(open_orders(channel_id, days))).one()


def mark_gone(session: Session, channel_id: int, remote_ids: Sequence[str]) -> None:
    """Show these orders among the failed records: the channel does not have them any more."""
    session.execute(
        update(RemoteRecord)
        .where(
            RemoteRecord.channel_id == channel_id,
            RemoteRecord.kind == ORDERS,
            RemoteRecord.remote_id.in_(remote_ids),
        )
        .values(state="failed", failure_class=FailureClass.REMOTE.value, failure_words=GONE)
    )
