"""The refunds of an approved plan: rows and keys first, then the work that carries them out."""

import uuid
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.clock import utc_now
from webapp.core.operations import NewOperation, Queue, create
from webapp.orders.enums import RELEASED_REFUND_STATES, MoneyHolder, RefundState, RefundWay
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    Order,
    OrderItem,
)
from webapp.payments.by_item import NO_ITEM, ItemLeft, parts_by_item, same_bank_day
from webapp.payments.history import basket_of
from webapp.payments.models import Refund, Transaction

# These are carried out by the refund machine; the others wait for a person and his evidence.
BY_MACHINE: Final = frozenset({RefundWay.GATEWAY, RefundWay.CHANNEL, RefundWay.RELEASE})
# Never given up by counting attempts: time and the gateway's word end a refund (payments/deciding.py).
ENDLESS: Final = 1_000_000


def make_refunds(
    session: Session, order: Order, plan: CancellationPlan, *, requested_by_id: int | None
) -> list[Refund]:
    """One refund per way back of the plan, and per basket item where the gateway refunds by item."""
    made: list[Refund] = []
    tenders = session.execute(
        select(CancellationPlanTender, Transaction)
        .join(Transaction, Transaction.id == CancellationPlanTender.transaction_id)
        .where(CancellationPlanTender.plan_id == plan.id)
        .order_by(Transaction.id)
        .with_for_update(of=Transaction)
    )
    for tender, payment in tenders:
        for item, amount in _parts(session, plan, tender, payment):
            made.append(_refund(order, plan, tender, payment, item, amount))
    session.add_all(made)
    session.flush()
    for refund in made:
        if refund.state == RefundState.READY:
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


def _parts(
    session: Session, plan: CancellationPlan, tender: CancellationPlanTender, payment: Transaction
) -> list[tuple[str, Decimal]]:
    """(basket item, amount): in one piece, but for a gateway that refunds by item and whose items we know.

    A whole payment stays one piece on its own day: it is cancelled then (gateways/iyzico.py).
    """
    items = basket_of(payment)
    is_whole_today = tender.amount == payment.captured_amount and same_bank_day(payment.paid_at, utc_now())
    if RefundWay(tender.way) is not RefundWay.GATEWAY or not items or is_whole_today:
        return [(NO_ITEM, tender.amount)]
    rows = session.execute(
        select(Refund.gateway_item, func.sum(Refund.amount))
        .where(
            Refund.transaction_id == payment.id,
            Refund.way != RefundWay.RELEASE.value,
            Refund.state.not_in([state.value for state in RELEASED_REFUND_STATES]),
        )
        .group_by(Refund.gateway_item)
    )
    gone = {str(item): Decimal(amount) for item, amount in rows}
    if NO_ITEM in gone:
        # Which items gave that amount only the gateway knows.
        return [(NO_ITEM, tender.amount)]
    left = [ItemLeft(each.ref, each.item, each.paid_price - gone.get(each.ref, Decimal(0))) for each in items]
    return parts_by_item(tender.amount, left, _cancelled_lines(session, plan))


def _cancelled_lines(session: Session, plan: CancellationPlan) -> set[str]:
    rows = session.execute(
        select(OrderItem.remote_line_id, OrderItem.sku)
        .join(CancellationPlanItem, CancellationPlanItem.order_item_id == OrderItem.id)
        .where(CancellationPlanItem.plan_id == plan.id, ~CancellationPlanItem.is_shipping_only)
    )
    return {name for row in rows for name in row if name}


def _refund(
    order: Order,
    plan: CancellationPlan,
    tender: CancellationPlanTender,
    payment: Transaction,
    gateway_item: str,
    amount: Decimal,
) -> Refund:
    refund_id = uuid.uuid4()
    state = _first_state(tender, payment)
    return Refund(
        id=refund_id,
        order_id=order.id,
        plan_id=plan.id,
        transaction_id=payment.id,
        gateway_item=gateway_item,
        way=tender.way,
        amount=amount,
        currency=payment.currency,
        state=state.value,
        settled_at=func.clock_timestamp() if state is RefundState.SUCCEEDED else None,
        idem_key=f"rf_{refund_id}",
        gateway=gateway_name(order, tender.way, payment),
        payee_id=tender.payee_id,
        reason=f"Order {order.number}, plan {plan.id}",
    )


def _first_state(tender: CancellationPlanTender, payment: Transaction) -> RefundState:
    """Ready for the machine or waiting for a person; what others have reserved is not ours to let go.

    Whoever reserved it hears of the cancellation and captures nothing, or less.
    """
    if tender.way == RefundWay.RELEASE and (payment.holder != MoneyHolder.US or payment.gateway is None):
        return RefundState.SUCCEEDED
    return RefundState.READY if RefundWay(tender.way) in BY_MACHINE else RefundState.MANUAL


def gateway_name(order: Order, way: str, payment: Transaction) -> str | None:
    """Which gateway carries it out: the payment's own, or the channel that holds the money."""
    return f"channel:{order.channel_id}" if way == RefundWay.CHANNEL else payment.gateway
