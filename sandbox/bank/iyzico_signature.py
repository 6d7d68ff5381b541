"""iyzico's signatures: of requests (IYZWSv2 over the exact bytes) and of answers (over chosen fields)."""

import hmac
from base64 import b64decode
from decimal import Decimal
from hashlib import sha256
from typing import Any

SCHEME = "IYZWSv2 "
# The fields of a signed answer, in this order.
DETAIL_FIELDS = ("paymentId", "currency", "basketId", "conversationId", "paidPrice", "price")
REFUND_FIELDS = ("paymentId", "price", "currency", "conversationId")


def is_signed(header: str, random_key: str, path: str, body: bytes, api_key: str, secret: str) -> bool:
    """`path` without its query; a GET of the official client signs and sends the body `null`."""
    if not header.startswith(SCHEME):
        return False
    try:
        pairs = b64decode(header[len(SCHEME) :]).decode().split("&")
    except ValueError:
        return False
    given = dict(pair.split(":", 1) for pair in pairs if ":" in pair)
    expected = request_signature(random_key, path, body, secret)
    return (
        given.get("apiKey") == api_key
        and given.get("randomKey") == random_key
        and hmac.compare_digest(given.get("signature", "").encode(), expected.encode())
    )


def request_signature(random_key: str, path: str, body: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), random_key.encode() + path.encode() + body, sha256).hex()


def answer_signature(answer: dict[str, Any], fields: tuple[str, ...], secret: str) -> str:
    message = ":".join(_written(answer.get(name)) for name in fields)
    return hmac.digest(secret.encode(), message.encode(), sha256).hex()


def _written(value: Any) -> str:
    """A price without trailing zeros: 10.50 is signed as 10.5 and 10.0 as 10."""
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{Decimal(str(value)).normalize():f}"
    return str(value)
