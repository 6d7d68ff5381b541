"""What had already happened to orders before anybody read them: payments and refunds of the past."""

import json
import random
import sqlite3
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.shop.changes import note_refund
from sandbox.shop.payments import draw_reference
from sandbox.shop.refunds import draft_refund
from sandbox.shop.store import Order, save_order, stamp
from sandbox.stamps import from_gmt_text

# Of refunded orders this share has no refund at all: somebody only set the status.
SHARE_REFUNDED_WITHOUT_REFUND = 0.2
SHARE_PARTLY_REFUNDED = 0.05
SHARE_REPAID_BUT_COMPLETED = 0.01


def draw_refund(connection: sqlite3.Connection, order: Order, seed: int, zone: ZoneInfo) -> None:
    """Gives some of the old orders a refund that was made in the shop."""
    chance = random.Random(f"{seed}/refund/{order['order_key']}")
    amount = _draw_amount(order, chance)
    if amount is None:
        return
    line = chance.choice(order["line_items"])
    # The line names less than the amount now and then: the person typed the sum by hand.
    share = amount / 2 if chance.random() < 0.3 else amount
    wanted = {
        "reason": chance.choice(("", "Müşteri vazgeçti", "Artikel beschädigt", "Damaged &amp; late")),
        "line_items": [{"id": line["id"], "quantity": 1, "refund_total": f"{share:.2f}"}],
    }
    moment = from_gmt_text(order["date_modified_gmt"]) + timedelta(minutes=1)
    refund = draft_refund(connection, order, amount, wanted, moment, zone)
    refund["refunded_payment"] = order["payment_method"] in ("stripe", "iyzico", "paypal")
    note_refund(order, refund)
    stamp(order, "date_modified", moment, zone)
    connection.execute(
        "INSERT INTO refund VALUES (?, ?, ?)",
        (refund["id"], order["id"], json.dumps(refund, ensure_ascii=False)),
    )
    save_order(connection, order)


def add_payment(order: Order) -> None:
    """The reference that the payment plug-in leaves when an order is paid later."""
    chance = random.Random(order["order_key"])
    order["transaction_id"] = draw_reference(order["payment_method"], chance)
    if order["payment_method"] == "stripe":
        order["meta_data"].append({"key": "_stripe_intent_id", "value": order["transaction_id"]})
    if order["payment_method"] == "iyzico":
        order["meta_data"].append({"key": "iyzico_payment_id", "value": order["transaction_id"]})


def _draw_amount(order: Order, chance: random.Random) -> Decimal | None:
    total = Decimal(order["total"])
    luck = chance.random()
    if total <= 0:
        return None
    if order["status"] == "refunded":
        return None if luck < SHARE_REFUNDED_WITHOUT_REFUND else total
    if order["status"] != "completed":
        return None
    if luck < SHARE_REPAID_BUT_COMPLETED:
        return total
    if luck < SHARE_REPAID_BUT_COMPLETED + SHARE_PARTLY_REFUNDED:
        return (total / chance.choice((2, 3, 4))).quantize(Decimal(order["total"]))
    return None
