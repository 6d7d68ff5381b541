"""The shop's own payment plug-ins: they register payments at the sandbox bank and pay back through it.

Without a bank every card payment exists only in the shop, and paying back always works.
"""

import json
import sqlite3
import time
from dataclasses import dataclass
from decimal import Decimal
from threading import Thread
from typing import Any

from sandbox.database import Database
from sandbox.post import post
from sandbox.shop.payments import CARD
from sandbox.shop.store import Order

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    reference TEXT PRIMARY KEY, body TEXT NOT NULL, is_registered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS unregistered ON payment (reference) WHERE is_registered = 0;
"""
PAYS_BACK = (*CARD, "paypal")
REGISTER_EVERY_S = 1.0
BATCH = 200
MINOR_UNITS = {"IQD": 3, "KWD": 3, "BHD": 3, "JPY": 0}  # by ISO 4217; two elsewhere


@dataclass
class Cashier:
    database: Database
    bank_url: str | None

    def __post_init__(self) -> None:
        with self.database.reading() as connection:
            connection.executescript(SCHEMA)

    def start(self) -> None:
        if self.bank_url:
            Thread(target=self._run, name="cashier", daemon=True).start()

    def pay_back(self, order: Order, amount: Decimal, refund_id: int) -> str | None:
        """A sentence why not, or None; `refund_id` makes the key of the bank's refund."""
        method = order["payment_method"]
        if not method:
            return "The payment gateway for this order does not exist."
        if method not in PAYS_BACK:
            return "The payment gateway for this order does not support automatic refunds."
        if self.bank_url is None or method not in CARD:
            return None
        wanted = {"amount": minor_units(amount, order["currency"]), "key": f"shop-refund-{refund_id}"}
        answer = post(
            f"{self.bank_url}/_control/payments/{order['transaction_id']}/refunds",
            json.dumps(wanted).encode(),
            {"Content-Type": "application/json"},
        )
        if answer.is_ok:
            return None
        return "An error occurred while attempting to create the refund using the payment gateway API."

    def register_waiting(self) -> int:
        """Tells the bank of payments it does not know yet; the bank takes each name once."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT reference, body FROM payment WHERE is_registered = 0 LIMIT ?", (BATCH,)
            ).fetchall()
        if not rows:
            return 0
        body = f'{{"payments": [{",".join(row["body"] for row in rows)}]}}'
        answer = post(
            f"{self.bank_url}/_control/payments", body.encode(), {"Content-Type": "application/json"}
        )
        if not answer.is_ok:
            return 0
        with self.database.writing() as connection:
            names = [(row["reference"],) for row in rows]
            connection.executemany("UPDATE payment SET is_registered = 1 WHERE reference = ?", names)
        return len(rows)

    def _run(self) -> None:
        # The bank may start after the shop, so registering goes on until it has worked.
        while True:
            if not self.register_waiting():
                time.sleep(REGISTER_EVERY_S)


def remember_payment(connection: sqlite3.Connection, order: Order) -> None:
    """Queues a paid card order for the bank."""
    if order["payment_method"] not in CARD or not order["transaction_id"] or Decimal(order["total"]) <= 0:
        return
    connection.execute(
        "INSERT OR IGNORE INTO payment (reference, body) VALUES (?, ?)",
        (order["transaction_id"], json.dumps(_payment(order))),
    )


def _payment(order: Order) -> dict[str, Any]:
    currency = order["currency"]
    already = sum((-Decimal(refund["total"]) for refund in order["refunds"]), Decimal(0))
    return {
        "id": order["transaction_id"],
        "dialect": order["payment_method"],
        "amount": minor_units(Decimal(order["total"]), currency),
        "currency": currency.lower(),
        "created": order["date_paid_gmt"],
        "reference": order["number"],
        "refunded": minor_units(already, currency),
        # The basket as the plug-in sends it: the bank splits what was paid by these weights.
        "items": [
            {"id": str(line["id"]), "weight": minor_units(Decimal(line["total"]) + 1, currency)}
            for line in order["line_items"]
        ],
    }


def minor_units(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(MINOR_UNITS.get(currency, 2)).to_integral_value())
