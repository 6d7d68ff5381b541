"""The measuring mode: many orders without state, with the same list rules."""

import pytest

from tests.sandbox.running import ShopMaker, ShopServer


@pytest.fixture(scope="module")
def bulk(open_shop: ShopMaker) -> ShopServer:
    return open_shop("--bulk", "100000")


def _list(bulk: ShopServer, query: str) -> tuple[int, list[int]]:
    answer = bulk.api("GET", f"/orders?per_page=100&orderby=id&order=asc&{query}")
    assert answer.status_code == 200
    return int(answer.headers["X-WP-Total"]), [order["id"] for order in answer.json()]


def test_bulk_when_the_last_page_is_read_then_all_orders_are_there(bulk: ShopServer) -> None:
    total, numbers = _list(bulk, "page=1000")

    assert total == 100_000
    assert numbers == list(range(10_099_901, 10_100_001))


@pytest.mark.parametrize("prefix", ["", "modified_"])
def test_bulk_when_dates_are_given_then_both_ends_are_left_out(bulk: ShopServer, prefix: str) -> None:
    fifth, tenth = (bulk.api("GET", f"/orders/{10_000_001 + place}").json() for place in (4, 9))
    column = "date_modified_gmt" if prefix else "date_created_gmt"
    dates = f"{prefix}after={fifth[column]}&{prefix}before={tenth[column]}"

    total, numbers = _list(bulk, f"dates_are_gmt=true&{dates}")

    assert (total, numbers) == (4, [10_000_006, 10_000_007, 10_000_008, 10_000_009])


def test_bulk_when_a_date_lies_between_two_orders_then_it_parts_them(bulk: ShopServer) -> None:
    total, numbers = _list(bulk, "dates_are_gmt=true&before=2026-01-01T00:02:30")

    assert (total, numbers) == (3, [10_000_001, 10_000_002, 10_000_003])


def test_bulk_when_a_status_is_given_then_only_it_comes(bulk: ShopServer) -> None:
    answer = bulk.api("GET", "/orders?per_page=100&status=completed")

    assert {order["status"] for order in answer.json()} == {"completed"}


def test_bulk_when_read_twice_then_it_is_the_same_and_every_line_has_its_own_number(bulk: ShopServer) -> None:
    first, again = (bulk.api("GET", "/orders?per_page=100&page=7").json() for _ in range(2))

    lines = [line["id"] for order in first for line in (*order["line_items"], *order["meta_data"])]
    assert [order["line_items"] for order in first] == [order["line_items"] for order in again]
    assert len(lines) == len(set(lines))
