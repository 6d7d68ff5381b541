"""The iyzico-shaped door: no keys for repeats, so asking twice pays twice where something is left.

Whether it worked stands in the body's `status`. The codes of refusals are the sandbox's own choice where
iyzico's are not public; callers look at `status`, `errorGroup` and `retryable`.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, request

from sandbox.bank.iyzico_objects import daily_rows, day, envelope, major, payment_object, report_object
from sandbox.bank.iyzico_signature import DETAIL_FIELDS, REFUND_FIELDS, answer_signature, is_signed
from sandbox.bank.ledger import (
    Payment,
    Refund,
    add_refund,
    exponent,
    find_item,
    find_payment,
    new_id,
    refunded,
    spread,
)
from sandbox.bank.stripe_api import the_bank

iyzico = Blueprint("iyzico", __name__)
REPORT_PAGE = 50


@dataclass(eq=False)
class IyzicoProblem(Exception):
    code: str
    message: str
    group: str
    is_retryable: bool = False


NO_PAYMENT = ("5002", "Payment was not found.", "PAYMENT_NOT_FOUND")
NO_ITEM = ("5003", "Payment transaction was not found.", "PAYMENT_NOT_FOUND")
TOO_MUCH = ("5006", "The price is higher than what is left to refund.", "INVALID_REFUND_AMOUNT")
DAY_IS_OVER = ("5008", "The payment can no longer be cancelled; refund it.", "CANCEL_NOT_ALLOWED")
CARD_REFUSES = ("10005", "Do not honour.", "DO_NOT_HONOUR")


@iyzico.before_request
def check_signature() -> Response | None:
    credentials = the_bank().credentials
    if is_signed(
        request.headers.get("Authorization", ""),
        request.headers.get("x-iyzi-rnd", ""),
        request.path,
        request.get_data(),
        credentials.iyzico_key,
        credentials.iyzico_secret,
    ):
        return None
    return _failure({}, IyzicoProblem("1000", "Invalid signature.", "INVALID_SIGNATURE"))


@iyzico.post("/payment/detail")
def payment_detail() -> Response:
    def act(connection: sqlite3.Connection, wanted: dict[str, Any]) -> dict[str, Any]:
        return payment_object(connection, _payment(connection, wanted))

    return _answered(act, DETAIL_FIELDS)


@iyzico.get("/v2/reporting/payment/details")
def report() -> Response:
    wanted = request.args.to_dict()
    shown_until = time.time() - float(the_bank().settings["iyzico_report_delay_s"])
    try:
        with the_bank().database.reading() as connection:
            payment = _payment(connection, wanted)
            shown = report_object(connection, payment, shown_until=shown_until)
    except IyzicoProblem as problem:
        return _failure(wanted, problem)
    return _json({"status": "success", **envelope(wanted), "payments": [shown]}, 200)


@iyzico.get("/v2/reporting/payment/transactions")
def daily_report() -> Response:
    """Everything of one day in Istanbul, as far as the reports know it, page by page."""
    wanted = request.args.to_dict()
    shown_until = time.time() - float(the_bank().settings["iyzico_report_delay_s"])
    with the_bank().database.reading() as connection:
        rows = daily_rows(connection, wanted.get("transactionDate", ""), shown_until=shown_until)
    page = max(int(wanted.get("page") or 1), 1)
    shown = {
        "transactions": rows[(page - 1) * REPORT_PAGE : page * REPORT_PAGE],
        "currentPage": page,
        "totalPageCount": -(-len(rows) // REPORT_PAGE),
    }
    return _json({"status": "success", **envelope(wanted), **shown}, 200)


@iyzico.post("/payment/cancel")
def cancel() -> Response:
    """The whole payment, on the day it was made, while nothing has gone back."""
    return _answered(_cancel, None)


@iyzico.post("/payment/refund")
def refund_item() -> Response:
    return _answered(_refund_item, None)


@iyzico.post("/v2/payment/refund")
def refund_payment() -> Response:
    """Without naming an item: the oldest items with something left give first."""
    return _answered(_refund_payment, REFUND_FIELDS)


def _cancel(connection: sqlite3.Connection, wanted: dict[str, Any]) -> dict[str, Any]:
    payment = _payment(connection, wanted)
    if refunded(connection, payment.id):
        raise IyzicoProblem(*TOO_MUCH)
    if day(payment.created) != day(time.time()):
        raise IyzicoProblem(*DAY_IS_OVER)
    _check_card(payment)
    host_reference = _give_back(connection, payment, None, payment.captured, wanted, kind="cancel")
    return _paid_back(payment, payment.captured, host_reference)


def _refund_item(connection: sqlite3.Connection, wanted: dict[str, Any]) -> dict[str, Any]:
    item = find_item(connection, str(wanted.get("paymentTransactionId") or ""))
    if item is None:
        raise IyzicoProblem(*NO_ITEM)
    payment = _payment(connection, {"paymentId": item.payment_id})
    amount = _price(wanted, payment)
    item_left = item.amount - refunded(connection, payment.id, item.id)
    if amount > min(item_left, payment.captured - refunded(connection, payment.id)):
        raise IyzicoProblem(*TOO_MUCH)
    _check_card(payment)
    host_reference = _give_back(connection, payment, item.id, amount, wanted)
    return _paid_back(payment, amount, host_reference) | {"paymentTransactionId": item.id}


def _refund_payment(connection: sqlite3.Connection, wanted: dict[str, Any]) -> dict[str, Any]:
    payment = _payment(connection, wanted)
    amount = _price(wanted, payment)
    if amount > payment.captured - refunded(connection, payment.id):
        raise IyzicoProblem(*TOO_MUCH)
    _check_card(payment)
    host_reference = ""
    for item_id, part in spread(connection, payment, amount):
        host_reference = _give_back(connection, payment, item_id, part, wanted)
    return _paid_back(payment, amount, host_reference)


def _give_back(
    connection: sqlite3.Connection,
    payment: Payment,
    item_id: str | None,
    amount: int,
    wanted: dict[str, Any],
    kind: str = "refund",
) -> str:
    refund = Refund(
        id=new_id("host"),
        payment_id=payment.id,
        item_id=item_id,
        kind=kind,
        amount=amount,
        currency=payment.currency,
        status="succeeded",
        via="iyzico",
        reference=str(wanted.get("conversationId") or ""),
        reason=str(wanted.get("reason") or "") or None,
    )
    return add_refund(connection, refund).id


def _paid_back(payment: Payment, amount: int, host_reference: str) -> dict[str, Any]:
    return {
        "paymentId": payment.id,
        "price": major(amount, payment.currency),
        "currency": payment.currency.upper(),
        "authCode": host_reference[-6:],
        "hostReference": host_reference,
        "refundHostReference": host_reference,
        "retryable": False,
    }


def _payment(connection: sqlite3.Connection, wanted: dict[str, Any]) -> Payment:
    payment = find_payment(connection, str(wanted.get("paymentId") or ""))
    if payment is None or payment.dialect != "iyzico":
        raise IyzicoProblem(*NO_PAYMENT)
    return payment


def _check_card(payment: Payment) -> None:
    if not payment.is_refundable:
        raise IyzicoProblem(*CARD_REFUSES)


def _price(wanted: dict[str, Any], payment: Payment) -> int:
    """In minor units; text and number are both taken, as the real one does."""
    try:
        price = Decimal(str(wanted.get("price"))).scaleb(exponent(payment.currency))
    except InvalidOperation:
        price = Decimal(0)
    if price <= 0 or price != price.to_integral_value():
        raise IyzicoProblem("5004", "The price is not valid.", "INVALID_PRICE")
    currency = wanted.get("currency")
    if currency and str(currency).lower() != payment.currency:
        raise IyzicoProblem("5005", "The currency is not the payment's.", "INVALID_CURRENCY")
    return int(price)


def _answered(
    act: Callable[[sqlite3.Connection, dict[str, Any]], dict[str, Any]], signed: tuple[str, ...] | None
) -> Response:
    """Runs `act` in one transaction; a refusal has changed nothing."""
    bank = the_bank()
    wanted: dict[str, Any] = {}
    try:
        wanted = _body()
        with bank.database.writing() as connection:
            answer = {"status": "success", **envelope(wanted), **act(connection, wanted)}
    except IyzicoProblem as problem:
        return _failure(wanted, problem)
    if signed is not None:
        answer["signature"] = answer_signature(answer, signed, bank.credentials.iyzico_secret)
    return _json(answer, 200)


def _body() -> dict[str, Any]:
    try:
        wanted = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        raise IyzicoProblem("11", "Invalid request.", "INVALID_REQUEST")
    return wanted


def _failure(wanted: dict[str, Any], problem: IyzicoProblem) -> Response:
    body = {
        "status": "failure",
        "errorCode": problem.code,
        "errorMessage": problem.message,
        "errorGroup": problem.group,
        "retryable": problem.is_retryable,
        **envelope(wanted),
    }
    return _json(body, int(the_bank().settings["iyzico_error_status"]))


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
