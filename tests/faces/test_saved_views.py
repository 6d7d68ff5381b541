"""Saved views in the head of the list: saving, opening, changing, counting."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.factories import make_cargo, make_channel, make_order, make_orders
from tests.overtaking import says_who_what_when
from tests.staff import make_staff
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.orders.models import OrderAssignment, SavedView

HTMX = {"HX-Request": "true"}
LIST = "status=550&sort=-amount&cols=placed.total"


@pytest.fixture
def shop(session: Session) -> Channel:
    made = make_channel(session)
    make_orders(session, made, 3, status=550)
    make_order(session, made, status=400)
    session.commit()
    return made


def send(client: StaffClient, url: str, **data: Any) -> Any:
    return client.post(url, data={"csrf_token": client.token, **data}, headers=HTMX)


def save(client: StaffClient, name: str = "Delivered", **more: Any) -> Any:
    words = {"status": "550", "sort": "-amount", "cols": "placed.total"}
    return send(client, "/orders/views/new", view_name=name, **words, **more)


def the_view(session: Session) -> SavedView:
    session.rollback()
    session.expire_all()
    return session.scalars(select(SavedView)).one()


def test_list_when_saved_then_its_tab_opens_exactly_it_columns_and_all(
    app: Flask, session: Session, shop: Channel
) -> None:
    client = at_desk(app, Role.AGENT)
    form = client.get(f"/orders/views/new?{LIST}", headers=HTMX).text
    assert 'name="status" value="550"' in form and "Everybody sees it" not in form

    answer = save(client)

    view = the_view(session)
    assert (view.query, view.name, view.is_shared) == (
        "status=550&cols=placed.total&sort=-amount",
        "Delivered",
        False,
    )
    assert answer.headers["HX-Redirect"] == f"/orders/?{view.query}&saved={view.id}"
    page = client.get(answer.headers["HX-Redirect"]).text
    assert re.search(r'aria-current="true" title="Your own view">.*?<bdi>Delivered</bdi>', page)
    assert "changed</span>" not in page
    assert 'class="k-who"' not in page and 'class="k-num"' in page
    assert "changed</span>" in client.get(f"{answer.headers['HX-Redirect']}&channel={shop.id}").text
    assert f'id="view-count-{view.id}" hx-swap-oob="true">3</b>' in client.get("/orders/views/counts").text
    assert "Delivered</bdi>" not in at_desk(app, Role.SUPERVISOR).get("/orders/").text


def test_view_when_shared_then_others_see_it_and_only_who_may_changes_it(
    app: Flask, session: Session, shop: Channel
) -> None:
    boss, agent = at_desk(app, Role.SUPERVISOR), at_desk(app, Role.AGENT)
    save(boss, "Team <b>", is_shared="y")
    view = the_view(session)
    page = agent.get("/orders/").text
    assert "Team &lt;b&gt;" in page and "view, by Selin Koç" in page
    assert "Ask a supervisor" in agent.get(f"/orders/views/{view.id}", headers=HTMX).text
    for url in (
        f"/orders/views/{view.id}",
        f"/orders/views/{view.id}/delete",
        f"/orders/views/{view.id}/move",
    ):
        assert send(agent, url, view_name="Taken").status_code == 403
    assert save(agent, "Mine too", is_shared="y").status_code == 403
    assert the_view(session).name == "Team <b>"


def test_view_when_changed_moved_and_deleted_then_so(app: Flask, session: Session, shop: Channel) -> None:
    client = at_desk(app, Role.AGENT)
    save(client)
    view = the_view(session)
    url = f"/orders/views/{view.id}"
    assert 'value="Delivered"' in client.get(f"{url}?{LIST}", headers=HTMX).text
    assert send(client, url, view_name="", view_version=1).status_code == 422
    answer = send(client, url, view_name="Approved", view_version=1, take_over="y", status="400")
    assert answer.headers["HX-Redirect"].startswith("/orders/?status=400&saved=")
    refused = send(client, url, view_name="Typed", view_version=1)
    assert refused.status_code == 409
    assert 'value="Typed"' in refused.text and "has changed this view meanwhile" in refused.text
    assert send(client, f"{url}/move", to="left").status_code == 204
    assert send(client, f"{url}/delete", view_version=the_view(session).version).status_code == 204
    assert "Approved</bdi>" not in client.get("/orders/").text


def test_columns_when_the_url_names_some_then_choosing_others_changes_the_url(
    app: Flask, session: Session, shop: Channel
) -> None:
    client = at_desk(app, Role.AGENT)
    answer = send(client, f"/orders/columns?{LIST}", column=["total", "customer"])
    assert "cols=customer.total" in answer.headers["HX-Push-Url"]


def test_shared_view_when_a_colleague_was_faster_then_changing_and_deleting_say_who_what_and_when(
    app: Flask, session: Session, shop: Channel
) -> None:
    slow, fast = at_desk(app, Role.SUPERVISOR), at_desk(app, Role.ADMINISTRATOR)
    save(slow, "Team", is_shared="y")
    url = f"/orders/views/{the_view(session).id}"
    assert send(fast, url, view_name="Everybody", view_version=1, is_shared="y").status_code == 204

    for path in (url, f"{url}/delete"):
        late = send(slow, path, view_name="Typed", view_version=1, is_shared="y")
        assert late.status_code == 409
        says_who_what_when(late.text, "Ada Yılmaz", "changed")
    assert the_view(session).name == "Everybody"


def test_view_of_a_channel_that_the_reader_may_not_know_when_opened_then_no_order_instead_of_all(
    app: Flask, session: Session, shop: Channel
) -> None:
    mine = make_channel(session, "Marketplace")
    make_order(session, mine, number="M-1", status=550)
    session.commit()
    channel_id = shop.id
    assert save(at_desk(app, Role.SUPERVISOR), is_shared="y", channel=str(channel_id)).status_code == 204
    reader = at_desk(app, Role.AGENT, channels=[mine.id])

    page = reader.get(f"/orders/?{the_view(session).query}&saved={the_view(session).id}").text

    assert "M-1" not in page and "No orders" in page
    assert "not available" in page and "Web shop TR" not in page
    assert "changed</span>" not in page
    count = re.search(r'id="view-count-\d+"[^>]*>(\d+)</b>', reader.get("/orders/views/counts").text)
    assert count is not None and count[1] == "0"
    all_of_it = {"all_matching": "1", "channel": str(channel_id)}
    asked = reader.post("/orders/assign-many/ask", data={"csrf_token": reader.token, **all_of_it})
    assert "M-1" not in asked.text
    exported = reader.get(f"/orders/?channel={channel_id}&channel={mine.id}").text
    assert "M-1" in exported


def test_list_of_a_colleague_who_has_left_and_a_carrier_switched_off_when_asked_then_still_theirs(
    app: Flask, session: Session, shop: Channel
) -> None:
    gone, cargo = make_staff(is_active=False, name="Cem Usta"), make_cargo(session)
    cargo.is_active = False
    given = make_order(session, shop, number="G-1", cargo_company_id=cargo.id)
    make_order(session, shop, number="O-1")
    session.add(OrderAssignment(order_id=given.id, staff_id=gone.id))
    session.commit()
    client = at_desk(app, Role.AGENT)
    for words in (f"assignee={gone.id}", f"cargo={cargo.id}"):
        page = client.get(f"/orders/?{words}").text
        assert "G-1" in page and "O-1" not in page
    # What was never anything is no filter.
    assert "O-1" in client.get("/orders/?channel=shop&tag=-1&tag=007&currency=x").text
