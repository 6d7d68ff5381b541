"""The codes of orders, plans and refunds, their named sets, and the words staff read for them.

Labels are English message ids marked by `N_` for the translation catalogue; templates translate them.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Self

from webapp.core.errors import InvalidInput
from webapp.core.text import N_


class Dot(StrEnum):
    """The colour beside a state: grey idle, amber needs somebody, blue in work, indigo moving, green done."""

    GREY = "grey"
    AMBER = "amber"
    BLUE = "blue"
    INDIGO = "indigo"
    GREEN = "green"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Wording:
    """What staff read for a state, and its dot."""

    label: str
    dot: Dot = Dot.GREY


class Worded:
    """An enum whose members have a label and a dot in `_WORDING`."""

    @property
    def label(self) -> str:
        """English words for staff, to be translated where shown."""
        return _WORDING[type(self)][self].label

    @property
    def dot(self) -> Dot:
        """The colour of its dot."""
        return _WORDING[type(self)][self].dot


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


class PlanKind(Worded, StrEnum):
    """What a plan does: `cancel` for goods that have not left (100), `refund` for goods that have (600)."""

    CANCEL = "cancel"
    REFUND = "refund"


class RequestStatus(Worded, StrEnum):
    """Where a customer's or channel's wish to cancel an item stands."""

    WAITING_APPROVAL = "waiting_approval"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    REJECTED = "rejected"
    COMPLETED = "completed"


class RefundState(Worded, StrEnum):
    """Where one movement of money back stands; `unknown` means the gateway may or may not have done it."""

    READY = "ready"
    SENDING = "sending"
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    MANUAL = "manual"
    WITHDRAWN = "withdrawn"


class TenderKind(Worded, StrEnum):
    """How a payment was made, which decides how it can go back."""

    CARD = "card"
    FUNDS_TRANSFER = "funds_transfer"
    PAY_ON_DELIVERY = "pay_on_delivery"
    LOYALTY = "loyalty"
    CASH_REGISTER = "cash_register"
    MARKETPLACE = "marketplace"


class RefundWay(Worded, StrEnum):
    """How a part of the money goes back; `release` is money that was only reserved and is never captured."""

    GATEWAY = "gateway"
    CHANNEL = "channel"
    TRANSFER = "transfer"
    LOYALTY = "loyalty"
    STORE = "store"
    MANUAL = "manual"
    RELEASE = "release"


class MoneyHolder(Worded, StrEnum):
    """Who has the customer's money and therefore pays it back."""

    US = "us"
    CHANNEL = "channel"


class ShippingPolicy(Worded, StrEnum):
    """How much of the shipping fee a plan pays back."""

    NONE = "none"
    PROPORTIONAL = "proportional"
    REMAINING_IF_LAST = "remaining_if_last"
    FULL = "full"


class AddressOwnership(Worded, StrEnum):
    """Who decides about a channel's addresses."""

    OWNER = "owner"
    MIRROR = "mirror"
    NONE = "none"


class DeliveryType(Worded, StrEnum):
    """How the goods reach the customer; only store pickup knows `ready for pickup`."""

    STANDARD = "standard"
    SAME_DAY = "same_day"
    SCHEDULED = "scheduled"
    STORE_PICKUP = "store_pickup"


class ClientType(Worded, StrEnum):
    """What the customer ordered with."""

    DEFAULT = "default"
    ANDROID = "android"
    IOS = "ios"
    IN_STORE = "in_store"


class FailureClass(Worded, StrEnum):
    """Why a pulled order could not be taken, by who can mend it."""

    MAPPING = "mapping"
    VALIDATION = "validation"
    MONEY = "money"
    REMOTE = "remote"
    BUG = "bug"


class ActionKind(Worded, StrEnum):
    """What a channel is told through the outbox (models/integration_action.py)."""

    ACKNOWLEDGE = "acknowledge"
    STATUS = "status"
    TRACKING = "tracking"
    CANCEL = "cancel"
    ADDRESS = "address"
    STOCK = "stock"


class ActionState(Worded, StrEnum):
    """Where one thing stands that a channel is to be told; the first two are still to go."""

    WAITING = "waiting"
    FAILED = "failed"
    SENT = "sent"
    GIVEN_UP = "given_up"
    UNSUPPORTED = "unsupported"
    BY_HAND = "by_hand"
    WITHDRAWN = "withdrawn"


class AttentionKind(Worded, StrEnum):
    """Why somebody must look: a channel and we disagree, and no rule may decide it alone."""

    SHIPPED_WHILE_CANCELLING = "shipped_while_cancelling"
    GOES_ON_AFTER_END = "goes_on_after_end"
    ENDED_WITH_OUR_MONEY = "ended_with_our_money"
    EDITED_WITH_PLAN = "edited_with_plan"
    REFUNDED_MORE_THAN_PAID = "refunded_more_than_paid"
    REFUND_VANISHED = "refund_vanished"
    PAYMENT_LOWERED = "payment_lowered"
    PAID_MORE_THAN_TOTAL = "paid_more_than_total"
    ADDRESS_CHANGED_TWICE = "address_changed_twice"
    ADDRESS_CHANGED_LATE = "address_changed_late"
    ADDRESS_REFUSED = "address_refused"
    LABEL_OUTDATED = "label_outdated"
    CARRIER_SILENT = "carrier_silent"
    REFUND_NEEDS_PERSON = "refund_needs_person"
    REFUND_REVERSED = "refund_reversed"


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

