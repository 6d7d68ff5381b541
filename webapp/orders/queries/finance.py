"""What finance works through: refunds by hand, differences with the banks' lists, and when each was compared last."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.operations import Operation
from webapp.orders.enums import RefundWay
from webapp.orders.models import Order
from webapp.orders.queries.criteria import Scope
from webapp.payments.account_types import PAYING_TYPES
from webapp.payments.models import GatewayAccount, Payee, ReconciliationBreak, Refund

Place = tuple[datetime, uuid.UUID]


@dataclass(frozen=True, slots=True)
class Compared:
    """A payment account with the newest comparison of its list with ours; `operation` None when there was none yet."""

    gateway: str
    operation: Operation | None
    open_breaks: int


def by_hand(
    session: Session, scope: Scope, way: RefundWay | None, *, after: Place | None = None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Refunds that a person carries out, the oldest first, with where each goes."""
    query = (
        select(
            Refund.id,
            Refund.order_id,
            Refund.way,
            Refund.amount,
            Refund.currency,
            Refund.created_at,
            Refund.last_error,
            Refund.transfer_batch_id,
            Order.number,
            Payee.iban,
            Payee.holder_name,
        )
        .join(Order, Order.id == Refund.order_id)
        .outerjoin(Payee, Payee.id == Refund.payee_id)
        # Written out: the planner takes the partial index of open refunds only for what it can read.
        .where(
            text("refund.state = 'manual'"),
            true() if scope is None else Order.channel_id.in_(scope),
        )
    )
    if way is not None:
        query = query.where(Refund.way == way.value)
    if after is not None:
        query = query.where(tuple_(Refund.created_at, Refund.id) > tuple_(*after))
    return session.execute(query.order_by(Refund.created_at, Refund.id).limit(limit)).all()


def compared(session: Session) -> list[Compared]:
    """Every account that pays by itself, by name, with its newest comparison."""
    names = session.scalars(
        select(GatewayAccount.name)
        .where(GatewayAccount.is_active, GatewayAccount.gateway_type.in_(PAYING_TYPES))
        .order_by(GatewayAccount.name)
    ).all()
    newest = (
        select(Operation)
        .where(Operation.kind == "refund.reconcile")
        .ext(distinct_on(Operation.dedupe_key))
        .order_by(Operation.dedupe_key, Operation.created_at.desc())
    )
    found = {operation.dedupe_key: operation for operation in session.scalars(newest)}
    counted = session.execute(
        select(ReconciliationBreak.gateway, func.count())
        .where(ReconciliationBreak.closed_at.is_(None))
        .group_by(ReconciliationBreak.gateway)
    )
    breaks = {gateway: count for gateway, count in counted}  # noqa: C416 - a Row is no pair for mypy
    return [Compared(name, found.get(name), breaks.get(name, 0)) for name in names]


def breaks(
    session: Session, *, closed: bool, after_id: int | None = None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Differences that nobody has closed yet, the oldest first; or closed ones, the newest first."""
    query = (
        select(ReconciliationBreak, Order.number, StaffUser.name.label("closer"))
        .outerjoin(Order, Order.id == ReconciliationBreak.order_id)
        .outerjoin(StaffUser, StaffUser.id == ReconciliationBreak.closed_by_id)
    )
    key = ReconciliationBreak.id
    if closed:
        query = query.where(ReconciliationBreak.closed_at.is_not(None)).order_by(key.desc())
    else:
        query = query.where(ReconciliationBreak.closed_at.is_(None)).order_by(key)
    if after_id is not None:
        query = query.where(key < after_id if closed else key > after_id)
    return session.execute(query.limit(limit)).all()
