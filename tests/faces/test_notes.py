"""Notes at the desk: naming colleagues, the list of mentions with its badge, notes that must be read before an act."""

import re
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, plans_of
from tests.factories import make_channel, make_note, make_order
from webapp.auth.roles import Role
from webapp.orders.enums import PlanKind
from webapp.orders.models import NoteReader, Order, OrderNote

HTMX = {"HX-Request": "true"}


@pytest.fixture
def order(session: Session) -> Order:
    made = make_order(session, make_channel(session), number="1001")
    session.commit()
    return made


def leave(client: StaffClient, order_id: int, body: str = "Call first.", **more: Any) -> None:
    form = {"body": body, "submission": str(uuid.uuid4()), "csrf_token": client.token, **more}
    assert client.post(f"/orders/{order_id}/notes", data=form, headers=HTMX).status_code == 200


def cancel(client: StaffClient, counter: Counter, order_id: int) -> Any:
    form = {"csrf_token": client.token, "version": str(order_now(order_id).version), "seen": "0"}
    for item in items_of_order(order_id):
        form |= {f"items-{item.id}": "y", f"reason-{item.id}": "", f"reason_text-{item.id}": ""}
    form["reason_cancel"] = str(counter.desk.reasons[PlanKind.CANCEL])
    return client.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)


def test_note_when_a_colleague_is_ticked_then_it_stands_in_their_mentions_until_marked_as_read(
    app: Flask, session: Session, order: Order
) -> None:
    author, reader = at_desk(app, Role.AGENT), at_desk(app, Role.AGENT)
    people = author.get(f"/orders/{order.id}/colleagues", headers=HTMX).text
    assert f'value="{reader.staff_id}"' in people
    assert f'value="{author.staff_id}"' not in people

    leave(author, order.id, "Rang <b>twice</b>.", mention=str(reader.staff_id))

    listed = reader.get("/mentions/").text
    assert "Rang &lt;b&gt;twice&lt;/b&gt;." in listed
    assert re.search(r"<span>Mentions</span><em>1</em>", reader.get("/mentions/").text)
    assert "Rang" not in author.get("/mentions/").text
    note = session.scalars(select(OrderNote)).one()
    answer = reader.post("/mentions/read", data={"note": note.id, "csrf_token": reader.token}, headers=HTMX)
    assert "Nothing unread" in answer.text
    assert "Rang" in reader.get("/mentions/?all=1").text
    assert "Read by" in author.get(f"/orders/{order.id}").text


def test_mentions_when_the_order_is_of_a_channel_that_is_not_theirs_then_nothing_is_told(
    app: Flask, session: Session, order: Order
) -> None:
    stranger = at_desk(app, Role.AGENT, channels=[])
    session.add(
        NoteReader(note_id=make_note(session, order).id, staff_id=stranger.staff_id, is_mentioned=True)
    )
    session.commit()
    assert "Called" not in stranger.get("/mentions/?all=1").text
    form = {"note": 1, "csrf_token": stranger.token}
    assert stranger.post(f"/orders/{order.id}/notes/read", data=form).status_code == 404
    assert stranger.get(f"/orders/{order.id}/colleagues").status_code == 404


def test_plan_when_a_note_must_be_read_then_opened_only_after_it_was_confirmed(
    app: Flask, session: Session
) -> None:
    counter = Counter.open(session)
    order_id = counter.order("60.00", "40.00", number="1001")
    leave(at_desk(app, Role.AGENT), order_id, "The parcel is on its way back.", must_read="1")
    agent = at_desk(app, Role.AGENT)
    page = agent.get(f"/orders/{order_id}").text
    assert "Read this note before you act on the order" in page
    assert "The parcel is on its way back." in page

    refused = cancel(agent, counter, order_id)
    assert refused.status_code == 409
    assert "must be read first" in refused.text
    assert plans_of(order_id) == []

    note = session.scalars(select(OrderNote)).one()
    form = {"note": note.id, "csrf_token": agent.token}
    assert agent.post(f"/orders/{order_id}/notes/read", data=form, headers=HTMX).status_code == 200
    assert "Read this note" not in agent.get(f"/orders/{order_id}").text
    assert cancel(agent, counter, order_id).status_code < 400
    assert len(plans_of(order_id)) == 1
