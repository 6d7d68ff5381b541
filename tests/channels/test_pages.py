"""Orders that leave or enter the list while it is read: the pages overlap, so nothing is lost.

The control reads the same shop as its documentation suggests, by page numbers, and loses orders.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.channels.shops import Connected
from tests.sandbox.running import ShopServer
from webapp.channels.adapters import command_integration
from webapp.channels.base import OrderPage
from webapp.channels.fetching import OrderQuery, Position
from webapp.channels.profile import load_profile
from webapp.core import http
from webapp.core.db import unit_of_work


class Sink:
    """Keeps what comes, and lets something happen in the shop after a page."""

    def __init__(self, after_page: Callable[[int], None] = lambda page: None) -> None:
        self.pages: list[list[int]] = []
        self.missing: list[str] = []
        self.positions: list[Position | None] = []
        self._after_page = after_page

    def take_page(self, page: OrderPage) -> None:
        self.pages.append([int(row.remote_id) for row in page.page.rows])
        self.positions.append(page.position)
        self._after_page(len(self.pages))

    def not_found(self, names: Sequence[str]) -> None:
        self.missing += names

    @property
    def ids(self) -> list[int]:
        return [each for page in self.pages for each in page]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[ShopServer]:
    """A shop of its own for each test, because its orders go into the trash."""
    shop = ShopServer("sandbox.shop", tmp_path / "shop.db", "--orders", "230", "--seed", "5")
    yield shop
    shop.stop()


@pytest.fixture
def connected(shop: ShopServer, session: Session) -> Connected:
    return Connected.to(shop)


def read(connected: Connected, sink: Sink, query: OrderQuery | None = None) -> list[int]:
    with unit_of_work() as session:
        profile = load_profile(session, connected.channel_id)
    command_integration(profile).do_action("get_orders", query=query or OrderQuery(), sink=sink)
    return sink.ids


def read_by_page_numbers(shop: ShopServer, after_page: Callable[[int], None]) -> list[int]:
    """The control: page=1, page=2 … until the last."""
    found: list[int] = []
    for page in range(1, 10):
        rows = shop.api("GET", f"/orders?per_page=100&orderby=id&order=asc&page={page}").json()
        found += [row["id"] for row in rows]
        if len(rows) < 100:
            return found
        after_page(page)
    raise AssertionError("The list has no end.")


def all_ids(shop: ShopServer) -> list[int]:
    return [order["id"] for order in shop.orders()]


def trashing(shop: ShopServer, ids: Sequence[int]) -> Callable[[int], None]:
    """After the first page these orders go into the trash."""

    def after(page: int) -> None:
        if page == 1:
            for each in ids:
                shop.control("POST", f"orders/{each}/trash")

    return after


def test_list_when_nothing_happens_then_each_order_once_in_order_of_ids(connected: Connected) -> None:
    ids = all_ids(connected.shop)
    assert read(connected, Sink()) == ids == sorted(set(ids))


@pytest.mark.parametrize("count", [1, 5, 99, 100])
def test_list_when_orders_are_trashed_behind_us_then_none_of_the_others_is_lost(
    count: int, connected: Connected
) -> None:
    ids = all_ids(connected.shop)
    found = read(connected, Sink(trashing(connected.shop, ids[:count])))
    assert set(ids[count:]) <= set(found)
    assert len(found) == len(set(found))


def test_list_when_the_last_order_read_is_trashed_then_none_is_lost(connected: Connected) -> None:
    ids = all_ids(connected.shop)
    found = read(connected, Sink(trashing(connected.shop, [ids[99]])))
    assert found == ids


def test_list_when_all_but_the_last_are_trashed_then_the_last_is_found(connected: Connected) -> None:
    ids = all_ids(connected.shop)
    found = read(connected, Sink(trashing(connected.shop, ids[:-1])))
    assert found[-1] == ids[-1]


def test_control_when_orders_are_trashed_then_page_numbers_lose_others(shop: ShopServer) -> None:
    ids = all_ids(shop)
    found = read_by_page_numbers(shop, trashing(shop, ids[:5]))
    assert set(ids[5:]) - set(found) == set(ids[100:105])


def test_list_when_orders_come_in_before_our_place_then_read_on_without_a_double(
    connected: Connected,
) -> None:
    """A window of changed orders: old ones change while we read, and enter the list at its beginning."""
    shop, ids = connected.shop, all_ids(connected.shop)
    open_ones = [each["id"] for each in shop.orders("&status=processing")]

    def after(page: int) -> None:
        if page == 1:
            for each in open_ones[:20]:
                shop.control("POST", f"orders/{each}/status", {"status": "completed"})

    found = read(connected, Sink(after))
    assert found == ids


@pytest.mark.parametrize("guess", [0, 99, 150, 229, 400])
def test_list_when_gone_on_with_from_a_wrong_place_then_the_rest_is_found_all_the_same(
    guess: int, connected: Connected
) -> None:
    ids = all_ids(connected.shop)
    found = read(connected, Sink(), OrderQuery(position=Position(str(ids[99]), guess)))
    assert found == ids[100:]


def test_page_when_handed_over_then_its_position_says_where_to_go_on(connected: Connected) -> None:
    ids = all_ids(connected.shop)
    sink = Sink()
    read(connected, sink)
    assert sink.positions == [Position(str(ids[99]), 99), Position(str(ids[198]), 198), None]


def test_ids_when_asked_for_then_also_from_the_trash_and_the_unknown_are_named(connected: Connected) -> None:
    shop, ids = connected.shop, all_ids(connected.shop)
    shop.control("POST", f"orders/{ids[3]}/trash")
    sink = Sink()
    wanted = (*(str(each) for each in ids[:150]), "999999")

    found = read(connected, sink, OrderQuery(remote_ids=wanted))

    assert sorted(found) == ids[:150]
    assert sink.missing == ["999999"]


def test_numbers_when_asked_for_then_found_by_id_or_search_and_the_unknown_are_named(
    connected: Connected,
) -> None:
    ids = all_ids(connected.shop)
    sink = Sink()
    found = read(connected, sink, OrderQuery(numbers=(str(ids[7]), "WEB-1", "4711", str(ids[200]))))
    assert sorted(found) == [ids[7], ids[200]]
    assert sorted(sink.missing) == ["4711", "WEB-1"]


def test_orders_after_one_when_asked_for_then_only_those_placed_later(connected: Connected) -> None:
    ids = all_ids(connected.shop)
    assert read(connected, Sink(), OrderQuery(after_remote_id=str(ids[120]))) == ids[121:]


@pytest.mark.parametrize("cap", [60_000, 12_000])
def test_page_when_larger_than_we_read_then_fewer_orders_at_a_time_and_none_lost(
    cap: int, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = all_ids(connected.shop)[-30:]
    monkeypatch.setattr(http, "ANSWER_CAP_BYTES", cap)
    assert read(connected, Sink(), OrderQuery(after_remote_id=str(ids[0] - 1)))[-30:] == ids


def test_page_when_the_shop_is_too_slow_for_a_whole_one_then_fewer_orders_at_a_time(
    app: Flask, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = all_ids(connected.shop)
    hints = app.extensions["kontor_hints"]
    hurried = replace(hints.settings, timing=replace(hints.settings.timing, read_timeout_s=1.0))
    monkeypatch.setattr(hints, "settings", hurried)
    connected.shop.fault(kind="slow", path="/wp-json/wc/v3/orders", seconds=2.0, count=1)

    sink = Sink()
    read(connected, sink)

    assert sink.ids == ids
    assert len(sink.pages) > 20
