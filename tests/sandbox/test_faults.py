"""Every fault at the wire, and whether the work behind it was done."""

from typing import Any

import pytest
import requests

from tests.sandbox.running import ShopMaker, ShopServer, eventually


@pytest.fixture
def order(shop: ShopServer) -> dict[str, Any]:
    return shop.place(country="DE", status="completed", payment_method="stripe", items=2, coupon=False)


def _refund(shop: ShopServer, order: dict[str, Any], timeout: float = 10) -> requests.Response | None:
    """None: the connection ended, or time ran out, without an answer."""
    try:
        return shop.api("POST", f"/orders/{order['id']}/refunds", {"amount": "1.00"}, timeout=timeout)
    except requests.RequestException:
        return None


def _refund_count(shop: ShopServer, order: dict[str, Any]) -> int:
    return len(shop.api("GET", f"/orders/{order['id']}/refunds").json())


@pytest.mark.parametrize(
    ("kind", "status", "is_done"),
    [
        ("429", 429, False),
        ("503", 503, False),
        ("500_before", 500, False),
        ("500_after", 500, True),
        ("html_200", 200, False),
        ("html_500", 500, False),
        ("error_200", 200, False),
        ("other_id", 201, True),
        ("reset_before", None, False),
        ("reset_after", None, True),
        ("hang_before", None, False),
        ("hang_after", 201, True),
        ("slow", 201, True),
        ("effect_late", None, True),
        ("none", 201, True),
    ],
)
def test_fault_when_it_hits_then_answer_and_effect_are_as_its_name_says(
    shop: ShopServer, order: dict[str, Any], kind: str, status: int | None, is_done: bool
) -> None:
    shop.fault(kind=kind, count=1, seconds=0.1, path="*/refunds", method="POST")

    answer = _refund(shop, order)

    assert (answer.status_code if answer is not None else None) == status
    assert _refund_count(shop, order) == int(is_done)


def test_429_when_it_hits_then_it_says_when_to_come_back(shop: ShopServer) -> None:
    shop.fault(kind="429", count=1, seconds=7)

    assert shop.api("GET", "/orders").headers["Retry-After"] == "7"


def test_effect_late_when_the_client_has_given_up_then_it_is_done_all_the_same(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    shop.fault(kind="effect_late", count=1, seconds=0.6, path="*/refunds", method="POST")

    assert _refund(shop, order, timeout=0.2) is None
    assert _refund_count(shop, order) == 0
    eventually(lambda: _refund_count(shop, order) == 1)


@pytest.mark.parametrize("kind", ["truncated", "cut_off"])
def test_body_when_cut_then_it_is_no_json(shop: ShopServer, kind: str) -> None:
    shop.fault(kind=kind, count=1)

    with pytest.raises(requests.RequestException):
        shop.api("GET", "/orders").json()


def test_plan_when_it_has_several_rules_then_they_come_one_after_the_other(shop: ShopServer) -> None:
    kinds = ("500_before", "none", "503")
    plan = [{"kind": kind, "count": 1, "path": "*/orders"} for kind in kinds]
    shop.control("POST", "faults", {"rules": plan})

    assert [shop.api("GET", "/orders").status_code for _ in range(4)] == [500, 200, 503, 200]


def test_rule_when_it_skips_then_the_first_requests_pass(shop: ShopServer) -> None:
    shop.fault(kind="503", skip=2, count=1)

    assert [shop.api("GET", "/orders").status_code for _ in range(4)] == [200, 200, 503, 200]


def test_chance_when_the_seed_is_the_same_then_so_are_the_faults(open_shop: ShopMaker) -> None:
    def statuses() -> list[int]:
        shop = open_shop("--orders", "1", "--seed", "5")
        shop.fault(kinds=["503", "500_before"], probability=0.5)
        return [shop.api("GET", "/orders").status_code for _ in range(12)]

    first = statuses()

    assert first == statuses()
    assert set(first) == {200, 500, 503}


def test_rules_when_the_server_is_killed_then_they_go_on_where_they_were(open_shop: ShopMaker) -> None:
    shop = open_shop("--orders", "1")
    shop.fault(kind="503", count=2)
    assert shop.api("GET", "/orders").status_code == 503

    shop.kill()
    shop.start()

    assert [shop.api("GET", "/orders").status_code for _ in range(2)] == [503, 200]


def test_rule_when_it_makes_no_sense_then_400_says_why(shop: ShopServer) -> None:
    with pytest.raises(AssertionError, match="kind is one of"):
        shop.fault(kind="earthquake")


def test_repeated_page_when_it_hits_then_the_page_before_comes_once_more(shop: ShopServer) -> None:
    pages = "/orders?per_page=5&orderby=id&order=asc&page="
    first = shop.api("GET", f"{pages}1").json()
    shop.fault(kind="repeated_page", count=1)

    assert shop.api("GET", f"{pages}2").json() == first
    assert shop.api("GET", f"{pages}2").json() != first


def test_duplicate_rows_when_it_hits_then_each_order_comes_twice(shop: ShopServer) -> None:
    shop.fault(kind="duplicate_rows", count=1)

    numbers = [order["id"] for order in shop.api("GET", "/orders?per_page=5").json()]

    assert len(numbers) == 10
    assert len(set(numbers)) == 5


def test_change_between_pages_when_it_hits_then_newest_first_shifts_by_one(shop: ShopServer) -> None:
    shop.fault(kind="change_between_pages", count=1)

    first = [order["id"] for order in shop.api("GET", "/orders?per_page=5&page=1").json()]
    second = [order["id"] for order in shop.api("GET", "/orders?per_page=5&page=2").json()]

    assert first[-1] == second[0]


def test_journal_when_a_fault_hit_then_it_is_named(shop: ShopServer) -> None:
    shop.control("DELETE", "requests")
    shop.fault(kind="reset_after", count=1)
    with pytest.raises(requests.ConnectionError):
        shop.api("GET", "/orders")

    assert [(entry["status"], entry["fault"]) for entry in shop.control("GET", "requests")] == [
        (None, "reset_after")
    ]
