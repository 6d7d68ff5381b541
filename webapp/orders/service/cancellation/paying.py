"""The refunds of an approved plan: rows and keys first, then the work that carries them out."""

import uuid
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.operations import NewOperation, Queue, create
from webapp.orders.enums import RefundState, RefundWay
from webapp.orders.models import CancellationPlan, CancellationPlanTender, Order
from webapp.payments.models import Refund, Transaction

# These are carried out by the refund machine; the others wait for a person and his evidence.
BY_MACHINE: Final = frozenset({RefundWay.GATEWAY, RefundWay.CHANNEL, RefundWay.RELEASE})
# Never given up by counting attempts: time and the gateway's word end a refund (payments/deciding.py).
ENDLESS: Final = 1_000_000


def make_refunds(
    session: Session, order: Order, plan: CancellationPlan, *, requested_by_id: int | None
) -> list[Refund]:
    """One refund per way back of the plan, and per basket item where the gateway refunds by item (decision 2)."""
    made: list[Refund] = []
    tenders = session.execute(
        select(CancellationPlanTender, Transaction)
        .join(Transaction, Transaction.id == CancellationPlanTender.transaction_id)
        .where(CancellationPlanTender.plan_id == plan.id)
        .order_by(Transaction.id)
        .with_for_update(of=Transaction)
    )
    for tender, payment in tenders:
        made.append(_refund(order, plan, tender, payment))
    session.add_all(made)
    session.flush()
    for refund in made:
        if RefundWay(refund.way) in BY_MACHINE:
            start(session, refund, channel_id=order.channel_id, requested_by_id=requested_by_id)
    return made


def start(session: Session, refund: Refund, *, channel_id: int, requested_by_id: int | None) -> None:
    """Have the machine work on this refund."""
    create(
        session,
        NewOperation(
            kind="refund.run",
            queue=Queue.MONEY,
            dedupe_key=str(refund.id),
            args={"refund_id": str(refund.id), "gateway": refund.gateway},
            order_id=refund.order_id,
            channel_id=channel_id,
            requested_by_id=requested_by_id,
            max_attempts=ENDLESS,
        ),
    )


def _refund(
    order: Order, plan: CancellationPlan, tender: CancellationPlanTender, payment: Transaction
) -> Refund:
    refund_id = uuid.uuid4()
    by_machine = RefundWay(tender.way) in BY_MACHINE
    return Refund(
        id=refund_id,
        order_id=order.id,
        plan_id=plan.id,
        transaction_id=payment.id,
        way=tender.way,
        amount=tender.amount,
        currency=payment.currency,
        state=(RefundState.READY if by_machine else RefundState.MANUAL).value,
        idem_key=f"rf_{refund_id}",
        gateway=gateway_name(order, tender.way, payment),
        payee_id=tender.payee_id,
        reason=f"Order {order.number}, plan {plan.id}",
    )


def gateway_name(order: Order, way: str, payment: Transaction) -> str | None:
    """Which gateway carries it out: the payment's own, or the channel that holds the money."""
    return f"channel:{order.channel_id}" if way == RefundWay.CHANNEL else payment.gateway
