"""Refunds that a person carries out or finds out: evidence, another try, a look right now."""

import uuid

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.money import in_words
from webapp.core.operations import Queue, hint_after_commit
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import RELEASED_REFUND_STATES, RefundState, RefundWay
from webapp.orders.models import CancellationPlan, Order
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.paying import BY_MACHINE, gateway_name, start
from webapp.orders.service.refunds.locking import locked_refund
from webapp.orders.service.refunds.plan_moves import move_plan
from webapp.orders.service.refunds.settling import apply_state
from webapp.orders.service.refunds.transferred import check_account, new_payee
from webapp.orders.service.standing import restate
from webapp.orders.states import check_refund_move
from webapp.payments.models import Refund, Transaction, TransferBatch


def settle_by_hand(
    session: Session, refund_id: uuid.UUID, by: Authority, *, state: RefundState, evidence: str
) -> Refund:
    """A manual refund has happened, or has not: `state` succeeded or declined, with the evidence in words.

    Raises PermissionDenied, NotFound, TransitionNotAllowed, InvalidInput without evidence, Conflict for one that a
    worker is at and for a transfer that lies in a batch: the batch settles it.
    """
    order, refund = locked_refund(session, refund_id, acting=by.context)
    by.require(Permission.REFUND_LOYALTY if refund.way == RefundWay.LOYALTY else Permission.REFUND_MANUAL)
    if refund.state == RefundState.SENDING:
        # The table lets the worker end it so. A person must not: what they call declined may be paid just now.
        raise Conflict(
            N_("A worker is at the bank with this refund, and only the bank's answer ends it."),
            code="being_sent",
        )
    check_refund_move(RefundState(refund.state), state, evidence=evidence)
    _refuse_in_batch(session, refund)
    refund.evidence = evidence.strip()
    refund.evidence_by_id = by.context.staff_id
    apply_state(session, order, refund, state, words=evidence.strip(), context=by.context)
    return refund


def settle_plan_by_hand(
    session: Session, order_id: int, plan_id: int, by: Authority, *, evidence: str
) -> None:
    """Enter the same evidence for every manual refund of a plan. Raises Conflict when there is none."""
    manual = session.scalars(
        select(Refund.id)
        .where(
            Refund.plan_id == plan_id, Refund.order_id == order_id, Refund.state == RefundState.MANUAL.value
        )
        .order_by(Refund.id)
    ).all()
    if not manual:
        raise Conflict(N_("No refund of this plan waits for a person."), code="nothing_manual")
    for refund_id in manual:
        settle_by_hand(session, refund_id, by, state=RefundState.SUCCEEDED, evidence=evidence)


def try_again(
    session: Session,
    refund_id: uuid.UUID,
    by: Authority,
    *,
    way: RefundWay | None = None,
    iban: str = "",
    holder_name: str = "",
) -> Refund:
    """A new refund with a new key in place of a declined one, under the same cap; by another way if one is given.

    `way` is bank transfer (with its account) or loyalty credit. Raises PermissionDenied, Conflict when it was not
    declined or another one has taken its place, InvalidInput above the cap or for a wrong account.
    """
    order, declined = locked_refund(session, refund_id, acting=by.context)
    by.require(Permission.CANCEL_APPROVE)
    if way is RefundWay.LOYALTY:
        by.require(Permission.REFUND_LOYALTY)
    if declined.state != RefundState.DECLINED or declined.plan_id is None:
        raise Conflict(N_("Only a refund that was declined can be tried again."), code="not_declined")
    again = _successor(session, order, declined, way or RefundWay(declined.way))
    if way is RefundWay.TRANSFER:
        check_account(iban, holder_name)
        again.payee_id = new_payee(session, order, iban, holder_name).id
    session.add(again)
    session.flush()
    if RefundWay(again.way) in BY_MACHINE:
        start(session, again, channel_id=order.channel_id, requested_by_id=by.context.staff_id)
    move_plan(session, order, declined.plan_id)
    restate(session, order)
    record(
        session,
        by.context,
        "refund.tried_again",
        subject=("refund", again.id),
        order_id=order.id,
        summary=in_words(again.amount, again.currency),
        changes={"refund": [str(declined.id), str(again.id)], "way": [declined.way, again.way]},
    )
    return again


