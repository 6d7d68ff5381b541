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
