"""Signatures that receivers can check, after the Standard Webhooks specification. Pure.

webhook-id         the event's id, the same at every try: whoever has seen it ignores it
webhook-timestamp  when this try was signed, in seconds; older than five minutes is a repeat by somebody else
webhook-signature  "v1," and the base64 of HMAC-SHA256(secret, "id.timestamp.body"); one for each live secret
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # as long as the digest: more adds nothing, less is easier to guess
VERSION: Final = "v1"


def new_secret() -> str:
    """A secret for one subscription, shown to staff once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(live: Sequence[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one try, signed with each of the live secrets."""
    signatures = " ".join(f"{VERSION},{signature(secret, event_id, timestamp, body)}" for secret in live)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures,
    }


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """One signature in base64, over the body byte for byte."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
