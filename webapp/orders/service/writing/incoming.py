"""Check a draft and its amounts before anything is written, so that a bad one costs the batch nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from webapp.core.errors import InvalidInput
from webapp.core.money import InvalidAmount, to_minor
from webapp.customers.identity import address_hash
from webapp.orders.inputs import DiscountDraft, OrderDraft
from webapp.orders.pricing import DiscountMoney, LineMoney, OrderMoney, price_order
from webapp.orders.service.writing.batch import Incoming

# Scopes whose amount is not yet in the items or the shipping and must be distributed.
DISTRIBUTED_SCOPES = frozenset({"order", "fee"})


def newest_of_each(drafts: Sequence[OrderDraft]) -> list[Incoming]:
    """One entry per order, sorted by key; of an order that is named twice the newer draft counts."""
    by_key: dict[str, Incoming] = {}
    for position, draft in enumerate(drafts):
        given = Incoming(draft, (position,))
        known = by_key.get(given.key)
        if known is not None:
            newest = known.draft if _is_newer(known.draft, draft) else draft
            given = Incoming(newest, (*known.positions, position))
        by_key[given.key] = given
    return [by_key[key] for key in sorted(by_key)]


def _is_newer(first: OrderDraft, second: OrderDraft) -> bool:
    if first.remote_modified_at is None or second.remote_modified_at is None:
        return False
    return first.remote_modified_at > second.remote_modified_at


def check(incoming: Incoming) -> None:
    """Refuse what no table can hold, and take the digests by which an unchanged order is recognised.

    Raises InvalidInput, InvalidAmount or UnknownCurrency.
    """
    draft = incoming.draft
    if not draft.number.strip():
        raise InvalidInput("The order has no number.")
    if draft.date_placed.tzinfo is None:
        raise InvalidInput("The time at which the order was placed has no time zone.")
    lines = [item.remote_line_id for item in draft.items]
    if len(set(lines)) != len(lines):
        raise InvalidInput("Two lines of the order have the same id.")
    _check_payments(draft)
    shipping, billing = draft.shipping_address, draft.billing_address
    incoming.shipping_hash = address_hash(shipping)
    incoming.billing_hash = incoming.shipping_hash if billing == shipping else address_hash(billing)
    incoming.money_seen = money_digest(draft)


def _check_payments(draft: OrderDraft) -> None:
    for payment in draft.transactions:
        for amount in (payment.amount, payment.authorised_amount, payment.captured_amount):
            if to_minor(amount, draft.currency) < 0:
                raise InvalidAmount(f"Payment {payment.remote_id} is below zero.")
    for refund in draft.refunds:
        if to_minor(refund.amount, draft.currency) < 0:
            raise InvalidAmount(f"Refund {refund.remote_id} is below zero.")


def price(incoming: Incoming) -> None:
    """Distribute the draft's discounts, shipping and interest over its items (rules R2 to R5).

    Raises InvalidAmount or UnknownCurrency.
    """
    incoming.priced = price_order(order_money(incoming.draft))


def without_person(draft: OrderDraft) -> OrderDraft:
    """The draft of somebody who was erased: amounts, statuses and ids; no free text and none of the channel's own fields."""
    return replace(
        draft,
        notes=None,
        remote_addr=None,
        extra_field={},
        items=tuple(replace(item, attributes={}, extra_field={}) for item in draft.items),
        transactions=tuple(replace(payment, extra_field={}) for payment in draft.transactions),
        refunds=tuple(replace(refund, reason="") for refund in draft.refunds),
    )


def order_money(draft: OrderDraft) -> OrderMoney:
    """The draft's amounts as pricing takes them."""
    return OrderMoney(
        currency=draft.currency,
        lines=[
            LineMoney(item.remote_line_id, item.amount, item.discount_amount, item.tax_amount, item.tax_rate)
            for item in draft.items
        ],
        total=draft.amount,
        discounts=[
            DiscountMoney(each.remote_id, each.amount, frozenset(each.benefit_lines), each.also_shipping)
            for each in distributed_discounts(draft)
        ],
        shipping=draft.shipping_amount,
        shipping_discount=draft.shipping_discount_amount,
        interest=draft.interest_amount,
    )


def distributed_discounts(draft: OrderDraft) -> list[DiscountDraft]:
    """The discounts that fall on several items, in the draft's order."""
    return [each for each in draft.discounts if each.scope in DISTRIBUTED_SCOPES]


def money_digest(draft: OrderDraft) -> str:
    """A digest of every amount that pricing would take; equal digests need no new sums."""
    parts: list[object] = [draft.currency, draft.amount, draft.shipping_amount]
    parts += (draft.shipping_discount_amount, draft.interest_amount)
    for item in draft.items:
        parts += (item.remote_line_id, item.quantity, item.amount, item.discount_amount)
        parts += (item.tax_amount, item.tax_rate)
    for discount in draft.discounts:
        parts += (discount.remote_id, discount.scope, discount.amount)
        parts += (discount.also_shipping, discount.remote_line_id, *discount.benefit_lines)
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
