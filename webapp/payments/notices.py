"""Messages that gateways send by themselves: signed, and only a hint where to look. Nothing of them is believed further."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from webapp.core import exact_json
from webapp.core.errors import PermissionDenied
from webapp.payments.gateways.stripe_answers import REFERENCE
from webapp.payments.signatures import stripe_signature_holds

_WRONG: Final = "The signature of the message is wrong."
_REFUND_EVENTS: Final = frozenset({"refund.updated", "refund.failed", "charge.refund.updated"})
_CHARGE_EVENTS: Final = frozenset({"charge.refunded"})
_IYZICO_NEWS: Final = ("REFUND", "CANCEL")


@dataclass(frozen=True, slots=True)
class Notice:
    """Which refund a verified message is about: by our id, by the gateway's, or any of a payment that is under way."""

    event_id: str
    kind: str
    reference: str = ""
    gateway_ref: str = ""
    payment_refs: tuple[str, ...] = ()


# (headers, raw body, the account's secrets by name, Unix time in seconds) → the notice. Raises PermissionDenied.
NoticeReader = Callable[[Mapping[str, str], bytes, Mapping[str, str], float], Notice]


def read_stripe(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: float) -> Notice:
    """An event of Stripe's. Two secrets live while one is being replaced. Raises PermissionDenied."""
    live = [secrets.get(name, "") for name in ("webhook_secret", "webhook_secret_previous")]
    header = headers.get("Stripe-Signature", "")
    if not stripe_signature_holds(header, body, [secret for secret in live if secret], now=now):
        raise PermissionDenied(_WRONG)
    event = _object(body)
    kind, thing = str(event.get("type") or ""), _inner(event)
    event_id = str(event.get("id") or _digest(body))[:128]
    if kind in _REFUND_EVENTS:
        metadata = thing.get("metadata")
        reference = str(metadata.get(REFERENCE) or "") if isinstance(metadata, dict) else ""
        return Notice(event_id, kind, reference=reference, gateway_ref=str(thing.get("id") or ""))
    if kind in _CHARGE_EVENTS:
        names = (thing.get("payment_intent"), thing.get("id"))
        return Notice(event_id, kind, payment_refs=tuple(str(name) for name in names if name))
    return Notice(event_id, kind[:64])


def read_iyzico(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: float) -> Notice:
    """A notification of iyzico's (signature version 3). It carries neither id nor time; the same one twice is one."""
    event = _object(body)
    if not _iyzico_signed(headers.get("X-Iyz-Signature-V3", ""), event, secrets.get("secret_key", "")):
        raise PermissionDenied(_WRONG)
    kind = str(event.get("iyziEventType") or "")
    payment = str(event.get("paymentId") or event.get("iyziPaymentId") or "")
    is_news = any(word in kind for word in _IYZICO_NEWS)
    return Notice(_digest(body), kind[:64], payment_refs=(payment,) if is_news and payment else ())


def _iyzico_signed(given: str, event: Mapping[str, Any], secret: str) -> bool:
    if not secret:
        return False
    names = (
        ("iyziPaymentId", "token", "paymentConversationId", "status")
        if event.get("token")
        else ("paymentId", "paymentConversationId", "status")
    )
    fields = [str(event.get(name) or "") for name in ("iyziEventType", *names)]
    expected = hmac.new(secret.encode(), (secret + "".join(fields)).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.lower().encode())


READERS: Final[Mapping[str, NoticeReader]] = {"stripe": read_stripe, "iyzico": read_iyzico}


def _object(body: bytes) -> dict[str, Any]:
    """The message; one that is no object says nothing."""
    try:
        event = exact_json.parse(body.decode())
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _inner(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    return thing if isinstance(thing, dict) else {}


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
