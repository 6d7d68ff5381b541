"""Stripe: PaymentIntents and Charges, idempotency keys, refunds that may settle later.

Source: Stripe API reference, version pinned below. Answers are kept for a key for at least 24 hours, a 500 too; what
failed validation or met a concurrent twin is not kept. What answers mean is in stripe_answers.py.

Money that is only reserved: Stripe lets all of it go by cancelling, and a part of it only when the rest is captured.
Capturing is the shop's, when it ships, so for a part nothing is sent: we make sure that the money is still only
reserved, and whoever captures takes less. A shop that captures everything all the same is noticed at the next pull.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from webapp.core.errors import DomainError, IntegrationError, PaymentError
from webapp.core.http import HttpClient
from webapp.core.reach import AddressRefused
from webapp.payments.gateway import (
    AccessRefused,
    Capabilities,
    FoundRefund,
    Lookup,
    Outcome,
    PaymentHistory,
    RefundAnswer,
    RefundOrder,
    Standing,
)
from webapp.payments.gateways.stripe_answers import (
    API_VERSION,
    CANCEL_STATES,
    KEY_WINDOW_S,
    REFERENCE,
    REFUND_STATES,
    classify,
    error_code,
    error_words,
    found_refund,
    from_stripe,
    is_access_refused,
    payment_standing,
    to_stripe,
)

PAGE: Final = 100
# The state of a payment that cannot be cancelled (any more); which one it is has to be asked.
_UNEXPECTED_STATE: Final = "payment_intent_unexpected_state"
_CAPTURED: Final = "The money was captured meanwhile: it must be paid back instead of let go."


class StripeGateway:
    """One Stripe account. Every changing request is sent once; the refund machine decides what happens next."""

    capabilities = Capabilities(honours_keys=True, key_window_s=KEY_WINDOW_S, max_processing_delay_s=60.0)

    def __init__(self, name: str, *, http: HttpClient, base_url: str, secret_key: str) -> None:
        self.name = name
        self._http = http
        self._base = base_url.rstrip("/")
        basic = base64.b64encode(f"{secret_key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}", "Stripe-Version": API_VERSION}

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """POST /refunds with the order's key; the body is the same for every attempt."""
        try:
            amount = to_stripe(order.amount, order.currency)
        except PaymentError as impossible:
            return RefundAnswer(Outcome.DECLINED, words=impossible.message)
        form = {_target(order.payment_ref): order.payment_ref, "amount": str(amount), **_marks(order)}
        return self._change("/refunds", form, order.key, "refunds.create", REFUND_STATES)

    def cancel_payment(self, order: RefundOrder) -> RefundAnswer:
        """Let reserved money go; for a part only see whether it is still reserved."""
        if not order.is_whole_payment:
            return self._still_reserved(order)
        if _target(order.payment_ref) == "charge":
            # A charge has no cancel: refunding one that was not captured lets all of it go.
            form = {"charge": order.payment_ref, **_marks(order)}
            answer = self._change("/refunds", form, order.key, "refunds.create", REFUND_STATES)
        else:
            path = f"/payment_intents/{order.payment_ref}/cancel"
            form = {"cancellation_reason": "requested_by_customer"}
            answer = self._change(path, form, order.key, "payment_intents.cancel", CANCEL_STATES)
        if answer.code == _UNEXPECTED_STATE:
            return self._already_gone(order)
        # The payment's own name is no refund's: several parts may be let go under it.
        return RefundAnswer(
            answer.outcome, None, answer.http_status, answer.code, answer.words, answer.retry_after_s
        )

    def lookup(self, order: RefundOrder) -> Lookup:
        """Our refund among those of its payment, by the reference in its metadata; of a release, whether it is gone."""
        try:
            if order.is_release:
                return self._lookup_release(order)
            found = tuple(self._refunds({_target(order.payment_ref): order.payment_ref}))
        except PaymentError as error:
            return Lookup.unanswered(error)
        return Lookup(answered=True, found=tuple(r for r in found if r.reference == order.reference))

    def history(self, payment_ref: str) -> PaymentHistory:
        """The payment as Stripe tells it. Raises PaymentError."""
        body = self._payment(payment_ref)
        with _readable():
            currency = str(body["currency"]).upper()
            if _target(payment_ref) == "charge":
                captured = body.get("amount_captured", body["amount"])
                reserved = 0 if body.get("captured", True) or body.get("refunded") else body["amount"]
            else:
                captured, reserved = body.get("amount_received", 0), body.get("amount_capturable", 0)
            return PaymentHistory(
                payment_ref=payment_ref,
                standing=payment_standing(body),
                currency=currency,
                amount=from_stripe(body["amount"], currency),
                authorised_amount=from_stripe(captured + reserved, currency),
                captured_amount=from_stripe(captured, currency),
                refunds=tuple(self._refunds({_target(payment_ref): payment_ref})),
                raw_status=str(body["status"]),
            )

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """Every refund of the account made from `since` on, newest first. Raises PaymentError."""
        yield from self._refunds({"created[gte]": str(int(since.timestamp()))})

    def _refunds(self, filters: Mapping[str, str]) -> Iterator[FoundRefund]:
        params = {**filters, "limit": str(PAGE)}
        while True:
            page = self._read("/refunds", params, "refunds.list")
            with _readable():
                rows = [found_refund(row) for row in page["data"]]
                has_more = bool(page.get("has_more")) and bool(rows)
            yield from rows
            if not has_more:
                return
            params = {**params, "starting_after": rows[-1].gateway_ref}

    def _payment(self, payment_ref: str) -> Any:
        if _target(payment_ref) == "charge":
            return self._read(f"/charges/{payment_ref}", {}, "charges.retrieve")
        return self._read(f"/payment_intents/{payment_ref}", {}, "payment_intents.retrieve")

    def _standing(self, order: RefundOrder) -> Standing:
        body = self._payment(order.payment_ref)
        with _readable():
            return payment_standing(body)

    def _lookup_release(self, order: RefundOrder) -> Lookup:
        is_gone = order.is_whole_payment and self._standing(order) is Standing.CANCELLED
        gone = FoundRefund(
            "", order.reference, order.amount, order.currency, Outcome.SUCCEEDED, order.payment_ref
        )
        return Lookup(answered=True, found=(gone,) if is_gone else ())

    def _already_gone(self, order: RefundOrder) -> RefundAnswer:
        """It could not be cancelled: because it was let go or expired before, or because it was captured."""
        try:
            standing = self._standing(order)
        except PaymentError as error:
            return RefundAnswer(Outcome.UNKNOWN, words=error.message)
        if standing is Standing.CANCELLED:
            return RefundAnswer(Outcome.SUCCEEDED, words="It was no longer reserved.")
        return RefundAnswer(Outcome.DECLINED, code=_UNEXPECTED_STATE, words=_CAPTURED)

    def _still_reserved(self, order: RefundOrder) -> RefundAnswer:
        try:
            standing = self._standing(order)
        except PaymentError as error:
            return RefundAnswer(Outcome.UNKNOWN, words=error.message)
        if standing is Standing.CAPTURED:
            return RefundAnswer(Outcome.DECLINED, code=_UNEXPECTED_STATE, words=_CAPTURED)
        return RefundAnswer(
            Outcome.SUCCEEDED, words=f"{order.amount} {order.currency} less is to be captured."
        )

    def _read(self, path: str, params: Mapping[str, str], what: str) -> Any:
        try:
            answer = self._http.get(
                self._base + path, what=what, params=params, authorise=lambda *_: self._headers
            )
            body = answer.json()
        except AddressRefused as refused:
            raise AccessRefused(refused.message) from None
        except IntegrationError as error:
            raise PaymentError(error.message, code=error.error_code) from None
        if answer.is_success:
            return body
        if is_access_refused(answer, body):
            raise AccessRefused(error_words(body))
        raise PaymentError(
            error_words(body), permanent=400 <= answer.status < 500, code=error_code(body) or None
        )

    def _change(
        self, path: str, form: Mapping[str, str], key: str, what: str, states: Mapping[str, Outcome]
    ) -> RefundAnswer:
        headers = {**self._headers, "Idempotency-Key": key}
        try:
            answer = self._http.send("POST", self._base + path, what=what, form=form, headers=headers)
        except AddressRefused as refused:
            return RefundAnswer(Outcome.MISCONFIGURED, words=refused.message)
        except IntegrationError as error:
            return RefundAnswer(Outcome.UNKNOWN, code=error.error_code, words=error.message)
        return classify(answer, states)


@contextmanager
def _readable() -> Iterator[None]:
    """What is no Stripe object inside becomes PaymentError: an odd answer must not look like a bug of ours."""
    try:
        yield
    except PaymentError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, DomainError):
        raise PaymentError("Stripe answered with something that is not what was asked for.") from None


def _marks(order: RefundOrder) -> dict[str, str]:
    """By these we find it again."""
    return {"reason": "requested_by_customer", f"metadata[{REFERENCE}]": order.reference}


def _target(payment_ref: str) -> str:
    return "payment_intent" if payment_ref.startswith("pi_") else "charge"
