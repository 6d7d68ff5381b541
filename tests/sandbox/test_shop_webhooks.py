"""Webhooks of the shop: signed, ordered as the switches say."""

import hmac
import json
from base64 import b64encode
from typing import Any

import pytest

from tests.sandbox.listener import Listener, Received
from tests.sandbox.running import ShopServer, eventually

SECRET = "shared with the shop"


@pytest.fixture
def hook(shop: ShopServer, listener: Listener) -> Any:
    wanted = {"topic": "order.updated", "delivery_url": listener.url, "secret": SECRET}
    hook = shop.api("POST", "/webhooks", wanted).json()
    listener.wait_for(lambda received: len(received) == 1)
    yield hook
    shop.control("PUT", "settings", {"webhook_hold": False, "webhook_order": "in_order", "webhook_copies": 1})
    shop.api("DELETE", f"/webhooks/{hook['id']}?force=true")


def _events(received: list[Received]) -> list[Received]:
    return [one for one in received if "X-Wc-Webhook-Topic" in {name.title() for name in one.headers}]


def test_hook_when_made_then_a_ping_without_signature_comes(listener: Listener, hook: dict[str, Any]) -> None:
    assert listener.received[0].body == f"webhook_id={hook['id']}".encode()
    assert "secret" not in hook


def test_event_when_an_order_changes_then_it_is_signed_over_the_raw_body(
    shop: ShopServer, listener: Listener, hook: dict[str, Any]
) -> None:
    order_id = shop.place(status="processing")["id"]
    shop.api("PUT", f"/orders/{order_id}", {"status": "completed"})

    event = _events(listener.wait_for(lambda received: len(_events(received)) == 1))[0]

    expected = b64encode(hmac.digest(SECRET.encode(), event.body, "sha256")).decode()
    assert event.headers["X-WC-Webhook-Signature"] == expected
    assert json.loads(event.body)["id"] == order_id
    assert json.loads(event.body)["status"] == "completed"


def test_events_when_held_reversed_and_doubled_then_they_come_so(
    shop: ShopServer, listener: Listener, hook: dict[str, Any]
) -> None:
    switches = {"webhook_hold": True, "webhook_order": "reversed", "webhook_copies": 2}
    shop.control("PUT", "settings", switches)
    ids = [shop.place(status="processing")["id"] for _ in range(2)]
    for order_id in ids:
        shop.api("PUT", f"/orders/{order_id}", {"status": "completed"})
    assert _events(listener.received) == []

    shop.control("POST", "webhooks/release")

    events = _events(listener.wait_for(lambda received: len(_events(received)) == 4))
    assert [json.loads(event.body)["id"] for event in events] == [ids[1], ids[1], ids[0], ids[0]]
    deliveries = [event.headers["X-WC-Webhook-Delivery-ID"] for event in events]
    assert deliveries[0] == deliveries[1] != deliveries[2]


def test_hook_when_six_deliveries_fail_then_it_is_disabled(
    shop: ShopServer, listener: Listener, hook: dict[str, Any]
) -> None:
    listener.status = 500
    order_id = shop.place(status="processing")["id"]
    for number in range(8):
        shop.api("PUT", f"/orders/{order_id}", {"customer_note": str(number)})
    listener.wait_for(lambda received: len(_events(received)) == 6)

    eventually(lambda: shop.api("GET", f"/webhooks/{hook['id']}").json()["status"] == "disabled")


def test_hook_when_it_points_elsewhere_then_it_is_refused(shop: ShopServer) -> None:
    wanted = {"topic": "order.created", "delivery_url": "http://shop.example.com/hook"}

    assert shop.api("POST", "/webhooks", wanted).status_code == 400
