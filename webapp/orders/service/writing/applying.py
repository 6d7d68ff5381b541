"""Carry out what was decided about stored orders, which are locked by now."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text

from webapp.cargo.carriers import tracking_url
from webapp.core.bulk import Row, Rows, plain_array
from webapp.orders.addresses import Side
from webapp.orders.enums import ENDED_STATUSES, OrderStatus
from webapp.orders.inputs import TransactionDraft
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.addresses import follow_channel
from webapp.orders.service.stock import reserved_by
from webapp.orders.service.writing.addresses import copy_addresses, read_addresses
from webapp.orders.service.writing.batch import Batch
from webapp.orders.service.writing.columns import ITEM_COLUMNS, ORDER_COLUMNS, PAYMENT_COLUMNS
from webapp.orders.service.writing.decision import AddressVerdict, Decision
from webapp.orders.service.writing.effects import ClosedItem, Effects
from webapp.orders.service.writing.lines import (
    LineKey,
    NewLine,
    PaymentKey,
    insert_lines,
    insert_payments,
    keep_discounts,
    leave_ends,
    link_payments,
)
from webapp.orders.service.writing.payments import Purse, payments_of, place_refunds
from webapp.orders.service.writing.reference import KnownProduct, References
from webapp.orders.service.writing.stored import Columns
from webapp.orders.service.writing.story import entries_of
from webapp.payments.models import Transaction

_PAYMENT_COLUMNS: Final = (*PAYMENT_COLUMNS, "currency", "extra_field")
_ORDERS = Rows(Order, f"id {' '.join(ORDER_COLUMNS)}")
_ITEMS = Rows(OrderItem, f"id {' '.join(ITEM_COLUMNS)}")
_PAYMENTS = Rows(Transaction, f"id {' '.join(_PAYMENT_COLUMNS)}")
_NEW_VERSION: Final = "version = kept.version + 1"
_CHANGED: Final = f"{_NEW_VERSION}, modified_at = now()"

_DROP_DISCOUNTS = text("DELETE FROM discount_item WHERE id = ANY(CAST(:ids AS bigint[]))")


def apply(
    batch: Batch,
    decisions: Sequence[Decision],
    references: References,
    products: Mapping[str, KnownProduct],
    effects: Effects,
) -> None:
    """Write what the decisions say, a statement per table; the caller has skipped the empty ones."""
    for decision in decisions:
        decision.incoming.order_id = decision.stored.id
    _record(batch, decisions, effects)
    _resolve(decisions, references)
    _move_customers(batch, decisions)
    _update_orders(batch, decisions)
    _update_items(batch, decisions, effects)
    _add_parts(batch, decisions, references, products, effects)
    for decision in decisions:
        _leave_effects(decision, effects)
    followed = [
        decision.stored.id
        for decision in decisions
        if decision.addresses.get(Side.SHIPPING) is AddressVerdict.FOLLOW
    ]
    follow_channel(batch.session, followed, batch.context)


def _record(batch: Batch, decisions: Sequence[Decision], effects: Effects) -> None:
    ids = [
        decision.stored.columns[f"{side}_address_id"]
        for decision in decisions
        for side, verdict in decision.addresses.items()
        if verdict is AddressVerdict.FOLLOW
    ]
    old = read_addresses(batch, ids) if ids else {}
    for decision in decisions:
        effects.entries += entries_of(batch, decision, old)


def _resolve(decisions: Sequence[Decision], references: References) -> None:
    """The channel's words as ids, and the addresses that were decided on."""
    for decision in decisions:
        incoming, order, draft = decision.incoming, decision.order, decision.incoming.draft
        _resolve_status(order, references)
        for columns in decision.items.values():
            _resolve_status(columns, references)
        if "payment_option_slug" in order:
            order["payment_option_id"] = references.payment_options.get(draft.payment_option_slug or "")
        if order.keys() & {"payment_option_slug", "installment_count"}:
            order["installment_id"] = references.installment_of(draft)
        _resolve_carrier(decision, references)
        if decision.customer_changes:
            order["customer_id"] = incoming.customer_id
        for side, verdict in decision.addresses.items():
            said = incoming.shipping_id if side is Side.SHIPPING else incoming.billing_id
            decision.quiet[f"{side}_address_seen_id"] = said
            if verdict is AddressVerdict.FOLLOW:
                order[f"{side}_address_id"] = said