# A channel has still to be told; the first of an order holds up those behind it.
OPEN_ACTION_STATES: Final = frozenset({ActionState.WAITING, ActionState.FAILED})
# Only a person can go on with these.
STUCK_ACTION_STATES: Final = frozenset({ActionState.GIVEN_UP, ActionState.UNSUPPORTED})

# No money moves by these any more, so they do not count in the caps.
RELEASED_REFUND_STATES: Final = frozenset({RefundState.DECLINED, RefundState.WITHDRAWN})
RESERVING_REFUND_STATES: Final = frozenset(RefundState) - RELEASED_REFUND_STATES
# The machine still works on these; a person has nothing to do.
UNDER_WAY_REFUND_STATES: Final = frozenset(
    {RefundState.READY, RefundState.SENDING, RefundState.PENDING, RefundState.UNKNOWN}
)

_WORDING: Final[dict[type, dict[object, Wording]]] = {
    OrderStatus: {
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
    CancelStatus: {
        CancelStatus.WAITING: Wording(N_("Waiting for approval"), Dot.AMBER),
        CancelStatus.CONFIRMATION_WAITING: Wording(N_("Goods or store to be checked"), Dot.AMBER),
        CancelStatus.CONFIRMED: Wording(N_("Checked, waiting for approval"), Dot.AMBER),
        CancelStatus.APPROVED: Wording(N_("Approved"), Dot.BLUE),
        CancelStatus.REJECTED: Wording(N_("Rejected")),
        CancelStatus.WAITING_FOR_PAYMENT: Wording(N_("Refund waiting for the bank"), Dot.INDIGO),
        CancelStatus.MANUEL_REFUND_NEED: Wording(N_("Manual refund needed"), Dot.AMBER),
        CancelStatus.COMPLETED: Wording(N_("Completed"), Dot.GREEN),
    },
    PlanKind: {
        PlanKind.CANCEL: Wording(N_("Cancellation"), Dot.RED),
        PlanKind.REFUND: Wording(N_("Return"), Dot.RED),
    },
    RequestStatus: {
        RequestStatus.WAITING_APPROVAL: Wording(N_("Waiting for approval"), Dot.AMBER),
        RequestStatus.CONFIRMED: Wording(N_("Confirmed"), Dot.AMBER),
        RequestStatus.APPROVED: Wording(N_("Approved"), Dot.BLUE),
        RequestStatus.REJECTED: Wording(N_("Rejected")),
        RequestStatus.COMPLETED: Wording(N_("Completed"), Dot.GREEN),
    },
    RefundState: {
        RefundState.READY: Wording(N_("About to be sent to the bank"), Dot.BLUE),
        RefundState.SENDING: Wording(N_("Being sent to the bank"), Dot.BLUE),
        RefundState.SUCCEEDED: Wording(N_("Paid back"), Dot.GREEN),
        RefundState.PENDING: Wording(N_("Accepted, waiting for the bank"), Dot.INDIGO),
        RefundState.DECLINED: Wording(N_("Declined by the bank"), Dot.RED),
        RefundState.UNKNOWN: Wording(N_("No answer yet, we ask again"), Dot.AMBER),
        RefundState.MANUAL: Wording(N_("Manual refund needed"), Dot.AMBER),
        RefundState.WITHDRAWN: Wording(N_("Withdrawn")),
    },
    TenderKind: {
        TenderKind.CARD: Wording(N_("Card")),
        TenderKind.FUNDS_TRANSFER: Wording(N_("Bank transfer")),
        TenderKind.PAY_ON_DELIVERY: Wording(N_("Pay on delivery")),
        TenderKind.LOYALTY: Wording(N_("Loyalty credit")),
        TenderKind.CASH_REGISTER: Wording(N_("Store till")),
        TenderKind.MARKETPLACE: Wording(N_("Marketplace")),
    },
    RefundWay: {
        RefundWay.GATEWAY: Wording(N_("To the card"), Dot.BLUE),
        RefundWay.CHANNEL: Wording(N_("By the channel"), Dot.BLUE),
        RefundWay.TRANSFER: Wording(N_("By bank transfer"), Dot.AMBER),
        RefundWay.LOYALTY: Wording(N_("As loyalty credit"), Dot.BLUE),
        RefundWay.STORE: Wording(N_("At the store till"), Dot.AMBER),
        RefundWay.MANUAL: Wording(N_("By hand, with evidence"), Dot.AMBER),
        RefundWay.RELEASE: Wording(N_("Not captured, released")),
    },
    MoneyHolder: {
        MoneyHolder.US: Wording(N_("Held by us")),
        MoneyHolder.CHANNEL: Wording(N_("Held by the channel")),
    },
    ShippingPolicy: {
        ShippingPolicy.NONE: Wording(N_("Keep the shipping fee")),
        ShippingPolicy.PROPORTIONAL: Wording(N_("Pay back the items' share of shipping")),
        ShippingPolicy.REMAINING_IF_LAST: Wording(
            N_("Pay back remaining shipping if nothing is left to send")
        ),
        ShippingPolicy.FULL: Wording(N_("Pay back all remaining shipping")),
    },
    AddressOwnership: {
        AddressOwnership.OWNER: Wording(N_("The channel decides")),
        AddressOwnership.MIRROR: Wording(N_("Changed here, sent to the channel")),
        AddressOwnership.NONE: Wording(N_("Cannot be changed here")),
    },
    DeliveryType: {
        DeliveryType.STANDARD: Wording(N_("Standard delivery")),
        DeliveryType.SAME_DAY: Wording(N_("Same-day delivery")),
        DeliveryType.SCHEDULED: Wording(N_("Scheduled delivery")),
        DeliveryType.STORE_PICKUP: Wording(N_("Store pickup")),
    },
    ClientType: {
        ClientType.DEFAULT: Wording(N_("Web")),
        ClientType.ANDROID: Wording(N_("Android app")),
        ClientType.IOS: Wording(N_("iOS app")),
        ClientType.IN_STORE: Wording(N_("In store")),
    },
    FailureClass: {
        FailureClass.MAPPING: Wording(N_("Mapping missing"), Dot.AMBER),
        FailureClass.VALIDATION: Wording(N_("Order data not valid"), Dot.AMBER),
        FailureClass.MONEY: Wording(N_("Amounts do not add up"), Dot.AMBER),
        FailureClass.REMOTE: Wording(N_("Channel refused or failed"), Dot.AMBER),
        FailureClass.BUG: Wording(N_("Our fault"), Dot.RED),
    },
    ActionKind: {
        ActionKind.ACKNOWLEDGE: Wording(N_("Order received"), Dot.BLUE),
        ActionKind.STATUS: Wording(N_("New status"), Dot.BLUE),
        ActionKind.TRACKING: Wording(N_("Tracking number"), Dot.BLUE),
        ActionKind.CANCEL: Wording(N_("Cancelled items"), Dot.BLUE),
        ActionKind.ADDRESS: Wording(N_("New address"), Dot.BLUE),
        ActionKind.STOCK: Wording(N_("Stock level"), Dot.BLUE),
    },
    ActionState: {
        ActionState.WAITING: Wording(N_("Waiting to be sent"), Dot.BLUE),
        ActionState.FAILED: Wording(N_("Not told yet, tried again"), Dot.AMBER),
        ActionState.SENT: Wording(N_("Told"), Dot.GREEN),
        ActionState.GIVEN_UP: Wording(N_("Given up"), Dot.RED),
        ActionState.UNSUPPORTED: Wording(N_("To be done there by hand"), Dot.RED),
        ActionState.BY_HAND: Wording(N_("Done there by hand"), Dot.GREEN),
        ActionState.WITHDRAWN: Wording(N_("Withdrawn")),
    },
    AttentionKind: {
        AttentionKind.SHIPPED_WHILE_CANCELLING: Wording(N_("Shipped although being cancelled"), Dot.AMBER),
        AttentionKind.GOES_ON_AFTER_END: Wording(N_("Sent by the channel although ended here"), Dot.AMBER),
        AttentionKind.ENDED_WITH_OUR_MONEY: Wording(N_("Cancelled at the channel, paid to us"), Dot.AMBER),
        AttentionKind.EDITED_WITH_PLAN: Wording(N_("Changed at the channel after a cancellation"), Dot.AMBER),
        AttentionKind.REFUNDED_MORE_THAN_PAID: Wording(N_("Paid back more than was paid"), Dot.AMBER),
        AttentionKind.REFUND_VANISHED: Wording(N_("Refund deleted at the channel"), Dot.AMBER),
        AttentionKind.PAYMENT_LOWERED: Wording(N_("Payment is less than was paid back"), Dot.AMBER),
        AttentionKind.PAID_MORE_THAN_TOTAL: Wording(N_("Paid more than the order now costs"), Dot.AMBER),
        AttentionKind.ADDRESS_CHANGED_TWICE: Wording(
            N_("Address changed here and at the channel"), Dot.AMBER
        ),
        AttentionKind.ADDRESS_CHANGED_LATE: Wording(N_("Address changed after packing began"), Dot.AMBER),
        AttentionKind.ADDRESS_REFUSED: Wording(N_("New address was refused"), Dot.AMBER),
        AttentionKind.LABEL_OUTDATED: Wording(N_("Label must be issued again"), Dot.AMBER),
        AttentionKind.CARRIER_SILENT: Wording(N_("Carrier does not answer"), Dot.AMBER),
        AttentionKind.REFUND_NEEDS_PERSON: Wording(N_("Refund must be looked into"), Dot.RED),
        AttentionKind.REFUND_REVERSED: Wording(N_("Bank took a refund back"), Dot.RED),
    },
}
