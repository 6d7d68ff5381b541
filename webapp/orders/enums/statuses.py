"""Where orders, plans and wishes stand, and the named sets of it."""

from enum import IntEnum, StrEnum
from typing import Final, Self

from webapp.core.errors import InvalidInput
from webapp.core.text import N_
from webapp.orders.enums.worded import Dot, Worded, Wording, say


class OrderStatus(Worded, IntEnum):
    """Where an item or order stands. 50 and 100 are low numbers, not early stages."""

    CANCELLATION_WAITING = 50
    CANCELLED = 100
    WAITING = 200
    PAYMENT_WAITING = 300
    CONFIRMATION_WAITING = 350
    APPROVED = 400
    PREPARING = 450
    SHIPPED = 500
    SHIPPED_AND_INFORMED = 510
    READY_FOR_PICKUP = 520
    ATTEMPTED_DELIVERY = 540
    REVIEW_STARTED = 544
    REVIEW_WAITING = 545
    DELIVERED = 550
    REFUNDED = 600

    @property
    def wire(self) -> str:
        """The number as the reference's API writes it: `"400"`."""
        return str(self.value)

    @property
    def slug(self) -> str:
        """The reference's `status_display`: `"approved"`."""
        return self.name.lower()

    @classmethod
    def from_wire(cls, text: str | int) -> Self:
        """The status of a code such as `"400"`. Raises InvalidInput naming the codes that exist."""
        try:
            return cls(int(text))
        except ValueError:
            known = ", ".join(status.wire for status in cls)
            raise InvalidInput(f"“{text}” is no order status. Use one of {known}.") from None


say(
    OrderStatus,
    {
        OrderStatus.CANCELLATION_WAITING: Wording(N_("Cancellation waiting"), Dot.AMBER),
        OrderStatus.CANCELLED: Wording(N_("Cancelled"), Dot.RED),
        OrderStatus.WAITING: Wording(N_("Waiting")),
        OrderStatus.PAYMENT_WAITING: Wording(N_("Waiting for payment")),
        OrderStatus.CONFIRMATION_WAITING: Wording(N_("To be confirmed"), Dot.AMBER),
        OrderStatus.APPROVED: Wording(N_("Approved"), Dot.BLUE),
        OrderStatus.PREPARING: Wording(N_("Preparing"), Dot.BLUE),
        OrderStatus.SHIPPED: Wording(N_("Shipped"), Dot.INDIGO),
        OrderStatus.SHIPPED_AND_INFORMED: Wording(N_("Shipped, customer informed"), Dot.INDIGO),
        OrderStatus.READY_FOR_PICKUP: Wording(N_("Ready for pickup"), Dot.INDIGO),
        OrderStatus.ATTEMPTED_DELIVERY: Wording(N_("Delivery attempted"), Dot.AMBER),
        OrderStatus.REVIEW_STARTED: Wording(N_("Return being reviewed"), Dot.BLUE),
        OrderStatus.REVIEW_WAITING: Wording(N_("Return waiting for review"), Dot.AMBER),
        OrderStatus.DELIVERED: Wording(N_("Delivered"), Dot.GREEN),
        OrderStatus.REFUNDED: Wording(N_("Refunded"), Dot.RED),
    },
)


class CancelStatus(Worded, StrEnum):
    """Where a cancellation plan stands; `manuel_refund_need` keeps the reference's spelling on the wire."""

    WAITING = "waiting"
    CONFIRMATION_WAITING = "confirmation_waiting"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WAITING_FOR_PAYMENT = "waiting_for_payment"
    MANUEL_REFUND_NEED = "manuel_refund_need"
    COMPLETED = "completed"


say(
    CancelStatus,
    {
        CancelStatus.WAITING: Wording(N_("Waiting for approval"), Dot.AMBER),
        CancelStatus.CONFIRMATION_WAITING: Wording(N_("Goods or store to be checked"), Dot.AMBER),
        CancelStatus.CONFIRMED: Wording(N_("Checked, waiting for approval"), Dot.AMBER),
        CancelStatus.APPROVED: Wording(N_("Approved"), Dot.BLUE),
        CancelStatus.REJECTED: Wording(N_("Rejected")),
        CancelStatus.WAITING_FOR_PAYMENT: Wording(N_("Refund waiting for the bank"), Dot.INDIGO),
        CancelStatus.MANUEL_REFUND_NEED: Wording(N_("Manual refund needed"), Dot.AMBER),
        CancelStatus.COMPLETED: Wording(N_("Completed"), Dot.GREEN),
    },
)


class PlanKind(Worded, StrEnum):
    """What a plan does: `cancel` for goods that have not left (100), `refund` for goods that have (600)."""

    CANCEL = "cancel"
    REFUND = "refund"


say(
    PlanKind,
    {
        PlanKind.CANCEL: Wording(N_("Cancellation"), Dot.RED),
        PlanKind.REFUND: Wording(N_("Return"), Dot.RED),
    },
)


class RequestStatus(Worded, StrEnum):
    """Where a customer's or channel's wish to cancel an item stands."""

    WAITING_APPROVAL = "waiting_approval"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    REJECTED = "rejected"
    COMPLETED = "completed"


say(
    RequestStatus,
    {
        RequestStatus.WAITING_APPROVAL: Wording(N_("Waiting for approval"), Dot.AMBER),
        RequestStatus.CONFIRMED: Wording(N_("Confirmed"), Dot.AMBER),
        RequestStatus.APPROVED: Wording(N_("Approved"), Dot.BLUE),
        RequestStatus.REJECTED: Wording(N_("Rejected")),
        RequestStatus.COMPLETED: Wording(N_("Completed"), Dot.GREEN),
    },
)


ENDED_STATUSES: Final = frozenset({OrderStatus.CANCELLED, OrderStatus.REFUNDED})
LIVE_STATUSES: Final = frozenset(OrderStatus) - ENDED_STATUSES - {OrderStatus.CANCELLATION_WAITING}
# The goods have left us, so money goes back by a refund plan. 520 lies in our own store: still a cancel.
LEFT_STATUSES: Final = frozenset(
    status
    for status in LIVE_STATUSES
    if status >= OrderStatus.SHIPPED and status is not OrderStatus.READY_FOR_PICKUP
)

CLOSED_CANCEL_STATUSES: Final = frozenset({CancelStatus.REJECTED, CancelStatus.COMPLETED})
OPEN_CANCEL_STATUSES: Final = frozenset(CancelStatus) - CLOSED_CANCEL_STATUSES
# Nobody has decided yet: the plan can be approved or rejected freely.
UNDECIDED_CANCEL_STATUSES: Final = frozenset(
    {CancelStatus.WAITING, CancelStatus.CONFIRMATION_WAITING, CancelStatus.CONFIRMED}
)
