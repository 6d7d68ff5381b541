"""The order list and single orders, as strict as the real API."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.sandbox.running import KEY, SECRET, ShopMaker, ShopServer


def _numbers(answer: requests.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [order["id"] for order in answer.json()]


def test_list_when_paged_then_total_pages_and_next_link_are_given(shop: ShopServer) -> None:
    first = shop.api("GET", "/orders?per_page=25&orderby=id&order=asc")
    total = int(first.headers["X-WP-Total"])

    assert total >= 60
    assert first.headers["X-WP-TotalPages"] == str(-(-total // 25))
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="prev"' not in first.headers["Link"]
    assert len(_numbers(first)) == 25


def test_list_when_read_page_by_page_then_every_order_comes_once(shop: ShopServer) -> None:
    numbers = [order["id"] for order in shop.orders()]

    assert numbers == sorted(set(numbers))


def test_list_when_per_page_is_101_then_400_names_the_parameter(shop: ShopServer) -> None:
    answer = shop.api("GET", "/orders?per_page=101")

    assert answer.status_code == 400
    assert answer.json()["code"] == "rest_invalid_param"
    assert answer.json()["data"]["params"] == {
        "per_page": "per_page must be between 1 (inclusive) and 100 (inclusive)"
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("status=paid", "status"),
        ("after=2026-11-01", "after"),
        ("modified_after=yesterday", "modified_after"),
        ("orderby=total", "orderby"),
        ("page=0", "page"),
        ("include=1,x", "include"),
    ],
)
def test_list_when_a_parameter_is_wrong_then_400(shop: ShopServer, query: str, parameter: str) -> None:
    answer = shop.api("GET", f"/orders?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["data"]["params"]) == [parameter]


def test_modified_after_when_an_order_has_exactly_that_second_then_it_is_left_out(shop: ShopServer) -> None:
    order = shop.orders()[30]
    moment = order["date_modified_gmt"]
    same_second = {o["id"] for o in shop.orders() if o["date_modified_gmt"] == moment}

    after = {o["id"] for o in shop.orders(f"&dates_are_gmt=true&modified_after={moment}")}
    before = {o["id"] for o in shop.orders(f"&dates_are_gmt=true&modified_before={moment}")}

    assert same_second & (after | before) == set()
    assert after | before | same_second == {o["id"] for o in shop.orders()}


def test_dates_when_not_said_to_be_gmt_then_they_are_the_shops_own_time(shop: ShopServer) -> None:
    order = shop.orders()[30]
    local, gmt = order["date_modified"], order["date_modified_gmt"]

    by_local = {o["id"] for o in shop.orders(f"&modified_after={local}")}
    by_gmt = {o["id"] for o in shop.orders(f"&dates_are_gmt=true&modified_after={gmt}")}

    assert local != gmt
    assert by_local == by_gmt


def test_dates_when_a_zone_is_named_with_dates_are_gmt_then_the_shops_offset_is_added(
    shop: ShopServer,
) -> None:
    """The real shop turns the moment into its own time and then compares it with the GMT column."""
    order = shop.orders()[30]

    shifted = shop.orders(f"&dates_are_gmt=true&modified_after={order['date_modified_gmt']}Z")
    meant = shop.orders(f"&dates_are_gmt=true&modified_after={order['date_modified']}")

    assert [o["id"] for o in shifted] == [o["id"] for o in meant]


def test_status_when_several_are_given_then_only_those_come(shop: ShopServer) -> None:
    found = shop.orders("&status=processing,completed")

    assert {order["status"] for order in found} == {"processing", "completed"}


def test_include_and_exclude_when_given_then_they_name_the_orders(shop: ShopServer) -> None:
    a, b, c = (order["id"] for order in shop.orders()[:3])

    assert _numbers(shop.api("GET", f"/orders?include={c},{a},{b}&orderby=include&exclude={b}")) == [c, a]


def test_offset_when_given_then_it_replaces_the_page(shop: ShopServer) -> None:
    numbers = [order["id"] for order in shop.orders()]

    assert _numbers(shop.api("GET", "/orders?orderby=id&order=asc&offset=5&per_page=2")) == numbers[5:7]


def test_search_when_a_mailbox_is_given_then_its_orders_come(shop: ShopServer) -> None:
    order = shop.orders()[3]

    found = shop.api("GET", f"/orders?per_page=100&search={order['billing']['email']}").json()

    assert order["id"] in [o["id"] for o in found]
    assert {o["billing"]["email"] for o in found} == {order["billing"]["email"]}


def test_decimals_when_asked_for_then_amounts_have_them_and_raw_taxes_do_not(shop: ShopServer) -> None:
    order_id = shop.place(country="DE", status="completed")["id"]

    order = shop.api("GET", f"/orders/{order_id}?dp=4").json()

    assert len(order["total"].partition(".")[2]) == 4
    assert len(order["line_items"][0]["total"].partition(".")[2]) == 4
    assert isinstance(order["line_items"][0]["price"], int | float)


def test_order_when_unknown_then_404_for_reading_and_400_for_writing(shop: ShopServer) -> None:
    assert shop.api("GET", "/orders/999999").status_code == 404
    assert shop.api("PUT", "/orders/999999", {"status": "completed"}).status_code == 400


def test_order_when_in_the_trash_then_it_leaves_the_list_but_answers_by_id(shop: ShopServer) -> None:
    order_id = shop.place(status="processing")["id"]

    shop.control("POST", f"orders/{order_id}/trash")

    assert order_id not in [o["id"] for o in shop.orders()]
    assert order_id in [o["id"] for o in shop.orders("&status=trash")]
    assert shop.api("GET", f"/orders/{order_id}").json()["status"] == "trash"


def test_seed_when_the_same_then_the_orders_are_the_same(open_shop: ShopMaker) -> None:
    def told(order: dict[str, Any]) -> Any:
        return order["order_key"], order["total"], order["billing"], [i["sku"] for i in order["line_items"]]

    one, other = (open_shop("--orders", "12", "--seed", "99") for _ in range(2))

    assert sorted(map(repr, map(told, one.orders()))) == sorted(map(repr, map(told, other.orders())))


def test_state_when_the_process_is_killed_then_nothing_is_lost(open_shop: ShopMaker) -> None:
    shop = open_shop("--orders", "5")
    order_id = shop.place(status="processing")["id"]
    shop.api("PUT", f"/orders/{order_id}", {"status": "completed"})

    shop.kill()
    shop.start()

    assert shop.api("GET", f"/orders/{order_id}").json()["status"] == "completed"
    assert len(shop.orders()) == 6


@pytest.mark.parametrize("algorithm", ["HMAC-SHA1", "HMAC-SHA256"])
def test_oauth_when_signed_then_the_list_comes(shop: ShopServer, algorithm: str) -> None:
    url, headers, _ = shop.signed("GET", "/orders?per_page=1&status=processing,completed", algorithm)

    assert requests.get(url, headers=headers, timeout=5).status_code == 200


def test_oauth_when_the_query_is_changed_then_401(shop: ShopServer) -> None:
    url, headers, _ = shop.signed("GET", "/orders?per_page=1")

    answer = requests.get(url.replace("per_page=1", "per_page=2"), headers=headers, timeout=5)

    assert answer.status_code == 401
    assert answer.json()["code"] == "woocommerce_rest_authentication_error"


def test_oauth_when_the_request_is_sent_again_then_the_nonce_is_refused(shop: ShopServer) -> None:
    url, headers, _ = shop.signed("GET", "/orders?per_page=1")

    assert requests.get(url, headers=headers, timeout=5).status_code == 200
    assert requests.get(url, headers=headers, timeout=5).status_code == 401


def test_oauth_when_a_list_is_written_with_brackets_then_the_signature_does_not_match(
    shop: ShopServer,
) -> None:
    assert shop.api("GET", "/orders?status%5B%5D=processing").status_code == 401
    assert shop.api("GET", "/orders?status%5B0%5D=processing").status_code == 200


def test_basic_when_over_http_then_it_is_ignored_and_over_https_it_opens(shop: ShopServer) -> None:
    url = f"{shop.url}/wp-json/wc/v3/orders"

    over_http = requests.get(url, auth=(KEY, SECRET), timeout=5)
    over_https = requests.get(url, auth=(KEY, SECRET), headers={"X-Forwarded-Proto": "https"}, timeout=5)
    wrong = requests.get(url, auth=(KEY, "cs_wrong"), headers={"X-Forwarded-Proto": "https"}, timeout=5)

    assert (over_http.status_code, over_https.status_code, wrong.status_code) == (401, 200, 401)


def test_route_when_unknown_then_rest_no_route(shop: ShopServer) -> None:
    answer = shop.api("GET", "/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "rest_no_route")


def test_journal_when_read_then_it_tells_requests_without_secrets(shop: ShopServer) -> None:
    before = datetime.now(UTC).timestamp()
    shop.api("GET", "/orders?per_page=3&page=2")

    entry = shop.control("GET", "requests?path=/orders")[-1]

    assert entry["query"] == "per_page=3&page=2"
    assert entry["status"] == 200
    assert entry["at"] >= before - 1