def _successor(session: Session, order: Order, declined: Refund, way: RefundWay) -> Refund:
    """A new row for the same part of the plan, if nothing has taken its place and the payment still holds it."""
    payment = session.execute(
        select(Transaction).where(Transaction.id == declined.transaction_id).with_for_update()
    ).scalar_one()
    _refuse_successor(session, declined)
    _refuse_above_cap(session, payment, declined)
    if way != declined.way and way not in (RefundWay.TRANSFER, RefundWay.LOYALTY):
        raise InvalidInput(N_("Money goes back another way only by bank transfer or as loyalty credit."))
    again_id = uuid.uuid4()
    return Refund(
        id=again_id,
        order_id=declined.order_id,
        plan_id=declined.plan_id,
        transaction_id=declined.transaction_id,
        gateway_item=declined.gateway_item,
        way=way.value,
        payee_id=declined.payee_id,
        amount=declined.amount,
        currency=declined.currency,
        state=(RefundState.READY if way in BY_MACHINE else RefundState.MANUAL).value,
        idem_key=f"rf_{again_id}",
        gateway=gateway_name(order, way, payment),
        reason=declined.reason,
    )


def try_plan_again(session: Session, order_id: int, plan_id: int, by: Authority) -> None:
    """Try every refund of the plan again that was declined and has no successor. Raises Conflict without one."""
    plan = session.get(CancellationPlan, plan_id)
    if plan is None or plan.order_id != order_id:
        raise NotFound(N_("There is no such cancellation plan."))
    rows = session.execute(
        select(Refund.id, Refund.transaction_id, Refund.gateway_item, Refund.state)
        .where(Refund.plan_id == plan_id)
        .order_by(Refund.created_at)
    ).all()
    alive = {(r.transaction_id, r.gateway_item) for r in rows if r.state not in ("declined", "withdrawn")}
    last = {(r.transaction_id, r.gateway_item): r.id for r in rows if r.state == "declined"}
    open_again = [refund_id for target, refund_id in last.items() if target not in alive]
    if not open_again:
        raise Conflict(N_("No refund of this plan was declined."), code="nothing_declined")
    for refund_id in open_again:
        try_again(session, refund_id, by)


def ask_now(session: Session, refund_id: uuid.UUID, context: AuditContext) -> None:
    """Somebody wants to know at once how a refund stands: the machine looks now, and the log says who asked."""
    refund = session.get_one(Refund, refund_id)
    check_now(session, refund_id)
    record(
        session,
        context,
        "refund.checked",
        subject=("refund", refund.id),
        order_id=refund.order_id,
        summary=in_words(refund.amount, refund.currency),
    )


def check_now(session: Session, refund_id: uuid.UUID) -> None:
    """Have the machine look at once instead of at its next time; nothing happens when it is at it already."""
    moved = session.execute(
        text(
            "UPDATE operation SET next_run_at = clock_timestamp() WHERE kind = 'refund.run'"
            " AND dedupe_key = :refund AND state = 'ready' RETURNING id"
        ),
        {"refund": str(refund_id)},
    ).first()
    if moved is not None:
        hint_after_commit(session, Queue.MONEY)


def _refuse_in_batch(session: Session, refund: Refund) -> None:
    batch = session.get(TransferBatch, refund.transfer_batch_id or 0)
    if batch is not None and batch.state != "closed":
        raise Conflict(
            said(
                N_(
                    "This transfer lies in batch %(reference)s. Take it out of the batch, or close the batch."
                ),
                reference=batch.reference,
            ),
            code="in_batch",
        )


def _refuse_successor(session: Session, declined: Refund) -> None:
    """Two people who try again at once: one of them is second."""
    alive = session.scalar(
        select(Refund.id).where(
            Refund.plan_id == declined.plan_id,
            Refund.transaction_id == declined.transaction_id,
            Refund.gateway_item == declined.gateway_item,
            (Refund.way == RefundWay.RELEASE.value) == (declined.way == RefundWay.RELEASE.value),
            Refund.state.not_in([state.value for state in RELEASED_REFUND_STATES]),
        )
    )
    if alive is not None:
        raise Conflict(N_("This refund has been tried again already."), code="tried_again_already")


def _refuse_above_cap(session: Session, payment: Transaction, declined: Refund) -> None:
    """What goes back stays below what was captured; what is let go, below what is still reserved."""
    is_release = declined.way == RefundWay.RELEASE
    reserved = session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.transaction_id == payment.id,
            Refund.state.not_in([state.value for state in RELEASED_REFUND_STATES]),
            (Refund.way == RefundWay.RELEASE.value) == is_release,
        )
    )
    most = payment.authorised_amount - payment.captured_amount if is_release else payment.captured_amount
    left = most - (reserved or 0)
    if declined.amount > left:
        raise InvalidInput(
            said(
                N_("Only %(left)s %(currency)s of this payment is left."),
                left=left,
                currency=payment.currency,
            ),
            code="more_than_captured",
        )
