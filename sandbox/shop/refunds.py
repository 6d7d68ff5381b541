"""Refunds as the shop makes them: checked against what is left, with lines that need not add up."""

import json
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.database import Database
from sandbox.shop.changes import note_refund, refundable, settle_refund, withdraw_refund
from sandbox.shop.problems import Refusal, cannot_refund, invalid_parameters
from sandbox.shop.store import Order, load_order, save_order, stamp, take_numbers
from sandbox.shop.webhooks import announce
from sandbox.stamps import now

# (order, amount, refund number) → a sentence why the payment's gateway does not pay back, or None
Gateway = Callable[[Order, Decimal, int], str | None]
LINE_PARTS = ("line_items", "shipping_lines", "fee_lines")


def make_refund(
    database: Database, zone: ZoneInfo, order_id: int, wanted: dict[str, Any], gateway: Gateway, race_ms: int
) -> dict[str, Any]:
    """Stores the refund, then asks the gateway unless `api_refund` is false; a no takes the refund back.

    With `race_ms` the check and the write are apart by that time, as in the real shop, where of four full
    refunds at once three went through.
    """
    amount = _amount(wanted)
    if race_ms:
        with database.reading() as connection:
            _check_amount(_order(connection, order_id), amount)
        time.sleep(race_ms / 1000)
    with database.writing() as connection:
        order = _order(connection, order_id)
        if not race_ms:
            _check_amount(order, amount)
        refund = draft_refund(connection, order, amount, wanted, now(), zone)
        note_refund(order, refund)
        _save(connection, order, refund)
    # `api_refund` must be a JSON false; everything else, also a missing one, moves money.
    asks_gateway = wanted.get("api_refund") is not False
    refusal = gateway(order, amount, refund["id"]) if asks_gateway else None
    with database.writing() as connection:
        order = _order(connection, order_id)
        if refusal is None:
            refund["refunded_payment"] = asks_gateway
            settle_refund(order, now(), zone)
            _save(connection, order, refund)
            announce(connection, "order.updated", order)
        else:
            withdraw_refund(order, refund["id"])
            connection.execute("DELETE FROM refund WHERE id = ?", (refund["id"],))
            save_order(connection, order)
    if refusal is not None:
        raise cannot_refund(refusal)
    return refund


def refunds_of(connection: sqlite3.Connection, order_id: int) -> list[dict[str, Any]]:
    """Newest first."""
    rows = connection.execute("SELECT body FROM refund WHERE order_id = ? ORDER BY id DESC", (order_id,))
    return [json.loads(row["body"]) for row in rows.fetchall()]


def draft_refund(
    connection: sqlite3.Connection,
    order: Order,
    amount: Decimal,
    wanted: dict[str, Any],
    moment: datetime,
    zone: ZoneInfo,
) -> dict[str, Any]:
    refund: dict[str, Any] = {"id": take_numbers(connection, "post")[0]}
    stamp(refund, "date_created", moment, zone)
    refund |= {
        "amount": _text(amount, order),
        "reason": wanted.get("reason") or "",
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [dict(entry) for entry in wanted.get("meta_data") or []],
    }
    requested = {int(line["id"]): line for line in wanted.get("line_items") or [] if "id" in line}
    for part in LINE_PARTS:
        refund[part] = [
            _negative(connection, line, requested[line["id"]], order)
            for line in order[part]
            if line["id"] in requested
        ]
    refund["tax_lines"] = []
    return refund


def _negative(
    connection: sqlite3.Connection, line: dict[str, Any], wanted: dict[str, Any], order: Order
) -> dict[str, Any]:
    total = Decimal(str(wanted.get("refund_total") or 0))
    taxes = [
        {"id": tax["id"], "total": f"-{tax['refund_total']}", "subtotal": f"-{tax['refund_total']}"}
        for tax in wanted.get("refund_tax") or []
    ]
    tax_total = sum((Decimal(tax["total"]) for tax in taxes), Decimal(0))
    negative = {
        **line,
        "id": take_numbers(connection, "item")[0],
        "total": _text(-total, order),
        "total_tax": _text(tax_total, order),
        "taxes": taxes,
        "meta_data": [
            {
                "id": take_numbers(connection, "meta")[0],
                "key": "_refunded_item_id",
                "value": str(line["id"]),
            }
        ],
    }
    if "quantity" in line:
        negative |= {
            "quantity": -(wanted.get("quantity") or 0),
            "subtotal": negative["total"],
            "subtotal_tax": negative["total_tax"],
        }
    return negative


def _amount(wanted: dict[str, Any]) -> Decimal:
    """Missing: the sum of the lines; no lines either: zero, which the real shop accepts."""
    given = wanted.get("amount")
    if given is None:
        return _sum_of_lines(wanted)
    if not isinstance(given, str):
        raise invalid_parameters({"amount": ("rest_invalid_type", "amount is not of type string.")})
    try:
        amount = Decimal(given)
    except InvalidOperation:
        raise cannot_refund("Invalid refund amount.") from None
    if amount < 0:
        raise Refusal(
            400,
            "woocommerce_rest_invalid_order_refund",
            "Refund amount must be greater than zero.",
            {"status": 400},
        )
    return amount


def _sum_of_lines(wanted: dict[str, Any]) -> Decimal:
    total = Decimal(0)
    for line in wanted.get("line_items") or []:
        total += Decimal(str(line.get("refund_total") or 0))
        total += sum((Decimal(str(tax["refund_total"])) for tax in line.get("refund_tax") or []), Decimal(0))
    return total


def _check_amount(order: Order, amount: Decimal) -> None:
    if amount > refundable(order):
        raise cannot_refund("Invalid refund amount.")


def _order(connection: sqlite3.Connection, order_id: int) -> Order:
    order = load_order(connection, order_id)
    if order is None:
        # The real shop answers 500 here: its error carries a bare number instead of a status.
        raise Refusal(500, "woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    return order


def _save(connection: sqlite3.Connection, order: Order, refund: dict[str, Any]) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO refund VALUES (?, ?, ?)",
        (refund["id"], order["id"], json.dumps(refund, ensure_ascii=False)),
    )
    save_order(connection, order)


def _text(amount: Decimal, order: Order) -> str:
    """With as many decimals as the order's own total."""
    _, _, decimals = str(order["total"]).partition(".")
    return f"{amount:.{len(decimals)}f}"
