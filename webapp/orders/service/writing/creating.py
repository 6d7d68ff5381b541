"""New orders: rows in every table, one statement per table, sorted by the order's key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from webapp.core.audit import Origin
from webapp.core.bulk import Row, Rows
from webapp.customers.identity import order_search_text
from webapp.orders.enums import AttentionKind, CancelStatus
from webapp.orders.models import Order
from webapp.orders.service import search
from webapp.orders.service.timeline import Entry
from webapp.orders.service.wording import counted, said_by
from webapp.orders.service.writing.batch import Batch, Incoming
from webapp.orders.service.writing.decision import Beginning
from webapp.orders.service.writing.effects import Effects
from webapp.orders.service.writing.lines import (
    LineKey,
    NewLine,
    PaymentKey,
    insert_lines,
    insert_payments,
    keep_discounts,
    leave_ends,
    link_new_payments,
)
from webapp.orders.service.writing.moves import beginning, is_sent
from webapp.orders.service.writing.payments import (
    Purse,
    held_by_us,
    payments_of,
    place_refunds,
    real_refunds,
)
from webapp.orders.service.writing.reference import KnownProduct, References
from webapp.orders.service.writing.story import distributed
from webapp.orders.states import order_flags, order_status

_NOTHING: Final = Decimal(0)
_WHO_AND_WHERE: Final = (
    "number remote_id date_placed customer_id shipping_address_id billing_address_id shipping_address_seen_id"
    " billing_address_seen_id shipping_option_slug cargo_company_id shipping_company tracking_number delivery_type"
    " remote_addr client_type language_code notes extra_field remote_modified_at"
)
_MONEY: Final = (
    "currency amount discount_amount shipping_amount shipping_discount_amount shipping_tax_rate"
    " installment_interest_amount shipping_interest_amount rounding_amount unapplied_discount money_mismatch"
    " money_seen refund_amount payment_option_id payment_option_slug bin_number installment_id installment_count"
)
_STANDING: Final = (
    "status is_send cancel_status partially_cancelled partially_refunded partially_shipped external_status_id"
    " item_count"
)
_ORDERS = Rows(Order, f"{_WHO_AND_WHERE} {_MONEY} {_STANDING}")


@dataclass(slots=True)
class NewOrder:
    """A draft that becomes an order, with where its items begin and what went back before it came here."""

    incoming: Incoming
    begins: tuple[Beginning, ...]
    refunded: Decimal
    paid: Decimal

    @classmethod
    def of(cls, incoming: Incoming) -> "NewOrder":
        """Decide where the items begin."""
        draft = incoming.draft
        we_hold_money = held_by_us(draft) > 0
        begins = tuple(beginning(line.status, we_hold_money=we_hold_money) for line in draft.items)
        refunded = sum((refund.amount for refund in real_refunds(draft)), _NOTHING)
        paid = sum((payment.captured_amount for payment in draft.transactions), _NOTHING)
        return cls(incoming, begins, refunded, paid)


def create(
    batch: Batch,
    incoming: Sequence[Incoming],
    references: References,
    products: Mapping[str, KnownProduct],
    effects: Effects,
) -> list[Incoming]:
    """Insert these orders, which come sorted by key; gives those that another writer had inserted meanwhile."""
    if not incoming:
        return []
    orders = [NewOrder.of(each) for each in incoming]
    inserted = _ORDERS.insert(
        batch.session,
        [_order_row(order, references) for order in orders],
        same={"channel_id": batch.channel_id},
        tail="ON CONFLICT DO NOTHING RETURNING id, number, remote_id",
    )
    ids = {(row.number, row.remote_id): row.id for row in inserted}
    for each in incoming:
        each.order_id = ids.get((each.draft.number, each.draft.remote_id))
    made = [order for order in orders if order.incoming.order_id is not None]
    if made:
        _insert_parts(batch, made, references, products, effects)
    return [order.incoming for order in orders if order.incoming.order_id is None]


def _order_row(order: NewOrder, references: References) -> Row:
    return (
        *_who_and_where(order.incoming, references),
        *_money(order, references),
        *_standing(order, references),
    )


def _who_and_where(incoming: Incoming, references: References) -> Row:
    draft = incoming.draft
    carrier = references.carriers.get(draft.shipping_option_slug or "")
    return (
        draft.number,
        draft.remote_id,
        draft.date_placed,
        incoming.customer_id,
        incoming.shipping_id,
        incoming.billing_id,
        incoming.shipping_id,
        incoming.billing_id,
        draft.shipping_option_slug,
        carrier and carrier.id,
        carrier and carrier.slug,
        next((item.tracking_number for item in draft.items if item.tracking_number), None),
        draft.delivery_type,
        None if incoming.is_erased else _internet_address(draft.remote_addr),
        draft.client_type,
        draft.language_code,
        None if incoming.is_erased else draft.notes,
        draft.extra_field,
        draft.remote_modified_at,
    )


def _money(order: NewOrder, references: References) -> Row:
    draft, priced = order.incoming.draft, order.incoming.amounts
    return (
        draft.currency,
        priced.amount,
        priced.discount_amount,
        priced.shipping_amount,
        priced.shipping_discount_amount,
        draft.shipping_tax_rate,
        priced.installment_interest_amount,
        priced.shipping_interest_amount,
        priced.rounding_amount,
        priced.unapplied_discount,
        priced.money_mismatch or order.refunded > order.paid,
        order.incoming.money_seen,
        order.refunded,
        references.payment_options.get(draft.payment_option_slug or ""),
        draft.payment_option_slug,
        draft.bin_number,
        references.installment_of(draft),
        draft.installment_count,
    )


def _standing(order: NewOrder, references: References) -> Row:
    draft = order.incoming.draft
    statuses = [begins.status for begins in order.begins]
    # An order without items has only the channel's word.
    status = order_status(statuses) or draft.status
    flags = order_flags(statuses, ())
    return (
        int(status),
        is_sent(status),
        CancelStatus.COMPLETED if any(begins.is_closed for begins in order.begins) else None,
        flags.partially_cancelled,
        flags.partially_refunded,
        flags.partially_shipped,
        references.external_statuses.get(draft.external_status or ""),
        len(draft.items),
    )


@lru_cache(maxsize=1024)
def _internet_address(given: str | None) -> str | None:
    """The address if it is one: shops behind a proxy send lists, names and empty texts."""
    try:
        return str(ip_address((given or "").strip()))
    except ValueError:
        return None


def _insert_parts(
    batch: Batch,
    orders: Sequence[NewOrder],
    references: References,
    products: Mapping[str, KnownProduct],
    effects: Effects,
) -> None:
    incoming = [order.incoming for order in orders]
    items = insert_lines(batch, _new_lines(orders), references, products, effects)
    payments = insert_payments(
        batch, [(each, payment) for each in incoming for payment in payments_of(each.draft)], references
    )
    link_new_payments(batch, items, payments)
    keep_discounts(batch, incoming, items, are_new=True)
    search.ROWS.insert(batch.session, [_search_row(each) for each in incoming])
    for order in orders:
        _leave_effects(batch, order, items, payments, effects)


def _new_lines(orders: Sequence[NewOrder]) -> list[NewLine]:
    lines = []
    for order in orders:
        parts = zip(order.incoming.draft.items, order.incoming.amounts.items, order.begins, strict=True)
        lines += [NewLine(order.incoming, *part) for part in parts]
    return lines


def _search_row(incoming: Incoming) -> Row:
    draft = incoming.draft
    receiver = draft.shipping_address
    name = "" if incoming.is_erased else f"{receiver.first_name} {receiver.last_name}"
    found_by = order_search_text(draft.number, incoming.customer_folded, name)
    return incoming.order_id, draft.date_placed, found_by


def _leave_effects(
    batch: Batch,
    order: NewOrder,
    items: Mapping[LineKey, int],
    payments: Mapping[PaymentKey, int],
    effects: Effects,
) -> None:
    order_id, draft = order.incoming.id, order.incoming.draft
    effects.entries += _entries(batch, order, order_id)
    if draft.refunds:
        _leave_refunds(order, order_id, payments, effects)
    if any(begins.verdict for begins in order.begins):
        leave_ends(_new_lines([order]), items, effects, is_all=True)


def _entries(batch: Batch, order: NewOrder, order_id: int) -> list[Entry]:
    draft, priced = order.incoming.draft, order.incoming.amounts
    amount = f"{draft.amount} {draft.currency}"
    summary = f"{_origin(batch)}: {counted(len(draft.items), 'item')}, {amount}"
    entries = [Entry(order_id, "order.created", summary, {"amount": [None, amount]})]
    shared = distributed(priced, draft.currency)
    if shared:
        entries.append(Entry(order_id, "order.money.distributed", f"Rule {shared}"))
    return entries


def _origin(batch: Batch) -> str:
    match batch.context.origin:
        case Origin.CHANNEL:
            return f"Pulled from {batch.channel_name}"
        case Origin.API:
            return said_by(batch.context, "created the order through the API")
        case Origin.COMMAND:
            return "Created on the command line"
    return said_by(batch.context, "created the order")


def _leave_refunds(
    order: NewOrder, order_id: int, payments: Mapping[PaymentKey, int], effects: Effects
) -> None:
    draft = order.incoming.draft
    refunds = real_refunds(draft)
    purses = [Purse(payment.remote_id, payment.captured_amount) for payment in payments_of(draft)]
    placed = place_refunds(purses, [refund.amount for refund in refunds]) if refunds else []
    for refund, payment in zip(refunds, placed, strict=True):
        effects.refund(order_id, payments[order_id, payment], refund, draft.currency)
    if order.refunded > order.paid:
        effects.alarm(
            order_id,
            AttentionKind.REFUNDED_MORE_THAN_PAID,
            f"{order.refunded} {draft.currency} went back, and only {order.paid} was paid.",
            {"refunded": str(order.refunded), "paid": str(order.paid)},
        )
