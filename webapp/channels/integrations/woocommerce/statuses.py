"""What a WooCommerce status means here."""

from webapp.channels.profile import ChannelProfile
from webapp.channels.reading import ReadFailure
from webapp.core.errors import InvalidInput
from webapp.orders.enums import FailureClass, OrderStatus

KNOWN = {
    "pending": OrderStatus.PAYMENT_WAITING,
    "failed": OrderStatus.PAYMENT_WAITING,
    "on-hold": OrderStatus.CONFIRMATION_WAITING,
    "processing": OrderStatus.APPROVED,
    "cancelled": OrderStatus.CANCELLED,
    "refunded": OrderStatus.REFUNDED,
    "trash": OrderStatus.CANCELLED,
}
# A cart, or an order that a person in the shop has not finished writing.
DRAFTS = frozenset({"draft", "auto-draft", "checkout-draft", "new"})
# WooCommerce says "completed" for everything after packing; a shop's habit decides what that means.
COMPLETED = {"delivered": OrderStatus.DELIVERED, "shipped": OrderStatus.SHIPPED}


def read_status(profile: ChannelProfile, raw: str) -> OrderStatus:
    """The status of a shop's word: as staff mapped it, as WooCommerce means it, else waiting beside its raw word."""
    mapping = profile.mapped("status", raw)
    if mapping is not None:
        try:
            return OrderStatus.from_wire(mapping.local_value)
        except InvalidInput as refusal:
            raise ReadFailure(
                FailureClass.MAPPING, f"The mapping of the status “{raw}” is wrong: {refusal.message}"
            ) from None
    if raw == "completed":
        return COMPLETED.get(str(profile.conf.get("completed_means")), OrderStatus.DELIVERED)
    return KNOWN.get(raw, OrderStatus.WAITING)


# Nothing that is told moves an order out of these.
ENDED = frozenset({"cancelled", "refunded", "trash"})
# How far an order is at the shop; words of plug-ins have no place in it.
_PLACES = {"pending": 0, "failed": 0, "on-hold": 1, "processing": 2, "completed": 3}
# What the shop is told. For what lies between packing and arrival it has no word of its own.
_TOLD = {
    OrderStatus.PAYMENT_WAITING: "pending",
    OrderStatus.CONFIRMATION_WAITING: "on-hold",
    OrderStatus.APPROVED: "processing",
    OrderStatus.PREPARING: "processing",
    OrderStatus.READY_FOR_PICKUP: "processing",
    OrderStatus.DELIVERED: "completed",
}
_UNDER_WAY = frozenset(
    {
        OrderStatus.SHIPPED,
        OrderStatus.SHIPPED_AND_INFORMED,
        OrderStatus.ATTEMPTED_DELIVERY,
        OrderStatus.REVIEW_STARTED,
        OrderStatus.REVIEW_WAITING,
    }
)


def write_status(profile: ChannelProfile, status: OrderStatus) -> str | None:
    """The shop's word for a status: as staff mapped it, as WooCommerce means it; None where it has none."""
    for (kind, remote), mapped in sorted(profile.mappings.items(), key=lambda each: each[0]):
        if kind == "status" and mapped.local_value == status.wire:
            return remote
    if status in _UNDER_WAY:
        return "completed" if profile.conf.get("completed_means") == "shipped" else "processing"
    return _TOLD.get(status)


def is_further(theirs: str, word: str) -> bool:
    """Whether the shop has the order behind that status already."""
    return theirs in _PLACES and word in _PLACES and _PLACES[theirs] > _PLACES[word]
