"""An order's status and flags, always derived from its items and plans."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.orders.enums import (
    ENDED_STATUSES,
    LEFT_STATUSES,
    LIVE_STATUSES,
    OPEN_CANCEL_STATUSES,
    CancelStatus,
    OrderStatus,
)
from webapp.orders.states.items import PENDING


@dataclass(frozen=True, slots=True)
class OrderFlags:
    """What an order's single status cannot say."""

    has_open_plan: bool
    partially_cancelled: bool
    partially_refunded: bool
    partially_shipped: bool


def order_status(item_statuses: Iterable[OrderStatus]) -> OrderStatus | None:
    """The order's status by its items. None for an order without items: it keeps its own."""
    statuses = set(item_statuses)
    if not statuses:
        return None
    active = statuses - ENDED_STATUSES - {PENDING}
    if active:
        return min(active)
    if PENDING in statuses:
        return PENDING
    return OrderStatus.CANCELLED if statuses == {OrderStatus.CANCELLED} else OrderStatus.REFUNDED


def order_flags(item_statuses: Iterable[OrderStatus], plan_statuses: Iterable[CancelStatus]) -> OrderFlags:
    """The flags beside the status; only live items count as shipped or still to ship."""
    statuses = set(item_statuses)
    live = statuses & LIVE_STATUSES
    return OrderFlags(
        has_open_plan=not OPEN_CANCEL_STATUSES.isdisjoint(plan_statuses),
        partially_cancelled=_is_part(OrderStatus.CANCELLED, statuses),
        partially_refunded=_is_part(OrderStatus.REFUNDED, statuses),
        partially_shipped=bool(live & LEFT_STATUSES) and bool(live - LEFT_STATUSES),
    )


def _is_part(status: OrderStatus, statuses: set[OrderStatus]) -> bool:
    return status in statuses and len(statuses) > 1
