"""Stripe's JSON objects, made from the ledger's rows."""

import json
import sqlite3
from typing import Any

from sandbox.bank.ledger import Payment, Refund, refunded

API_VERSION = "2026-06-24.dahlia"
CARD = {
    "brand": "visa",
    "country": "TR",
    "exp_month": 8,
    "exp_year": 2030,
    "funding": "credit",
    "last4": "4242",
}


def payment_intent_object(
    connection: sqlite3.Connection, payment: Payment, *, expands_charge: bool
) -> dict[str, Any]:
    has_charge = payment.status in ("succeeded", "requires_capture")
    charge: Any = payment.charge_id if has_charge else None
    if has_charge and expands_charge:
        charge = charge_object(connection, payment)
    return {
        "id": payment.id,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": payment.amount if payment.status == "requires_capture" else 0,
        "amount_received": payment.captured,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "manual" if payment.status == "requires_capture" else "automatic",
        "created": int(payment.created),
        "currency": payment.currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": charge,
        "livemode": False,
        "metadata": {"order": payment.reference},
        "payment_method_types": ["card"],
        "status": payment.status,
    }


def charge_object(connection: sqlite3.Connection, payment: Payment) -> dict[str, Any]:
    given_back = refunded(connection, payment.id)
    return {
        "id": payment.charge_id,
        "object": "charge",
        "amount": payment.amount,
        "amount_captured": payment.captured,
        "amount_refunded": given_back,
        "captured": payment.captured > 0,
        "created": int(payment.created),
        "currency": payment.currency,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {"order": payment.reference},
        "paid": True,
        "payment_intent": payment.id,
        "payment_method_details": {"type": "card", "card": CARD},
        "refunded": 0 < payment.captured <= given_back,
        "status": "succeeded",
    }


def refund_object(refund: Refund, charge_id: str) -> dict[str, Any]:
    shown = {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": None,
        "charge": charge_id,
        "created": int(refund.created),
        "currency": refund.currency,
        "destination_details": {"type": "card", "card": {"type": "refund"}},
        "metadata": json.loads(refund.metadata),
        "payment_intent": refund.payment_id,
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }
    # Stripe shows the reason only where there is one.
    return shown | ({"failure_reason": refund.failure_reason} if refund.failure_reason else {})
