"""What somebody must look at, area by area: each list is short, its count capped, its rows found by an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, func, select, text, true
from sqlalchemy.orm import Session

from webapp.channels.models import Channel, RemoteRecord
from webapp.orders.enums import OrderStatus
from webapp.orders.models import Attention, IntegrationAction, Order
from webapp.orders.queries.criteria import Scope
from webapp.payments.models import ReconciliationBreak, Refund

COUNTED_AT_MOST: Final = 10_000  # as lists of orders are: a tab says "10,000+" then
SHOWN: Final = 20  # rows of an area; the rest is behind its own page
# A shop promises to send within two working days; what still lies here after three is late whatever the weekday.
LATE_AFTER: Final = timedelta(days=3)

# Written out, for the partial indexes.
_IS_OPEN = text("attention.closed_at IS NULL")
_IS_STUCK = text("integration_action.state IN ('given_up', 'unsupported')")
_MUST_BE_LOOKED_AT = text("refund.state IN ('unknown', 'manual')")
_IS_BREAK = text("reconciliation_break.closed_at IS NULL")
_HAS_FAILED = text("remote_record.state = 'failed'")

Rows = Sequence[Row[*tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of each, counted to 10,001 at most."""

    entries: int
    refunds: int
    pushes: int
    breaks: int
    records: int
    late: int

    @property
    def urgent(self) -> int:
        """What `urgent` counts."""
        return self.entries + self.refunds + self.pushes


def counts(session: Session, scope: Scope, now: datetime) -> Counts:
    """All areas in one statement."""
    row = session.execute(
        select(
            _capped(_entries(scope)),
            _capped(_refunds(scope)),
            _capped(_pushes(scope)),
            _capped(select(ReconciliationBreak.id).where(_IS_BREAK)),
            _capped(_records(scope)),
            _capped(_late(scope, now)),
        )
    ).one()
    return Counts(*row)


def urgent(scope: Scope) -> ColumnElement[int]:
    """How much only a person can go on with: entries, refunds, pushes; each counted to 10,001 at most."""
    return _capped(_entries(scope)) + _capped(_refunds(scope)) + _capped(_pushes(scope))


def entries(session: Session, scope: Scope, *, before_id: int | None = None, limit: int) -> Rows:
    """What a rule could not decide alone, newest first."""
    query = _entries(scope)
    if before_id is not None:
        query = query.where(Attention.id < before_id)
    return session.execute(query.order_by(Attention.id.desc()).limit(limit)).all()


def entry(session: Session, attention_id: int, scope: Scope) -> Row[*tuple[Any, ...]] | None:
    """One open or closed entry that the reader may know of."""
    query = _all_entries(scope).where(Attention.id == attention_id)
    return session.execute(query).one_or_none()


def refunds(session: Session, scope: Scope) -> Rows:
    """Refunds whose outcome nobody knows, and those that a person has to pay; the oldest first."""
    return session.execute(_refunds(scope).order_by(Refund.created_at, Refund.id).limit(SHOWN)).all()


def pushes(session: Session, scope: Scope) -> Rows:
    """What a channel could not be told, newest first."""
    return session.execute(_pushes(scope).order_by(IntegrationAction.id.desc()).limit(SHOWN)).all()


def failed_records(session: Session, scope: Scope) -> Rows:
    """How many records each channel sent that could not be taken."""
    failed = (
        select(func.count())
        .where(RemoteRecord.channel_id == Channel.id, _HAS_FAILED)
        .correlate(Channel)
        .scalar_subquery()
    )
    query = select(Channel.id, Channel.name, failed.label("failed")).where(
        failed > 0, true() if scope is None else Channel.id.in_(scope)
    )
    return session.execute(query.order_by(Channel.name)).all()


def late_orders(session: Session, scope: Scope, now: datetime) -> Rows:
    """Orders that should have left long ago, the oldest first."""
    return session.execute(_late(scope, now).order_by(Order.date_placed, Order.id).limit(SHOWN)).all()


def _all_entries(scope: Scope) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Attention.id,
            Attention.kind,
            Attention.words,
            Attention.raised_at,
            Attention.closed_at,
            Attention.order_id,
            Order.number,
            Channel.name.label("channel"),
        )
        .outerjoin(Order, Order.id == Attention.order_id)
        .outerjoin(Channel, Channel.id == Attention.channel_id)
        .where(true() if scope is None else Attention.channel_id.in_(scope))
    )


def _entries(scope: Scope) -> Select[*tuple[Any, ...]]:
    return _all_entries(scope).where(_IS_OPEN)


def _refunds(scope: Scope) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Refund.id,
            Refund.state,
            Refund.amount,
            Refund.currency,
            Refund.created_at,
            Refund.first_sent_at,
            Refund.last_error,
            Refund.order_id,
            Order.number,
        )
        .join(Order, Order.id == Refund.order_id)
        .where(_MUST_BE_LOOKED_AT, _in_scope(scope))
    )


def _pushes(scope: Scope) -> Select[*tuple[Any, ...]]:
    return (
        select(
            IntegrationAction.id,
            IntegrationAction.kind,
            IntegrationAction.state,
            IntegrationAction.failure_words,
            IntegrationAction.failure_code,
            IntegrationAction.created_at,
            IntegrationAction.order_id,
            Order.number,
            Channel.name.label("channel"),
        )
        .join(Order, Order.id == IntegrationAction.order_id)
        .join(Channel, Channel.id == IntegrationAction.channel_id)
        .where(_IS_STUCK, _in_scope(scope))
    )


def _records(scope: Scope) -> Select[int]:
    in_scope = true() if scope is None else RemoteRecord.channel_id.in_(scope)
    return select(RemoteRecord.id).where(_HAS_FAILED, in_scope)


def _late(scope: Scope, now: datetime) -> Select[*tuple[Any, ...]]:
    return select(Order.id, Order.number, Order.status, Order.date_placed, Order.channel_id).where(
        Order.status.in_([int(OrderStatus.APPROVED), int(OrderStatus.PREPARING)]),
        Order.date_placed < now - LATE_AFTER,
        _in_scope(scope),
    )


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else Order.channel_id.in_(scope)


def _capped(query: Select[*tuple[Any, ...]]) -> ScalarSelect[int]:
    return select(func.count()).select_from(query.limit(COUNTED_AT_MOST + 1).subquery()).scalar_subquery()
