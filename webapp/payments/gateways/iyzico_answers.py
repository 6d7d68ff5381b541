"""What iyzico's answers mean: `status` in the body decides, not the HTTP status; signed fields are checked."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from webapp.core.errors import DomainError, IntegrationError, PaymentError
from webapp.core.http import Answer
from webapp.core.money import quantise
from webapp.payments.by_item import ISTANBUL
from webapp.payments.gateway import BasketItem, FoundRefund, Outcome, RefundAnswer, Standing

# The signed fields of an answer, in the order in which they are signed.
DETAIL_FIELDS: Final = ("paymentId", "currency", "basketId", "conversationId", "paidPrice", "price")
REFUND_FIELDS: Final = ("paymentId", "price", "currency", "conversationId")
# Signature, API key: nobody's refund can go through.
OUR_MISTAKE: Final = frozenset({"1000", "1001"})
# Something broke on the way to the bank: the money may have moved.
_NO_WORD: Final = ("SYSTEM_ERROR", "TIMEOUT", "NO_RESPONSE", "UNKNOWN")
_SYSTEM_ERROR: Final = "1"
_PASSING_STATUSES: Final = frozenset({408, 409, 425, 429})
_DONE: Final = 1


@dataclass(frozen=True, slots=True)
class PaymentAmounts:
    """A payment's amounts and where it stands; `word` is iyzico's own."""

    currency: str
    paid: Decimal
    captured: Decimal
    standing: Standing
    word: str


def classify(answer: Answer, secret: str, signed: Sequence[str]) -> RefundAnswer:
    """What one answer to a changing request means. An answer that should be signed and is not proves nothing.

    The amount is the answer's `price`; of a cancelled payment that may be the basket's, so callers leave it out there.
    """
    if 300 <= answer.status < 400:
        words = "iyzico's address leads elsewhere; check the account's address."
        return RefundAnswer(Outcome.MISCONFIGURED, http_status=answer.status, words=words)
    try:
        body = answer.json()
    except IntegrationError as error:
        return _unknown(answer, error.message, error.error_code)
    if not isinstance(body, dict):
        return _unknown(answer, "The answer is no object.")
    if body.get("status") == "success" and answer.is_success:
        return _success(answer, body, secret, signed)
    return RefundAnswer(
        _refusal(answer, body),
        http_status=answer.status,
        code=str(body.get("errorCode") or ""),
        words=str(body.get("errorMessage") or "iyzico refused without words."),
        retry_after_s=answer.retry_after_s,
    )


def _success(answer: Answer, body: Mapping[str, Any], secret: str, signed: Sequence[str]) -> RefundAnswer:
    fields = tuple(signed) or (REFUND_FIELDS if body.get("signature") else ())
    if fields and not check_signature(body, fields, secret):
        return _unknown(answer, "The answer is not signed with our secret.", "signature")
    try:
        amount, currency = _moved(body)
    except (ValueError, TypeError, ArithmeticError, DomainError):
        return _unknown(answer, "The answer's amount cannot be read.")
    return RefundAnswer(
        Outcome.SUCCEEDED,
        gateway_ref=_reference(body),
        http_status=answer.status,
        words="success",
        amount=amount,
        currency=currency,
    )


def _moved(body: Mapping[str, Any]) -> tuple[Decimal | None, str | None]:
    """What the answer says has gone back; it need not say so."""
    currency = str(body["currency"]).upper() if body.get("currency") else None
    if currency is None or body.get("price") is None:
        return None, currency
    return quantise(body["price"], currency), currency


def _refusal(answer: Answer, body: Mapping[str, Any]) -> Outcome:
    code, group = str(body.get("errorCode") or ""), str(body.get("errorGroup") or "")
    if answer.status >= 500 or answer.status in _PASSING_STATUSES or body.get("status") != "failure":
        return Outcome.UNKNOWN
    if code in OUR_MISTAKE or answer.status in (401, 403):
        return Outcome.MISCONFIGURED
    # Retryable: not done, and the bank may think otherwise later; our own rule is to look before that.
    if body.get("retryable") is True or code == _SYSTEM_ERROR or any(word in group for word in _NO_WORD):
        return Outcome.UNKNOWN
    return Outcome.DECLINED


def _unknown(answer: Answer, words: str, code: str = "") -> RefundAnswer:
    return RefundAnswer(
        Outcome.UNKNOWN,
        http_status=answer.status,
        code=code,
        words=words,
        retry_after_s=answer.retry_after_s,
    )


def check_signature(body: Mapping[str, Any], fields: Sequence[str], secret: str) -> bool:
    """Whether `signature` was made over these fields with our secret, compared in constant time."""
    message = ":".join(_written(body.get(name)) for name in fields)
    expected = hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), str(body.get("signature") or "").encode())


def _written(value: Any) -> str:
    """As iyzico signs it: prices without trailing zeros (10.50 is 10.5, 10.0 is 10)."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"{Decimal(value).normalize():f}"
    return str(value)


