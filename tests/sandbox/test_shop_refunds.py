"""Refunds at the shop: the amounts it takes, the words it refuses with, and its race."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.running import ShopServer


@pytest.fixture
def order(shop: ShopServer) -> dict[str, Any]:
    return shop.place(country="DE", status="completed", payment_method="stripe", items=2, coupon=False)


def _refund(shop: ShopServer, order: dict[str, Any], **wanted: Any) -> Any:
    return shop.api("POST", f"/orders/{order['id']}/refunds", wanted)


def test_refund_when_partial_then_status_and_total_stay_and_the_order_lists_it(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    made = _refund(shop, order, amount="5.00", reason="Late", api_refund=False)

    after = shop.api("GET", f"/orders/{order['id']}").json()
    assert made.status_code == 201
    assert made.json()["refunded_payment"] is False
    assert after["refunds"] == [{"id": made.json()["id"], "reason": "Late", "total": "-5.00"}]
    assert (after["status"], after["total"]) == (order["status"], order["total"])


def test_refund_when_everything_is_paid_back_then_the_order_is_refunded(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    _refund(shop, order, amount=order["total"])

    assert shop.api("GET", f"/orders/{order['id']}").json()["status"] == "refunded"


def test_refund_when_api_refund_is_missing_then_the_gateway_pays(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    assert _refund(shop, order, amount="1.00").json()["refunded_payment"] is True


def test_refund_when_more_than_what_is_left_then_500_with_a_code_and_nothing_moved(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    answer = _refund(shop, order, amount=str(Decimal(order["total"]) + 1))

    assert answer.status_code == 500
    assert answer.json() == {
        "code": "woocommerce_rest_cannot_create_order_refund",
        "message": "Invalid refund amount.",
        "data": 500,
    }
    assert shop.api("GET", f"/orders/{order['id']}/refunds").json() == []


@pytest.mark.parametrize("method", ["cod", "bacs"])
def test_refund_when_the_gateway_cannot_pay_back_then_500_and_the_refund_is_gone(
    shop: ShopServer, method: str
) -> None:
    order = shop.place(country="DE", status="completed", payment_method=method)

    answer = _refund(shop, order, amount="1.00")

    assert answer.status_code == 500
    assert answer.json()["code"] == "woocommerce_rest_cannot_create_order_refund"
    assert shop.api("GET", f"/orders/{order['id']}").json()["refunds"] == []


def test_refund_when_the_amount_is_a_number_then_400(shop: ShopServer, order: dict[str, Any]) -> None:
    answer = _refund(shop, order, amount=5)

    assert answer.json()["data"]["params"] == {"amount": "amount is not of type string."}


def test_refund_when_only_lines_are_given_then_the_amount_is_their_sum(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    line = order["line_items"][0]
    wanted = {
        "id": line["id"],
        "quantity": 1,
        "refund_total": 2.5,
        "refund_tax": [{"id": line["taxes"][0]["id"], "refund_total": 0.48}],
    }

    made = _refund(shop, order, line_items=[wanted], api_refund=False).json()

    assert made["amount"] == "2.98"
    assert made["line_items"][0]["total"] == "-2.50"
    assert made["line_items"][0]["meta_data"][0]["value"] == str(line["id"])


def test_refunds_when_sent_at_once_then_one_wins_and_in_the_race_more_do(shop: ShopServer) -> None:
    def accepted() -> int:
        order = shop.place(country="DE", status="completed", payment_method="stripe")
        with ThreadPoolExecutor(4) as threads:
            answers = threads.map(lambda _: _refund(shop, order, amount=order["total"]), range(4))
        return [answer.status_code for answer in answers].count(201)

    in_turn = accepted()
    shop.control("PUT", "settings", {"refund_race_ms": 400})
    in_the_race = accepted()
    shop.control("PUT", "settings", {"refund_race_ms": 0})

    assert in_turn == 1
    assert in_the_race > 1


def test_status_when_set_to_refunded_then_the_rest_is_booked_without_the_gateway(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    shop.api("PUT", f"/orders/{order['id']}", {"status": "refunded"})

    refund = shop.api("GET", f"/orders/{order['id']}/refunds").json()[0]
    assert refund["amount"] == order["total"]
    assert refund["refunded_payment"] is False


def test_refunds_when_the_order_is_unknown_then_the_list_is_empty_and_a_refund_fails_with_500(
    shop: ShopServer,
) -> None:
    assert shop.api("GET", "/orders/999999/refunds").json() == []
    assert shop.api("POST", "/orders/999999/refunds", {"amount": "1.00"}).status_code == 500
