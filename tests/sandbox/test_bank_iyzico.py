"""The iyzico-shaped door: signatures, items, and a payment without keys."""

import hmac
from typing import Any

import pytest
import requests

from tests.sandbox.running import BankServer

YESTERDAY = "2026-01-05T12:00:00"


@pytest.fixture
def payment(bank: BankServer) -> dict[str, Any]:
    """100.00 TRY for two items of 75.00 and 25.00, paid today."""
    items = [{"id": "A", "weight": 3}, {"id": "B", "weight": 1}]
    return bank.pay(dialect="iyzico", reference="1234", items=items)


def _report(bank: BankServer, payment: dict[str, Any]) -> dict[str, Any]:
    answer = bank.iyzico("GET", f"/v2/reporting/payment/details?paymentId={payment['id']}").json()
    report: dict[str, Any] = answer["payments"][0]
    return report


def _refund(
    bank: BankServer, payment: dict[str, Any], place: int, price: Any, conversation: str = "c"
) -> Any:
    body = {
        "paymentTransactionId": payment["items"][place]["id"],
        "price": price,
        "currency": "TRY",
        "conversationId": conversation,
        "ip": "127.0.0.1",
    }
    return bank.iyzico("POST", "/payment/refund", body)


def test_detail_when_asked_then_it_is_signed_and_items_add_up(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    body = {"paymentId": payment["id"], "conversationId": "c-1", "locale": "tr"}

    detail = bank.iyzico("POST", "/payment/detail", body).json()

    message = f"{payment['id']}:TRY:1234:c-1:100:100"
    expected = hmac.digest(bank.iyzico_secret.encode(), message.encode(), "sha256").hex()
    assert detail["signature"] == expected
    assert [item["paidPrice"] for item in detail["itemTransactions"]] == [75, 25]


def test_request_when_the_body_is_not_what_was_signed_then_refused(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    sent = bank.iyzico("POST", "/payment/detail", {"paymentId": payment["id"]}).request
    sent.body = b'{"paymentId": "1"}'
    sent.headers["Content-Length"] = str(len(sent.body))

    answer = requests.Session().send(sent, timeout=5)

    assert (answer.status_code, answer.json()["errorGroup"]) == (400, "INVALID_SIGNATURE")


def test_refund_when_of_one_item_then_it_shows_in_the_report_with_its_conversation(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    answer = _refund(bank, payment, 1, "10.50", "rf_7").json()

    report = _report(bank, payment)
    assert (answer["status"], answer["price"], answer["retryable"]) == ("success", 10.5, False)
    assert report["paymentRefundStatus"] == "PARTIALLY_REFUNDED"
    shown = report["itemTransactions"][1]["refunds"][0]
    assert (shown["refundConversationId"], shown["refundPrice"], shown["refundStatus"]) == ("rf_7", 10.5, 1)


def test_refund_when_sent_twice_then_it_pays_twice(bank: BankServer, payment: dict[str, Any]) -> None:
    """There are no keys here; only looking first helps."""
    for _ in range(2):
        assert _refund(bank, payment, 0, 10, "rf_same").json()["status"] == "success"

    assert [refund["amount"] for refund in bank.refunds(payment)] == [1_000, 1_000]


def test_refund_when_more_than_the_item_then_failure_and_nothing_moved(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    answer = _refund(bank, payment, 1, 25.01)

    assert (answer.status_code, answer.json()["status"]) == (400, "failure")
    assert bank.refunds(payment) == []


def test_refund_when_errors_answer_200_then_only_the_body_tells(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    bank.control("PUT", "settings", {"iyzico_error_status": 200})

    answer = _refund(bank, payment, 1, 99)

    bank.control("PUT", "settings", {"iyzico_error_status": 400})
    assert (answer.status_code, answer.json()["status"]) == (200, "failure")


def test_refund_v2_when_over_two_items_then_the_first_gives_first(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    body = {
        "paymentId": payment["id"],
        "price": 80,
        "currency": "TRY",
        "conversationId": "v2",
        "ip": "127.0.0.1",
    }

    answer = bank.iyzico("POST", "/v2/payment/refund", body).json()

    assert answer["status"] == "success"
    assert [refund["amount"] for refund in bank.refunds(payment)] == [7_500, 500]


def test_cancel_when_on_the_same_day_then_all_goes_back_once(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    body = {"paymentId": payment["id"], "conversationId": "cancel", "ip": "127.0.0.1"}

    first, again = (bank.iyzico("POST", "/payment/cancel", body).json() for _ in range(2))

    assert (first["status"], first["price"], again["status"]) == ("success", 100, "failure")
    assert [refund["kind"] for refund in bank.refunds(payment)] == ["cancel"]
    assert _report(bank, payment)["paymentRefundStatus"] == "TOTALLY_REFUNDED"
    assert _refund(bank, payment, 0, 1).json()["status"] == "failure"


def test_cancel_when_the_day_is_over_then_failure(bank: BankServer) -> None:
    payment = bank.pay(dialect="iyzico", created=YESTERDAY)

    answer = bank.iyzico("POST", "/payment/cancel", {"paymentId": payment["id"]}).json()

    assert answer["errorGroup"] == "CANCEL_NOT_ALLOWED"


def test_card_when_it_refuses_refunds_then_do_not_honour(bank: BankServer) -> None:
    payment = bank.pay(dialect="iyzico", is_refundable=False)

    assert _refund(bank, payment, 0, 1).json()["errorCode"] == "10005"


def test_report_when_it_is_late_then_the_refund_shows_only_after_the_delay(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    bank.control("PUT", "settings", {"iyzico_report_delay_s": 3_600})
    _refund(bank, payment, 0, 10)

    late = _report(bank, payment)

    bank.control("PUT", "settings", {"iyzico_report_delay_s": 0})
    assert late["itemTransactions"][0]["refunds"] == []
    assert len(_report(bank, payment)["itemTransactions"][0]["refunds"]) == 1


def test_effect_late_when_the_client_gave_up_then_the_report_knows_it_later(
    bank: BankServer, payment: dict[str, Any]
) -> None:
    bank.fault(kind="effect_late", seconds=0.2, count=1, path="/payment/refund")

    with pytest.raises(requests.ConnectionError):
        _refund(bank, payment, 0, 10, "rf_late")

    assert [refund["reference"] for refund in bank.refunds(payment)] == ["rf_late"]
