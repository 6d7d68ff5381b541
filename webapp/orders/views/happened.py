"""The timeline in words: who did what, and what changed as lines taken away and lines put in their place."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from flask_babel import gettext

from webapp.core.audit import AuditEntry, Origin
from webapp.core.text import N_
from webapp.orders.enums import CancelStatus, OrderStatus, RefundState, RefundWay
from webapp.orders.queries.timeline import Happened
from webapp.orders.views.amounts_in_words import one_amount, with_amounts
from webapp.orders.views.sentences import sentence as sentence_of
from webapp.orders.views.shown import worded
from webapp.ui.formatting import long_time, short_day

RULE: Final = "Rule"  # how sentences about our own arithmetic begin
LONGEST_VALUE: Final = 300  # characters of a value that a line of the timeline shows

_FIELDS: Final = {
    "status": N_("Status"),
    "order_status": N_("Order status"),
    "is_send": N_("Sent to warehouse"),
    "cancel_status": N_("Cancellation"),
    "number": N_("Number"),
    "amount": N_("Total"),
    "discount_amount": N_("Discount"),
    "shipping_amount": N_("Shipping"),
    "refund_amount": N_("Refunded"),
    "quantity": N_("Quantity"),
    "tracking_number": N_("Tracking number"),
    "shipping_address": N_("Shipping address"),
    "billing_address": N_("Billing address"),
    "external_status": N_("The channel's status"),
    "notes": N_("The customer's note"),
    "date_placed": N_("Placed"),
    "email": N_("E-mail"),
    "phone": N_("Telephone"),
    "customer": N_("Customer"),
    "payment_option_slug": N_("Payment"),
    "installment_count": N_("Instalments"),
    "name": N_("Name"),
    "sku": N_("SKU"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "tags": N_("Tags"),
    "stock_list": N_("Stock list"),
    "reserved": N_("Reserved"),
    "assignee": N_("Looked after by"),
    "due_on": N_("Due on"),
    "company": N_("Company"),
    "line1": N_("Street"),
    "line2": N_("Street, second line"),
    "district": N_("District"),
    "city": N_("City"),
    "state": N_("State"),
    "way": N_("Way"),
    "postcode": N_("Postcode"),
    "country": N_("Country"),
    "tax_office": N_("Tax office"),
    "tax_number": N_("Tax number"),
}
# The machine's own bookkeeping, and what the sentence has said already: true, but nothing that a person reads for.
_NOT_TOLD: Final = {
    "version",
    "modified_at",
    "remote_modified_at",
    "extra_field",
    "money_seen",
    "edited_here",
    "side",
    "refund",
    "stock_list_id",
}
# What an address calls a state is a refund's standing.
_OF_REFUNDS: Final[Mapping[str, type[Enum]]] = {"state": RefundState, "way": RefundWay}
_TOLD_WHOLE: Final = {"order.created", "order.payment.added"}


class Change(NamedTuple):
    """One field; old or new is empty where there was or is nothing."""

    field: str
    old: str
    new: str


class Told(NamedTuple):
    """An entry as the timeline shows it: `before`, `strong` and `after` make the sentence; `tone` is a class."""

    entry: Happened
    tone: str
    before: str
    strong: str
    after: str
    changes: Sequence[Change]


def told(entry: Happened, channel: str, currency: str = "") -> Told:
    """The entry in words; who acted is written strong: staff, the order's channel, or one of our rules.

    Amounts in the order's `currency` are written as the reader writes them.
    """
    sentence = with_amounts(said_of(entry), currency)
    if entry.staff_id is not None:
        before, strong, after = "", entry.actor, f" {sentence}"
    else:
        name = channel if channel in sentence else RULE if sentence.startswith(f"{RULE} ") else ""
        before, strong, after = sentence.partition(name) if name else (sentence, "", "")
    changes = [] if entry.erased or entry.tag in _TOLD_WHOLE else _changes(entry.tag, entry.changes, currency)
    return Told(entry, _tone(entry), before, strong, after, changes)


def said_of(entry: "Happened | AuditEntry") -> str:
    """What was done, in words that follow the name of who did it."""
    known = sentence_of(entry.tag, entry.summary, refused=entry.refused, by_itself=entry.staff_id is None)
    return known or entry.summary or _of_tag(entry.tag)


def _tone(entry: Happened) -> str:
    if entry.refused:
        return "k-failed"
    return "k-by-staff" if entry.origin in (Origin.PAGE, Origin.API) else ""


def _of_tag(tag: str) -> str:
    """`order.status.changed` as words, for an entry whose writer said nothing more."""
    return tag.removeprefix("order.").replace(".", " ").replace("_", " ").capitalize()


def _changes(tag: str, changes: Mapping[str, Any], currency: str) -> list[Change]:
    kinds = _OF_REFUNDS if tag.startswith("refund.") else {}
    found = []
    for field, values in changes.items():
        if field in _NOT_TOLD or not isinstance(values, list) or len(values) != 2:
            continue
        old, new = (
            worded(kinds[field], value) if field in kinds else _value(field, value, currency)
            for value in values
        )
        if old != new:
            found.append(Change(gettext(_FIELDS.get(field, field.replace("_", " ").capitalize())), old, new))
    return found


def _value(field: str, value: Any, currency: str) -> str:
    if value is None or value == "":
        return ""
    if field.endswith("status") and field != "external_status":
        return _status(value)
    if field == "amount" or field.endswith("_amount"):
        return one_amount(with_amounts(str(value), currency), currency)
    if isinstance(value, bool):
        return str(gettext("Yes") if value else gettext("No"))
    if isinstance(value, Mapping):
        return _cut(", ".join(str(part) for part in value.values() if part not in (None, "")))
    if isinstance(value, list):
        return _cut(", ".join(map(str, value)))
    return _cut(_time(str(value)) if field.startswith("date_") or field.endswith("_at") else str(value))


def _status(value: Any) -> str:
    text = str(value)
    if text.isdigit() and int(text) in set(OrderStatus):
        return str(gettext(OrderStatus(int(text)).label))
    return str(gettext(CancelStatus(text).label)) if text in set(CancelStatus) else text


def _time(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return long_time(at) if at.tzinfo else short_day(at.date())


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
