"""The shop's orders in SQLite: the rendered JSON of each, with the columns that the list filters by."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.settings import WEBHOOK_DEFAULTS
from sandbox.stamps import gmt_text, local_text

SCHEMA = """
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shop_order (
    id INTEGER PRIMARY KEY, status TEXT NOT NULL, customer_id INTEGER NOT NULL,
    created TEXT NOT NULL, created_gmt TEXT NOT NULL, modified TEXT NOT NULL, modified_gmt TEXT NOT NULL,
    product_ids TEXT NOT NULL, words TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_modified ON shop_order (modified_gmt, id);
CREATE INDEX IF NOT EXISTS by_created ON shop_order (created_gmt, id);
CREATE TABLE IF NOT EXISTS refund (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attachment (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
);
"""
FIRST_NUMBERS = {"post": 1001, "item": 5001, "meta": 20001, "comment": 301, "drawn": 0, "beat": 0}
PARTS = ("line_items", "tax_lines", "shipping_lines", "fee_lines", "coupon_lines")

Order = dict[str, Any]
SWITCHES: dict[str, Any] = WEBHOOK_DEFAULTS | {
    "basic_over_http": False,  # real shops take Basic only over https
    "fulfillments": False,  # the order fulfilments feature
    "shipment_tracking": False,  # the shipment tracking extension
    "refund_race_ms": 0,  # > 0: refunds are checked, then wait, then stored, as the real shop does
    "every": 0.0,  # seconds between what happens by itself; 0 stops the clock
}


@dataclass(frozen=True)
class Page:
    """Rendered orders of one page and how many there are in all."""

    bodies: list[str]
    total: int


def take_numbers(connection: sqlite3.Connection, name: str, count: int = 1) -> range:
    connection.execute("INSERT OR IGNORE INTO sequence VALUES (?, ?)", (name, FIRST_NUMBERS[name]))
    after = connection.execute(
        "UPDATE sequence SET next = next + ? WHERE name = ? RETURNING next", (count, name)
    ).fetchone()[0]
    return range(after - count, after)


def load_order(connection: sqlite3.Connection, order_id: int) -> Order | None:
    row = connection.execute("SELECT body FROM shop_order WHERE id = ?", (order_id,)).fetchone()
    return json.loads(row["body"]) if row else None


def add_order(connection: sqlite3.Connection, order: Order) -> Order:
    """Gives the order and its parts their numbers and stores it."""
    order["id"] = take_numbers(connection, "post")[0]
    order["number"] = str(order["id"])
    order["payment_url"] = f"/checkout/order-pay/{order['id']}/?pay_for_order=true&key={order['order_key']}"
    number_parts(connection, order)
    save_order(connection, order)
    return order


def number_parts(connection: sqlite3.Connection, order: Order) -> None:
    """Numbers the lines and meta entries that have none; `id` comes first in each, as the API shows it."""
    for part in PARTS:
        lines = [line for line in order[part] if "id" not in line]
        numbers = take_numbers(connection, "item", len(lines))
        fresh = {id(line): {"id": number, **line} for line, number in zip(lines, numbers, strict=True)}
        order[part] = [fresh.get(id(line), line) for line in order[part]]
    nameless = [entry for entry in order["meta_data"] if "id" not in entry]
    numbers = take_numbers(connection, "meta", len(nameless))
    known = [entry for entry in order["meta_data"] if "id" in entry]
    order["meta_data"] = known + [{"id": n, **entry} for n, entry in zip(numbers, nameless, strict=True)]


def save_order(connection: sqlite3.Connection, order: Order) -> None:
    billing = order["billing"]
    words = [
        order["number"],
        billing["first_name"],
        billing["last_name"],
        billing["email"],
        billing["company"],
    ]
    words += [line["name"] for line in order["line_items"]]
    connection.execute(
        "INSERT OR REPLACE INTO shop_order VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            order["id"],
            order["status"],
            order["customer_id"],
            order["date_created"],
            order["date_created_gmt"],
            order["date_modified"],
            order["date_modified_gmt"],
            ",".join(str(line["product_id"]) for line in order["line_items"]),
            " ".join(words).lower(),
            json.dumps(order, ensure_ascii=False),
        ),
    )


def stamp(order: Order, name: str, moment: datetime | None, zone: ZoneInfo) -> None:
    """Sets a date in both its forms: the site's own time and GMT."""
    order[name] = local_text(moment, zone) if moment else None
    order[f"{name}_gmt"] = gmt_text(moment) if moment else None


def order_ids(connection: sqlite3.Connection, statuses: Iterable[str]) -> list[int]:
    wanted = list(statuses)
    marks = ",".join("?" * len(wanted))
    rows = connection.execute(f"SELECT id FROM shop_order WHERE status IN ({marks}) ORDER BY id", wanted)  # noqa: S608
    return [row["id"] for row in rows]


def attachments(connection: sqlite3.Connection, order_id: int, kind: str) -> list[dict[str, Any]]:
    """Notes, trackings or fulfilments of an order, oldest first."""
    rows = connection.execute(
        "SELECT body FROM attachment WHERE order_id = ? AND kind = ? ORDER BY id", (order_id, kind)
    )
    return [json.loads(row["body"]) for row in rows.fetchall()]


def attach(connection: sqlite3.Connection, order_id: int, kind: str, body: dict[str, Any]) -> None:
    """Stores a note, tracking or fulfilment; gives it a number unless it has a name of its own."""
    number = take_numbers(connection, "comment")[0]
    if "id" in body:
        body["id"] = number
    connection.execute(
        "INSERT INTO attachment VALUES (?, ?, ?, ?)",
        (number, order_id, kind, json.dumps(body, ensure_ascii=False)),
    )
