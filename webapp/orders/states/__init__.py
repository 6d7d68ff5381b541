"""Every state machine of an order: which moves exist, what follows from them, and what is refused.

Pure: codes in, codes or a refusal out. Services ask here before they write a status; nothing else decides one.
items: an item by hand or with its order. plans: cancellation plans and what they make of their items.
orders: the order's own status and flags. pulls: a channel's word. refunds: requests and money on its way.
"""

from webapp.orders.states.items import (
    BACKWARD_ITEM_MOVES,
    ITEM_MOVES,
    PENDING,
    MoveTerms,
    OrderMove,
    allowed_item_moves,
    check_chosen_move,
    check_item_move,
    check_order_move,
    offered_moves,
)
from webapp.orders.states.orders import OrderFlags, order_flags, order_status
from webapp.orders.states.plans import (
    CANCEL_MOVES,
    END_STATUS,
    check_cancel_move,
    item_status_in_plan,
    order_cancel_status,
    plan_kind,
    plan_status_after_refunds,
)
from webapp.orders.states.pulls import PulledMove, PullVerdict, pulled_item_status
from webapp.orders.states.refunds import (
    REFUND_MOVES,
    REQUEST_MOVES,
    check_refund_move,
    check_request_move,
)

__all__ = [
    "BACKWARD_ITEM_MOVES",
    "CANCEL_MOVES",
    "END_STATUS",
    "ITEM_MOVES",
    "PENDING",
    "REFUND_MOVES",
    "REQUEST_MOVES",
    "MoveTerms",
    "OrderFlags",
    "OrderMove",
    "PullVerdict",
    "PulledMove",
    "allowed_item_moves",
    "check_cancel_move",
    "check_chosen_move",
    "check_item_move",
    "check_order_move",
    "check_refund_move",
    "check_request_move",
    "item_status_in_plan",
    "offered_moves",
    "order_cancel_status",
    "order_flags",
    "order_status",
    "plan_kind",
    "plan_status_after_refunds",
    "pulled_item_status",
]
