"""Sharing the work at the desk: tags and assignment on the order's page, in bulk, and in the list."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.factories import make_channel, make_order, make_orders
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.core.hints import drain
from webapp.orders.models import Order, OrderAssignment, OrderTag, Tag

HTMX = {"HX-Request": "true"}


@pytest.fixture
def order(session: Session) -> Order:
    made = make_order(session, make_channel(session), number="1001")
    session.add(Tag(name="Fragile <1>", colour="amber"))
    session.commit()
    return made


def fields(page: str, *but: str) -> dict[str, list[str]]:
    """The hidden fields of a dialog's form."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(
        r'<input[^>]*?name="([^"]+)"[^>]*?type="hidden"[^>]*?value="([^"]*)"', page
    ):
        found.setdefault(name, []).append(value)
    for name, value in re.findall(
        r'<input[^>]*?type="hidden"[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', page
    ):
        found.setdefault(name, []).append(value)
    return {name: values for name, values in found.items() if name not in ("csrf_token", *but)}


def send(client: StaffClient, url: str, **data: Any) -> Any:
    return client.post(url, data={"csrf_token": client.token, **data}, headers=HTMX)


def test_tag_when_ticked_on_the_order_then_it_stands_there_and_in_the_list(
    app: Flask, session: Session, order: Order
) -> None:
    client = at_desk(app, Role.AGENT)
    tag = session.scalars(select(Tag)).one()
    assert "Fragile &lt;1&gt;" in client.get(f"/orders/{order.id}/tags", headers=HTMX).text

    assert send(client, f"/orders/{order.id}/tags", tag=tag.id).status_code == 204

    assert "Fragile &lt;1&gt;" in client.get(f"/orders/{order.id}").text
    listed = client.get(f"/orders/?tag={tag.id}").text
    assert "1001" in listed and "k-tag-amber" in listed
    assert "1001" not in client.get(f"/orders/?tag={tag.id}&status=600").text
    send(client, f"/orders/{order.id}/tags", shown=tag.id)
    assert list(session.scalars(select(OrderTag))) == []


def test_order_when_given_to_oneself_then_the_list_has_a_tab_of_ones_own(
    app: Flask, session: Session, order: Order
) -> None:
    client = at_desk(app, Role.AGENT)
    form = client.get(f"/orders/{order.id}/assign", headers=HTMX).text
    assert "Ece Kaya (me)" in form
    assert "Mine" not in client.get("/orders/").text

    answer = send(
        client, f"/orders/{order.id}/assign", staff=client.staff_id, due_on="2026-01-02", **fields(form)
    )
    assert answer.status_code == 204

    page = client.get("/orders/?assignee=me").text
    assert re.search(r'aria-current="true">Mine <b>1</b>', page)
    assert "Overdue <b>1</b>" in page
    assert "1001" in page
    assert "Overdue since" in client.get(f"/orders/{order.id}").text


def test_assignment_when_a_colleague_was_faster_then_409_and_what_was_chosen_stays(
    app: Flask, session: Session, order: Order
) -> None:
    slow, fast = at_desk(app, Role.AGENT), at_desk(app, Role.SUPERVISOR)
    form = slow.get(f"/orders/{order.id}/assign", headers=HTMX).text
    url = f"/orders/{order.id}/assign"
    assert send(fast, url, staff=fast.staff_id, version=0).status_code == 204

    refused = send(slow, url, staff=slow.staff_id, due_on="2027-03-04", **fields(form))

    assert refused.status_code == 409
    assert "Selin Koç has given order 1001 to Selin Koç meanwhile" in refused.text
    says_who_what_when(refused.text, "Selin Koç", "has given order 1001 to Selin Koç")
    assert 'value="2027-03-04"' in refused.text
    assert session.get_one(OrderAssignment, order.id).staff_id == fast.staff_id
    again = send(slow, url, staff=slow.staff_id, due_on="2027-03-04", **fields(refused.text))
    assert again.status_code == 204


@pytest.mark.parametrize("whole", [False, True])
def test_many_when_tagged_and_assigned_from_the_list_then_done_by_an_operation(
    app: Flask, session: Session, order: Order, whole: bool
) -> None:
    shop = order.channel_id
    more = make_orders(session, session.get_one(type(make_channel(session, "X")), shop), 3)
    session.commit()
    client = at_desk(app, Role.FINANCE)
    tag = session.scalars(select(Tag)).one()
    picked = {"all_matching": "1", "channel": str(shop)} if whole else {"id": [each.id for each in more]}
    number = 4 if whole else 3

    dialog = send(client, "/orders/tag-many/ask", **picked).text
    assert f"Tag {number} orders" in dialog
    stale = send(
        client, "/orders/tag-many", put_tag=tag.id, deed="add", **{**fields(dialog), "expected": "9"}
    )
    assert stale.status_code == 422
    answer = send(client, "/orders/tag-many", put_tag=tag.id, deed="add", **fields(dialog))
    assert answer.headers["HX-Redirect"].startswith("/operations/")
    dialog = send(client, "/orders/assign-many/ask", **picked).text
    answer = send(client, "/orders/assign-many", staff=client.staff_id, due_on="", **fields(dialog))
    assert answer.headers["HX-Redirect"].startswith("/operations/")
    with app.app_context():
        drain("upkeep")

    session.rollback()
    assert len(session.scalars(select(OrderTag)).all()) == number
    assert len(session.scalars(select(OrderAssignment)).all()) == number


def test_tags_when_the_order_is_not_theirs_then_404(app: Flask, session: Session, order: Order) -> None:
    stranger = at_desk(app, Role.AGENT, channels=[])
    for url in (f"/orders/{order.id}/tags", f"/orders/{order.id}/assign"):
        assert stranger.get(url).status_code == 404
        assert send(stranger, url, tag=1, staff=stranger.staff_id).status_code == 404
