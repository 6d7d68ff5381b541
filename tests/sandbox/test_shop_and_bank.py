"""The shop's card payments are known at the bank, and its refunds move money there."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.sandbox.running import BankServer, ShopMaker, ShopServer, eventually

OLD_ORDERS = 150


@pytest.fixture(scope="module")
def paired(open_shop: ShopMaker, bank: BankServer) -> Iterator[ShopServer]:
    yield open_shop("--orders", str(OLD_ORDERS), "--bank", bank.url)


def _known(bank: BankServer, name: str) -> bool:
    return bool(bank.stripe("GET", f"/payment_intents/{name}").status_code == 200)


def test_card_order_when_placed_then_the_bank_knows_the_payment(paired: ShopServer, bank: BankServer) -> None:
    order = paired.place(country="KW", payment_method="stripe", status="processing")

    eventually(lambda: _known(bank, order["transaction_id"]))

    intent = bank.stripe("GET", f"/payment_intents/{order['transaction_id']}").json()
    assert intent["amount"] == int(Decimal(order["total"]) * 1000)
    assert (intent["currency"], intent["metadata"]["order"]) == ("kwd", order["number"])


def test_shop_refund_when_the_gateway_pays_then_the_bank_moves_it_once(
    paired: ShopServer, bank: BankServer
) -> None:
    order = paired.place(country="TR", payment_method="iyzico", status="completed", instalments=6)
    eventually(lambda: paired.api("GET", "/orders").ok and _registered(bank, order["transaction_id"]))

    made = paired.api("POST", f"/orders/{order['id']}/refunds", {"amount": "12.50"})

    moved = bank.refunds({"id": order["transaction_id"]})
    assert made.status_code == 201
    assert sum(refund["amount"] for refund in moved) == 1_250


def test_shop_refund_when_api_refund_is_false_then_the_bank_moves_nothing(
    paired: ShopServer, bank: BankServer
) -> None:
    order = paired.place(country="DE", payment_method="stripe", status="completed")
    eventually(lambda: _known(bank, order["transaction_id"]))

    made = paired.api("POST", f"/orders/{order['id']}/refunds", {"amount": "1.00", "api_refund": False})

    assert made.status_code == 201
    assert bank.refunds({"id": order["transaction_id"]}) == []


def test_old_refunds_when_registered_then_they_count_in_the_banks_caps(
    paired: ShopServer, bank: BankServer
) -> None:
    old = [
        order
        for order in paired.orders()[:OLD_ORDERS]
        if order["refunds"] and order["payment_method"] == "stripe" and Decimal(order["total"]) > 0
    ]
    assert old

    for order in old:
        eventually(lambda order=order: _known(bank, order["transaction_id"]))  # type: ignore[misc]
        paid_back = sum((-Decimal(refund["total"]) for refund in order["refunds"]), Decimal(0))
        exponent = {"KWD": 3, "BHD": 3, "IQD": 3, "JPY": 0}.get(order["currency"], 2)
        moved = bank.refunds({"id": order["transaction_id"]})
        assert sum(refund["amount"] for refund in moved) == int(paid_back.scaleb(exponent))


def _registered(bank: BankServer, name: str) -> bool:
    answer = bank.iyzico("POST", "/payment/detail", {"paymentId": name})
    return bool(answer.json()["status"] == "success")
