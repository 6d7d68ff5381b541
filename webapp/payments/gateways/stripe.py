"""Stripe: PaymentIntents and Charges, idempotency keys, refunds that may settle later.

Source: Stripe API reference, version pinned below. Answers are kept for a key for at least 24 hours, a 500 too; what
failed validation or met a concurrent twin is not kept.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from webapp.core.errors import IntegrationError, PaymentError
from webapp.core.http import Answer, HttpClient
from webapp.core.money import exponent
from webapp.core.reach import AddressRefused
from webapp.payments.gateway import (
    Capabilities,
    FoundRefund,
    Lookup,
    Outcome,
    PaymentHistory,
    RefundAnswer,
    RefundOrder,
)

API_VERSION: Final = "2026-06-24.dahlia"
KEY_WINDOW_S: Final = 24 * 3600.0
PAGE: Final = 100
# Stripe's minor units are ISO's but for these: it keeps two decimals for krona and shilling, none for ariary.
STRIPE_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
REFERENCE: Final = "kontor_refund"

_REFUND_STATES: Final = {
    "succeeded": Outcome.SUCCEEDED,
    "pending": Outcome.PENDING,
    "requires_action": Outcome.PENDING,
    "failed": Outcome.DECLINED,
    "canceled": Outcome.DECLINED,
}
# Not an answer to this refund but to the moment; the same request may be asked again later.
_PASSING_STATUSES: Final = frozenset({408, 409, 425, 429})


class StripeGateway:
    """One Stripe account. Every request is sent once; the refund machine decides what happens next."""

    capabilities = Capabilities(honours_keys=True, key_window_s=KEY_WINDOW_S, max_processing_delay_s=60.0)

    def __init__(self, name: str, *, http: HttpClient, base_url: str, secret_key: str) -> None:
        self.name = name
        self._http = http
        self._base = base_url.rstrip("/")
        basic = base64.b64encode(f"{secret_key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", "Stripe-Version": API_VERSION}

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """POST /refunds with the order's key; the body is the same for every attempt."""
        form = {
            _target(order.payment_ref): order.payment_ref,
            "amount": str(to_stripe(order.amount, order.currency)),
            "reason": "requested_by_customer",
            f"metadata[{REFERENCE}]": order.reference,
        }
        return self._change("/refunds", form, order.key, "refunds.create")

    def cancel_payment(self, order: RefundOrder) -> RefundAnswer:
        """Release an uncaptured PaymentIntent. Stripe cannot release a part: a smaller amount is captured instead."""
        path = f"/payment_intents/{order.payment_ref}/cancel"
        return self._change(
            path, {"cancellation_reason": "requested_by_customer"}, order.key, "payment_intents.cancel"
        )

    def lookup(self, order: RefundOrder) -> Lookup:
        """Our refund among those of its payment, by the reference in its metadata."""
        try:
            found = tuple(self._refunds({_target(order.payment_ref): order.payment_ref}))
        except PaymentError as error:
            return Lookup(answered=False, words=error.message)
        return Lookup(answered=True, found=tuple(r for r in found if r.reference == order.reference))

    def history(self, payment_ref: str) -> PaymentHistory:
        """The payment as Stripe tells it. Raises PaymentError."""
        if _target(payment_ref) == "charge":
            body = self._read(f"/charges/{payment_ref}", {}, "charges.retrieve")
            authorised, captured = body["amount"], body.get("amount_captured", body["amount"])
        else:
            body = self._read(f"/payment_intents/{payment_ref}", {}, "payment_intents.retrieve")
            authorised, captured = body["amount"], body.get("amount_received", 0)
        currency = str(body["currency"]).upper()
        return PaymentHistory(
            payment_ref=payment_ref,
            status=str(body["status"]),
            currency=currency,
            amount=from_stripe(body["amount"], currency),
            authorised_amount=from_stripe(authorised, currency),
            captured_amount=from_stripe(captured, currency),
            refunds=tuple(self._refunds({_target(payment_ref): payment_ref})),
            raw_status=str(body["status"]),
        )

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """Every refund of the account made from `since` on. Raises PaymentError."""
        yield from self._refunds({"created[gte]": str(int(since.timestamp()))})

    def _refunds(self, filters: Mapping[str, str]) -> Iterator[FoundRefund]:
        params = {**filters, "limit": str(PAGE)}
        while True:
            page = self._read("/refunds", params, "refunds.list")
            for row in page["data"]:
                yield _found(row)
            if not page.get("has_more") or not page["data"]:
                return
            params = {**params, "starting_after": str(page["data"][-1]["id"])}

    def _read(self, path: str, params: Mapping[str, str], what: str) -> Any:
        try:
            answer = self._http.get(
                self._base + path, what=what, params=params, authorise=lambda *_: self._headers
            )
            body = answer.json()
        except IntegrationError as error:
            raise PaymentError(error.message) from None
        if not answer.is_success:
            raise PaymentError(_words(body), permanent=400 <= answer.status < 500, code=_code(body))
        return body

    def _change(self, path: str, form: Mapping[str, str], key: str, what: str) -> RefundAnswer:
        headers = {**self._headers, "Idempotency-Key": key}
        try:
            answer = self._http.send("POST", self._base + path, what=what, form=form, headers=headers)
        except AddressRefused as refused:
            return RefundAnswer(Outcome.MISCONFIGURED, words=refused.message)
        except IntegrationError as error:
            return RefundAnswer(Outcome.UNKNOWN, code=error.error_code, words=error.message)
        return classify(answer)


