"""What other systems hear of orders, plans and refunds: ids, codes and amounts, never who the customer is.

Whoever wants more reads the order by the API. Each function writes in the caller's transaction, and only what some
subscription wants (events/announcing.py).
"""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from webapp.core.money import quantise
from webapp.events.announcing import News, announce
from webapp.events.names import EventName
from webapp.orders.enums import CancelStatus, OrderStatus, RefundState, RefundWay
from webapp.orders.models import CancellationPlan, Order
from webapp.payments.models import Refund

_OF_PLAN: Final = {
    CancelStatus.APPROVED: EventName.PLAN_APPROVED,
    CancelStatus.REJECTED: EventName.PLAN_REJECTED,
    CancelStatus.COMPLETED: EventName.PLAN_COMPLETED,
}
_OF_REFUND: Final = {
    RefundState.SUCCEEDED: EventName.REFUND_SETTLED,
    RefundState.DECLINED: EventName.REFUND_FAILED,
}


def order_news(name: EventName, order_id: int, number: str, channel_id: int, **facts: Any) -> News:
    """One event about the order as a whole."""
    order = {"pk": order_id, "number": number, "channel": channel_id}
    return News(name, channel_id, order_id, str(order_id), {"order": order, **facts})


def status_news(order_id: int, number: str, channel_id: int, before: int, after: int) -> News:
    """The order moved; statuses are written as the API writes them."""
    return order_news(
        EventName.ORDER_STATUS_CHANGED,
        order_id,
        number,
        channel_id,
        previous_status=OrderStatus(before).wire,
        status=OrderStatus(after).wire,
    )


def announce_change(session: Session, order: Order, *, status_before: int | None = None) -> None:
    """The order changed; with `status_before`, perhaps its status too."""
    who = (order.id, order.number, order.channel_id)
    news = [order_news(EventName.ORDER_UPDATED, *who)]
    if status_before is not None and status_before != order.status:
        news.append(status_news(*who, status_before, order.status))
    announce(session, news)


def announce_opened(session: Session, order: Order, plan: CancellationPlan) -> None:
    """A plan was opened."""
    announce(session, [_plan_news(EventName.PLAN_CREATED, order, plan)])


def announce_plan(session: Session, order: Order, plan: CancellationPlan) -> None:
    """A plan has another status; of some nobody outside is told."""
    name = _OF_PLAN.get(CancelStatus(plan.status))
    if name is not None:
        announce(session, [_plan_news(name, order, plan)])


def announce_refund(session: Session, order: Order, refund: Refund) -> None:
    """A refund has another state. One that only lets reserved money go pays nothing back and is no news."""
    name = _OF_REFUND.get(RefundState(refund.state))
    if name is None or refund.way == RefundWay.RELEASE:
        return
    facts = refund_facts(
        refund.id, refund.plan_id, refund.state, refund.way, refund.amount, refund.currency, origin="kontor"
    )
    announce(session, [_about(name, order, str(refund.id), {"refund": facts})])


def plan_facts(
    plan_id: int, kind: str, status: str, amount: Decimal, currency: str, *, origin: str
) -> dict[str, Any]:
    """A plan as receivers see it: amounts are strings, currencies lower case, as in the API."""
    return {
        "pk": plan_id,
        "kind": kind,
        "status": status,
        "refund_amount": str(quantise(amount, currency)),
        "currency": currency.lower(),
        "origin": origin,
    }


def refund_facts(
    refund_id: object,
    plan_id: int | None,
    state: str,
    way: str | None,
    amount: Decimal,
    currency: str,
    *,
    origin: str,
) -> dict[str, Any]:
    """A refund as receivers see it; `origin` channel is one that was made there, without a plan of ours."""
    return {
        "id": str(refund_id),
        "cancellation_plan": plan_id,
        "state": state,
        "way": way,
        "amount": str(quantise(amount, currency)),
        "currency": currency.lower(),
        "origin": origin,
    }


def _plan_news(name: EventName, order: Order, plan: CancellationPlan) -> News:
    facts = plan_facts(plan.id, plan.kind, plan.status, plan.refund_amount, plan.currency, origin=plan.origin)
    return _about(name, order, str(plan.id), {"cancellation_plan": facts})


def _about(name: EventName, order: Order, subject: str, facts: dict[str, Any]) -> News:
    whole = {"order": {"pk": order.id, "number": order.number, "channel": order.channel_id}, **facts}
    return News(name, order.channel_id, order.id, subject, whole)
