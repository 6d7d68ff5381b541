"""Stock…: what is reserved where, letting it go, another list, counting anew; who may, and who was faster."""

import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, ship
from tests.moving import entries, move
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def order_id(counter: Counter) -> int:
    """An order of three units of a product of ours, reserved in the main warehouse; there is an outlet, too."""
    with unit_of_work() as unit:
        unit.add_all(
            [
                StockList(id=3, code="main", name="Main warehouse"),
                StockList(id=4, code="outlet", name="Outlet <Kadıköy>"),
                Product(id=7, sku="SKU-1", name="Product 1"),
            ]
        )
        unit.flush()
        unit.add(ProductStock(product_id=7, stock_list_id=3, stock=Decimal(12)))
        unit.execute(update(Channel).values(stock_list_id=3))
    return counter.order("60.00")


@pytest.fixture
def agent(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.AGENT)


def url(order_id: int) -> str:
    return f"/orders/{order_id}/items/{items_of_order(order_id)[0].id}/stock"


def send(client: StaffClient, order_id: int, chosen: str, **fields: Any) -> Any:
    form = {"csrf_token": client.token, "version": order_now(order_id).version, "seen": "0"}
    return client.post(url(order_id), data={**form, "stock_list": chosen, **fields}, headers=HTMX)


def reserved() -> dict[int, Decimal]:
    db.session.rollback()
    rows = db.session.execute(select(ProductStock.stock_list_id, ProductStock.reserved))
    return {row.stock_list_id: row.reserved for row in rows if row.reserved}


def test_item_when_it_reserves_then_its_panel_leads_there_and_the_dialog_says_what_is_where(
    app: Flask, agent: StaffClient, order_id: int
) -> None:
    price = url(order_id).replace("/stock", "/price")
    assert f'hx-get="{url(order_id)}"' in agent.get(price, headers=HTMX).text
    dialog = agent.get(url(order_id), headers=HTMX).text
    assert re.search(r'<input checked [^>]*value="3"', dialog)
    assert "1 reserved of 12" in dialog
    assert "Outlet &lt;Kadıköy&gt;" in dialog
    finance = at_desk(app, Role.FINANCE)
    assert "/stock" not in finance.get(price, headers=HTMX).text
    assert finance.get(url(order_id)).status_code == 403
    assert send(finance, order_id, "none").status_code == 403
    assert "<html" in agent.get(url(order_id)).text


def test_stock_when_let_go_then_it_is_free_and_the_timeline_says_who(
    agent: StaffClient, order_id: int
) -> None:
    answer = send(agent, order_id, "none")
    assert (answer.status_code, reserved()) == (204, {})
    assert "order:changed" in answer.headers["HX-Trigger"]
    page = agent.get(f"/orders/{order_id}").text
    assert "let go of the stock reserved for Product 1" in page
    assert "Main warehouse" in page
    assert send(agent, order_id, "4").status_code == 204
    assert reserved() == {4: Decimal(1)}
    assert "reserved stock for Product 1" in agent.get(f"/orders/{order_id}").text


def test_stock_when_kept_where_it_is_then_nothing_is_written(agent: StaffClient, order_id: int) -> None:
    version = order_now(order_id).version
    assert send(agent, order_id, "3").status_code == 204
    assert order_now(order_id).version == version
    assert entries(order_id, "order.item.stock_moved") == []


@pytest.mark.parametrize("chosen", ["", "99", "three", "-1"])
def test_list_when_it_was_not_offered_then_422_and_nothing_moves(
    agent: StaffClient, order_id: int, chosen: str
) -> None:
    answer = send(agent, order_id, chosen)
    assert answer.status_code == 422
    assert "Choose one of the list." in answer.text
    assert reserved() == {3: Decimal(1)}


def test_form_when_somebody_was_faster_then_409_says_who_and_keeps_the_choice(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    seen = order_now(order_id).version
    move(order_id, 450, counter.supervisor)
    answer = send(agent, order_id, "4", version=seen)
    assert answer.status_code == 409
    assert "Selin Koç has changed this order meanwhile" in answer.text
    says_who_what_when(answer.text, "Selin Koç", "moved Product 1")
    assert f'name="version" type="hidden" value="{order_now(order_id).version}"' in answer.text
    assert reserved() == {3: Decimal(1)}


def test_item_when_it_has_left_then_there_is_no_choice_and_sending_one_is_409(
    agent: StaffClient, order_id: int
) -> None:
    ship(order_id)
    assert "Nothing can be reserved for it" in agent.get(url(order_id), headers=HTMX).text
    assert "/stock" not in agent.get(url(order_id).replace("/stock", "/price"), headers=HTMX).text
    assert send(agent, order_id, "4").status_code == 409


def test_count_when_the_figure_was_wrong_then_it_is_the_sum_of_open_items_and_a_second_time_says_the_same(
    agent: StaffClient, order_id: int
) -> None:
    with unit_of_work() as unit:
        unit.execute(update(ProductStock).values(reserved=77))
    for _ in range(2):
        answer = agent.post(f"{url(order_id)}/count", data={"csrf_token": agent.token}, headers=HTMX)
        assert answer.status_code == 200
        assert "1 reserved of 12" in answer.text
        assert "open orders hold 1" in answer.headers["HX-Trigger"]
    assert reserved() == {3: Decimal(1)}
    assert len(entries(order_id, "stock.counted")) == 1
    assert "counted the reserved stock anew" in agent.get(f"/orders/{order_id}").text
    send(agent, order_id, "none")
    refused = agent.post(f"{url(order_id)}/count", data={"csrf_token": agent.token}, headers=HTMX)
    assert refused.status_code == 409


def test_items_of_other_orders_and_channels_are_not_there(
    app: Flask, counter: Counter, agent: StaffClient, order_id: int
) -> None:
    other = counter.order(number="1002")
    item = items_of_order(order_id)[0].id
    stranger = at_desk(app, Role.AGENT, channels=[])
    for client, path in ((agent, f"/orders/{other}/items/{item}/stock"), (stranger, url(order_id))):
        assert client.get(path).status_code == 404
        assert client.post(path, data={"csrf_token": client.token, "stock_list": "none"}).status_code == 404
        assert client.post(f"{path}/count", data={"csrf_token": client.token}).status_code == 404
    assert reserved() == {3: Decimal(2)}
