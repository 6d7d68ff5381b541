"""Having a WooCommerce shop pay back money that it holds, and reading what it has paid back.

Source: WooCommerce REST API v3, measured at a real 9.4.3. The shop knows no keys and does not serialise refunds, so
our key stands in the reason and is looked for before every sending. Refusals come as HTTP 500 with a code of their
own. The refund is noted first and paid then: `refunded_payment` says whether it was.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

from webapp.channels.base import WantedRefund
from webapp.channels.connection import ChannelConnection, MustWait
from webapp.channels.integrations.woocommerce.answers import problem_of, unlike
from webapp.channels.integrations.woocommerce.client import MOST_PER_PAGE, WooCommerceClient
from webapp.channels.integrations.woocommerce.fields import amount, rows
from webapp.channels.integrations.woocommerce.refund_lines import refund_lines
from webapp.channels.profile import ChannelProfile
from webapp.core.clock import utc_now
from webapp.core.errors import DomainError, IntegrationError, IntegrationUnauthorizedException
from webapp.core.http import Answer
from webapp.core.money import quantise
from webapp.core.reach import AddressRefused
from webapp.payments.gateway import FoundRefund, Outcome, PaymentHistory, RefundAnswer, Standing

# PHP ends a request after five minutes at most hosts; until then the shop's own gateway may still pay.
PROCESSING_DELAY_S: Final = 300.0
# A refund's key as orders/service/cancellation/paying.py makes it, with the refund's id inside.
_KEY: Final = re.compile(r"rf_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
# Definite refusals, most of them with HTTP 500; everything else with that status is no answer.
_REFUSALS: Final = frozenset(
    {
        "woocommerce_rest_cannot_create_order_refund",
        "woocommerce_rest_invalid_order_refund",
        "woocommerce_rest_invalid_order_id",
        "woocommerce_rest_shop_order_invalid_id",
        "rest_invalid_param",
    }
)
_NO_ACCESS: Final = frozenset({"rest_no_route", "woocommerce_rest_cannot_create"})


class WooRefunds:
    """Refunds of one shop."""

    processing_delay_s = PROCESSING_DELAY_S

    def __init__(self, client: WooCommerceClient) -> None:
        self._client = client

    @classmethod
    def over(cls, profile: ChannelProfile, connection: ChannelConnection) -> "WooRefunds":
        """As the registry makes it."""
        return cls(WooCommerceClient(profile, connection))

    def pay_back(self, wanted: WantedRefund) -> RefundAnswer:
        """POST /orders/{id}/refunds, the shop's gateway paying."""
        try:
            body = refund_body(wanted, self._order_or_nothing(wanted), pays_back=True)
            answer = self._client.create_refund(wanted.remote_id, body, _judge_refund)
        except MustWait as later:
            return RefundAnswer(
                Outcome.UNKNOWN, code=later.error_code, words=later.message, retry_after_s=later.seconds
            )
        except (AddressRefused, IntegrationUnauthorizedException) as refused:
            return RefundAnswer(Outcome.MISCONFIGURED, code=refused.error_code, words=refused.message)
        except IntegrationError as error:
            return RefundAnswer(Outcome.UNKNOWN, code=error.error_code, words=error.message)
        return classify(answer, wanted.currency)

    def refunds_of(self, remote_id: str, currency: str) -> list[FoundRefund]:
        """Every page of the order's refunds. Raises IntegrationError."""
        pages = _pages(lambda page: self._client.list_refunds(remote_id, page))
        return [_found(row, remote_id, currency) for row in pages]

    def payment_of(self, remote_id: str) -> PaymentHistory:
        """What the order says of its payment. Raises IntegrationError."""
        answer = self._client.get_order(remote_id)
        if answer.status == 404:
            raise IntegrationError("The shop no longer has this order.", permanent=True)
        order = answer.json()
        currency = str(order["currency"])
        total = max(amount(currency, "total", order.get("total")), Decimal(0))
        is_paid = bool(order.get("date_paid_gmt"))
        return PaymentHistory(
            payment_ref=remote_id,
            standing=Standing.CAPTURED if is_paid else Standing.OPEN,
            currency=currency,
            amount=total,
            authorised_amount=total if is_paid else total * 0,
            captured_amount=total if is_paid else total * 0,
            refunds=tuple(self.refunds_of(remote_id, currency)),
            raw_status=str(order.get("status") or ""),
        )

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """Refunds of every order that changed since: a refund moves the order's modified time. Raises IntegrationError."""
        begin = (since - timedelta(seconds=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        params = {
            "modified_after": begin,
            "dates_are_gmt": "true",
            "status": "any",
            "orderby": "id",
            "order": "asc",
            "per_page": str(MOST_PER_PAGE),
        }
        for order in _pages(lambda page: self._client.list_orders({**params, "page": str(page)})):
            yield from _of_order(order)

    def _order_or_nothing(self, wanted: WantedRefund) -> Mapping[str, Any]:
        """The order with its lines, for their taxes; without it the refund goes out without lines."""
        if not wanted.lines:
            return {}
        try:
            answer = self._client.get_order(wanted.remote_id)
            return dict(answer.json()) if answer.status != 404 else {}
        except (AddressRefused, IntegrationUnauthorizedException, MustWait):
            raise
        except (IntegrationError, TypeError, ValueError):
            return {}


def _pages(ask: Callable[[int], Answer]) -> Iterator[Mapping[str, Any]]:
    """The rows of a list, page by page, each once. Raises IntegrationError where a shop answers with anything but new rows."""
    known: set[str] = set()
    for page in count(1):
        answer = ask(page)
        listed = answer.json()
        if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
            raise unlike(answer)
        fresh = [row for row in listed if str(row.get("id")) not in known]
        yield from fresh
        known |= {str(row.get("id")) for row in fresh}
        if len(listed) < MOST_PER_PAGE:
            return
        if not fresh:
            # A plug-in that does not know pages gives the first one for ever.
            raise IntegrationError("The shop gives the same page again and again.")


def refund_body(wanted: WantedRefund, order: Mapping[str, Any], *, pays_back: bool) -> dict[str, Any]:
    """What is posted. `api_refund` is always said: left out, the shop's gateway would pay."""
    body: dict[str, Any] = {
        "amount": str(wanted.amount),
        "reason": f"{wanted.words} ({wanted.key})",
        "api_refund": pays_back,
        # Stock is told by its own updates; the shop must not count it a second time.
        "api_restock": False,
    }
    lines = refund_lines(wanted, order)
    return {**body, "line_items": lines} if lines else body


def _judge_refund(answer: Answer) -> None:
    """Raise when it is no answer of the shop's to this refund: then nobody knows whether it was made."""
    code, words = problem_of(answer)
    if answer.is_success or code in _REFUSALS:
        return
    details = {"status": answer.status, "code": code}
    if 300 <= answer.status < 400 or code in _NO_ACCESS or (answer.status in (401, 403) and code):
        raise IntegrationUnauthorizedException(f"The shop does not let us pay back: {words}", details=details)
    definite = bool(code) and 400 <= answer.status < 500 and answer.status not in (408, 409, 425, 429)
    if not definite:
        raise IntegrationError(f"The shop answered {answer.status}: {words}", details=details)


def classify(answer: Answer, currency: str) -> RefundAnswer:
    """What the shop's own answer means; it names no currency, for an order has but one."""
    code, words = problem_of(answer)
    if not answer.is_success:
        return RefundAnswer(Outcome.DECLINED, http_status=answer.status, code=code, words=words)
    try:
        body = answer.json()
    except IntegrationError as error:
        return RefundAnswer(Outcome.UNKNOWN, http_status=answer.status, words=error.message)
    if not isinstance(body, dict) or not body.get("id"):
        return RefundAnswer(Outcome.UNKNOWN, http_status=answer.status, words="The answer is no refund.")
    if body.get("refunded_payment") is not True:
        words = "The shop has noted the refund, but its gateway has not paid."
        return RefundAnswer(Outcome.CONTRADICTORY, str(body["id"]), answer.status, words=words)
    try:
        moved = None if body.get("amount") is None else _amount_of(body, currency)
    except (TypeError, ValueError, ArithmeticError, DomainError):
        return RefundAnswer(
            Outcome.UNKNOWN, http_status=answer.status, words="The answer's amount is no number."
        )
    return RefundAnswer(Outcome.SUCCEEDED, str(body["id"]), answer.status, amount=moved, currency=currency)


def _amount_of(row: Mapping[str, Any], currency: str) -> Decimal:
    """What a refund of the shop's gives back; some versions write it below zero."""
    return abs(quantise(Decimal(str(row.get("amount") or 0)), currency))


def _found(row: Mapping[str, Any], remote_id: str, currency: str) -> FoundRefund:
    made_at = _moment(row.get("date_created_gmt"))
    return FoundRefund(
        gateway_ref=str(row.get("id")),
        reference=_our_id(row),
        amount=_amount_of(row, currency),
        currency=currency,
        outcome=_outcome(row, made_at),
        payment_ref=remote_id,
        at=made_at,
    )


def _outcome(row: Mapping[str, Any], made_at: datetime | None) -> Outcome:
    """Noted and not paid: its gateway is at it, or broke; which of them, time tells and then a person."""
    if row.get("refunded_payment") is not False:
        return Outcome.SUCCEEDED
    is_young = made_at is not None and utc_now() - made_at < timedelta(seconds=PROCESSING_DELAY_S)
    return Outcome.PENDING if is_young else Outcome.UNKNOWN


def _of_order(order: Mapping[str, Any]) -> Iterator[FoundRefund]:
    """The short form inside an order, which does not say whether the shop's gateway paid."""
    currency, remote_id = str(order.get("currency")), str(order.get("id"))
    for row in rows(order, "refunds"):
        yield FoundRefund(
            gateway_ref=str(row.get("id")),
            reference=_our_id(row),
            amount=abs(amount(currency, "refund total", row.get("total"))),
            currency=currency,
            outcome=Outcome.SUCCEEDED,
            payment_ref=remote_id,
        )


def _our_id(row: Mapping[str, Any]) -> str:
    found = _KEY.search(str(row.get("reason") or ""))
    return found[1] if found else ""


def _moment(stamp: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
