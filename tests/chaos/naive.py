"""The negative control: the same refund as a plain RQ job with retries, a new key per attempt, the state looked at first.

It is what a careful person writes without a lease, a stored key and a look before a resend, and it pays twice.
"""

import secrets
from typing import Any

import requests


def refund(bank: str, secret: str, payment: str, amount: int, timeout_s: float) -> None:
    """Look whether it was refunded; if not, refund. Raises for RQ to try again."""
    listed: dict[str, Any] = requests.get(
        f"{bank}/v1/refunds", params={"payment_intent": payment}, auth=(secret, ""), timeout=timeout_s
    ).json()
    if any(row["metadata"].get("done_by") == "us" for row in listed["data"]):
        return
    answer = requests.post(
        f"{bank}/v1/refunds",
        data={"payment_intent": payment, "amount": amount, "metadata[done_by]": "us"},
        headers={"Idempotency-Key": secrets.token_hex(8)},
        auth=(secret, ""),
        timeout=timeout_s,
    )
    answer.raise_for_status()
