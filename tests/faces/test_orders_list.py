"""The list of orders over HTTP: page and fragment, its URL, its empty states, what it weighs and costs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.factories import NOON, item, make_channel, make_customer, make_order, make_orders
from tests.services.test_order_queries_list import counted_statements
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.operations import Operation

HTMX = {"HX-Request": "true"}
NUMBER = re.compile(r'<td><a href="/orders/\d+">(?:<bdi>)?([^<]+)')


@pytest.fixture
def shop(session: Session) -> Channel:
    shop = make_channel(session)
    session.commit()
    return shop


def listed(client: StaffClient, url: str = "/orders/", **headers: str) -> list[str]:
    page = client.get(url, headers={**headers})
    assert page.status_code == 200
    return NUMBER.findall(page.text)


def test_list_when_opened_then_is_a_page_and_for_htmx_its_card_alone(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_order(session, shop, number="1001")
    session.commit()
    client = at_desk(app)

    page, fragment = client.get("/orders/"), client.get("/orders/", headers=HTMX)

    assert "<h1>Orders</h1>" in page.text
    assert fragment.text.lstrip().startswith('<section class="k-card" id="orders"')
    assert "HX-Push-Url" not in fragment.headers
    assert NUMBER.findall(page.text) == NUMBER.findall(fragment.text) == ["1001"]


def test_list_when_a_form_sends_its_empty_fields_then_the_address_bar_gets_the_one_spelling(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_order(session, shop, status=550)
    session.commit()
    url = f"/orders/?q=&placed_from=&placed_to=&status=550&channel={shop.id}&amount_min=&nonsense=1"

    response = at_desk(app).get(url, headers=HTMX)

    assert response.headers["HX-Push-Url"] == f"/orders/?status=550&channel={shop.id}"


def test_list_when_its_url_is_opened_then_shows_the_filters_it_names(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_order(session, shop, number="dear", status=550, items=[item("900")])
    make_order(session, shop, number="cheap", status=550, items=[item("9")])
    make_order(session, shop, number="other", status=400, items=[item("900")])
    session.commit()

    page = at_desk(app).get("/orders/?status=550&amount_min=100&sort=-amount").text

    assert NUMBER.findall(page) == ["dear"]
    assert "<em>Delivered</em>" in page
    assert "<em>≥ 100</em>" in page
    assert 'aria-sort="descending"' in page
    assert '<input type="hidden" name="sort" value="-amount">' in page
    assert "1 order</span>" in page


@pytest.mark.parametrize(
    "query",
    [
        "status=999&status=x&channel=-1&payment=999999999999999999999",
        "placed_from=yesterday&placed_to=2026-13-40&amount_min=lots&amount_max=NaN",
        "view=nonsense&sort=-number&after=%00&before=abc",
        "after=WyItcGxhY2VkIiwiMjAyNiIsMV0&customer=x&flag=none&cancel=&currency=Lira",
        "customer=99999999999999999999999&channel=4294967296&payment=9999999999&cargo=9999999999&tag=9999999999",
    ],
)
def test_list_when_its_url_says_nonsense_then_shows_what_it_understands(
    app: Flask, session: Session, shop: Channel, query: str
) -> None:
    make_order(session, shop, number="1001")
    session.commit()

    page = at_desk(app).get(f"/orders/?{query}")

    assert page.status_code == 200
    assert NUMBER.findall(page.text) == ["1001"]


def test_placed_when_days_are_chosen_then_they_are_the_readers_days(
    app: Flask, session: Session, shop: Channel
) -> None:
    # 23:30 UTC is the next day in Istanbul, three hours ahead.
    make_order(session, shop, number="late", date_placed=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    make_order(session, shop, number="noon", date_placed=datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    session.commit()
    client = at_desk(app)

    assert listed(client, "/orders/?placed_from=2026-11-21&placed_to=2026-11-21") == ["late"]
    assert listed(client, "/orders/?placed_from=2026-11-20&placed_to=2026-11-20") == ["noon"]


def test_pages_when_walked_by_their_links_then_go_forth_and_back_and_keep_the_filters(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_orders(session, shop, 60, status=550)
    make_orders(session, shop, 3, status=400)
    session.commit()
    client = at_desk(app)

    first = client.get("/orders/?status=550").text
    onward = re.search(r'href="([^"]+)"[^>]*rel="next"', first)
    assert onward is not None
    second = client.get(onward[1].replace("&amp;", "&")).text
    backward = re.search(r'href="([^"]+)"[^>]*rel="prev"', second)
    assert backward is not None

    assert len(NUMBER.findall(first)) == 50
    assert len(NUMBER.findall(second)) == 10
    assert "status=550" in onward[1]
    assert "50 of 60" in first
    assert NUMBER.findall(client.get(backward[1].replace("&amp;", "&")).text) == NUMBER.findall(first)
    assert 'rel="next"' not in second
    assert 'rel="prev"' not in first


def test_page_when_its_place_is_past_the_end_then_the_first_page_is_shown(
    app: Flask, session: Session, shop: Channel
) -> None:
    from webapp.ui.tables import encode_cursor

    make_order(session, shop, number="1001")
    session.commit()
    cursor = encode_cursor("-placed", (NOON - timedelta(days=900), 1))

    assert listed(at_desk(app), f"/orders/?after={cursor}") == ["1001"]


@pytest.mark.parametrize("typed", ["1001", " 1001 ", "#1001"])
def test_exact_number_when_typed_into_the_top_bar_then_the_order_opens(
    app: Flask, session: Session, shop: Channel, typed: str
) -> None:
    order = make_order(session, shop, number="1001")
    make_order(session, shop, number="10010")
    session.commit()

    response = at_desk(app).get("/orders/", query_string={"q": typed})

    assert (response.status_code, response.location) == (303, f"/orders/{order.id}")


def test_number_when_typed_elsewhere_or_not_exact_then_the_list_is_searched(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_order(session, shop, number="1001")
    make_order(session, shop, number="10010")
    session.commit()
    client = at_desk(app)

    assert listed(client, "/orders/?q=100") == ["10010", "1001"]
    assert listed(client, "/orders/?q=1001&status=400") == ["10010", "1001"]
    assert NUMBER.findall(client.get("/orders/?q=1001", headers=HTMX).text) == ["10010", "1001"]


def test_exact_number_when_of_a_channel_not_theirs_then_nobody_is_led_there(
    app: Flask, session: Session, shop: Channel
) -> None:
    bazaar = make_channel(session, "Bazaar")
    order = make_order(session, bazaar, number="1001")
    session.commit()
    client = at_desk(app, Role.AGENT, channels=[shop.id])

    assert listed(client, "/orders/?q=1001") == []
    for url in (f"/orders/{order.id}", f"/orders/{order.id}/peek", f"/orders/{order.id}/timeline"):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/orders/", "No orders yet"),
        ("/orders/?view=to_confirm", "Nothing waits here"),
        ("/orders/?status=550", "No orders match"),
        ("/orders/?q=ab", "Type at least three characters"),
    ],
)
def test_list_when_empty_then_says_why_and_what_to_do(
    app: Flask, session: Session, shop: Channel, url: str, words: str
) -> None:
    assert words in at_desk(app).get(url).text


def test_list_when_no_channel_is_open_to_the_reader_then_says_so(app: Flask, session: Session) -> None:
    client = at_desk(app, Role.AGENT, channels=[])

    assert "No channel is open to you" in client.get("/orders/").text


def test_state_of_an_order_when_out_of_the_ordinary_then_said_in_words_and_tags(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_order(session, shop, status=50)
    make_order(session, shop, status=50, cancel_status="manuel_refund_need", has_open_plan=True)
    make_order(session, shop, status=450, cancel_status="waiting", has_open_plan=True)
    make_order(session, shop, status=400, is_send=False)
    make_order(session, shop, status=550, money_mismatch=True)
    session.commit()

    page = at_desk(app).get("/orders/").text

    for words in ("Cancel requested", "Manual refund needed"):
        assert re.search(rf'<td class="k-status-\w+">{words}<td', page)
    for words in ("plan open", "not sent", "amounts differ"):
        assert f">{words}</span>" in page


def test_columns_when_chosen_then_remembered_for_this_person_and_shown_at_once(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_order(session, shop)
    session.commit()
    client, colleague = at_desk(app), at_desk(app)

    answer = client.post(
        "/orders/columns?status=400",
        data={"column": ["total", "modified", "nonsense"], "csrf_token": client.token},
        headers=HTMX,
    )

    assert answer.text.lstrip().startswith('<section class="k-card" id="orders"')
    for page in (answer.text, client.get("/orders/").text):
        assert ">Changed</a>" in page
        assert "<th>Status</th>" not in page
    assert "<th>Status</th>" in colleague.get("/orders/").text
    staff = session.scalars(select(StaffUser).where(StaffUser.id == client.staff_id)).one()
    assert staff.preferences == {"orders.columns": ["total", "modified"]}


def test_columns_when_none_is_chosen_then_the_usual_ones_come_back(
    app: Flask, session: Session, shop: Channel
) -> None:
    client = at_desk(app)
    form = {"csrf_token": client.token}
    client.post("/orders/columns", data={**form, "column": ["total"]})

    back = client.post("/orders/columns?view=in_transit", data=form)

    assert (back.status_code, back.location) == (303, "/orders/?view=in_transit")
    assert session.scalars(select(StaffUser.preferences)).all() == [{}]


def test_ticked_orders_when_refreshed_then_their_channel_is_asked_once_for_each(
    app: Flask, session: Session, shop: Channel
) -> None:
    bazaar = make_channel(session, "Bazaar")
    mine, twin = make_order(session, shop, remote_id="41"), make_order(session, shop, remote_id="42")
    made_here = make_order(session, shop, remote_id=None)
    others = make_order(session, bazaar, remote_id="43")
    session.commit()
    client = at_desk(app, Role.AGENT, channels=[shop.id])
    form = {"id": [mine.id, twin.id, twin.id, made_here.id, others.id, "x"], "csrf_token": client.token}

    answer = client.post("/orders/refresh", data=form, headers=HTMX)
    client.post("/orders/refresh", data=form, headers=HTMX)

    assert answer.status_code == 204
    assert "2 orders are read anew." in answer.headers["HX-Trigger"]
    assert "kontor:clear-selection" in answer.headers["HX-Trigger"]
    work = session.scalars(select(Operation).order_by(Operation.order_id)).all()
    assert [(each.kind, each.order_id) for each in work] == [
        ("channel.refresh_order", mine.id),
        ("channel.refresh_order", twin.id),
    ]


def test_ticked_orders_when_none_is_theirs_then_says_to_tick_some(
    app: Flask, session: Session, shop: Channel
) -> None:
    client = at_desk(app)

    refused = client.post("/orders/refresh", data={"csrf_token": client.token}, headers=HTMX)

    assert refused.status_code == 422
    assert "Tick the orders first." in refused.text


def test_pull_when_pressed_then_every_active_channel_of_theirs_is_pulled_once(
    app: Flask, session: Session, shop: Channel
) -> None:
    make_channel(session, "Switched off", is_active=False)
    make_channel(session, "Bazaar")
    session.commit()
    client = at_desk(app, Role.AGENT, channels=[shop.id])

    answer = client.post("/orders/pull", data={"csrf_token": client.token}, headers=HTMX)
    client.post("/orders/pull", data={"csrf_token": client.token}, headers=HTMX)

    assert "Pulling Web shop TR." in answer.headers["HX-Trigger"]
    assert "operations:changed" in answer.headers["HX-Trigger"]
    work = session.scalars(select(Operation)).all()
    assert [(each.kind, each.channel_id) for each in work] == [("channel.pull", shop.id)]


def test_finance_when_looking_then_is_offered_no_pull_and_may_not_ask_for_one(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app, Role.FINANCE)

    page = client.get("/orders/").text

    assert "Pull orders" not in page
    assert "Refresh from channel" not in page
    for url in ("/orders/pull", "/orders/refresh", f"/orders/{order.id}/refresh"):
        assert client.post(url, data={"csrf_token": client.token}).status_code == 403


def test_list_of_fifty_when_sent_then_weighs_less_than_54_kb_and_takes_six_statements_at_most(
    app: Flask, session: Session, shop: Channel
) -> None:
    for name in ("Web shop EU", "Web shop KSA", "Bazaar", "Outlet", "In-store POS"):
        make_channel(session, name)
    customer = make_customer(session, shop, first_name="Abdurrahman", last_name="Küçükyıldırım")
    for at in range(60):
        make_order(
            session,
            shop,
            customer=customer,
            number=str(1535788520000000 + at),
            items=[item("12345.67")],
            tracking_number="4319191017",
            status=510,
        )
    session.commit()
    client = at_desk(app)
    client.get("/orders/")

    for url in ("/orders/", "/orders/?status=510&currency=TRY&amount_min=1", "/orders/?q=kucukyildirim"):
        with counted_statements() as seen:
            page = client.get(url)
        assert len(NUMBER.findall(page.text)) == 50
        assert len(page.data) < 54_000, len(page.data)
        assert len(seen) <= 6


def test_search_of_the_top_bar_when_a_nul_was_typed_then_passed_over(
    app: Flask, session: Session, shop: Channel
) -> None:
    order_id = make_order(session, shop, number="1001").id
    session.commit()
    answer = at_desk(app).get("/orders/?q=10%0001")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/orders/{order_id}")
