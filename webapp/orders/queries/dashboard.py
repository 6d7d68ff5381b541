"""What the dashboard says: sums of beforehand summed-up quarters, and how long things wait. Costs the same on any number of orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, cast, func, literal, select, true
from sqlalchemy.orm import Session
from sqlalchemy.types import Date

from webapp.channels.models import Channel
from webapp.orders.models import CancellationPlan, Order, QuarterFigures
from webapp.orders.queries.criteria import Scope
from webapp.payments.models import LedgerEntry, Refund

WAITING_DAYS: Final = 7  # over which the waiting times are taken

Rows = Sequence[Row[*tuple[Any, ...]]]


@dataclass(frozen=True)
class Figures:
    """Orders and money of some days at some channels; amounts in one currency."""

    orders: int
    cancelled: int
    amount: Decimal
    refunded: Decimal

    @property
    def cancelled_per_mille(self) -> int:
        """Cancelled orders of a thousand placed ones, rounded half up."""
        return (self.cancelled * 2000 + self.orders) // (2 * self.orders) if self.orders else 0


NOTHING: Final = Figures(0, 0, Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Span:
    """Whole days of one reader, both included."""

    first: date
    last: date
    zone: ZoneInfo

    @classmethod
    def until_today(cls, days: int, now: datetime, zone: ZoneInfo) -> "Span":
        """The last `days` days, today included."""
        today = now.astimezone(zone).date()
        return cls(today - timedelta(days=days - 1), today, zone)

    @property
    def days(self) -> list[date]:
        """Each day, the earliest first."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def begin(self) -> datetime:
        """Midnight before the first day."""
        return datetime.combine(self.first, time.min, self.zone)

    @property
    def end(self) -> datetime:
        """Midnight after the last day."""
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone)


@dataclass(frozen=True)
class Waiting:
    """How long things took in the last days, seconds; None where there was none."""

    decision_s: int | None
    payback_s: int | None


def currencies(session: Session, span: Span, scope: Scope) -> list[str]:
    """The currencies of the span, the one with the most orders first."""
    placed = func.sum(QuarterFigures.placed_count)
    query = select(QuarterFigures.currency).where(*_within(span, scope)).group_by(QuarterFigures.currency)
    return list(session.scalars(query.order_by(placed.desc(), QuarterFigures.currency)))


def by_day(session: Session, span: Span, scope: Scope, currency: str) -> Mapping[date, Figures]:
    """Each day of the span, cut at the reader's midnight."""
    local = func.timezone(span.zone.key, QuarterFigures.quarter)
    day = cast(local, Date).label("day")
    query = _sums(day, currency).where(*_within(span, scope)).group_by(day)
    found = {row.day: _figures(row) for row in session.execute(query)}
    return {each: found.get(each, NOTHING) for each in span.days}


def by_channel(session: Session, span: Span, scope: Scope, currency: str) -> list[tuple[int, str, Figures]]:
    """(id, name, figures) of each channel that had any, the one with the most orders first."""
    query = (
        _sums(Channel.id, currency)
        .add_columns(Channel.name)
        .join(Channel, Channel.id == QuarterFigures.channel_id)
        .where(*_within(span, scope))
        .group_by(Channel.id, Channel.name)
    )
    found = [(row.id, row.name, _figures(row)) for row in session.execute(query)]
    return sorted(found, key=lambda each: (-each[2].orders, each[1]))


def waiting_times(session: Session, now: datetime, scope: Scope) -> Waiting:
    """The medians: from opening a plan to its decision, from wanting a refund to its money having moved.

    What a channel decided or paid back by itself took nobody here any time.
    """
    since = now - timedelta(days=WAITING_DAYS)
    decided = (
        select(_median_s(CancellationPlan.decided_at - CancellationPlan.created_at))
        .select_from(CancellationPlan)
        .join(Order, Order.id == CancellationPlan.order_id)
        .where(
            CancellationPlan.decided_at >= since,
            CancellationPlan.decided_by_id.is_not(None),
            _in_scope(scope),
        )
    )
    settled = (
        select(_median_s(LedgerEntry.at - Refund.created_at))
        .select_from(LedgerEntry)
        .join(Refund, Refund.id == LedgerEntry.refund_id)
        .join(Order, Order.id == LedgerEntry.order_id)
        .where(
            LedgerEntry.at >= since,
            LedgerEntry.kind == "refund",
            Refund.plan_id.is_not(None),
            _in_scope(scope),
        )
    )
    decision, payback = session.execute(select(decided.scalar_subquery(), settled.scalar_subquery())).one()
    return Waiting(_seconds(decision), _seconds(payback))


def _sums(by: ColumnElement[Any] | Any, currency: str) -> Select[*tuple[Any, ...]]:
    in_currency = QuarterFigures.currency == literal(currency)
    return select(
        by,
        func.sum(QuarterFigures.placed_count).label("orders"),
        func.sum(QuarterFigures.cancelled_count).label("cancelled"),
        func.sum(QuarterFigures.placed_amount).filter(in_currency).label("amount"),
        func.sum(QuarterFigures.refunded_amount).filter(in_currency).label("refunded"),
    ).select_from(QuarterFigures)


def _figures(row: Row[*tuple[Any, ...]]) -> Figures:
    return Figures(int(row.orders), int(row.cancelled), row.amount or Decimal(0), row.refunded or Decimal(0))


def _within(span: Span, scope: Scope) -> list[ColumnElement[bool]]:
    return [
        QuarterFigures.quarter >= span.begin,
        QuarterFigures.quarter < span.end,
        true() if scope is None else QuarterFigures.channel_id.in_(scope),
    ]


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else Order.channel_id.in_(scope)


def _median_s(duration: Any) -> Any:
    return func.percentile_cont(0.5).within_group(func.extract("epoch", duration))


def _seconds(value: Any) -> int | None:
    return None if value is None else int(value)
