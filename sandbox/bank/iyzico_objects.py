"""iyzico's JSON objects: amounts in major units as JSON numbers, items with what was paid for each."""

import sqlite3
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bank.ledger import BasketItem, Payment, Refund, exponent, items_of, refunded, refunds

ISTANBUL = ZoneInfo("Europe/Istanbul")


def major(amount: int, currency: str) -> int | float:
    value = Decimal(amount).scaleb(-exponent(currency))
    return int(value) if value == value.to_integral_value() else float(value)


def day(moment: float) -> str:
    """The calendar day in Istanbul, by which banks close."""
    return datetime.fromtimestamp(moment, UTC).astimezone(ISTANBUL).date().isoformat()


def envelope(wanted: dict[str, Any]) -> dict[str, Any]:
    """What every answer carries; the conversation is only echoed."""
    return {
        "locale": wanted.get("locale") or "tr",
        "systemTime": int(time.time() * 1000),
        "conversationId": str(wanted.get("conversationId") or ""),
    }


def payment_object(connection: sqlite3.Connection, payment: Payment) -> dict[str, Any]:
    price = major(payment.captured, payment.currency)
    return {
        "price": price,
        "paidPrice": price,
        "installment": payment.installments,
        "paymentId": payment.id,
        "fraudStatus": 1,
        "cardType": "CREDIT_CARD",
        "cardAssociation": "MASTER_CARD",
        "cardFamily": "Bonus",
        "binNumber": "554960",
        "lastFourDigits": "0008",
        "basketId": payment.reference,
        "currency": payment.currency.upper(),
        "phase": "AUTH",
        "paymentStatus": "SUCCESS" if payment.status == "succeeded" else "CANCELED",
        "itemTransactions": [item_object(item, payment) for item in items_of(connection, payment.id)],
    }


def item_object(item: BasketItem, payment: Payment) -> dict[str, Any]:
    price = major(item.amount, payment.currency)
    return {
        "itemId": item.name,
        "paymentTransactionId": item.id,
        "transactionStatus": 2,
        "price": price,
        "paidPrice": price,
    }


def report_object(connection: sqlite3.Connection, payment: Payment, *, shown_until: float) -> dict[str, Any]:
    """With its cancels and refunds, as far as the report already knows them."""
    known = [refund for refund in reversed(refunds(connection, payment.id)) if refund.created <= shown_until]
    given_back = refunded(connection, payment.id)
    report = payment_object(connection, payment)
    report |= {
        "paymentStatus": 1,
        "paymentRefundStatus": _refund_status(given_back if known else 0, payment.captured),
        "paymentConversationId": payment.reference,
        "createdDate": _stamp(payment.created),
        "cancels": [_refund_object(refund) for refund in known if refund.kind == "cancel"],
        "itemTransactions": [
            item_object(item, payment)
            | {
                "refunds": [
                    _refund_object(refund)
                    for refund in known
                    if refund.item_id == item.id and refund.kind == "refund"
                ]
            }
            for item in items_of(connection, payment.id)
        ],
    }
    return report


def daily_rows(connection: sqlite3.Connection, date: str, *, shown_until: float) -> list[dict[str, Any]]:
    """The refunds and cancels of one day in Istanbul, oldest first, in the shape of the daily report."""
    return [
        {
            "transactionType": refund.kind.upper(),
            "transactionDate": _stamp(refund.created),
            "transactionId": refund.number,
            "paymentId": refund.payment_id,
            "conversationId": refund.reference,
            "price": major(refund.amount, refund.currency),
            "transactionCurrency": refund.currency.upper(),
        }
        for refund in reversed(refunds(connection))
        if not refund.id.startswith("re_") and day(refund.created) == date and refund.created <= shown_until
    ]


def _refund_object(refund: Refund) -> dict[str, Any]:
    return {
        "refundTxId": refund.number,
        "refundHostReference": refund.id,
        "refundPrice": major(refund.amount, refund.currency),
        "refundConversationId": refund.reference,
        "currencyCode": refund.currency.upper(),
        "refundStatus": 1 if refund.status == "succeeded" else 0,
        "createdDate": _stamp(refund.created),
    }


def _refund_status(given_back: int, captured: int) -> str:
    if given_back <= 0:
        return "NOT_REFUNDED"
    return "TOTALLY_REFUNDED" if given_back >= captured else "PARTIALLY_REFUNDED"


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone(ISTANBUL).strftime("%Y-%m-%d %H:%M:%S")
