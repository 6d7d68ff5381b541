"""What Stripe's answers mean: amounts, states, refusals. Pure, so that each can be tried without a server."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from webapp.core.errors import DomainError, IntegrationError, PaymentError
from webapp.core.http import Answer
from webapp.core.money import exponent
from webapp.payments.gateway import FoundRefund, Outcome, RefundAnswer, Standing

API_VERSION: Final = "2026-06-24.dahlia"
KEY_WINDOW_S: Final = 24 * 3600.0
# The name under which our refund's id stands in the metadata of Stripe's.
REFERENCE: Final = "kontor_refund"
# Stripe's minor units are ISO's but for these: it keeps two decimals for krona and shilling, none for ariary.
STRIPE_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
# Amounts in these must be whole multiples in Stripe's minor units: the bank networks know fewer decimals.
STRIPE_STEPS: Final = {"ISK": 100, "UGX": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}

REFUND_STATES: Final = {
    "succeeded": Outcome.SUCCEEDED,
    "pending": Outcome.PENDING,
    "requires_action": Outcome.PENDING,
    "failed": Outcome.DECLINED,
    "canceled": Outcome.DECLINED,
}
# Of a payment that was to be let go.
CANCEL_STATES: Final = {"canceled": Outcome.SUCCEEDED}
_STANDINGS: Final = {
    "requires_capture": Standing.RESERVED,
    "succeeded": Standing.CAPTURED,
    "canceled": Standing.CANCELLED,
}
# Not an answer to this refund but to the moment; the same request may be asked again later.
_PASSING_STATUSES: Final = frozenset({408, 409, 425, 429})
_MISSING: Final = "resource_missing"


def classify(answer: Answer, states: Mapping[str, Outcome]) -> RefundAnswer:
    """What one answer to a changing request means; unreadable is unknown, for the money may have moved."""
    if 300 <= answer.status < 400:
        words = "Stripe's address leads elsewhere; check the account's address."
        return RefundAnswer(Outcome.MISCONFIGURED, http_status=answer.status, words=words)
    try:
        body = answer.json()
    except IntegrationError as error:
        return RefundAnswer(
            Outcome.UNKNOWN,
            http_status=answer.status,
            code=error.error_code,
            words=error.message,
            retry_after_s=answer.retry_after_s,
        )
    if answer.is_success:
        return _success(answer, body, states)
    return RefundAnswer(
        _refusal(answer, body),
        http_status=answer.status,
        code=error_code(body),
        words=error_words(body),
        retry_after_s=answer.retry_after_s,
    )


def _success(answer: Answer, body: Any, states: Mapping[str, Outcome]) -> RefundAnswer:
    if not isinstance(body, dict) or not body.get("id"):
        return RefundAnswer(Outcome.UNKNOWN, http_status=answer.status, words="The answer is no refund.")
    state = str(body.get("status") or "")
    outcome, moved = states.get(state, Outcome.UNKNOWN), _moved(body)
    if moved is None and outcome in (Outcome.SUCCEEDED, Outcome.PENDING):
        return RefundAnswer(Outcome.UNKNOWN, http_status=answer.status, words="The answer names no amount.")
    amount, currency = moved or (None, None)
    return RefundAnswer(
        outcome,
        gateway_ref=str(body["id"]),
        http_status=answer.status,
        words=str(body.get("failure_reason") or state),
        amount=amount,
        currency=currency,
    )


def _moved(body: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    """Amount and currency of a refund or payment; None where the answer has no readable ones."""
    try:
        currency = str(body["currency"]).upper()
        return from_stripe(body["amount"], currency), currency
    except (KeyError, TypeError, ValueError, ArithmeticError, DomainError):
        return None


def _refusal(answer: Answer, body: Any) -> Outcome:
    code = error_code(body)
    if answer.status >= 500 or answer.status in _PASSING_STATUSES:
        return Outcome.UNKNOWN
    # Stripe knows better than the status whether this refusal is about the moment.
    if answer.headers.get("Stripe-Should-Retry") == "true":
        return Outcome.UNKNOWN
    if _kind(body) == "idempotency_error":
        return Outcome.CONTRADICTORY
    if code == "charge_already_refunded":
        return Outcome.ALREADY_REFUNDED
    return Outcome.MISCONFIGURED if is_access_refused(answer, body) else Outcome.DECLINED


def is_access_refused(answer: Answer, body: Any) -> bool:
    """Whether it was not the request that was refused, but our key, or Stripe is not at this address at all."""
    if answer.status in (401, 403) or not _kind(body):
        return True
    return answer.status == 404 and error_code(body) != _MISSING


def to_stripe(amount: Decimal, currency: str) -> int:
    """The amount in Stripe's minor units. Raises PaymentError where Stripe cannot express it."""
    minor = amount.scaleb(_digits(currency))
    if minor % STRIPE_STEPS.get(currency, 1):
        raise PaymentError(f"{amount} {currency} has more decimals than Stripe takes.", permanent=True)
    return int(minor)


def from_stripe(minor: int | Decimal, currency: str) -> Decimal:
    """An amount of Stripe's as a Decimal with the currency's decimals."""
    return Decimal(minor).scaleb(-_digits(currency))


def _digits(currency: str) -> int:
    return STRIPE_DIGITS.get(currency, exponent(currency))


def payment_standing(body: Mapping[str, Any]) -> Standing:
    """Where a PaymentIntent or a charge stands."""
    if body.get("object") == "charge":
        if body["status"] != "succeeded":
            return Standing.OPEN
        if body.get("captured", True):
            return Standing.CAPTURED
        return Standing.CANCELLED if body.get("refunded") else Standing.RESERVED
    return _STANDINGS.get(str(body["status"]), Standing.OPEN)


def found_refund(row: Mapping[str, Any]) -> FoundRefund:
    """A row of Stripe's list of refunds."""
    currency = str(row["currency"]).upper()
    return FoundRefund(
        gateway_ref=str(row["id"]),
        reference=str((row.get("metadata") or {}).get(REFERENCE, "")),
        amount=from_stripe(row["amount"], currency),
        currency=currency,
        outcome=REFUND_STATES.get(str(row.get("status")), Outcome.UNKNOWN),
        payment_ref=str(row.get("payment_intent") or row.get("charge") or ""),
        at=datetime.fromtimestamp(int(row["created"]), UTC),
    )


def error_code(body: Any) -> str:
    """The card network's code where there is one, else Stripe's."""
    error = _error(body)
    return str(error.get("decline_code") or error.get("code") or "")


def error_words(body: Any) -> str:
    """Stripe's own sentence."""
    return str(_error(body).get("message") or "The gateway refused without words.")


def _kind(body: Any) -> str:
    return str(_error(body).get("type") or "")


def _error(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
