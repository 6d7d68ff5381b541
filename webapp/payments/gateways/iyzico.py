"""iyzico: no keys for repeats, so its books are asked before every sending.

Source: docs.iyzico.com. A whole payment is cancelled on its own day in Istanbul, before the bank closes; everything
else is refunded, by basket item where the items are known. Our refund's id is the conversation id; iyzico only echoes
it, and its report of the payment repeats it beside each refund. What answers mean is in iyzico_answers.py.

Of reserved money a part is let go by capturing less, which is the shop's to do: nothing is sent for it.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from webapp.core.clock import utc_now
from webapp.core.errors import IntegrationError, PaymentError
from webapp.core.http import HttpClient
from webapp.core.reach import AddressRefused
from webapp.payments.by_item import ISTANBUL, same_bank_day
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
from webapp.payments.gateways.iyzico_answers import (
    DETAIL_FIELDS,
    OUR_MISTAKE,
    REFUND_FIELDS,
    basket_items,
    check_signature,
    classify,
    found_refunds,
    payment_amounts,
    readable,
)

# iyzico's reports run behind what it has done; until this long after a sending, "not found" proves nothing.
PROCESSING_DELAY_S: Final = 900.0
_MONEY_MOVED_BACK: Final = frozenset({"REFUND", "CANCEL"})
_CAPTURED: Final = "The money was captured meanwhile: it must be paid back instead of let go."


class IyzicoGateway:
    """One iyzico account. Every changing request is sent once; the refund machine decides what happens next."""

    def __init__(
        self,
        name: str,
        *,
        http: HttpClient,
        base_url: str,
        api_key: str,
        secret_key: str,
        processing_delay_s: float = PROCESSING_DELAY_S,
    ) -> None:
        self.name = name
        self.capabilities = Capabilities(honours_keys=False, max_processing_delay_s=processing_delay_s)
        self._http = http
        self._base = base_url.rstrip("/")
        self._api_key = api_key
        self._secret = secret_key

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """Pay back: one item, or the whole payment on its day by cancelling it, or an amount of the payment."""
        if order.item_ref:
            item = {"paymentTransactionId": order.item_ref}
            return self._change("/payment/refund", order, item, "payment.refund")
        if order.is_whole_payment and same_bank_day(order.paid_at, utc_now()):
            cancelled = self._cancel(order)
            # A bank that has closed its day refuses for certain, and nothing was done: the refund is still open.
            if cancelled.outcome is not Outcome.DECLINED:
                return cancelled
        payment = {"paymentId": order.payment_ref}
        return self._change(
            "/v2/payment/refund", order, payment, "payment.refund_amount", signed=REFUND_FIELDS
        )

    def cancel_payment(self, order: RefundOrder) -> RefundAnswer:
        """Let reserved money go; for a part only see whether it is still reserved."""
        if order.is_whole_payment:
            return self._cancel(order)
        try:
            standing = self._standing(order.payment_ref)
        except PaymentError as error:
            return RefundAnswer(Outcome.UNKNOWN, words=error.message)
        if standing is Standing.CAPTURED:
            return RefundAnswer(Outcome.DECLINED, words=_CAPTURED)
        return RefundAnswer(
            Outcome.SUCCEEDED, words=f"{order.amount} {order.currency} less is to be captured."
        )

    def lookup(self, order: RefundOrder) -> Lookup:
        """Our refund in iyzico's report of the payment, by its conversation id."""
        try:
            report = self._report(order.payment_ref)
            with readable():
                own = [r for r in found_refunds(report) if r.reference == order.reference]
                return Lookup(answered=True, found=tuple(own))
        except PaymentError as error:
            return Lookup.unanswered(error)

    def history(self, payment_ref: str) -> PaymentHistory:
        """The payment by its signed details, its refunds by the report. Raises PaymentError."""
        detail = self._detail(payment_ref)
        report = self._report(payment_ref)
        with readable():
            amounts = payment_amounts(detail)
            return PaymentHistory(
                payment_ref=payment_ref,
                standing=amounts.standing,
                currency=amounts.currency,
                amount=amounts.paid,
                authorised_amount=amounts.paid,
                captured_amount=amounts.captured,
                refunds=tuple(found_refunds(report)),
                raw_status=amounts.word,
                items=tuple(basket_items(detail)),
            )

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """Every refund and cancel from `since` on. Raises PaymentError.

        The daily report only tells which payments to look at: it is late and has no word on the refund's state.
        """
        day, today = since.astimezone(ISTANBUL).date(), utc_now().astimezone(ISTANBUL).date()
        payments: dict[str, None] = {}
        while day <= today:
            payments |= dict.fromkeys(self._payments_refunded_on(day))
            day += timedelta(days=1)
        for payment_ref in payments:
            report = self._report(payment_ref)
            with readable():
                found = [r for r in found_refunds(report) if r.at is None or r.at >= since]
            yield from found

    def _payments_refunded_on(self, day: date) -> Iterator[str]:
        page, pages = 1, 1
        while page <= pages:
            query = f"transactionDate={day.isoformat()}&page={page}"
            body = self._read(f"/v2/reporting/payment/transactions?{query}", "report.day")
            with readable():
                pages = int(body.get("totalPageCount") or 0)
                rows = [
                    str(row["paymentId"])
                    for row in body.get("transactions") or []
                    if str(row.get("transactionType")).upper() in _MONEY_MOVED_BACK
                ]
            yield from rows
            page += 1

    def _cancel(self, order: RefundOrder) -> RefundAnswer:
        payment = {"paymentId": order.payment_ref}
        answer = self._change("/payment/cancel", order, payment, "payment.cancel", with_price=False)
        # Nothing but the whole payment can have gone; the price it names may be the basket's, without interest.
        return replace(answer, amount=None)

    def _change(
        self,
        path: str,
        order: RefundOrder,
        target: Mapping[str, str],
        what: str,
        *,
        signed: tuple[str, ...] = (),
        with_price: bool = True,
    ) -> RefundAnswer:
        body = {"locale": "en", "conversationId": order.reference, **target}
        if with_price:
            body |= {"price": str(order.amount), "currency": order.currency}
        content = json.dumps(body).encode()
        try:
            answer = self._http.send(
                "POST", self._base + path, what=what, content=content, headers=self._signed(path, content)
            )
        except AddressRefused as refused:
            return RefundAnswer(Outcome.MISCONFIGURED, words=refused.message)
        except IntegrationError as error:
            return RefundAnswer(Outcome.UNKNOWN, code=error.error_code, words=error.message)
        return classify(answer, self._secret, signed)

    def _standing(self, payment_ref: str) -> Standing:
        detail = self._detail(payment_ref)
        with readable():
            return payment_amounts(detail).standing

    def _detail(self, payment_ref: str) -> dict[str, Any]:
        path = "/payment/detail"
        content = json.dumps(
            {"locale": "en", "conversationId": payment_ref, "paymentId": payment_ref}
        ).encode()
        try:
            answer = self._http.send(
                "POST",
                self._base + path,
                what="payment.detail",
                content=content,
                headers=self._signed(path, content),
            )
            body = _successful(answer.json())
        except AddressRefused as refused:
            raise AccessRefused(refused.message) from None
        except IntegrationError as error:
            raise PaymentError(error.message, code=error.error_code) from None
        if not check_signature(body, DETAIL_FIELDS, self._secret):
            raise PaymentError("iyzico's answer is not signed with our secret.")
        return body

    def _report(self, payment_ref: str) -> dict[str, Any]:
        body = self._read(f"/v2/reporting/payment/details?paymentId={payment_ref}", "report.payment")
        with readable():
            report: dict[str, Any] = body["payments"][0]
        return report

    def _read(self, path: str, what: str) -> dict[str, Any]:
        try:
            answer = self._http.get(
                self._base + path, what=what, authorise=lambda _method, url: self._signed(_path(url), b"")
            )
            return _successful(answer.json())
        except AddressRefused as refused:
            raise AccessRefused(refused.message) from None
        except IntegrationError as error:
            raise PaymentError(error.message, code=error.error_code) from None

    def _signed(self, path: str, content: bytes) -> dict[str, str]:
        """IYZWSv2: the signature is over the very bytes that are sent, and the path without its query."""
        random_key = secrets.token_hex(8)
        message = random_key.encode() + path.partition("?")[0].encode() + content
        signature = hmac.new(self._secret.encode(), message, hashlib.sha256).hexdigest()
        token = f"apiKey:{self._api_key}&randomKey:{random_key}&signature:{signature}"
        return {
            "Authorization": f"IYZWSv2 {base64.b64encode(token.encode()).decode()}",
            "x-iyzi-rnd": random_key,
            "Content-Type": "application/json",
        }


def _path(url: str) -> str:
    return urlsplit(url).path


def _successful(body: Any) -> dict[str, Any]:
    """The body of an answer that worked, which its `status` says. Raises PaymentError with iyzico's words."""
    if isinstance(body, dict) and body.get("status") == "success":
        return body
    failure = body if isinstance(body, dict) else {}
    words = str(failure.get("errorMessage") or "iyzico refused without words.")
    code = str(failure.get("errorCode") or "")
    raise AccessRefused(words) if code in OUR_MISTAKE else PaymentError(words, code=code or None)
