"""Packing slips and address labels: what stands on them, of one order and of many, and what does not."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order
from tests.cancelling import Counter, card
from tests.moving import pack, parcel
from tests.order_drafts import line
from webapp.auth.roles import Role
from webapp.orders.views import printing

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def order_id(counter: Counter) -> int:
    lines = (line("1", "100.00", quantity=3), line("2", "50.00"), line("3", "25.00"))
    return counter.order_of(lines, tenders=(card("175.00"),), notes="Ring twice, please.")


@pytest.fixture
def agent(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.AGENT)


def keys(order_id: int) -> list[int]:
    return [item.id for item in items_of_order(order_id)]


def test_slip_names_what_to_pack_where_it_goes_and_the_customer_s_note(
    agent: StaffClient, order_id: int
) -> None:
    page = agent.get(f"/orders/print/slips?id={order_id}").text
    for said in ("Product 1", "SKU-1", "Moda Cad. 22/1", "Kadıköy, İstanbul", "Ring twice, please."):
        assert said in page
    assert 'aria-label="Barcode of 1001"' in page
    assert 'style="' not in page
    # Prices are nobody's business who opens the parcel as a present.
    assert "100.00" not in page
    assert f"/orders/print/slips?id={order_id}" in agent.get(f"/orders/{order_id}").text


def test_slip_shows_each_parcel_and_leaves_out_what_is_cancelled(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    first, _, third = keys(order_id)
    pack(order_id, counter.agent, parcel({first: 2}, "SW1"))
    counter.cancel(order_id, third)
    page = agent.get(f"/orders/print/slips?id={order_id}").text
    assert "Parcel 1" in page
    assert "SW1" in page
    assert "Not in a parcel yet" in page
    assert "Product 2" in page
    assert "Product 3" not in page


def test_labels_are_one_for_each_parcel_with_both_barcodes(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    first, second, third = keys(order_id)
    pack(order_id, counter.agent, parcel({first: 3}, "SW1"), parcel({second: 1, third: 1}, "SW2"))
    page = agent.get(f"/orders/print/labels?id={order_id}").text
    assert page.count('class="p-sheet p-label"') == 2
    for said in ("Parcel 1 of 2", "Parcel 2 of 2", "Barcode of SW1", "Barcode of SW2", "Elif Koç"):
        assert said in page
    assert page.count('aria-label="Barcode of 1001"') == 2


def test_labels_of_an_order_without_parcels_then_one(agent: StaffClient, order_id: int) -> None:
    page = agent.get(f"/orders/print/labels?id={order_id}").text
    assert page.count('class="p-sheet p-label"') == 1
    assert "Parcel 1 of 1" in page


def chosen(client: StaffClient, kind: str, *ids: int, **fields: str) -> Any:
    form = {"csrf_token": client.token, "id": list(ids), **fields}
    return client.post(f"/orders/print/{kind}", data=form, headers=HTMX)


def test_many_from_the_bulk_bar_then_a_sheet_each_the_newest_first(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    other = counter.order(number="1002")
    assert "/orders/print/slips" in agent.get("/orders/").text
    for kind, sheet in (("slips", "p-slip"), ("labels", "p-label")):
        answer = chosen(agent, kind, order_id, other)
        assert answer.headers["HX-Redirect"] == f"/orders/print/{kind}?id={other}&id={order_id}"
        page = agent.get(answer.headers["HX-Redirect"]).text
        assert page.count(f'class="p-sheet {sheet}"') == 2
    whole = chosen(agent, "slips", all_matching="1", view="all", q="1002")
    assert whole.headers["HX-Redirect"] == f"/orders/print/slips?id={other}"


def test_too_many_or_none_then_a_sentence(
    counter: Counter, agent: StaffClient, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Tick the orders first." in chosen(agent, "slips").text
    monkeypatch.setattr(printing, "MOST", 1)
    answer = chosen(agent, "slips", order_id, counter.order(number="1002"))
    assert answer.status_code == 422
    assert "1 orders at once can be printed" in answer.text
    assert chosen(agent, "posters", order_id).status_code == 404


def test_orders_of_other_channels_or_with_nothing_to_send_then_404(
    app: Flask, counter: Counter, agent: StaffClient, order_id: int
) -> None:
    stranger = at_desk(app, Role.AGENT, channels=[])
    for kind in ("slips", "labels"):
        assert stranger.get(f"/orders/print/{kind}?id={order_id}").status_code == 404
    counter.cancel(order_id)
    assert agent.get(f"/orders/print/slips?id={order_id}").status_code == 404
    assert agent.get("/orders/print/slips").status_code == 404
