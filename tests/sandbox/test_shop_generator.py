"""What the shop draws: plausible, odd at the promised rates, and nobody real."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox.shop.generator import Wish, draw_order

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISTANBUL = ZoneInfo("Europe/Istanbul")
COUNT = 3_000
PARTS = ("line_items", "shipping_lines", "fee_lines")

Order = dict[str, Any]


def _draw(number: int, **wish: Any) -> Order:
    return draw_order(1, number, now=NOW, zone=ISTANBUL, span_days=60, wish=Wish(**wish))


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    return [_draw(number) for number in range(COUNT)]


def _missed_by(order: Order) -> int:
    """How many minor units the total is away from the sum of its parts."""
    parts = [line for part in PARTS for line in order[part]]
    paid = sum((Decimal(line["total"]) + Decimal(line["total_tax"]) for line in parts), Decimal(0))
    decimals = len(order["total"].partition(".")[2])
    return abs(int((Decimal(order["total"]) - paid).scaleb(decimals)))


def _share(orders: list[Order], claim: Any) -> float:
    return sum(bool(claim(order)) for order in orders) / len(orders)


def test_total_when_it_misses_its_parts_then_by_a_unit_a_line_in_one_order_of_twenty(
    orders: list[Order],
) -> None:
    missed = [order for order in orders if _missed_by(order)]

    assert 0.02 < len(missed) / COUNT < 0.09
    assert all(_missed_by(order) <= sum(len(order[part]) for part in PARTS) for order in missed)


@pytest.mark.parametrize(
    ("low", "high", "claim"),
    [
        (0.50, 0.60, lambda order: order["customer_id"] == 0),
        (0.04, 0.08, lambda order: not order["shipping"]["country"]),
        (0.005, 0.03, lambda order: Decimal(order["total"]) == 0),
        (0.005, 0.03, lambda order: Decimal(order["total"]) < 0),
        (0.02, 0.07, lambda order: any(line["product_id"] == 0 for line in order["line_items"])),
        (0.005, 0.04, lambda order: any(line["quantity"] == 0 for line in order["line_items"])),
        (0.05, 0.15, lambda order: any(isinstance(line["quantity"], float) for line in order["line_items"])),
        (0.05, 0.15, lambda order: any(m["key"] == "iyzico_no_of_installment" for m in order["meta_data"])),
        (0.2, 0.5, lambda order: order["fee_lines"]),
        (0.2, 0.35, lambda order: order["coupon_lines"]),
    ],
)
def test_oddity_when_drawn_often_then_it_comes_as_often_as_promised(
    orders: list[Order], low: float, high: float, claim: Any
) -> None:
    assert low < _share(orders, claim) < high


def test_coupons_when_drawn_then_three_in_ten_differ_from_the_discount(orders: list[Order]) -> None:
    with_coupon = [order for order in orders if order["coupon_lines"]]

    differing = _share(
        with_coupon,
        lambda order: Decimal(order["coupon_lines"][0]["discount"]) != Decimal(order["discount_total"]),
    )

    assert 0.2 < differing < 0.4


def test_orders_when_drawn_then_every_status_method_and_part_of_the_world_is_there(
    orders: list[Order],
) -> None:
    statuses = {order["status"] for order in orders}
    methods = Counter(order["payment_method"] for order in orders)
    currencies = {order["currency"] for order in orders}

    assert statuses >= {
        "processing",
        "completed",
        "cancelled",
        "refunded",
        "failed",
        "on-hold",
        "kargoya-verildi",
    }
    assert set(methods) == {"stripe", "iyzico", "cod", "bacs", "paypal", ""}
    assert currencies >= {"TRY", "EUR", "PLN", "GBP", "SAR", "AED", "IQD", "KWD", "BHD", "JPY"}


def test_dates_when_drawn_then_they_lie_in_the_last_sixty_days_and_in_order(orders: list[Order]) -> None:
    for order in orders:
        created = datetime.fromisoformat(order["date_created_gmt"]).replace(tzinfo=UTC)
        modified = datetime.fromisoformat(order["date_modified_gmt"]).replace(tzinfo=UTC)
        assert NOW - timedelta(days=60) <= created <= modified <= NOW
        assert (order["date_paid"] is None) == (order["date_paid_gmt"] is None)


def test_people_when_drawn_then_their_mailboxes_belong_to_nobody(orders: list[Order]) -> None:
    domains = {order["billing"]["email"].partition("@")[2] for order in orders}

    assert all(re.search(r"(^|\.)example\.(com|org)$|\.test$", domain) for domain in domains)


def test_instalments_when_wished_then_the_interest_is_a_fee_and_in_the_meta() -> None:
    order = _draw(1, country="TR", payment_method="iyzico", instalments=6, status="processing")

    meta = {entry["key"]: entry["value"] for entry in order["meta_data"]}
    fee = order["fee_lines"][-1]
    assert meta["iyzico_no_of_installment"] == "6"
    assert fee["name"] == "6 Installment Commission"
    assert Decimal(meta["iyzico_installment_fee"]) == Decimal(fee["total"]) > 0


def test_wish_when_drawn_again_then_it_is_the_same_order() -> None:
    assert _draw(5, country="SA") == _draw(5, country="SA")


def test_raw_taxes_when_drawn_then_some_have_more_than_two_decimals(orders: list[Order]) -> None:
    raw = [tax["total"] for order in orders for line in order["line_items"] for tax in line["taxes"]]

    assert any(len(text.partition(".")[2]) > 2 for text in raw)