def _resolve_status(columns: Columns, references: References) -> None:
    word = columns.pop("external_status", None)
    if word is not None:
        columns["external_status_id"] = references.external_statuses[word]


def _resolve_carrier(decision: Decision, references: References) -> None:
    """Another shipping option may mean another carrier; a new number has a page of its own."""
    carrier = references.carriers.get(decision.incoming.draft.shipping_option_slug or "")
    if carrier is not None and "shipping_option_slug" in decision.order:
        named = {"cargo_company_id": carrier.id, "shipping_company": carrier.slug}
        decision.order |= named
        for item in decision.stored.items:
            if item["tracking_number"] is None and item["status"] not in ENDED_STATUSES:
                decision.items.setdefault(item["id"], {}).update(named)
    for columns in decision.items.values():
        number = columns.get("tracking_number")
        if number:
            columns["tracking_url"] = tracking_url(carrier.template, number) if carrier else None
            decision.order.setdefault("tracking_number", decision.stored.columns["tracking_number"] or number)


def _move_customers(batch: Batch, decisions: Sequence[Decision]) -> None:
    """An order that turns out to be another customer's takes the addresses that were changed here with it."""
    moving = [decision for decision in decisions if decision.customer_changes]
    wanted = {
        (decision.stored.columns[f"{side}_address_id"], decision.incoming.customer_id)
        for decision in moving
        for side in Side
        if f"{side}_address_id" not in decision.order
    }
    copies = copy_addresses(batch, wanted) if wanted else {}
    for decision in moving:
        for side in Side:
            name = f"{side}_address_id"
            key = decision.stored.columns[name], decision.incoming.customer_id
            decision.order.setdefault(name, copies.get(key))


def _update_orders(batch: Batch, decisions: Sequence[Decision]) -> None:
    """Real changes make a new version of the order; bookkeeping about the channel does not."""
    changed = [decision for decision in decisions if decision.is_change]
    quiet = [decision for decision in decisions if not decision.is_change and decision.quiet]
    for some, also in ((changed, _CHANGED), (quiet, "")):
        rows = [_row(each.stored.columns, {**each.order, **each.quiet}, ORDER_COLUMNS) for each in some]
        if rows:
            _ORDERS.update(batch.session, rows, also=also)


def _row(stored: Mapping[str, Any], changes: Columns, columns: Sequence[str]) -> Row:
    return stored["id"], *(changes[name] if name in changes else stored[name] for name in columns)


def _update_items(batch: Batch, decisions: Sequence[Decision], effects: Effects) -> None:
    rows = []
    for decision in decisions:
        for item in decision.stored.items:
            changes = decision.items.get(item["id"])
            if changes:
                rows.append(_row(item, changes, ITEM_COLUMNS))
                _reserve(item, {**item, **changes}, effects)
    if rows:
        _ITEMS.update(batch.session, rows, also=_CHANGED)
    payments = [
        _row(row, decision.payments[row["id"]], _PAYMENT_COLUMNS)
        for decision in decisions
        for row in decision.stored.payments
        if row["id"] in decision.payments
    ]
    if payments:
        _PAYMENTS.update(batch.session, payments, also=_NEW_VERSION)


def _reserve(before: Mapping[str, Any], after: Mapping[str, Any], effects: Effects) -> None:
    for columns, sign in ((before, -1), (after, 1)):
        reserved = reserved_by(
            columns["product_id"],
            columns["stock_list_id"],
            columns["status"],
            columns["status_before_cancel"],
            columns["quantity"],
        )
        if reserved is not None:
            effects.stock[reserved[0]] += sign * reserved[1]


