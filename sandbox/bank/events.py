"""Signed events of the Stripe-shaped door, and the refunds that settle by themselves."""

import hmac
import json
import sqlite3
import time
from hashlib import sha256
from threading import Thread
from typing import Any

from sandbox.bank.ledger import Refund, due_refunds, find_payment, new_id, settle_refund
from sandbox.bank.stripe_objects import API_VERSION, charge_object, refund_object
from sandbox.database import Database
from sandbox.outbox import Label, Outbox, Parcel, enqueue
from sandbox.post import Answer
from sandbox.settings import Settings

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS endpoint (id INTEGER PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL);"
)
SETTLE_TICK_S = 0.1
FAILURE = "expired_or_canceled_card"


class Events:
    def __init__(self, database: Database, settings: Settings, seed: int) -> None:
        self._database = database
        with database.reading() as connection:
            connection.executescript(SCHEMA)
        self.outbox = Outbox(database, settings, label=self._label, report=_ignore, retries=True, seed=seed)

    def start(self) -> None:
        self.outbox.start()
        Thread(target=self._settle_due, name="settler", daemon=True).start()

    def endpoints(self) -> list[dict[str, Any]]:
        """Without their secrets."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT id, url FROM endpoint ORDER BY id").fetchall()
        return [dict(row) for row in rows]

    def add_endpoint(self, url: str, secret: str) -> int:
        with self._database.writing() as connection:
            cursor = connection.execute("INSERT INTO endpoint (url, secret) VALUES (?, ?)", (url, secret))
        return int(cursor.lastrowid or 0)

    def remove_endpoint(self, endpoint_id: int) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM endpoint WHERE id = ?", (endpoint_id,))

    def settle(self, refund: Refund, status: str, failure_reason: str | None) -> Refund:
        """Also for a refund that had succeeded and fails later."""
        with self._database.writing() as connection:
            settled = settle_refund(connection, refund, status, failure_reason)
            announce(connection, "refund.failed" if status == "failed" else "refund.updated", settled)
        return settled

    def _settle_due(self) -> None:
        while True:
            time.sleep(SETTLE_TICK_S)
            with self._database.reading() as connection:
                due = due_refunds(connection)
            for refund in due:
                status = refund.settles_to or "succeeded"
                self.settle(refund, status, FAILURE if status == "failed" else None)

    def _label(self, parcel: Parcel) -> Label | None:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT url, secret FROM endpoint WHERE id = ?", (parcel.hook,)
            ).fetchone()
        if row is None:
            return None
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (sandbox)",
            "Stripe-Signature": signature_header(parcel.body, row["secret"], int(time.time())),
        }
        return Label(row["url"], headers)


def announce(connection: sqlite3.Connection, kind: str, refund: Refund) -> None:
    """Queues a refund event, or `charge.refunded`, for every endpoint. iyzico has no such events."""
    payment = find_payment(connection, refund.payment_id)
    if payment is None or payment.dialect != "stripe":
        return
    shown = (
        charge_object(connection, payment)
        if kind.startswith("charge.")
        else refund_object(refund, payment.charge_id)
    )
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": int(time.time()),
        "data": {"object": shown},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": refund.key},
        "type": kind,
    }
    for row in connection.execute("SELECT id FROM endpoint").fetchall():
        enqueue(connection, hook=row["id"], topic=kind, body=json.dumps(event))


def signature_header(body: str, secret: str, timestamp: int) -> str:
    signature = hmac.digest(secret.encode(), f"{timestamp}.{body}".encode(), sha256).hex()
    return f"t={timestamp},v1={signature}"


def _ignore(parcel: Parcel, answer: Answer) -> None:
    return