def classify(answer: Answer) -> RefundAnswer:
    """What one answer to a changing request means; unreadable is unknown, for the money may have moved."""
    try:
        body = answer.json()
    except IntegrationError as error:
        return RefundAnswer(
            Outcome.UNKNOWN, http_status=answer.status, code=error.error_code, words=error.message
        )
    if answer.is_success:
        return _success(answer, body)
    return RefundAnswer(
        _refusal(answer.status, body),
        http_status=answer.status,
        code=_code(body),
        words=_words(body),
        retry_after_s=answer.retry_after_s,
    )


def _success(answer: Answer, body: Any) -> RefundAnswer:
    state = str(body.get("status", "")) if isinstance(body, dict) else ""
    outcome = _REFUND_STATES.get(state, Outcome.UNKNOWN)
    words = str(body.get("failure_reason") or state) if isinstance(body, dict) else "no refund"
    ref = str(body["id"]) if isinstance(body, dict) and body.get("id") else None
    return RefundAnswer(outcome, gateway_ref=ref, http_status=answer.status, words=words)


def _refusal(status: int, body: Any) -> Outcome:
    code, kind = _code(body), _error(body).get("type", "")
    if status >= 500 or status in _PASSING_STATUSES:
        return Outcome.UNKNOWN
    if kind == "idempotency_error":
        return Outcome.CONTRADICTORY
    if code == "charge_already_refunded":
        return Outcome.ALREADY_REFUNDED
    if status in (401, 403) or (not code and not kind):
        return Outcome.MISCONFIGURED
    return Outcome.DECLINED


def to_stripe(amount: Decimal, currency: str) -> int:
    """The amount in Stripe's minor units. Raises PaymentError where Stripe cannot express it."""
    minor = amount.scaleb(_digits(currency))
    if minor != minor.to_integral_value():
        raise PaymentError(f"{amount} {currency} has more decimals than Stripe takes.", permanent=True)
    return int(minor)


def from_stripe(minor: int | Decimal, currency: str) -> Decimal:
    """An amount of Stripe's as a Decimal with the currency's decimals."""
    return Decimal(minor).scaleb(-_digits(currency))


def _digits(currency: str) -> int:
    return STRIPE_DIGITS.get(currency, exponent(currency))


def _target(payment_ref: str) -> str:
    return "payment_intent" if payment_ref.startswith("pi_") else "charge"


def _found(row: Mapping[str, Any]) -> FoundRefund:
    currency = str(row["currency"]).upper()
    return FoundRefund(
        gateway_ref=str(row["id"]),
        reference=str((row.get("metadata") or {}).get(REFERENCE, "")),
        amount=from_stripe(row["amount"], currency),
        currency=currency,
        outcome=_REFUND_STATES.get(str(row.get("status")), Outcome.UNKNOWN),
        payment_ref=str(row.get("payment_intent") or row.get("charge") or ""),
        at=datetime.fromtimestamp(int(row["created"]), UTC),
    )


def _error(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _code(body: Any) -> str:
    error = _error(body)
    return str(error.get("decline_code") or error.get("code") or "")


def _words(body: Any) -> str:
    return str(_error(body).get("message") or "The gateway refused without words.")
