"""The parameters of a Stripe refund, checked before anything starts; a failed check is not kept under the key."""

import re
from dataclasses import dataclass

from sandbox.bank.stripe_errors import invalid

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
MAX_METADATA = 50
MAX_NAME, MAX_VALUE = 40, 500
METADATA = re.compile(r"metadata\[([^\[\]]+)\]")


@dataclass(frozen=True)
class RefundWish:
    """`amount` in minor units; None asks for what is left."""

    target: str
    target_kind: str
    amount: int | None
    reason: str | None
    metadata: dict[str, str]


def read_refund_wish(form: dict[str, str]) -> RefundWish:
    """Raises StripeProblem (400)."""
    metadata = _metadata(form)
    for name in form:
        if name not in ("payment_intent", "charge", "amount", "reason") and not METADATA.fullmatch(name):
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
    targets = [kind for kind in ("payment_intent", "charge") if form.get(kind)]
    if not targets:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    reason = form.get("reason")
    if reason is not None and reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REASONS[:-1])}, or {REASONS[-1]}", "reason")
    return RefundWish(form[targets[0]], targets[0], _amount(form), reason, metadata)


def _amount(form: dict[str, str]) -> int | None:
    text = form.get("amount")
    if text is None:
        return None
    if not re.fullmatch(r"-?\d+", text):
        raise invalid(f"Invalid integer: {text}", "amount", "parameter_invalid_integer")
    if int(text) < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    return int(text)


def _metadata(form: dict[str, str]) -> dict[str, str]:
    metadata = {}
    for name, value in form.items():
        match = METADATA.fullmatch(name)
        if match:
            if len(match[1]) > MAX_NAME or len(value) > MAX_VALUE:
                words = f"Metadata keys can have up to {MAX_NAME} characters and values up to {MAX_VALUE}."
                raise invalid(words, "metadata")
            metadata[match[1]] = value
    if len(metadata) > MAX_METADATA:
        raise invalid(f"Metadata can have up to {MAX_METADATA} keys.", "metadata")
    return metadata
