"""How money came, who has it, how it goes back, and where that stands."""

from enum import StrEnum
from typing import Final

from webapp.core.text import N_
from webapp.orders.enums.worded import Dot, Worded, Wording, say


class TenderKind(Worded, StrEnum):
    """How a payment was made, which decides how it can go back."""

    CARD = "card"
    FUNDS_TRANSFER = "funds_transfer"
    PAY_ON_DELIVERY = "pay_on_delivery"
    LOYALTY = "loyalty"
    CASH_REGISTER = "cash_register"
    MARKETPLACE = "marketplace"


say(
    TenderKind,
    {
        TenderKind.CARD: Wording(N_("Card")),
        TenderKind.FUNDS_TRANSFER: Wording(N_("Bank transfer")),
        TenderKind.PAY_ON_DELIVERY: Wording(N_("Pay on delivery")),
        TenderKind.LOYALTY: Wording(N_("Loyalty credit")),
        TenderKind.CASH_REGISTER: Wording(N_("Store till")),
        TenderKind.MARKETPLACE: Wording(N_("Marketplace")),
    },
)


class MoneyHolder(Worded, StrEnum):
    """Who has the customer's money and therefore pays it back."""

    US = "us"
    CHANNEL = "channel"


say(
    MoneyHolder,
    {
        MoneyHolder.US: Wording(N_("Held by us")),
        MoneyHolder.CHANNEL: Wording(N_("Held by the channel")),
    },
)


class RefundWay(Worded, StrEnum):
    """How a part of the money goes back; `release` is money that was only reserved and is never captured."""

    GATEWAY = "gateway"
    CHANNEL = "channel"
    TRANSFER = "transfer"
    LOYALTY = "loyalty"
    STORE = "store"
    MANUAL = "manual"
    RELEASE = "release"


say(
    RefundWay,
    {
        RefundWay.GATEWAY: Wording(N_("To the card"), Dot.BLUE),
        RefundWay.CHANNEL: Wording(N_("By the channel"), Dot.BLUE),
        RefundWay.TRANSFER: Wording(N_("By bank transfer"), Dot.AMBER),
        RefundWay.LOYALTY: Wording(N_("As loyalty credit"), Dot.BLUE),
        RefundWay.STORE: Wording(N_("At the store till"), Dot.AMBER),
        RefundWay.MANUAL: Wording(N_("By hand, with evidence"), Dot.AMBER),
        RefundWay.RELEASE: Wording(N_("Not captured, released")),
    },
)


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


say(
    RefundState,
    {
        RefundState.READY: Wording(N_("About to be sent to the bank"), Dot.BLUE),
        RefundState.SENDING: Wording(N_("Being sent to the bank"), Dot.BLUE),
        RefundState.SUCCEEDED: Wording(N_("Paid back"), Dot.GREEN),
        RefundState.PENDING: Wording(N_("Accepted, waiting for the bank"), Dot.INDIGO),
        RefundState.DECLINED: Wording(N_("Declined by the bank"), Dot.RED),
        RefundState.UNKNOWN: Wording(N_("No answer yet, we ask again"), Dot.AMBER),
        RefundState.MANUAL: Wording(N_("Manual refund needed"), Dot.AMBER),
        RefundState.WITHDRAWN: Wording(N_("Withdrawn")),
    },
)


class ShippingPolicy(Worded, StrEnum):
    """How much of the shipping fee a plan pays back."""

    NONE = "none"
    PROPORTIONAL = "proportional"
    REMAINING_IF_LAST = "remaining_if_last"
    FULL = "full"


say(
    ShippingPolicy,
    {
        ShippingPolicy.NONE: Wording(N_("Keep the shipping fee")),
        ShippingPolicy.PROPORTIONAL: Wording(N_("Pay back the items' share of shipping")),
        ShippingPolicy.REMAINING_IF_LAST: Wording(
            N_("Pay back remaining shipping if nothing is left to send")
        ),
        ShippingPolicy.FULL: Wording(N_("Pay back all remaining shipping")),
    },
)


# No money moves by these any more, so they do not count in the caps.
RELEASED_REFUND_STATES: Final = frozenset({RefundState.DECLINED, RefundState.WITHDRAWN})
RESERVING_REFUND_STATES: Final = frozenset(RefundState) - RELEASED_REFUND_STATES
# The machine still works on these; a person has nothing to do.
UNDER_WAY_REFUND_STATES: Final = frozenset(
    {RefundState.READY, RefundState.SENDING, RefundState.PENDING, RefundState.UNKNOWN}
)
