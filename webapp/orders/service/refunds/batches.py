"""Bank transfers gathered by finance: gather, export once, download again, close with the bank's reference.

A refund waits as `manual` until its batch is closed. From the export on, what is in the batch stays in it: the bank
may have it. A transfer that the bank returns is taken back one by one (transferred.py).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.clock import utc_now
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.iban import is_iban
from webapp.core.money import in_words
from webapp.core.operations import NewOperation, Operation, Queue, create
from webapp.core.sentences import one_after_another, said
from webapp.core.text import N_
from webapp.orders.enums import RefundState, RefundWay
from webapp.orders.locks import held_up
from webapp.orders.models import Order
from webapp.orders.queries.transfers import OLDEST_FIRST, waiting_transfers
from webapp.orders.service.cancellation.authority import Authority
from webapp.payments.latin import in_bank_letters
from webapp.payments.models import Payee, Refund, TransferBatch

SETTLE: Final = "transfers.settle"
# What one file carries at most; banks take more, but nobody reads it.
MOST_TRANSFERS: Final = 1000
LONGEST_REFERENCE: Final = 64


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A transfer that could not be put into the batch, and why."""

    refund_id: uuid.UUID
    words: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """A batch with what was added to it now, and what was not."""

    batch: TransferBatch
    added: int
    left_out: tuple[LeftOut, ...]


def gather(session: Session, currency: str, by: Authority) -> Gathered:
    """A new batch of every transfer in that currency that waits. Raises Conflict when none could be put into it."""
    by.require(Permission.REFUND_MANUAL)
    now = utc_now()
    batch = TransferBatch(
        reference=f"KT-{now:%Y%m%d}-{uuid.uuid4().hex[:8].upper()}",
        currency=currency,
        created_by_id=by.context.staff_id,
    )
    # Those without an account last: a thousand of them must not keep the others from being paid.
    oldest = waiting_transfers(currency).order_by(None).order_by(Refund.payee_id.is_(None), *OLDEST_FIRST)
    waiting = session.scalars(oldest.limit(MOST_TRANSFERS)).all()
    session.add(batch)
    session.flush()
    gathered = _add(session, batch, waiting, by)
    if not gathered.added:
        words = gathered.left_out[0].words if gathered.left_out else ""
        raise Conflict(
            one_after_another(
                [said(N_("No transfer in %(currency)s can be gathered."), currency=currency), words]
            ),
            code="nothing_to_gather",
        )
    _note(session, batch, by, "transfer_batch.gathered", {"transfers": [0, gathered.added]})
    return gathered


def add_transfers(
    session: Session, batch_id: int, refund_ids: Collection[uuid.UUID], by: Authority
) -> Gathered:
    """Put these waiting transfers into the batch. Raises Conflict when it was exported."""
    by.require(Permission.REFUND_MANUAL)
    batch = _gathering(session, batch_id)
    wanted = session.scalars(select(Refund).where(Refund.id.in_(refund_ids)).order_by(Refund.id)).all()
    if len(wanted) != len(set(refund_ids)):
        raise NotFound(N_("There is no such refund."))
    if batch.transfer_count + len(wanted) > MOST_TRANSFERS:
        raise InvalidInput(
            said(
                N_("A batch holds at most %(most)s transfers; begin another one."),
                most=MOST_TRANSFERS,
            )
        )
    before = batch.transfer_count
    gathered = _add(session, batch, wanted, by)
    if gathered.added:
        changes = {"transfers": [before, batch.transfer_count]}
        _note(session, batch, by, "transfer_batch.changed", changes)
    return gathered


def remove_transfers(
    session: Session, batch_id: int, refund_ids: Collection[uuid.UUID], by: Authority
) -> TransferBatch:
    """Take these out again; they wait as before. Raises Conflict when the batch was exported."""
    by.require(Permission.REFUND_MANUAL)
    batch = _gathering(session, batch_id)
    before = batch.transfer_count
    session.execute(
        update(Refund)
        .where(Refund.transfer_batch_id == batch.id, Refund.id.in_(refund_ids))
        .values(transfer_batch_id=None)
    )
    _count(session, batch)
    if batch.transfer_count != before:
        changes = {"transfers": [before, batch.transfer_count]}
        _note(session, batch, by, "transfer_batch.changed", changes)
    return batch


def close_batch(
    session: Session, batch_id: int, bank_reference: str, by: Authority
) -> tuple[TransferBatch, Operation]:
    """The bank has carried it out: every transfer in it has succeeded, with the bank's reference as evidence.

    The refunds are settled by the operation that comes back, each in a transaction of its own (transferred.py).
    Raises InvalidInput without a reference, Conflict for a batch that was not exported or is closed.
    """
    by.require(Permission.REFUND_MANUAL)
    batch = locked_batch(session, batch_id)
    reference = bank_reference.strip()
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        sentence = said(
            N_("Enter the bank's reference, at most %(most)s characters."), most=LONGEST_REFERENCE
        )
        raise InvalidInput(sentence, fields={"bank_reference": [sentence]})
    if batch.state != "exported":
        is_closed = batch.state == "closed"
        template = (
            N_("Batch %(reference)s was closed already.")
            if is_closed
            else N_("Batch %(reference)s was not exported yet.")
        )
        raise Conflict(
            said(template, reference=batch.reference),
            code=f"batch_{batch.state}",
        )
    batch.state = "closed"
    batch.bank_reference = reference
    batch.closed_at = utc_now()
    batch.closed_by_id = by.context.staff_id
    changes = {"state": ["exported", "closed"], "bank_reference": [None, reference]}
    _note(session, batch, by, "transfer_batch.closed", changes)
    operation, _ = create(session, settling_of(batch, by))
    return batch, operation


