"""The carrier's book in SQLite: parcels, and every request by the asker's own reference.

A request and what it does to its parcel are one transaction, so a killed carrier has both or neither.
"""

import json
import sqlite3
import time
from hashlib import sha256
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS shipment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT UNIQUE, order_number TEXT NOT NULL, receiver TEXT NOT NULL,
    status TEXT NOT NULL, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL, number TEXT NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
    receiver TEXT, created REAL NOT NULL, times INTEGER NOT NULL DEFAULT 1
);
"""
STATUSES = ("announced", "collected", "delivered", "cancelled")


class Problem(Exception):
    """A refusal as the API writes it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


def find_shipment(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    """Raises Problem."""
    row = connection.execute("SELECT * FROM shipment WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise Problem(404, "unknown_shipment", "We have no parcel of this number.")
    shipment: sqlite3.Row = row
    return shipment


def new_shipment(connection: sqlite3.Connection, order_number: str, receiver: dict[str, str]) -> str:
    """A parcel that waits to be collected; gives its number."""
    cursor = connection.execute(
        "INSERT INTO shipment (order_number, receiver, status, created) VALUES (?, ?, 'announced', ?)",
        (order_number, json.dumps(receiver), time.time()),
    )
    number = f"SX{cursor.lastrowid:09d}TR"
    connection.execute("UPDATE shipment SET number = ? WHERE id = ?", (number, cursor.lastrowid))
    return number


def move(connection: sqlite3.Connection, number: str, status: str) -> None:
    """What a driver does with a parcel; raises ValueError for a status that does not exist."""
    if status not in STATUSES:
        raise ValueError(f"status is one of {', '.join(STATUSES)}.")
    connection.execute("UPDATE shipment SET status = ? WHERE number = ?", (status, number))


def send_to(connection: sqlite3.Connection, number: str, receiver: dict[str, str]) -> None:
    connection.execute("UPDATE shipment SET receiver = ? WHERE number = ?", (json.dumps(receiver), number))


def fingerprint(kind: str, number: str, body: dict[str, Any]) -> str:
    return sha256(json.dumps([kind, number, body], sort_keys=True).encode()).hexdigest()


def kept_request(connection: sqlite3.Connection, reference: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM request WHERE reference = ?", (reference,)
    ).fetchone()
    return row


def count_again(connection: sqlite3.Connection, reference: str) -> None:
    """The same wish came once more; nothing is done for it."""
    connection.execute("UPDATE request SET times = times + 1 WHERE reference = ?", (reference,))


def keep_request(
    connection: sqlite3.Connection,
    reference: str,
    mark: str,
    kind: str,
    number: str,
    status: str,
    receiver: dict[str, str] | None,
    *,
    code: str = "",
    message: str = "",
) -> None:
    connection.execute(
        "INSERT INTO request (reference, fingerprint, kind, number, status, code, message, receiver, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (reference, mark, kind, number, status, code, message, json.dumps(receiver), time.time()),
    )


def decide_redirect(connection: sqlite3.Connection, reference: str, *, confirm: bool) -> None:
    """A person at the carrier decides; raises ValueError when there is nothing to decide."""
    row = kept_request(connection, reference)
    if row is None or row["status"] != "asked":
        raise ValueError("There is no redirect of this reference that waits.")
    status, code, message = ("done", "", "Redirected.") if confirm else ("refused", "too_late", "Too late.")
    connection.execute(
        "UPDATE request SET status = ?, code = ?, message = ? WHERE reference = ?",
        (status, code, message, reference),
    )
    if confirm:
        send_to(connection, row["number"], json.loads(row["receiver"]))


def shipments(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Newest first."""
    rows = connection.execute("SELECT * FROM shipment ORDER BY id DESC").fetchall()
    return [{**dict(row), "receiver": json.loads(row["receiver"])} for row in rows]


def requests(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Newest first; `times` tells how often each was sent."""
    rows = connection.execute("SELECT * FROM request ORDER BY id DESC").fetchall()
    return [{**dict(row), "receiver": json.loads(row["receiver"] or "null")} for row in rows]
