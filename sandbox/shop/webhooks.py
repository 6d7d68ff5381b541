"""The shop's webhooks: who wants to hear of orders, and how each delivery is signed.

Like the real one: a ping without a usable signature when a hook is made, no second try of a delivery,
and a hook is switched off after more than five failures in a row.
"""

import hmac
import json
import sqlite3
from base64 import b64encode
from hashlib import sha256
from typing import Any

from sandbox.database import Database
from sandbox.outbox import Label, Outbox, Parcel, enqueue
from sandbox.post import Answer
from sandbox.settings import Settings
from sandbox.shop.store import Order, take_numbers

SCHEMA = "CREATE TABLE IF NOT EXISTS webhook (id INTEGER PRIMARY KEY, body TEXT NOT NULL);"
TOPICS = ("order.created", "order.updated", "order.deleted")
PING = "ping"
MAX_FAILURES = 5


class Webhooks:
    def __init__(self, database: Database, settings: Settings, seed: int) -> None:
        self._database = database
        with database.reading() as connection:
            connection.executescript(SCHEMA)
        self.outbox = Outbox(
            database, settings, label=self._label, report=self._report, retries=False, seed=seed
        )

    def add(self, hook: dict[str, Any]) -> dict[str, Any]:
        with self._database.writing() as connection:
            hook = {"id": take_numbers(connection, "comment")[0], **hook, "failure_count": 0}
            _save(connection, hook)
            enqueue(
                connection,
                hook=hook["id"],
                topic=PING,
                body=f"webhook_id={hook['id']}",
                content_type="application/x-www-form-urlencoded",
            )
        return hook

    def all(self) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return _hooks(connection)

    def find(self, hook_id: int) -> dict[str, Any] | None:
        return next((hook for hook in self.all() if hook["id"] == hook_id), None)

    def change(self, hook_id: int, values: dict[str, Any]) -> dict[str, Any] | None:
        with self._database.writing() as connection:
            hook = next((hook for hook in _hooks(connection) if hook["id"] == hook_id), None)
            if hook is not None:
                hook |= values
                _save(connection, hook)
        return hook

    def remove(self, hook_id: int) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM webhook WHERE id = ?", (hook_id,))

    def _label(self, parcel: Parcel) -> Label | None:
        hook = self.find(parcel.hook)
        if hook is None or hook["status"] != "active":
            return None
        resource, _, event = parcel.topic.partition(".")
        headers = {
            "Content-Type": parcel.content_type,
            "User-Agent": "WooCommerce/9.4.3 Hookshot (WordPress/6.7)",
            "X-WC-Webhook-Source": "http://127.0.0.1/",
            "X-WC-Webhook-Topic": parcel.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature(parcel.body, hook["secret"]),
            "X-WC-Webhook-ID": str(parcel.hook),
            # A copy of a delivery carries the same number.
            "X-WC-Webhook-Delivery-ID": f"{parcel.id:032x}",
        }
        if parcel.topic == PING:
            headers = {"Content-Type": parcel.content_type, "User-Agent": headers["User-Agent"]}
        return Label(hook["delivery_url"], headers)

    def _report(self, parcel: Parcel, answer: Answer) -> None:
        hook = self.find(parcel.hook)
        if hook is None:
            return
        failures = 0 if answer.is_ok else hook["failure_count"] + 1
        status = "disabled" if failures > MAX_FAILURES else hook["status"]
        self.change(parcel.hook, {"failure_count": failures, "status": status})


def announce(connection: sqlite3.Connection, topic: str, order: Order) -> None:
    """Queues the order as it is now for every hook of that topic."""
    body = json.dumps(order, ensure_ascii=False)
    for hook in _hooks(connection):
        if hook["topic"] == topic and hook["status"] == "active":
            enqueue(connection, hook=hook["id"], topic=topic, body=body)


def signature(body: str, secret: str) -> str:
    return b64encode(hmac.digest(secret.encode(), body.encode(), sha256)).decode()


def _hooks(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = connection.execute("SELECT body FROM webhook ORDER BY id").fetchall()
    return [json.loads(row["body"]) for row in rows]


def _save(connection: sqlite3.Connection, hook: dict[str, Any]) -> None:
    connection.execute("INSERT OR REPLACE INTO webhook VALUES (?, ?)", (hook["id"], json.dumps(hook)))
