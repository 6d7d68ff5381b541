"""What the audit log's entries about moving, packing, cancelling and paying back say in words: who did it stands before them."""

from typing import Final

from flask_babel import gettext

from webapp.core.text import N_

_DONE: Final = {
    "order.status.changed": N_("moved %(words)s"),
    "order.not_sent": N_("took the order back from the warehouse"),
    "order.packed": N_("packed %(words)s"),
    "order.item.stock_released": N_("let go of the stock reserved for %(words)s"),
    "order.item.stock_moved": N_("reserved %(words)s in another stock list"),
    "order.item.stock_reserved": N_("reserved stock for %(words)s"),
    "stock.counted": N_("counted the reserved stock anew"),
    "cancellation_plan.opened": N_("opened a cancellation plan over %(words)s"),
    "cancellation_plan.approved": N_("approved the cancellation plan: %(words)s"),
    "cancellation_plan.rejected": N_("rejected the cancellation plan: %(words)s"),
    "cancellation_plan.confirmation_waiting": N_("asked to have the goods checked first. %(words)s"),
    "cancellation_plan.confirmed": N_("has checked the goods. %(words)s"),
    "cancellation_request.confirmed": N_("confirmed a request to cancel. %(words)s"),
    "cancellation_request.approved": N_("approved a request to cancel. %(words)s"),
    "cancellation_request.rejected": N_("rejected a request to cancel: %(words)s"),
    "refund.succeeded": N_("booked the refund as paid back: %(words)s"),
    "refund.declined": N_("booked the refund as declined: %(words)s"),
    "refund.manual": N_("left the refund to a person: %(words)s"),
    "refund.tried_again": N_("tries the refund of %(words)s again"),
    "refund.restored": N_(
        "has the bank asked about the refund of %(words)s before it is sent: a backup was restored"
    ),
    "refund.checked": N_("asked the bank about the refund of %(words)s at once"),
    "order.note.confirmed": N_("has read the note. %(words)s"),
    "order.shipped": N_("shipped %(words)s"),
    "order.shipping_undone": N_("undid the shipping with number %(words)s"),
    "tracking_upload.stored": N_("uploaded the tracking numbers of %(words)s"),
    "tracking_upload.applied": N_("applied the tracking numbers of %(words)s"),
    "tracking_upload.undone": N_("undid the tracking numbers of %(words)s"),
    "vendor_order.said": N_("wrote down what a vendor said: %(words)s"),
    "integration_action.sent_again": N_("has the channel told again: %(words)s"),
    "integration_action.done_by_hand": N_("did at the channel by hand: %(words)s"),
    "order.tagged": N_("changed the tags. %(words)s"),
    "order.assigned": N_("changed who looks after the order. %(words)s"),
    "saved_view.created": N_("saved the view “%(words)s” for everybody"),
    "saved_view.changed": N_("changed the view “%(words)s”"),
    "saved_view.deleted": N_("deleted the view “%(words)s”"),
    "orders.exported": N_("exported orders: %(words)s"),
    "orders.export.downloaded": N_("downloaded an export of %(words)s orders"),
    "attention.closed": N_("closed an attention entry: %(words)s"),
    "reconciliation_break.closed": N_("closed a difference with the bank: %(words)s"),
}
# What nobody did: the sentence stands alone.
_BY_ITSELF: Final = {
    "refund.sending": N_("The refund of %(words)s is being sent"),
    "refund.succeeded": N_("Refund paid back: %(words)s"),
    "refund.pending": N_("Refund accepted by the bank: %(words)s"),
    "refund.unknown": N_("Refund without an answer: %(words)s"),
    "refund.declined": N_("Refund declined: %(words)s"),
    "refund.manual": N_("Refund handed to a person: %(words)s"),
    "refund.reversed": N_("Refund taken back by the bank: %(words)s"),
}
_TRIED: Final = {
    "cancellation_plan.opened": N_("could not open a cancellation plan: %(words)s"),
    "cancellation_plan.approved": N_("could not approve the cancellation plan: %(words)s"),
    "cancellation_plan.rejected": N_("could not reject the cancellation plan: %(words)s"),
}


def sentence(tag: str, summary: str, *, refused: bool, by_itself: bool) -> str | None:
    """The entry in words; None for one that this page has no words for. `by_itself`: no person did it."""
    if refused:
        template = _TRIED.get(tag, N_("was refused: %(words)s") if tag in _DONE else None)
    else:
        template = (_BY_ITSELF.get(tag) if by_itself else None) or _DONE.get(tag) or _BY_ITSELF.get(tag)
    return None if template is None else gettext(template, words=summary).rstrip()
