"""Payments as others tell the bank of them: tests, and the sandbox shop for its paid card orders."""

import random
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sandbox.bank.ledger import (
    BasketItem,
    Payment,
    Refund,
    add_payment,
    add_refund,
    find_payment,
    items_of,
    new_id,
    refunded,
    spread,
)
from sandbox.stamps import from_gmt_text

STATUSES = ("succeeded", "requires_capture", "requires_payment_method", "processing", "canceled")
DIALECTS = ("stripe", "iyzico")


@dataclass(frozen=True)
class NewPayment:
    payment: Payment
    items: list[BasketItem]
    refunded: int  # what had already gone back when the bank was told


def read_payment(wanted: dict[str, Any]) -> NewPayment:
    """Raises ValueError with one sentence.

    `amount` in minor units, `currency`; optional `id`, `dialect`, `status`, `created` (GMT text or seconds
    since 1970), `reference`, `installments`, `is_refundable`, `refunded`, `items` [{id, weight}].
    """
    dialect, status = wanted.get("dialect", "stripe"), wanted.get("status", "succeeded")
    if dialect not in DIALECTS or status not in STATUSES:
        raise ValueError(f"dialect is one of {', '.join(DIALECTS)}, status one of {', '.join(STATUSES)}.")
    amount = wanted.get("amount")
    if not isinstance(amount, int) or amount <= 0:
        raise ValueError("amount is a number of minor units above zero.")
    payment_id = str(wanted.get("id") or _new_payment_id(dialect))
    payment = Payment(
        id=payment_id,
        charge_id=f"ch_{payment_id.removeprefix('pi_')}",
        dialect=dialect,
        amount=amount,
        captured=amount if status == "succeeded" else 0,
        currency=str(wanted.get("currency") or "try").lower(),
        status=status,
        created=_moment(wanted.get("created")),
        reference=str(wanted.get("reference") or ""),
        installments=int(wanted.get("installments") or 1),
        is_refundable=int(wanted.get("is_refundable", True)),
    )
    return NewPayment(payment, _items(payment, wanted.get("items") or []), int(wanted.get("refunded") or 0))


def register(connection: sqlite3.Connection, new: NewPayment) -> None:
    if find_payment(connection, new.payment.id) is not None:
        return
    add_payment(connection, new.payment, new.items)
    if new.refunded <= 0 or new.payment.captured <= 0:
        return
    for item_id, part in spread(connection, new.payment, min(new.refunded, new.payment.captured)):
        past = Refund(
            id=new_id("re" if new.payment.dialect == "stripe" else "host"),
            payment_id=new.payment.id,
            item_id=item_id,
            amount=part,
            currency=new.payment.currency,
            status="succeeded",
            via="elsewhere",
            created=new.payment.created,
        )
        add_refund(connection, past)


def shown(connection: sqlite3.Connection, name: str) -> dict[str, Any]:
    payment = find_payment(connection, name)
    if payment is None:
        raise ValueError(f"There is no payment {name}.")
    items = [{"id": i.id, "name": i.name, "amount": i.amount} for i in items_of(connection, payment.id)]
    return vars(payment) | {"refunded": refunded(connection, payment.id), "items": items}


def _items(payment: Payment, wanted: list[dict[str, Any]]) -> list[BasketItem]:
    """What was paid, split over the basket by weight, so that the parts add up to the whole."""
    if payment.dialect != "iyzico":
        return []
    weights = [max(int(item.get("weight", 1)), 0) for item in wanted] or [1]
    names = [str(item.get("id")) for item in wanted] or ["basket"]
    total = sum(weights) or len(weights)
    weights = weights if sum(weights) else [1] * len(weights)
    items, before, so_far = [], 0, 0
    for place, (name, weight) in enumerate(zip(names, weights, strict=True), start=1):
        so_far += weight
        until = payment.amount * so_far // total
        items.append(BasketItem(f"{payment.id}{place:03d}", payment.id, name, until - before))
        before = until
    return items


def _new_payment_id(dialect: str) -> str:
    return new_id("pi") if dialect == "stripe" else str(random.randint(10_000_000, 2_000_000_000))


def _moment(given: Any) -> float:
    if given is None:
        return time.time()
    return from_gmt_text(given).timestamp() if isinstance(given, str) else float(given)