def _add_parts(
    batch: Batch,
    decisions: Sequence[Decision],
    references: References,
    products: Mapping[str, KnownProduct],
    effects: Effects,
) -> None:
    """New lines and payments, the discounts as they are now, and refunds that were made at the channel."""
    lines = [
        NewLine(decision.incoming, added.line, added.priced, added.begins)
        for decision in decisions
        for added in decision.added
    ]
    new_items = insert_lines(batch, lines, references, products, effects)
    payments = [(each.incoming, payment) for each in decisions for payment in _missing_payments(each)]
    new_payments = insert_payments(batch, payments, references)
    link_payments(
        batch, {each.stored.id for each in decisions if each.added or each.new_payments or each.refunds}
    )
    _replace_discounts(batch, [each for each in decisions if each.is_redistributed], new_items)
    for decision in decisions:
        _leave_refunds(decision, new_payments, effects)
        of_order = [new for new in lines if new.incoming is decision.incoming]
        leave_ends(of_order, new_items, effects, is_all=False)


def _missing_payments(decision: Decision) -> list[TransactionDraft]:
    """New payments of the draft, and the one of nothing if refunds would hang in the air."""
    if decision.refunds and not decision.stored.payments:
        return list(payments_of(decision.incoming.draft))
    return decision.new_payments


def _replace_discounts(batch: Batch, decisions: Sequence[Decision], new_items: Mapping[LineKey, int]) -> None:
    items = {
        (decision.stored.id, item["remote_line_id"]): item["id"]
        for decision in decisions
        for item in reversed(decision.stored.items)
    }
    gone = [
        row["id"]
        for decision in decisions
        for row in decision.stored.discounts
        if row["remote_id"] not in {discount.remote_id for discount in decision.incoming.draft.discounts}
    ]
    if gone:
        batch.session.execute(_DROP_DISCOUNTS, {"ids": plain_array(gone)})
    keep_discounts(batch, [each.incoming for each in decisions], {**items, **new_items}, are_new=False)


def _leave_refunds(decision: Decision, new_payments: Mapping[PaymentKey, int], effects: Effects) -> None:
    if not decision.refunds:
        return
    order_id, purses = decision.stored.id, []
    ids: dict[str, int] = {}
    for row in decision.stored.payments:
        captured = decision.payments.get(row["id"], {}).get("captured_amount", row["captured_amount"])
        purses.append(Purse(row["remote_id"], captured - row["reserved"]))
        ids[row["remote_id"]] = row["id"]
    for payment in _missing_payments(decision):
        purses.append(Purse(payment.remote_id, payment.captured_amount))
        ids[payment.remote_id] = new_payments[order_id, payment.remote_id]
    placed = place_refunds(purses, [refund.amount for refund in decision.refunds])
    for refund, key in zip(decision.refunds, placed, strict=True):
        effects.refund(order_id, ids[key], refund, decision.incoming.draft.currency)


def _leave_effects(decision: Decision, effects: Effects) -> None:
    order_id = decision.stored.id
    for kind, words, facts in decision.alarms:
        effects.alarm(order_id, kind, words, facts)
    effects.answers |= decision.answers
    for item in decision.requested:
        effects.request(order_id, item["id"], item["quantity"])
    if decision.closed:
        closed = [_closed_item(decision, item) for item in decision.closed]
        live = [item for item in decision.stored.items if item["status"] not in ENDED_STATUSES]
        currency = decision.incoming.draft.currency
        effects.close(order_id, currency, closed, is_all=len(closed) == len(live))
    if _is_found_differently(decision):
        effects.search.add(order_id)


def _closed_item(decision: Decision, item: Mapping[str, Any]) -> ClosedItem:
    before = OrderStatus(item["status_before_cancel"] or item["status"])
    return ClosedItem(item["id"], before, {**item, **decision.items.get(item["id"], {})})


def _is_found_differently(decision: Decision) -> bool:
    found_by = {"number", "date_placed", "customer_id", "shipping_address_id"}
    return decision.person_changes or not found_by.isdisjoint(decision.order)
