"""A refund that had succeeded and fails later: the bank, or a transfer that came back."""

from sqlalchemy import func
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.money import in_words
from webapp.orders.enums import AttentionKind, RefundState
from webapp.orders.models import Order
from webapp.orders.service.attention import Alarm, raise_attention
from webapp.orders.service.news import announce_refund
from webapp.orders.service.refunds.plan_moves import move_plan
from webapp.orders.service.standing import restate
from webapp.orders.states import check_refund_move
from webapp.payments.models import LedgerEntry, Refund


def reverse_refund(
    session: Session, order: Order, refund: Refund, *, words: str, context: AuditContext
) -> None:
    """Book the money as come back, under the order's lock: the plan needs a person, the cap is open again.

    The ledger keeps both movements; another try is a new refund with a new key. Raises TransitionNotAllowed for a
    refund that has not succeeded.
    """
    check_refund_move(RefundState(refund.state), RefundState.DECLINED, refund_reversed=True)
    refund.state = RefundState.DECLINED.value
    refund.settled_at = func.clock_timestamp()
    refund.last_error = words[:2000]
    refund.version += 1
    session.add(
        LedgerEntry(
            refund_id=refund.id,
            order_id=order.id,
            kind="reversal",
            amount=refund.amount,
            currency=refund.currency,
            gateway_ref=refund.gateway_ref,
        )
    )
    order.refund_amount -= refund.amount
    if refund.plan_id is not None:
        move_plan(session, order, refund.plan_id, refund_reversed=True)
    restate(session, order)
    _tell(session, order, refund, words, context)
    announce_refund(session, order, refund)


def _tell(session: Session, order: Order, refund: Refund, words: str, context: AuditContext) -> None:
    record(
        session,
        context,
        "refund.reversed",
        subject=("refund", refund.id),
        order_id=order.id,
        summary=in_words(refund.amount, refund.currency),
        words=words,
        changes={"state": [RefundState.SUCCEEDED.value, refund.state]},
    )
    alarm = Alarm(
        order_id=order.id,
        channel_id=order.channel_id,
        kind=AttentionKind.REFUND_REVERSED,
        words=f"The refund of {in_words(refund.amount, refund.currency)} came back: {words} The customer has not got it.",
        facts={"refund_id": str(refund.id), "amount": str(refund.amount)},
    )
    raise_attention(session, [alarm])
