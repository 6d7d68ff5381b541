"""Distribute an order's discounts, shipping and interest anew, from what its own rows say."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import CancelStatus
from webapp.orders.models import CancellationPlan, DiscountItem, Order, OrderItem
from webapp.orders.pricing import (
    DiscountMoney,
    DiscountStage,
    LineMoney,
    OrderMoney,
    PricedOrder,
    price_order,
    steps_from_json,
    steps_to_json,
)
from webapp.orders.service.standing import touch
from webapp.orders.service.writing.columns import ORDER_AMOUNTS, SHARES
from webapp.orders.service.writing.incoming import DISTRIBUTED_SCOPES
from webapp.orders.service.writing.story import distributed
from webapp.payments.models import Transaction

_NOTHING: Final = Decimal(0)


def redistribute(session: Session, order: Order, context: AuditContext) -> bool:
    """Give every item its shares anew, under the order's lock; False when they were right.

    Raises Conflict when a cancellation stands on the shares, or a line was split: shares never change after that.
    """
    items = list(
        session.scalars(
            select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.position, OrderItem.id)
        )
    )
    _refuse_fixed_shares(session, order, items)
    discounts = list(
        session.scalars(
            select(DiscountItem)
            .where(DiscountItem.order_id == order.id, DiscountItem.scope.in_(DISTRIBUTED_SCOPES))
            .order_by(DiscountItem.id)
        )
    )
    priced = price_order(_money(order, items, discounts))
    changes = _take_over(session, order, items, discounts, priced)
    if not changes:
        return False
    touch(order)
    shared = distributed(priced, order.currency)
    record(
        session,
        context,
        "order.money.distributed",
        subject=("order", order.id),
        order_id=order.id,
        summary=f"Rule {shared} anew" if shared else "Rule distributed nothing any more",
        changes=changes,
    )
    session.flush()
    return True


def _refuse_fixed_shares(session: Session, order: Order, items: Sequence[OrderItem]) -> None:
    has_plan = session.scalar(
        select(CancellationPlan.id)
        .where(CancellationPlan.order_id == order.id, CancellationPlan.status != CancelStatus.REJECTED)
        .limit(1)
    )
    if has_plan is not None:
        raise Conflict(
            said(
                N_("A cancellation of order %(number)s stands on its amounts: they stay as they are."),
                number=order.number,
            )
        )
    if any(item.part for item in items):
        raise Conflict(
            said(
                N_("A line of order %(number)s was split: its amounts stay as they are."), number=order.number
            )
        )


def _money(order: Order, items: Sequence[OrderItem], discounts: Sequence[DiscountItem]) -> OrderMoney:
    steps = [steps_from_json(item.price_steps) for item in items]
    given_to_items = {
        discount.remote_id: sum(
            (step.amount for of_item in steps for step in of_item if step.key == discount.remote_id), _NOTHING
        )
        for discount in discounts
    }
    # What an order discount took off the shipping is distributed again; only the shipping's own is given.
    off_shipping = sum((each.applied_amount - given_to_items[each.remote_id] for each in discounts), _NOTHING)
    return OrderMoney(
        currency=order.currency,
        lines=[
            LineMoney(
                item.remote_line_id,
                item.amount,
                sum((step.amount for step in of_item if step.stage is DiscountStage.LINE), _NOTHING),
                item.tax_amount,
                item.tax_rate,
            )
            for item, of_item in zip(items, steps, strict=True)
        ],
        total=order.amount,
        discounts=[
            DiscountMoney(each.remote_id, each.amount, frozenset(each.benefit_lines), each.also_shipping)
            for each in discounts
        ],
        shipping=order.shipping_amount,
        shipping_discount=order.shipping_discount_amount - off_shipping,
        interest=order.installment_interest_amount + order.shipping_interest_amount,
    )


def _take_over(
    session: Session,
    order: Order,
    items: Sequence[OrderItem],
    discounts: Sequence[DiscountItem],
    priced: PricedOrder,
) -> dict[str, Any]:
    """Write the new figures; gives what changed, as [old, new], items by id."""
    changes: dict[str, Any] = _set(order, {name: getattr(priced, name) for name in ORDER_AMOUNTS})
    of_items = {}
    for item, shares in zip(items, priced.items, strict=True):
        changed = _set(item, {name: getattr(shares, name) for name in SHARES})
        if changed:
            item.price_steps = steps_to_json(shares.discount_steps)
            item.version += 1
            of_items[str(item.id)] = changed
    for discount, applied in zip(discounts, priced.applied_discounts, strict=True):
        discount.applied_amount = applied
    mismatch = priced.money_mismatch or order.refund_amount > _paid(session, order)
    changes |= _set(order, {"money_mismatch": mismatch})
    return {**changes, "items": of_items} if changes or of_items else {}


def _set(row: Order | OrderItem, columns: dict[str, Any]) -> dict[str, list[Any]]:
    changed = {
        name: [getattr(row, name), value] for name, value in columns.items() if getattr(row, name) != value
    }
    for name, (_, new) in changed.items():
        setattr(row, name, new)
    return {
        name: [value if isinstance(value, bool) else str(value) for value in pair]
        for name, pair in changed.items()
    }


def _paid(session: Session, order: Order) -> Decimal:
    paid = session.scalar(
        select(func.sum(Transaction.captured_amount)).where(Transaction.order_id == order.id)
    )
    return paid or _NOTHING
