"""Signatures of messages that gateways send us, over the raw body and in constant time."""

import hashlib
import hmac
from collections.abc import Sequence

TOLERANCE_S = 300  # Stripe's own; an older message may be a replay.


def stripe_signature_holds(header: str, body: bytes, secrets: Sequence[str], *, now: float) -> bool:
    """Whether `Stripe-Signature` (t=…,v1=…) was made over this body with one of our live secrets, within 5 minutes.

    `now` is the Unix time in seconds. Two secrets live while one is being replaced; any v1 may match.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not stamps[0].isdigit() or abs(now - int(stamps[0])) > TOLERANCE_S:
        return False
    signed = stamps[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return any(hmac.compare_digest(a.encode(), b.encode()) for a in expected for b in given)