def settling_of(batch: TransferBatch, by: Authority) -> NewOperation:
    """The work of settling a closed batch's refunds."""
    return NewOperation(
        kind=SETTLE,
        queue=Queue.MONEY,
        dedupe_key=f"batch:{batch.id}",
        args={"batch_id": batch.id},
        requested_by_id=by.context.staff_id,
        request_id=by.context.request_id,
    )


def locked_batch(session: Session, batch_id: int) -> TransferBatch:
    """The batch, locked until the transaction ends. Raises NotFound."""
    query = select(TransferBatch).where(TransferBatch.id == batch_id).with_for_update()
    batch = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if batch is None:
        raise NotFound(N_("There is no such transfer batch."))
    return batch


def _gathering(session: Session, batch_id: int) -> TransferBatch:
    batch = locked_batch(session, batch_id)
    if batch.state != "gathering":
        raise Conflict(
            said(
                N_("Batch %(reference)s was exported: the bank may have it. Begin another one."),
                reference=batch.reference,
            ),
            code=f"batch_{batch.state}",
        )
    return batch


def _add(session: Session, batch: TransferBatch, wanted: Sequence[Refund], by: Authority) -> Gathered:
    """The conditional update competes with whoever settles one of them by hand: exactly one of the two has it."""
    payees = {
        payee.id: payee
        for payee in session.scalars(
            select(Payee).where(Payee.id.in_([refund.payee_id for refund in wanted if refund.payee_id]))
        )
    }
    left_out = {refund.id: why_not(refund, payees.get(refund.payee_id or 0), batch) for refund in wanted}
    left_out |= _unread(session, wanted, by)
    added = session.scalars(
        update(Refund)
        .where(
            Refund.id.in_([refund_id for refund_id, why in left_out.items() if not why]),
            Refund.state == RefundState.MANUAL.value,
            Refund.transfer_batch_id.is_(None),
        )
        .values(transfer_batch_id=batch.id, version=Refund.version + 1)
        .returning(Refund.id)
        .execution_options(synchronize_session=False)
    ).all()
    _count(session, batch)
    for refund_id, why in left_out.items():
        if not why and refund_id not in added:
            left_out[refund_id] = N_("Somebody else has taken it meanwhile.")
    reasons = tuple(LeftOut(refund_id, why) for refund_id, why in left_out.items() if why)
    return Gathered(batch, len(added), reasons)


def why_not(refund: Refund, payee: Payee | None, batch: TransferBatch) -> str:
    """Why the bank could not carry this transfer out in this batch; empty when it can."""
    if refund.way != RefundWay.TRANSFER or refund.state != RefundState.MANUAL:
        return N_("It is no transfer that waits.")
    if refund.transfer_batch_id is not None:
        return N_("It lies in a batch already.")
    if refund.currency != batch.currency:
        return said(
            N_("It is in %(currency)s, the batch in %(other)s."),
            currency=refund.currency,
            other=batch.currency,
        )
    if payee is None or not payee.iban:
        return N_("Its account is missing; enter IBAN and holder.")
    if not is_iban(payee.iban):
        return N_("Its IBAN is not valid; enter it again.")
    if not in_bank_letters(payee.holder_name):
        return N_("Banks do not take the letters of its holder's name; write it in Latin letters.")
    return ""


def _unread(session: Session, wanted: Sequence[Refund], by: Authority) -> dict[uuid.UUID, str]:
    """Money of an order waits as well while a note on it must be read first."""
    held = held_up(session, {refund.order_id for refund in wanted}, by.context)
    rows = session.execute(select(Order.id, Order.number).where(Order.id.in_(held)))
    numbers = {row.id: row.number for row in rows}
    return {
        refund.id: said(
            N_("A note on order %(number)s must be read first; confirm it on the order's page."),
            number=numbers[refund.order_id],
        )
        for refund in wanted
        if refund.order_id in held
    }


def _count(session: Session, batch: TransferBatch) -> None:
    session.flush()
    count, total = session.execute(
        select(func.count(), func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.transfer_batch_id == batch.id
        )
    ).one()
    batch.transfer_count, batch.total_amount = count, total
    batch.version += 1


def _note(
    session: Session, batch: TransferBatch, by: Authority, tag: str, changes: Mapping[str, Any]
) -> None:
    session.flush()
    record(
        session,
        by.context,
        tag,
        subject=("transfer_batch", batch.id),
        summary=f"{batch.reference}: {batch.transfer_count} transfers, {in_words(batch.total_amount, batch.currency)}",
        changes=changes,
    )
