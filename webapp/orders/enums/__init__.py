"""The codes of orders, plans and refunds, their named sets, and the words staff read for them."""

from webapp.orders.enums.buying import (
    ClientType,
    DeliveryType,
)
from webapp.orders.enums.channels import (
    OPEN_ACTION_STATES,
    STUCK_ACTION_STATES,
    ActionKind,
    ActionState,
    AddressOwnership,
    AttentionKind,
    FailureClass,
)
from webapp.orders.enums.money import (
    RELEASED_REFUND_STATES,
    RESERVING_REFUND_STATES,
    UNDER_WAY_REFUND_STATES,
    MoneyHolder,
    RefundState,
    RefundWay,
    ShippingPolicy,
    TenderKind,
)
from webapp.orders.enums.statuses import (
    CLOSED_CANCEL_STATUSES,
    ENDED_STATUSES,
    LEFT_STATUSES,
    LIVE_STATUSES,
    OPEN_CANCEL_STATUSES,
    UNDECIDED_CANCEL_STATUSES,
    CancelStatus,
    OrderStatus,
    PlanKind,
    RequestStatus,
)
from webapp.orders.enums.worded import (
    Dot,
    Worded,
    Wording,
)

__all__ = [
    "CLOSED_CANCEL_STATUSES",
    "ENDED_STATUSES",
    "LEFT_STATUSES",
    "LIVE_STATUSES",
    "OPEN_ACTION_STATES",
    "OPEN_CANCEL_STATUSES",
    "RELEASED_REFUND_STATES",
    "RESERVING_REFUND_STATES",
    "STUCK_ACTION_STATES",
    "UNDECIDED_CANCEL_STATUSES",
    "UNDER_WAY_REFUND_STATES",
    "ActionKind",
    "ActionState",
    "AddressOwnership",
    "AttentionKind",
    "CancelStatus",
    "ClientType",
    "DeliveryType",
    "Dot",
    "FailureClass",
    "MoneyHolder",
    "OrderStatus",
    "PlanKind",
    "RefundState",
    "RefundWay",
    "RequestStatus",
    "ShippingPolicy",
    "TenderKind",
    "Worded",
    "Wording",
]
