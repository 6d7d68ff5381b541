"""The order as the rules of cancellation want it, read under its lock (or without, for a diagnosis)."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.orders.cancellation import ItemFacts, OrderFacts, TenderFacts
from webapp.orders.enums import (
    OPEN_CANCEL_STATUSES,
    RELEASED_REFUND_STATES,
    UNDECIDED_CANCEL_STATUSES,
    CancelStatus,
    MoneyHolder,
    OrderStatus,
    RefundWay,
    TenderKind,
)
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    Order,
    OrderItem,
)
from webapp.orders.pricing import RowMoney
from webapp.payments.account_types import PAYING_TYPES
from webapp.payments.models import GatewayAccount, Refund, Transaction

ZERO = Decimal(0)


def read_facts(session: Session, order: Order, *, without: Collection[int] = ()) -> OrderFacts:
    """The order's rows, payments and what earlier plans consumed, as if the plans `without` had not been opened."""
    session.flush()
    return OrderFacts(
        currency=order.currency,
        amount=order.amount,
        items=tuple(_items(session, order, without)),
        tenders=tuple(_tenders(session, order, without)),
        consumed=_consumed(session, order, without),
        money_mismatch=order.money_mismatch,
    )


def _items(session: Session, order: Order, without: Collection[int]) -> Iterable[ItemFacts]:
    lines = session.execute(
        select(CancellationPlanItem, CancellationPlan.status)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
        .where(CancellationPlan.order_id == order.id)
    ).all()
    left_out = {
        line.order_item_id for line, _ in lines if line.plan_id in without and not line.is_shipping_only
    }
    taken = {
        line.order_item_id
        for line, status in lines
        if line.plan_id not in without
        and status != CancelStatus.REJECTED
        and line.shipping_amount + line.shipping_interest_amount
    }
    held = {
        line.order_item_id
        for line, status in lines
        if line.plan_id not in without
        and CancelStatus(status) in OPEN_CANCEL_STATUSES
        and not line.is_shipping_only
    }
    rows = session.scalars(
        select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.position, OrderItem.part)
    )
    for row in rows:
        status = row.status
        if row.status_before_cancel and (row.id in left_out or is_only_wished(row, held)):
            status = row.status_before_cancel
        yield ItemFacts(
            key=row.id,
            name=row.name,
            status=OrderStatus(status),
            quantity=row.quantity,
            money=RowMoney.of(row),
            shipping_taken=row.id in taken,
        )


def is_only_wished(row: OrderItem, held: Collection[int]) -> bool:
    """Whether the item waits by a customer's or channel's wish alone, so that a plan may still take it."""
    return row.status == OrderStatus.CANCELLATION_WAITING and row.id not in held


def _tenders(session: Session, order: Order, without: Collection[int]) -> Iterable[TenderFacts]:
    refunds = session.execute(
        select(Refund.transaction_id, Refund.way, func.sum(Refund.amount))
        .where(Refund.order_id == order.id, Refund.state.not_in([s.value for s in RELEASED_REFUND_STATES]))
        .group_by(Refund.transaction_id, Refund.way)
    ).all()
    planned = session.execute(
        select(CancellationPlanTender, CancellationPlan.status)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanTender.plan_id)
        .where(
            CancellationPlan.order_id == order.id,
            CancellationPlan.status != CancelStatus.REJECTED,
            CancellationPlan.id.not_in(list(without)),
        )
    ).all()
    accounts = _paying_accounts(session)
    for payment in session.scalars(
        select(Transaction).where(Transaction.order_id == order.id).order_by(Transaction.id)
    ):
        back = {way: amount for at, way, amount in refunds if at == payment.id}
        own = [(tender, status) for tender, status in planned if tender.transaction_id == payment.id]
        # An undecided plan has no refunds yet; what it means to pay back is spoken for all the same.
        spoken_for = [tender for tender, status in own if status in UNDECIDED_CANCEL_STATUSES]
        released = back.pop(RefundWay.RELEASE.value, ZERO) + _sum(
            t for t in spoken_for if t.way == RefundWay.RELEASE
        )
        yield TenderFacts(
            key=payment.id,
            kind=TenderKind(payment.kind),
            captured=payment.captured_amount,
            reserved=sum(back.values(), ZERO) + _sum(t for t in spoken_for if t.way != RefundWay.RELEASE),
            uncaptured=max(ZERO, payment.authorised_amount - payment.captured_amount - released),
            interest=max(ZERO, payment.interest_amount - sum((t.interest_amount for t, _ in own), ZERO)),
            holder=MoneyHolder(payment.holder),
            can_refund=payment.gateway in accounts,
        )


def _paying_accounts(session: Session) -> set[str]:
    return set(
        session.scalars(
            select(GatewayAccount.name).where(
                GatewayAccount.is_active, GatewayAccount.gateway_type.in_(PAYING_TYPES)
            )
        )
    )


def _consumed(session: Session, order: Order, without: Collection[int]) -> Decimal:
    """Computed amounts of plans that were not rejected, and refunds made elsewhere."""
    plans = session.scalar(
        select(func.coalesce(func.sum(CancellationPlan.computed_amount), 0)).where(
            CancellationPlan.order_id == order.id,
            CancellationPlan.status != CancelStatus.REJECTED,
            CancellationPlan.id.not_in(list(without)),
        )
    )
    elsewhere = session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.order_id == order.id,
            Refund.plan_id.is_(None),
            Refund.state.not_in([state.value for state in RELEASED_REFUND_STATES]),
        )
    )
    return Decimal(plans or 0) + Decimal(elsewhere or 0)


def _sum(tenders: Iterable[CancellationPlanTender]) -> Decimal:
    return sum((tender.amount for tender in tenders), ZERO)
