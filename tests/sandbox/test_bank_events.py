"""Signed events of the bank: twice, out of order, and for what settles later."""

import hmac
import json
from typing import Any

import pytest

from tests.sandbox.listener import Listener, Received
from tests.sandbox.running import BankServer

SECRET = "whsec_sandbox"


@pytest.fixture
def endpoint(bank: BankServer, listener: Listener) -> Any:
    made = bank.control("POST", "webhooks", {"url": listener.url, "secret": SECRET})
    yield made
    bank.control("PUT", "settings", {"webhook_hold": False, "webhook_order": "in_order", "webhook_copies": 1})
    bank.control("DELETE", f"webhooks/{made['id']}")


def _told(received: list[Received]) -> list[tuple[str, str]]:
    """(type, status of the refund) of each event about a refund."""
    events = [json.loads(one.body) for one in received]
    return [
        (event["type"], event["data"]["object"]["status"])
        for event in events
        if event["type"].startswith("refund.")
    ]


def test_event_when_a_refund_is_made_then_it_is_signed_with_the_time(
    bank: BankServer, listener: Listener, endpoint: Any
) -> None:
    payment = bank.pay()
    bank.stripe("POST", "/refunds", {"payment_intent": payment["id"]}, key="k-event")

    created, charge = listener.wait_for(lambda received: len(received) == 2)

    parts = dict(part.split("=", 1) for part in created.headers["Stripe-Signature"].split(","))
    expected = hmac.digest(SECRET.encode(), f"{parts['t']}.".encode() + created.body, "sha256").hex()
    assert parts["v1"] == expected
    assert json.loads(created.body)["request"]["idempotency_key"] == "k-event"
    assert json.loads(charge.body)["type"] == "charge.refunded"


def test_events_when_a_pending_refund_fails_then_refund_failed_comes_with_its_reason(
    bank: BankServer, listener: Listener, endpoint: Any
) -> None:
    payment = bank.pay()
    bank.fault(kind="pending_fails", seconds=0.2, count=1)
    bank.stripe("POST", "/refunds", {"payment_intent": payment["id"]})

    received = listener.wait_for(lambda received: len(_told(received)) == 2)

    assert _told(received) == [("refund.created", "pending"), ("refund.failed", "failed")]
    assert json.loads(received[-1].body)["data"]["object"]["failure_reason"] == "expired_or_canceled_card"


def test_events_when_reversed_and_doubled_then_the_same_event_comes_twice_and_late_first(
    bank: BankServer, listener: Listener, endpoint: Any
) -> None:
    bank.control("PUT", "settings", {"webhook_hold": True, "webhook_order": "reversed", "webhook_copies": 2})
    payment = bank.pay()
    refund = bank.stripe("POST", "/refunds", {"payment_intent": payment["id"]}).json()
    bank.control("POST", f"refunds/{refund['id']}/settle", {"status": "failed"})

    bank.control("POST", "webhooks/release")

    received = listener.wait_for(lambda received: len(received) == 6)
    ids = [json.loads(one.body)["id"] for one in received]
    assert _told(received)[0] == ("refund.failed", "failed")
    assert _told(received)[-1] == ("refund.created", "succeeded")
    assert ids[0] == ids[1] != ids[2]
