"""Bank transfers as finance needs them: what waits, what lies in which batch."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.orders.enums import RefundState, RefundWay
from webapp.orders.models import Order
from webapp.payments.models import Payee, Refund, TransferBatch

OLDEST_FIRST: Final = (Refund.created_at, Refund.id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many transfers wait in one currency, and how much they come to."""

    currency: str
    count: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One transfer with where it goes; `state` is the refund's."""

    refund_id: uuid.UUID
    order_id: int
    order_number: str
    amount: Decimal
    currency: str
    state: str
    iban: str
    holder_name: str


def waiting_transfers(currency: str | None = None) -> Select[Refund]:
    """Transfers that a person has to carry out and that lie in no batch, oldest first."""
    query = select(Refund).where(
        Refund.way == RefundWay.TRANSFER.value,
        Refund.state == RefundState.MANUAL.value,
        Refund.transfer_batch_id.is_(None),
    )
    if currency is not None:
        query = query.where(Refund.currency == currency)
    return query.order_by(*OLDEST_FIRST)


def waiting_by_currency(session: Session) -> list[Waiting]:
    """What could be gathered now, a line per currency."""
    waiting = waiting_transfers().order_by(None).subquery()
    rows = session.execute(
        select(waiting.c.currency, func.count(), func.sum(waiting.c.amount))
        .group_by(waiting.c.currency)
        .order_by(waiting.c.currency)
    )
    return [Waiting(*row) for row in rows]


def batches() -> Select[TransferBatch]:
    """All batches, newest first."""
    return select(TransferBatch).order_by(TransferBatch.id.desc())


def transfers_of(session: Session, batch_id: int) -> list[TransferRow]:
    """What lies in a batch, in the order in which the files name it."""
    return _rows(session, select(Refund.id).where(Refund.transfer_batch_id == batch_id))


def waiting_rows(session: Session, currency: str | None = None, *, limit: int = 200) -> list[TransferRow]:
    """What waits, with where it would go."""
    return _rows(session, waiting_transfers(currency).with_only_columns(Refund.id).limit(limit))


def _rows(session: Session, wanted: Select[uuid.UUID]) -> list[TransferRow]:
    rows = session.execute(
        select(
            Refund.id,
            Refund.order_id,
            Order.number,
            Refund.amount,
            Refund.currency,
            Refund.state,
            func.coalesce(Payee.iban, ""),
            func.coalesce(Payee.holder_name, ""),
        )
        .join(Order, Order.id == Refund.order_id)
        .outerjoin(Payee, Payee.id == Refund.payee_id)
        .where(Refund.id.in_(wanted))
        .order_by(Refund.created_at, Refund.id)
    )
    return [TransferRow(*row) for row in rows]
