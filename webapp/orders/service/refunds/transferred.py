"""What became of transfers: a closed batch settles its refunds, the bank returns one, an account is corrected."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.iban import compact_iban, is_iban
from webapp.core.operations import OperationRun
from webapp.core.text import N_
from webapp.orders.enums import RefundState, RefundWay
from webapp.orders.models import Order
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.refunds.locking import locked_refund
from webapp.orders.service.refunds.reversal import reverse_refund
from webapp.orders.service.refunds.settling import apply_state
from webapp.orders.states import check_refund_move
from webapp.payments.latin import in_bank_letters
from webapp.payments.models import Payee, Refund, TransferBatch

LONGEST_HOLDER = 140


def settle_batch(run: OperationRun) -> None:
    """The handler of `transfers.settle`: every refund of a closed batch, a transaction each. Safe to run twice."""
    batch_id = int(run.args["batch_id"])
    with unit_of_work() as session:
        batch = session.get_one(TransferBatch, batch_id)
        evidence = f"Batch {batch.reference}, bank reference {batch.bank_reference}"
        context = _closer(session, batch)
        waiting = session.scalars(
            select(Refund.id)
            .where(Refund.transfer_batch_id == batch_id, Refund.state == RefundState.MANUAL.value)
            .order_by(Refund.order_id, Refund.id)
        ).all()
    for done, refund_id in enumerate(waiting, start=1):
        with unit_of_work() as session:
            run.fence(session, done=done, total=len(waiting))
            _settle(session, refund_id, evidence, context)
    with unit_of_work() as session:
        run.finish(session, {"applied": len(waiting)})


def _settle(session: Session, refund_id: uuid.UUID, evidence: str, context: AuditContext) -> None:
    order, refund = locked_refund(session, refund_id)
    if refund.state != RefundState.MANUAL:
        # The bank has returned it meanwhile.
        return
    refund.evidence = evidence
    refund.evidence_by_id = context.staff_id
    apply_state(session, order, refund, RefundState.SUCCEEDED, words=evidence, context=context)


def return_transfer(session: Session, refund_id: uuid.UUID, by: Authority, *, words: str) -> Refund:
    """The bank did not pay this transfer, or it came back: it can be tried again, with another account perhaps.

    In a closed batch the money had counted as paid back, so the ledger gets a reversal. Raises InvalidInput without
    words, Conflict for a refund that went to no bank.
    """
    by.require(Permission.REFUND_MANUAL)
    if not words.strip():
        raise InvalidInput(N_("Say what the bank said."), fields={"words": [N_("Say what the bank said.")]})
    order, refund = locked_refund(session, refund_id, acting=by.context)
    batch = session.get(TransferBatch, refund.transfer_batch_id or 0)
    if refund.way != RefundWay.TRANSFER or batch is None or batch.state == "gathering":
        raise Conflict(N_("This refund went to no bank yet; take it out of its batch."), code="not_exported")
    if refund.state == RefundState.SUCCEEDED:
        reverse_refund(session, order, refund, words=words.strip(), context=by.context)
        return refund
    check_refund_move(RefundState(refund.state), RefundState.DECLINED, evidence=words)
    refund.evidence = words.strip()
    refund.evidence_by_id = by.context.staff_id
    apply_state(session, order, refund, RefundState.DECLINED, words=words.strip(), context=by.context)
    return refund


def name_payee(
    session: Session, refund_id: uuid.UUID, by: Authority, *, iban: str, holder_name: str
) -> Payee:
    """Enter or correct where a waiting transfer goes. Raises InvalidInput, and Conflict once the bank may have it."""
    by.require(Permission.REFUND_MANUAL)
    check_account(iban, holder_name)
    order, refund = locked_refund(session, refund_id, acting=by.context)
    if refund.way != RefundWay.TRANSFER or refund.state != RefundState.MANUAL:
        raise Conflict(N_("This refund is no transfer that waits."), code="not_waiting")
    if refund.transfer_batch_id is not None:
        raise Conflict(N_("This transfer lies in a batch; take it out first."), code="in_batch")
    before = session.get(Payee, refund.payee_id or 0)
    payee = new_payee(session, order, iban, holder_name)
    refund.payee_id = payee.id
    refund.version += 1
    old = (None, None) if before is None else (before.iban, before.holder_name)
    record(
        session,
        by.context,
        "refund.payee_named",
        subject=("refund", refund.id),
        order_id=order.id,
        personal={"iban": [old[0], payee.iban], "holder_name": [old[1], payee.holder_name]},
        customer_id=order.customer_id,
    )
    return payee


def check_account(iban: str, holder_name: str) -> None:
    """Raises InvalidInput with the sentence at its field."""
    fields = {}
    if not is_iban(iban):
        fields["iban"] = ["The IBAN is not valid: check it digit by digit."]
    if not in_bank_letters(holder_name) or len(holder_name.strip()) > LONGEST_HOLDER:
        fields["holder_name"] = ["Write the holder's name in Latin letters: banks take no others."]
    if fields:
        raise InvalidInput(" ".join(sentence for (sentence,) in fields.values()), fields=fields)


def new_payee(session: Session, order: Order, iban: str, holder_name: str) -> Payee:
    """A row of its own for each entry: what was exported keeps what it was exported with."""
    payee = Payee(order_id=order.id, iban=compact_iban(iban), holder_name=" ".join(holder_name.split()))
    session.add(payee)
    session.flush()
    return payee


def _closer(session: Session, batch: TransferBatch) -> AuditContext:
    """Whoever closed the batch has settled what is in it."""
    name = session.scalar(select(StaffUser.name).where(StaffUser.id == batch.closed_by_id)) or "Kontor"
    return AuditContext(origin=Origin.JOB, staff_id=batch.closed_by_id, actor=name)
