"""The entries of an order's timeline: what a channel's draft has changed, in sentences and with old and new values."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from webapp.customers.identity import ADDRESS_FIELDS, PERSON_FIELDS, address_values
from webapp.orders.addresses import Side
from webapp.orders.enums import OrderStatus
from webapp.orders.pricing import PricedOrder
from webapp.orders.service.timeline import Entry
from webapp.orders.service.wording import counted, listed
from webapp.orders.service.writing.batch import Batch
from webapp.orders.service.writing.columns import ORDER_AMOUNTS, SHARES
from webapp.orders.service.writing.decision import AddressVerdict, Decision
from webapp.orders.service.writing.people import ChangedPerson
from webapp.orders.service.writing.stored import Columns

_MONEY: Final = frozenset((*ORDER_AMOUNTS, "currency", "money_mismatch"))
_ITEM_MONEY: Final = frozenset((*SHARES, "quantity", "tax_rate", "price_currency"))
# Derived from the items, which have a sentence of their own.
_STATUS: Final = frozenset(
    (
        "status",
        "external_status",
        "is_send",
        "cancel_status",
        "partially_cancelled",
        "partially_refunded",
        "partially_shipped",
        "item_count",
        "refund_amount",
    )
)
# A note of the customer may name anybody.
_PERSONAL: Final = frozenset({"notes"})
_NAMES: Final = {
    "extra_field": "the channel's own fields",
    "payment_option_slug": "payment option",
    "shipping_option_slug": "shipping option",
    "date_placed": "time of the order",
    "language_code": "language",
}


def distributed(priced: PricedOrder, currency: str) -> str:
    """What the rules shared out: `distributed discount 25.00 and shipping 8.50 TRY over 4 items`; empty for nothing."""
    shared = {
        "discount": sum(priced.applied_discounts),
        "shipping": priced.shipping_amount - priced.shipping_discount_amount,
        "interest": priced.installment_interest_amount + priced.shipping_interest_amount,
    }
    words = listed([f"{name} {amount}" for name, amount in shared.items() if amount])
    return words and f"distributed {words} {currency} over {counted(len(priced.items), 'item')}"


def entries_of(batch: Batch, decision: Decision, addresses: Mapping[int, Columns]) -> Iterator[Entry]:
    """What happened to this order; `addresses` has the rows that are replaced, by id."""
    yield from _money(batch, decision)
    yield from _status(batch, decision)
    yield from _details(batch, decision)
    yield from _payments(batch, decision)
    for side, verdict in decision.addresses.items():
        if verdict is AddressVerdict.FOLLOW and not decision.customer_changes:
            yield _address(batch, decision, side, addresses)
    for _, words, _facts in decision.alarms:
        yield Entry(decision.stored.id, "order.attention", words)


def entry_of_person(batch: Batch, changed: ChangedPerson, order_id: int) -> Entry:
    """A customer whose latest order says something else about them."""
    pairs = zip(PERSON_FIELDS, changed.before, changed.after, strict=True)
    personal = {name: [old, new] for name, old, new in pairs if old != new}
    names = listed([name.replace("_", " ") for name in personal])
    return Entry(
        order_id,
        "customer.changed",
        f"{batch.channel_name} changed the customer: {names}",
        personal=personal,
        customer_id=changed.customer_id,
        subject=("customer", changed.customer_id),
    )


def _money(batch: Batch, decision: Decision) -> Iterator[Entry]:
    priced, draft = decision.incoming.priced, decision.incoming.draft
    if not decision.is_redistributed or priced is None:
        return
    old = f"{_plain(decision.stored.columns['amount'])} {decision.stored.columns['currency']}"
    shared = distributed(priced, draft.currency)
    words = f"Changed at {batch.channel_name}: total {old} to {draft.amount} {draft.currency}"
    items = _item_changes(decision, _ITEM_MONEY)
    items |= {
        f"line {added.line.remote_line_id}": {"amount": [None, str(added.line.amount)]}
        for added in decision.added
    }
    yield Entry(
        decision.stored.id,
        "order.money.redistributed",
        f"{words}; rule {shared}" if shared else words,
        {**_changes(decision.stored.columns, decision.order, _MONEY), "items": items},
    )


def _status(batch: Batch, decision: Decision) -> Iterator[Entry]:
    columns = decision.stored.columns
    parts = list(_status_words(decision))
    word = decision.incoming.draft.external_status
    if not parts and "external_status" not in decision.order:
        return
    said = f"{batch.channel_name} says “{word}”" if word else f"{batch.channel_name} changed the status"
    yield Entry(
        decision.stored.id,
        "order.status.pulled",
        f"{said}: {listed(parts)}" if parts else said,
        {
            **_changes(columns, decision.order, _STATUS - {"refund_amount", "item_count"}),
            "items": _item_changes(decision, {"status"}),
        },
    )


def _status_words(decision: Decision) -> Iterator[str]:
    targets = Counter(decision.items[item["id"]]["status"] for item in decision.moved)
    for status, number in sorted(targets.items()):
        yield f"{counted(number, 'item')} now {_label(status)}"
    for status, number in sorted(Counter(item["status"] for item in decision.kept).items()):
        yield f"{counted(number, 'item')} kept at {_label(status)}"
    if decision.requested:
        yield f"{counted(len(decision.requested), 'item')} asked to be cancelled"
    if decision.given_back:
        yield f"{counted(len(decision.given_back), 'item')} no longer asked to be cancelled"
    ended = Counter(decision.items[item["id"]]["status"] for item in decision.closed)
    for status, number in sorted(ended.items()):
        yield f"{counted(number, 'item')} ended as {_label(status)}"


def _details(batch: Batch, decision: Decision) -> Iterator[Entry]:
    columns = decision.stored.columns
    plain = {name: value for name, value in decision.order.items() if name not in _MONEY | _STATUS}
    items = _item_changes(
        decision, None, leave_out=_ITEM_MONEY | {"status", "status_before_cancel", "price_steps"}
    )
    if not (plain or items or decision.customer_changes):
        return
    names = [_NAMES.get(name, name.replace("_", " ")) for name in plain]
    names += ["items"] * bool(items) + ["customer"] * decision.customer_changes
    changes: dict[str, Any] = _changes(columns, plain, plain.keys() - _PERSONAL)
    if items:
        changes["items"] = items
    yield Entry(
        decision.stored.id,
        "order.updated",
        f"Updated from {batch.channel_name}: {listed(names)}",
        changes,
        personal=_changes(columns, plain, _PERSONAL),
        customer_id=columns["customer_id"],
    )


def _payments(batch: Batch, decision: Decision) -> Iterator[Entry]:
    currency = decision.incoming.draft.currency
    for row in decision.stored.payments:
        changed = decision.payments.get(row["id"])
        if changed:
            yield Entry(
                decision.stored.id,
                "order.payment.changed",
                f"{batch.channel_name} changed the payment: {listed([name.replace('_', ' ') for name in changed])}",
                {name: [_plain(row[name]), _plain(value)] for name, value in changed.items()},
            )
    for payment in decision.new_payments:
        words = f"{batch.channel_name} names a payment of {payment.amount} {currency}"
        yield Entry(decision.stored.id, "order.payment.added", words, {"amount": [None, str(payment.amount)]})
    for refund in decision.refunds:
        words = f"{batch.channel_name} paid back {refund.amount} {currency} there"
        yield Entry(decision.stored.id, "order.refund.external", words, {"refund": [None, refund.remote_id]})


def _address(batch: Batch, decision: Decision, side: Side, addresses: Mapping[int, Columns]) -> Entry:
    columns, draft = decision.stored.columns, decision.incoming.draft
    old = addresses[columns[f"{side}_address_id"]]
    new = draft.shipping_address if side is Side.SHIPPING else draft.billing_address
    pairs = zip(ADDRESS_FIELDS, address_values(new), strict=True)
    return Entry(
        decision.stored.id,
        "order.address.changed",
        f"{batch.channel_name} changed the {side} address",
        {"side": [None, side]},
        personal={name: [old[name], value] for name, value in pairs if old[name] != value},
        customer_id=columns["customer_id"],
    )


def _changes(stored: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str]) -> dict[str, list[Any]]:
    return {name: [_plain(stored[name]), _plain(new[name])] for name in new if name in set(names)}


def _item_changes(
    decision: Decision, names: Iterable[str] | None, *, leave_out: Iterable[str] = ()
) -> dict[str, dict[str, list[Any]]]:
    """By item id; every column if no names are given."""
    found: dict[str, dict[str, list[Any]]] = {}
    for item in decision.stored.items:
        changed = decision.items.get(item["id"], {})
        wanted = (changed.keys() if names is None else set(names)) - set(leave_out)
        changes = _changes(item, changed, wanted)
        if changes:
            found[str(item["id"])] = changes
    return found


def _plain(value: Any) -> Any:
    """A value as the log keeps it: amounts without the column's spare decimals, times as text."""
    if hasattr(value, "normalize"):
        return f"{value.normalize():f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _label(status: int) -> str:
    return OrderStatus(status).label.lower()
