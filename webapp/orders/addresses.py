"""How an order's addresses may change: what its stage and its channel allow, and what to do where they do not. Pure.

Shipping follows the most advanced live item: before packing it is written, from packing or a label on
the carrier is told too, on the way only the carrier can redirect the parcel. Billing is free until an invoice exists.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webapp.core.text import N_
from webapp.orders.enums import LEFT_STATUSES, LIVE_STATUSES, AddressOwnership, OrderStatus


class Side(StrEnum):
    """Which of an order's two addresses."""

    SHIPPING = "shipping"
    BILLING = "billing"


class Way(StrEnum):
    """write: at once. propose: once the channel has taken it. redirect: once the carrier has confirmed it."""

    WRITE = "write"
    PROPOSE = "propose"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What the decision rests on.

    `at_channel`: the channel knows the order and can be told. `label_issued`: a carrier was told the address.
    `can_redirect`: the carrier of every parcel on its way can be asked from here.
    """

    statuses: tuple[OrderStatus, ...]
    ownership: AddressOwnership
    at_channel: bool = True
    label_issued: bool = False
    can_redirect: bool = False
    invoiced: bool = False


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a change means: `tells_channel` as soon as it is written, `updates_carrier` when a label may be outdated."""

    way: Way
    tells_channel: bool = False
    updates_carrier: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it cannot be changed and what to do instead, for staff."""

    code: str
    words: str


CANCELLED: Final = Refusal(
    "order_ended",
    N_("Nothing of this order will be sent any more. Place a new order if the customer wants it elsewhere."),
)
CANCELLING: Final = Refusal(
    "order_cancelling",
    N_(
        "Every item is being cancelled. Decide the cancellation first; if it is rejected, change the address then."
    ),
)
DELIVERED: Final = Refusal(
    "delivered",
    N_("It has been delivered to this address. If it must go elsewhere, take it back and send it again."),
)
PICKUP: Final = Refusal(
    "ready_for_pickup",
    N_(
        "It lies ready in the store, so there is no parcel to redirect. Put it back to preparing to send it instead."
    ),
)
UNREACHABLE: Final = Refusal(
    "carrier_not_connected",
    N_(
        "The parcel is on its way and its carrier cannot be asked from here. Call the carrier, and leave a note."
    ),
)
INVOICED: Final = Refusal(
    "invoiced",
    N_(
        "An invoice was issued to this address. Cancel the invoice first, or have finance write a corrected one."
    ),
)
NOT_OURS: Final = Refusal(
    "channel_decides",
    N_("This channel's addresses cannot be changed here. Change it at the channel; the next pull brings it."),
)


def strategy(side: Side, facts: AddressFacts) -> Strategy | Refusal:
    """What changing this address means now."""
    return shipping_strategy(facts) if side is Side.SHIPPING else billing_strategy(facts)


def shipping_strategy(facts: AddressFacts) -> Strategy | Refusal:
    """By the most advanced live item; ended items and those being cancelled travel nowhere."""
    live = [status for status in facts.statuses if status in LIVE_STATUSES]
    if not live:
        waits = OrderStatus.CANCELLATION_WAITING in facts.statuses
        return CANCELLING if waits else CANCELLED
    furthest = max(live)
    if furthest is OrderStatus.DELIVERED:
        return DELIVERED
    if facts.ownership is AddressOwnership.NONE:
        return NOT_OURS
    if furthest is OrderStatus.READY_FOR_PICKUP:
        return PICKUP
    if furthest in LEFT_STATUSES:
        return Strategy(Way.REDIRECT, tells_channel=facts.at_channel) if facts.can_redirect else UNREACHABLE
    informed = furthest >= OrderStatus.PREPARING or facts.label_issued
    return _owned(facts, updates_carrier=informed)


def billing_strategy(facts: AddressFacts) -> Strategy | Refusal:
    """Free until there is an invoice number, wherever the goods are."""
    if facts.invoiced:
        return INVOICED
    if facts.ownership is AddressOwnership.NONE:
        return NOT_OURS
    return _owned(facts, updates_carrier=False)


def _owned(facts: AddressFacts, *, updates_carrier: bool) -> Strategy:
    """The channel is asked first where it decides, and told afterwards where it mirrors."""
    if facts.at_channel and facts.ownership is AddressOwnership.OWNER:
        return Strategy(Way.PROPOSE, tells_channel=True, updates_carrier=updates_carrier)
    return Strategy(Way.WRITE, tells_channel=facts.at_channel, updates_carrier=updates_carrier)
