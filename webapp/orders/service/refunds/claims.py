"""Taking a refund: its turn among the refunds of its payment, and the mark that it may have been sent."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from webapp.core.operations import OperationRun
from webapp.orders.enums import RELEASED_REFUND_STATES, RefundState, RefundWay
from webapp.orders.locks import lock_order
from webapp.orders.service.refunds.plan_moves import move_plan
from webapp.orders.service.standing import restate
from webapp.payments.deciding import SentFacts
from webapp.payments.gateway import Capabilities, Outcome, RefundOrder
from webapp.payments.models import GatewayAccount, Refund, RefundAttempt, Transaction

CLAIMABLE: Final = (RefundState.READY, RefundState.SENDING, RefundState.UNKNOWN, RefundState.PENDING)
# Seconds until a refund looks again whether another one of its payment has got out of the way.
TURN_S: Final = 5.0
PAUSED_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A refund that this worker may work on now: what to send, and what we know of earlier sendings."""

    refund_id: uuid.UUID
    order_id: int
    order: RefundOrder
    facts: SentFacts
    attempt: int


@dataclass(frozen=True, slots=True)
class NotNow:
    """The refund must wait; `seconds` None means that there is nothing left to do."""

    seconds: float | None
    words: str


def claim_refund(session: Session, run: OperationRun, capabilities: Capabilities) -> Claim | NotNow:
    """Set it `sending` under the lock of its payment, unless another refund of that payment is still open.

    One refund per payment at a time: channels and gateways do not serialise them. Raises LeaseLost.
    """
    run.fence(session)
    refund_id = uuid.UUID(run.args["refund_id"])
    # The order first, as everywhere: whoever withdraws this refund meanwhile waits for us, or we for him.
    order = lock_order(session, session.get_one(Refund, refund_id).order_id)
    payment = session.execute(
        select(Transaction)
        .join(Refund, Refund.transaction_id == Transaction.id)
        .where(Refund.id == refund_id)
        .with_for_update(of=Transaction)
        .execution_options(populate_existing=True)
    ).scalar_one()
    refund = session.get_one(Refund, refund_id, populate_existing=True)
    state = RefundState(refund.state)
    if state not in CLAIMABLE:
        return NotNow(None, f"The refund is {state.label.lower()}.")
    waits = _waits_for(session, refund, capabilities)
    if waits is not None:
        return waits
    taking = update(Refund).where(Refund.id == refund_id, Refund.state == state)
    if not session.connection().execute(taking.values(state=RefundState.SENDING.value)).rowcount:
        return NotNow(None, "The refund was withdrawn.")
    session.expire(refund)
    if refund.plan_id is not None:
        move_plan(session, order, refund.plan_id)
        restate(session, order)
    return Claim(
        refund_id=refund_id,
        order_id=refund.order_id,
        order=order_of(session, refund, payment),
        facts=_facts(session, refund),
        attempt=_attempts(session, refund_id) + 1,
    )


def mark_sent(session: Session, run: OperationRun, refund_id: uuid.UUID) -> None:
    """From now on the request may be on the wire; committed before it is. Renews the lease. Raises LeaseLost."""
    run.fence(session)
    session.execute(
        update(Refund)
        .where(Refund.id == refund_id)
        .values(
            # The statement's own time is one for both: whether they differ tells whether it was sent twice.
            first_sent_at=func.coalesce(Refund.first_sent_at, func.statement_timestamp()),
            last_sent_at=func.statement_timestamp(),
        )
    )


def _waits_for(session: Session, refund: Refund, capabilities: Capabilities) -> NotNow | None:
    paused = session.scalar(
        select(GatewayAccount.paused_because).where(GatewayAccount.name == refund.gateway)
    )
    if paused is not None:
        return NotNow(PAUSED_S, f"The gateway is paused: {paused}")
    busy = [RefundState.SENDING, RefundState.UNKNOWN]
    if not capabilities.honours_keys:
        busy.append(RefundState.PENDING)
    other = session.scalar(
        select(Refund.id).where(
            Refund.transaction_id == refund.transaction_id, Refund.id != refund.id, Refund.state.in_(busy)
        )
    )
    # The one that is already under way itself is never held up: two that wait for each other would wait for ever.
    if other is not None and refund.state == RefundState.READY:
        return NotNow(TURN_S, "Another refund of the same payment is under way.")
    return None


def order_of(session: Session, refund: Refund, payment: Transaction) -> RefundOrder:
    """What the gateway is told or asked about this refund; the same every time."""
    return RefundOrder(
        key=refund.idem_key,
        reference=str(refund.id),
        payment_ref=payment.gateway_ref or payment.remote_id,
        amount=refund.amount,
        currency=refund.currency,
        item_ref=refund.gateway_item,
        reason=refund.reason,
        is_whole_payment=_is_whole(session, refund, payment),
        is_release=refund.way == RefundWay.RELEASE,
        paid_at=payment.paid_at,
    )


def _is_whole(session: Session, refund: Refund, payment: Transaction) -> bool:
    """All that was captured, in one piece; of a release, that nothing stays reserved after it."""
    if refund.way != RefundWay.RELEASE:
        return not refund.gateway_item and refund.amount == payment.captured_amount
    others = session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.transaction_id == payment.id,
            Refund.way == RefundWay.RELEASE.value,
            Refund.id != refund.id,
            Refund.state.not_in([state.value for state in RELEASED_REFUND_STATES]),
        )
    )
    reserved = payment.authorised_amount - payment.captured_amount - Decimal(others or 0)
    return refund.amount >= reserved


def _facts(session: Session, refund: Refund) -> SentFacts:
    ages = session.execute(
        text(
            "SELECT extract(epoch FROM clock_timestamp() - first_sent_at)::float8,"
            " extract(epoch FROM clock_timestamp() - last_sent_at)::float8,"
            " coalesce(first_sent_at < last_sent_at, false) FROM refund WHERE id = :id"
        ),
        {"id": refund.id},
    ).one()
    last = session.scalars(
        select(RefundAttempt.outcome)
        # What a look found in between does not change what the last sending was answered.
        .where(RefundAttempt.refund_id == refund.id, RefundAttempt.phase == "send")
        .order_by(RefundAttempt.id.desc())
        .limit(1)
    ).one_or_none()
    return SentFacts(
        amount=Decimal(refund.amount),
        currency=refund.currency,
        first_sent_age_s=ages[0],
        last_sent_age_s=ages[1],
        attempts=_attempts(session, refund.id),
        said_already_refunded=last == Outcome.ALREADY_REFUNDED,
        said_declined=last == Outcome.DECLINED,
        was_resent=bool(ages[2]),
    )


def _attempts(session: Session, refund_id: uuid.UUID) -> int:
    count = select(func.count()).select_from(RefundAttempt).where(RefundAttempt.refund_id == refund_id)
    return int(session.scalar(count) or 0)
