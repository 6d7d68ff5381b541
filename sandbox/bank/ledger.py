"""Payments and refunds in SQLite, amounts in minor units; the caps are kept here, whichever door was used."""

import json
import secrets
import sqlite3
import time
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment (
    id TEXT PRIMARY KEY, charge_id TEXT NOT NULL UNIQUE, dialect TEXT NOT NULL, amount INTEGER NOT NULL,
    captured INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL,
    reference TEXT NOT NULL, installments INTEGER NOT NULL, is_refundable INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS basket_item (
    id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, name TEXT NOT NULL, amount INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS items_of_payment ON basket_item (payment_id);
CREATE TABLE IF NOT EXISTS refund (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, payment_id TEXT NOT NULL, item_id TEXT,
    kind TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL,
    status TEXT NOT NULL, failure_reason TEXT, reason TEXT, metadata TEXT NOT NULL, reference TEXT NOT NULL,
    key TEXT, via TEXT NOT NULL, created REAL NOT NULL, settles_at REAL, settles_to TEXT
);
CREATE INDEX IF NOT EXISTS refunds_of_payment ON refund (payment_id);
CREATE INDEX IF NOT EXISTS to_settle ON refund (settles_at) WHERE status = 'pending';
"""
COUNTED = "('pending', 'requires_action', 'succeeded')"  # what takes away from the rest; failed gives it back
EXPONENTS = {"jpy": 0, "krw": 0, "bhd": 3, "iqd": 3, "jod": 3, "kwd": 3, "omr": 3, "tnd": 3}


@dataclass(frozen=True)
class Payment:
    """`captured` is what was taken from the card; before that the money is only reserved."""

    id: str
    charge_id: str
    dialect: str
    amount: int
    captured: int
    currency: str
    status: str
    created: float
    reference: str
    installments: int
    is_refundable: int


@dataclass(frozen=True)
class BasketItem:
    id: str
    payment_id: str
    name: str
    amount: int


@dataclass(frozen=True)
class Refund:
    """`reference` is what the caller calls it, `via` the door it came through."""

    id: str
    payment_id: str
    amount: int
    currency: str
    status: str
    via: str
    item_id: str | None = None
    kind: str = "refund"
    failure_reason: str | None = None
    reason: str | None = None
    metadata: str = "{}"
    reference: str = ""
    key: str | None = None
    created: float = 0.0
    settles_at: float | None = None
    settles_to: str | None = None
    number: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"metadata": json.loads(self.metadata)}


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def exponent(currency: str) -> int:
    return EXPONENTS.get(currency.lower(), 2)


def add_payment(connection: sqlite3.Connection, payment: Payment, items: list[BasketItem]) -> None:
    """A payment of that name that is already there stays as it is."""
    connection.execute(
        "INSERT OR IGNORE INTO payment VALUES (:id, :charge_id, :dialect, :amount, :captured, :currency, :status,"
        " :created, :reference, :installments, :is_refundable)",
        asdict(payment),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO basket_item VALUES (:id, :payment_id, :name, :amount)",
        [asdict(item) for item in items],
    )


def find_payment(connection: sqlite3.Connection, name: str) -> Payment | None:
    """By the payment's own name or its charge's."""
    row = connection.execute("SELECT * FROM payment WHERE id = ? OR charge_id = ?", (name, name)).fetchone()
    return Payment(**dict(row)) if row else None


def change_payment(
    connection: sqlite3.Connection, payment: Payment, *, status: str, captured: int
) -> Payment:
    connection.execute(
        "UPDATE payment SET status = ?, captured = ? WHERE id = ?", (status, captured, payment.id)
    )
    return Payment(**{**asdict(payment), "status": status, "captured": captured})


def items_of(connection: sqlite3.Connection, payment_id: str) -> list[BasketItem]:
    rows = connection.execute("SELECT * FROM basket_item WHERE payment_id = ? ORDER BY rowid", (payment_id,))
    return [BasketItem(**dict(row)) for row in rows.fetchall()]


def find_item(connection: sqlite3.Connection, item_id: str) -> BasketItem | None:
    row = connection.execute("SELECT * FROM basket_item WHERE id = ?", (item_id,)).fetchone()
    return BasketItem(**dict(row)) if row else None


def refunded(connection: sqlite3.Connection, payment_id: str, item_id: str | None = None) -> int:
    """What has gone back or is on its way, of the whole payment or of one item."""
    row = connection.execute(
        f"SELECT coalesce(sum(amount), 0) FROM refund WHERE payment_id = ? AND (item_id = ? OR ? IS NULL)"  # noqa: S608
        f" AND status IN {COUNTED}",
        (payment_id, item_id, item_id),
    ).fetchone()
    return int(row[0])


def spread(connection: sqlite3.Connection, payment: Payment, amount: int) -> list[tuple[str | None, int]]:
    """An amount over the basket's items, the first with something left first; (None, amount) without a basket."""
    items = items_of(connection, payment.id)
    if not items:
        return [(None, amount)]
    parts: list[tuple[str | None, int]] = []
    for item in items:
        part = min(amount, item.amount - refunded(connection, payment.id, item.id))
        if part > 0:
            parts.append((item.id, part))
            amount -= part
    return parts


def add_refund(connection: sqlite3.Connection, refund: Refund) -> Refund:
    """The caller has checked the caps in the same transaction."""
    cursor = connection.execute(
        "INSERT INTO refund (id, payment_id, item_id, kind, amount, currency, status, failure_reason, reason,"
        " metadata, reference, key, via, created, settles_at, settles_to) VALUES (:id, :payment_id, :item_id,"
        " :kind, :amount, :currency, :status, :failure_reason, :reason, :metadata, :reference, :key, :via,"
        " :created, :settles_at, :settles_to)",
        asdict(refund) | {"created": refund.created or time.time()},
    )
    return _refund(connection, "number = ?", cursor.lastrowid)


def find_refund(connection: sqlite3.Connection, refund_id: str) -> Refund | None:
    row = connection.execute("SELECT * FROM refund WHERE id = ?", (refund_id,)).fetchone()
    return Refund(**dict(row)) if row else None


def refunds(connection: sqlite3.Connection, payment_id: str | None = None) -> list[Refund]:
    """Newest first."""
    rows = connection.execute(
        "SELECT * FROM refund WHERE payment_id = ? OR ? IS NULL ORDER BY number DESC",
        (payment_id, payment_id),
    )
    return [Refund(**dict(row)) for row in rows.fetchall()]


def due_refunds(connection: sqlite3.Connection) -> list[Refund]:
    rows = connection.execute(
        "SELECT * FROM refund WHERE status = 'pending' AND settles_at <= ? ORDER BY settles_at",
        (time.time(),),
    )
    return [Refund(**dict(row)) for row in rows.fetchall()]


def settle_refund(
    connection: sqlite3.Connection, refund: Refund, status: str, failure_reason: str | None
) -> Refund:
    connection.execute(
        "UPDATE refund SET status = ?, failure_reason = ?, settles_at = NULL WHERE number = ?",
        (status, failure_reason, refund.number),
    )
    return _refund(connection, "number = ?", refund.number)


def _refund(connection: sqlite3.Connection, condition: str, value: int | None) -> Refund:
    row = connection.execute(f"SELECT * FROM refund WHERE {condition}", (value,)).fetchone()  # noqa: S608
    return Refund(**dict(row))
