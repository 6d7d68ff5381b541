"""What channels say and are told, and what nobody but a person can settle with them."""

from enum import StrEnum
from typing import Final

from webapp.core.text import N_
from webapp.orders.enums.worded import Dot, Worded, Wording, say


class AddressOwnership(Worded, StrEnum):
    """Who decides about a channel's addresses."""

    OWNER = "owner"
    MIRROR = "mirror"
    NONE = "none"


say(
    AddressOwnership,
    {
        AddressOwnership.OWNER: Wording(N_("The channel decides")),
        AddressOwnership.MIRROR: Wording(N_("Changed here, sent to the channel")),
        AddressOwnership.NONE: Wording(N_("Cannot be changed here")),
    },
)


class FailureClass(Worded, StrEnum):
    """Why a pulled order could not be taken, by who can mend it."""

    MAPPING = "mapping"
    VALIDATION = "validation"
    MONEY = "money"
    REMOTE = "remote"
    BUG = "bug"


say(
    FailureClass,
    {
        FailureClass.MAPPING: Wording(N_("Mapping missing"), Dot.AMBER),
        FailureClass.VALIDATION: Wording(N_("Order data not valid"), Dot.AMBER),
        FailureClass.MONEY: Wording(N_("Amounts do not add up"), Dot.AMBER),
        FailureClass.REMOTE: Wording(N_("Channel refused or failed"), Dot.AMBER),
        FailureClass.BUG: Wording(N_("Our fault"), Dot.RED),
    },
)


class ActionKind(Worded, StrEnum):
    """What a channel is told through the outbox (models/integration_action.py)."""

    ACKNOWLEDGE = "acknowledge"
    STATUS = "status"
    TRACKING = "tracking"
    CANCEL = "cancel"
    ADDRESS = "address"
    STOCK = "stock"


say(
    ActionKind,
    {
        ActionKind.ACKNOWLEDGE: Wording(N_("Order received"), Dot.BLUE),
        ActionKind.STATUS: Wording(N_("New status"), Dot.BLUE),
        ActionKind.TRACKING: Wording(N_("Tracking number"), Dot.BLUE),
        ActionKind.CANCEL: Wording(N_("Cancelled items"), Dot.BLUE),
        ActionKind.ADDRESS: Wording(N_("New address"), Dot.BLUE),
        ActionKind.STOCK: Wording(N_("Stock level"), Dot.BLUE),
    },
)


class ActionState(Worded, StrEnum):
    """Where one thing stands that a channel is to be told; the first two are still to go."""

    WAITING = "waiting"
    FAILED = "failed"
    SENT = "sent"
    GIVEN_UP = "given_up"
    UNSUPPORTED = "unsupported"
    BY_HAND = "by_hand"
    WITHDRAWN = "withdrawn"


say(
    ActionState,
    {
        ActionState.WAITING: Wording(N_("Waiting to be sent"), Dot.BLUE),
        ActionState.FAILED: Wording(N_("Not told yet, tried again"), Dot.AMBER),
        ActionState.SENT: Wording(N_("Told"), Dot.GREEN),
        ActionState.GIVEN_UP: Wording(N_("Given up"), Dot.RED),
        ActionState.UNSUPPORTED: Wording(N_("To be done there by hand"), Dot.RED),
        ActionState.BY_HAND: Wording(N_("Done there by hand"), Dot.GREEN),
        ActionState.WITHDRAWN: Wording(N_("Withdrawn")),
    },
)


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


say(
    AttentionKind,
    {
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
)


# A channel has still to be told; the first of an order holds up those behind it.
OPEN_ACTION_STATES: Final = frozenset({ActionState.WAITING, ActionState.FAILED})
# Only a person can go on with these.
STUCK_ACTION_STATES: Final = frozenset({ActionState.GIVEN_UP, ActionState.UNSUPPORTED})
