"""What a WooCommerce shop sends by itself: a hint to look at an order. Nothing of the message is believed further."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from webapp.channels.base import WebhookNotice
from webapp.core import exact_json
from webapp.core.errors import PermissionDenied


def read_webhook(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> WebhookNotice | None:
    """The notice of a signed message; None for the ping of a new webhook, which carries no signature.

    Raises PermissionDenied when no secret that is valid now made the signature.
    """
    if _is_ping(headers, body):
        return None
    if not _is_signed(headers.get("x-wc-webhook-signature", ""), body, secrets):
        raise PermissionDenied("The signature of the message is wrong.")
    # The shop derives its delivery id from the webhook and the second: two orders can share one.
    digest = hashlib.sha256(body).hexdigest()[:24]
    delivery = headers.get("x-wc-webhook-delivery-id", "")[:64]
    topic = headers.get("x-wc-webhook-topic", "")[:64]
    return WebhookNotice(f"{delivery}:{digest}", topic, _order_id(topic, body))


def _is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return form and body.startswith(b"webhook_id=") and len(body) < 100


def _is_signed(given: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Compares with every secret in constant time, so that neither their number nor a near miss shows."""
    matches = [
        hmac.compare_digest(
            base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()), given.encode()
        )
        for secret in secrets
        if secret
    ]
    return any(matches)


def _order_id(topic: str, body: bytes) -> str | None:
    if not topic.startswith("order."):
        return None
    try:
        payload = exact_json.parse(body.decode())
    except ValueError:
        return None
    order_id = payload.get("id") if isinstance(payload, dict) else None
    return str(order_id) if isinstance(order_id, int) and order_id > 0 else None
