"""What the refunds of an approved plan make of the plan, its items and the order's amounts; under the order's lock."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.orders.enums import (
    ENDED_STATUSES,
    OPEN_CANCEL_STATUSES,
    CancelStatus,
    OrderStatus,
    PlanKind,
    RefundState,
    RefundWay,
)
from webapp.orders.models import CancellationPlan, CancellationPlanItem, Order, OrderItem
from webapp.orders.service.news import announce_plan
from webapp.orders.states import check_cancel_move, item_status_in_plan, plan_status_after_refunds
from webapp.payments.models import Refund


def move_plan(session: Session, order: Order, plan_id: int, *, refund_reversed: bool = False) -> None:
    """Bring an approved plan to where its refunds are, and its items with it."""
    session.flush()
    plan = session.get_one(CancellationPlan, plan_id, populate_existing=True)
    rows = session.execute(
        select(Refund.state, Refund.amount).where(Refund.plan_id == plan_id, Refund.way != RefundWay.RELEASE)
    ).all()
    status = plan_status_after_refunds(
        plan.owed_amount, [(RefundState(state), amount) for state, amount in rows]
    )
    if status == plan.status:
        return
    before = CancelStatus(plan.status)
    check_cancel_move(
        before,
        status,
        kind=PlanKind(plan.kind),
        refund_sent=True,
        refund_reversed=refund_reversed,
    )
    plan.status = status.value
    plan.version += 1
    plan.closed_at = func.clock_timestamp() if status is CancelStatus.COMPLETED else None
    move_items(session, plan, status)
    if status is CancelStatus.COMPLETED:
        _move_amounts(session, order, plan, 1)
        announce_plan(session, order, plan)
    elif before is CancelStatus.COMPLETED:
        _move_amounts(session, order, plan, -1)


def _move_amounts(session: Session, order: Order, plan: CancellationPlan, sign: int) -> None:
    """The plan has paid back all it owes: its rows' shares are refunded now.

    They only grow, but for a refund that the bank took back: then they are not refunded, and `sign` is -1.
    """
    for line, item in _lines(session, plan):
        goods = line.amount - line.discount_amount + line.rounding_amount + line.interest_amount
        shipping = line.shipping_amount + line.shipping_interest_amount
        item.shipping_refund_amount += sign * line.shipping_amount
        item.refund_amount += sign * (shipping if line.is_shipping_only else goods + shipping)
        if not line.is_shipping_only:
            item.discount_refund_amount += sign * line.discount_amount
            order.discount_refund_amount += sign * line.discount_amount
        order.shipping_refund_amount += sign * line.shipping_amount


def move_items(session: Session, plan: CancellationPlan, status: CancelStatus) -> None:
    """Give the plan's items what this status of the plan makes of them."""
    for line, item in _lines(session, plan):
        line.is_open = status in OPEN_CANCEL_STATUSES
        if line.is_shipping_only:
            continue
        item.cancel_status = status.value
        item.version += 1
        if item.status in ENDED_STATUSES:
            # Cancelled and refunded are final: the goods stay back, also when the bank takes the money back.
            continue
        stored = OrderStatus(item.status_before_cancel or item.status)
        end = OrderStatus(plan.next_status) if plan.next_status is not None else None
        target = item_status_in_plan(PlanKind(plan.kind), status, stored, end)
        if target != item.status:
            item.status = int(target)
            item.status_before_cancel = None


def _lines(session: Session, plan: CancellationPlan) -> list[tuple[CancellationPlanItem, OrderItem]]:
    rows = session.execute(
        select(CancellationPlanItem, OrderItem)
        .join(OrderItem, OrderItem.id == CancellationPlanItem.order_item_id)
        .where(CancellationPlanItem.plan_id == plan.id)
        .order_by(OrderItem.id)
    )
    return [(line, item) for line, item in rows]