def _reference(body: Mapping[str, Any]) -> str | None:
    """The bank's reference is only unique with the payment it belongs to."""
    host = body.get("refundHostReference") or body.get("hostReference")
    return f"{body['paymentId']}:{host}"[:128] if host and body.get("paymentId") else None


def payment_amounts(detail: Mapping[str, Any]) -> PaymentAmounts:
    """The payment as its details say. Raises PaymentError, see `readable`."""
    currency = str(detail["currency"]).upper()
    paid = quantise(detail["paidPrice"], currency)
    word = str(detail.get("paymentStatus") or "")
    is_reserved = str(detail.get("phase") or "") == "PRE_AUTH"
    standing = Standing.CANCELLED
    if word in ("SUCCESS", "1"):
        standing = Standing.RESERVED if is_reserved else Standing.CAPTURED
    captured = paid if standing is Standing.CAPTURED else paid * 0
    return PaymentAmounts(currency, paid, captured, standing, word)


def basket_items(detail: Mapping[str, Any]) -> Iterator[BasketItem]:
    """The items that can be refunded one by one."""
    currency = str(detail["currency"]).upper()
    for row in detail.get("itemTransactions") or []:
        yield BasketItem(
            ref=str(row["paymentTransactionId"]),
            paid_price=quantise(row["paidPrice"], currency),
            item=str(row.get("itemId") or ""),
        )


def found_refunds(report: Mapping[str, Any]) -> list[FoundRefund]:
    """Cancels and refunds of a payment's report, as they were ordered.

    A refund of an amount becomes one movement per basket item there; together they are the one that was ordered.
    Two movements of one item under the same id stay two: that money went twice.
    """
    ordered: dict[str, list[FoundRefund]] = {}
    for number, movement in enumerate(_movements(report)):
        ordered.setdefault(movement.reference or f"nobody's {number}", []).append(movement)
    return [refund for movements in ordered.values() for refund in _as_ordered(movements)]


def _as_ordered(movements: list[FoundRefund]) -> list[FoundRefund]:
    items, outcomes = {m.item_ref for m in movements}, {m.outcome for m in movements}
    if len(movements) == 1 or len(items) < len(movements) or len(outcomes) > 1:
        return movements
    total = sum((m.amount for m in movements), movements[0].amount * 0)
    return [replace(movements[0], amount=total, item_ref="")]


def _movements(report: Mapping[str, Any]) -> Iterator[FoundRefund]:
    payment_ref = str(report["paymentId"])
    for row in report.get("cancels") or []:
        yield _found(row, payment_ref, "")
    for item in report.get("itemTransactions") or []:
        for row in item.get("refunds") or []:
            yield _found(row, payment_ref, str(item["paymentTransactionId"]))


def _found(row: Mapping[str, Any], payment_ref: str, item_ref: str) -> FoundRefund:
    currency = str(row["currencyCode"]).upper()
    host = row.get("refundHostReference") or row.get("refundTxId")
    return FoundRefund(
        gateway_ref=f"{payment_ref}:{host}"[:128],
        reference=str(row.get("refundConversationId") or ""),
        amount=quantise(row["refundPrice"], currency),
        currency=currency,
        # Whether another number means "not yet" or "no" is not documented: a person looks then.
        outcome=Outcome.SUCCEEDED if row.get("refundStatus") == _DONE else Outcome.UNKNOWN,
        payment_ref=payment_ref,
        item_ref=item_ref,
        at=_moment(row.get("createdDate")),
    )


def _moment(text: Any) -> datetime | None:
    """iyzico's times have no zone; they are Istanbul's."""
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=ISTANBUL)).astimezone(UTC)


@contextmanager
def readable() -> Iterator[None]:
    """What is no iyzico object inside becomes PaymentError: an odd answer must not look like a bug of ours."""
    try:
        yield
    except PaymentError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, DomainError):
        raise PaymentError("iyzico answered with something that is not what was asked for.") from None
