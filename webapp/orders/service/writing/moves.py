"""What a channel's status does to each item."""

from functools import cache
from typing import Any, Final

from webapp.orders.enums import (
    LEFT_STATUSES,
    LIVE_STATUSES,
    AttentionKind,
    CancelStatus,
    OrderStatus,
    RequestStatus,
)
from webapp.orders.inputs import ItemDraft
from webapp.orders.service.wording import counted
from webapp.orders.service.writing.decision import Beginning, Decision
from webapp.orders.service.writing.stored import Columns
from webapp.orders.states import (
    PulledMove,
    PullVerdict,
    order_cancel_status,
    order_flags,
    order_status,
    pulled_item_status,
)

# Where a new order's item must have stood before it ended, for the channel told us only how it ended.
_BEFORE_END: Final = {
    OrderStatus.CANCELLATION_WAITING: OrderStatus.APPROVED,
    OrderStatus.CANCELLED: OrderStatus.APPROVED,
    OrderStatus.REFUNDED: OrderStatus.DELIVERED,
}
# Up to here nobody has released the order to the warehouse.
_NOT_RELEASED: Final = frozenset(
    {OrderStatus.WAITING, OrderStatus.PAYMENT_WAITING, OrderStatus.CONFIRMATION_WAITING}
)
RELEASED_STATUSES: Final = LIVE_STATUSES - _NOT_RELEASED

_REASONS: Final = {
    PullVerdict.PARKED: (AttentionKind.SHIPPED_WHILE_CANCELLING, "which we are cancelling"),
    PullVerdict.OLDER: (AttentionKind.GOES_ON_AFTER_END, "which has ended here"),
    PullVerdict.REQUESTED: (
        AttentionKind.ENDED_WITH_OUR_MONEY,
        "and we hold the money: it must be paid back",
    ),
}


@cache
def beginning(status: OrderStatus, *, we_hold_money: bool) -> Beginning:
    """Where an item begins that we hear of for the first time; one that ended with our money becomes a request."""
    before = _BEFORE_END.get(status)
    if before is None:
        return Beginning(status)
    move = pulled_item_status(before, status, we_hold_money=we_hold_money)
    is_waiting = move.status is OrderStatus.CANCELLATION_WAITING
    return Beginning(move.status, before if is_waiting else None, move.verdict, move.needs_attention)


def is_sent(status: OrderStatus, *, was_sent: bool = False, before: OrderStatus | None = None) -> bool:
    """Whether the order is with the warehouse: it goes there when it is approved; staff can take it back."""
    is_new = before is None or before in _NOT_RELEASED
    return status in RELEASED_STATUSES if is_new and status in LIVE_STATUSES else was_sent


def decide_moves(decision: Decision) -> None:
    """Each part of a line by the line's status; then what follows for the order's own status and flags."""
    draft = decision.incoming.draft
    lines = {line.remote_line_id: line for line in draft.items}
    for item in decision.stored.items:
        line = lines.get(item["remote_line_id"])
        if line is not None:
            _decide_move(decision, item, line)
    _raise_for_items(decision)
    _derive_order(decision)


def _decide_move(decision: Decision, item: Columns, line: ItemDraft) -> None:
    word = line.external_status or decision.incoming.draft.external_status
    says_something_new = word is not None and word != item["external_status"]
    if says_something_new:
        decision.set_item(item, external_status=word)
    stored = item["status_before_cancel"]
    move = pulled_item_status(
        OrderStatus(item["status"]),
        line.status,
        # A wish that somebody here has taken down binds us like a plan.
        has_own_plan=item["in_open_plan"] or item["has_own_request"],
        stored=None if stored is None else OrderStatus(stored),
        we_hold_money=decision.stored.held_by_us > 0,
    )
    _note(decision, item, line.status, move, says_something_new=says_something_new)


def _note(
    decision: Decision, item: Columns, remote: OrderStatus, move: PulledMove, *, says_something_new: bool
) -> None:
    match move.verdict:
        case PullVerdict.MOVE:
            decision.set_item(item, status=int(move.status), **_dates(decision, item, move.status))
            decision.moved.append(item)
        case PullVerdict.REQUESTED if not item["channel_requests"]:
            before = item["status_before_cancel"] or item["status"]
            decision.set_item(item, status=int(move.status), status_before_cancel=before)
            decision.requested.append(item)
        case PullVerdict.REQUEST_WITHDRAWN:
            decision.set_item(item, status=int(move.status), status_before_cancel=None)
            decision.given_back.append(item)
            decision.answers |= dict.fromkeys(item["channel_requests"], RequestStatus.REJECTED)
        case PullVerdict.CLOSED_BY_CHANNEL:
            decision.set_item(item, status=int(move.status), status_before_cancel=None)
            decision.closed.append(item)
            decision.answers |= dict.fromkeys(item["channel_requests"], RequestStatus.COMPLETED)
        case PullVerdict.OLDER | PullVerdict.PARKED if says_something_new:
            decision.kept.append(item)
    if move.needs_attention:
        decision.needing_attention.setdefault((move.verdict, remote), []).append(item["id"])


def _dates(decision: Decision, item: Columns, status: OrderStatus) -> dict[str, Any]:
    """When it left and when it arrived, as far as the channel's own time of the change tells."""
    at = decision.incoming.draft.remote_modified_at
    dates: dict[str, Any] = {}
    if at is not None and status in LEFT_STATUSES and item["shipped_date"] is None:
        dates["shipped_date"] = at
    if at is not None and status is OrderStatus.DELIVERED and item["delivered_date"] is None:
        dates["delivered_date"] = at
    return dates


def _raise_for_items(decision: Decision) -> None:
    """One entry per reason, naming every item it concerns."""
    for (verdict, remote), items in decision.needing_attention.items():
        kind, here = _REASONS[verdict]
        said = f"The channel says “{remote.label.lower()}” for {counted(len(items), 'item')}"
        decision.alarm(kind, f"{said}, {here}.", items=items, status=int(remote))


def _derive_order(decision: Decision) -> None:
    """The order's status and flags by its items as they will be."""
    columns = decision.stored.columns
    statuses = [
        OrderStatus({**item, **decision.items.get(item["id"], {})}["status"])
        for item in decision.stored.items
    ]
    statuses += [added.begins.status for added in decision.added]
    before = OrderStatus(columns["status"])
    # An order without items has only the channel's word.
    status = order_status(statuses) or decision.incoming.draft.status
    flags = order_flags(statuses, decision.stored.plan_statuses)
    decision.set_order(
        status=int(status),
        is_send=is_sent(status, was_sent=columns["is_send"], before=before),
        partially_cancelled=flags.partially_cancelled,
        partially_refunded=flags.partially_refunded,
        partially_shipped=flags.partially_shipped,
        item_count=sum(item["part"] == 0 for item in decision.stored.items) + len(decision.added),
    )
    if decision.closed:
        plans = [*decision.stored.plan_statuses, CancelStatus.COMPLETED]
        decision.set_order(cancel_status=order_cancel_status(plans))
