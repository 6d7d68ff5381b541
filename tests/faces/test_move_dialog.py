"""Move…: what is offered, what it moves, what it gives back; and the deeds with a button of their own."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, ship
from tests.moving import entries, move, told
from tests.order_drafts import payment
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.orders.enums import OrderStatus, TenderKind

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def order_id(counter: Counter) -> int:
    return counter.order("60.00", "40.00")


@pytest.fixture
def agent(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.AGENT)


def statuses(order_id: int) -> list[int]:
    return [item.status for item in items_of_order(order_id)]


def typed(client: StaffClient, order_id: int, *items: int, **fields: Any) -> dict[str, Any]:
    """The form as the page gives it, these items ticked or all."""
    ticked = items or [item.id for item in items_of_order(order_id)]
    form = {"csrf_token": client.token, "version": order_now(order_id).version, "seen": "0", "reason": ""}
    return {**form, **{f"items-{key}": "y" for key in ticked}, **fields}


def test_page_when_one_may_move_then_it_is_offered(app: Flask, agent: StaffClient, order_id: int) -> None:
    assert f"/orders/{order_id}/move" in agent.get(f"/orders/{order_id}").text
    finance = at_desk(app, Role.FINANCE)
    assert f"/orders/{order_id}/move" not in finance.get(f"/orders/{order_id}").text
    assert finance.get(f"/orders/{order_id}/move").status_code == 403
    assert finance.post(f"/orders/{order_id}/move", data={"csrf_token": finance.token}).status_code == 403


def test_dialog_offers_the_moves_that_are_allowed_and_no_others(agent: StaffClient, order_id: int) -> None:
    dialog = agent.get(f"/orders/{order_id}/move", headers=HTMX).text
    offered = [status for status in OrderStatus if f'value="{status.wire}"' in dialog]
    assert offered == [450, 500, 510, 540, 550]
    assert "optional" in dialog


def test_step_back_is_offered_to_whoever_may_and_says_that_it_needs_a_reason(
    app: Flask, counter: Counter, agent: StaffClient, order_id: int
) -> None:
    move(order_id, 450, counter.agent)
    assert 'value="400"' not in agent.get(f"/orders/{order_id}/move", headers=HTMX).text
    supervisor = at_desk(app, Role.SUPERVISOR)
    dialog = supervisor.get(f"/orders/{order_id}/move", headers=HTMX).text
    assert 'value="400"' in dialog
    assert "step back, needs a reason" in dialog
    answer = supervisor.post(
        f"/orders/{order_id}/move", data=typed(supervisor, order_id, status="400"), headers=HTMX
    )
    assert answer.status_code == 422
    assert "Say why the item goes back." in answer.text
    form = typed(supervisor, order_id, status="400", reason="Wrong shelf")
    assert supervisor.post(f"/orders/{order_id}/move", data=form, headers=HTMX).status_code == 204
    assert statuses(order_id) == [400, 400]


def test_offer_when_fewer_are_ticked_then_what_those_can_do(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    first, second = (item.id for item in items_of_order(order_id))
    move(order_id, 550, counter.agent, second)
    url = f"/orders/{order_id}/move/offer"
    both = agent.post(url, data=typed(agent, order_id), headers=HTMX).text
    assert 'value="550"' in both
    assert 'value="450"' not in both
    assert 'value="450"' in agent.post(url, data=typed(agent, order_id, first), headers=HTMX).text
    whole = agent.post(url, data=typed(agent, order_id, first)).text
    assert "<html" in whole
    assert 'value="450"' in whole


def test_move_when_sent_then_done_with_a_word_and_the_page_told(agent: StaffClient, order_id: int) -> None:
    answer = agent.post(f"/orders/{order_id}/move", data=typed(agent, order_id, status="500"), headers=HTMX)
    assert answer.status_code == 204
    assert "2 moved to" in answer.headers["HX-Trigger"]
    assert "order:changed" in answer.headers["HX-Trigger"]
    assert statuses(order_id) == [500, 500]
    page = agent.get(f"/orders/{order_id}").text
    assert "moved Product 1 and Product 2" in page


def test_move_without_a_script_then_the_order_s_page(agent: StaffClient, order_id: int) -> None:
    answer = agent.post(f"/orders/{order_id}/move", data=typed(agent, order_id, status="450"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/orders/{order_id}")


def test_some_items_when_ticked_then_they_alone(agent: StaffClient, order_id: int) -> None:
    first = items_of_order(order_id)[0].id
    form = typed(agent, order_id, first, status="500")
    assert agent.post(f"/orders/{order_id}/move", data=form, headers=HTMX).status_code == 204
    assert statuses(order_id) == [500, 400]


def test_form_when_nothing_is_chosen_then_422_and_nothing_moves(agent: StaffClient, order_id: int) -> None:
    url = f"/orders/{order_id}/move"
    form = typed(agent, order_id)
    assert "Choose where to." in agent.post(url, data=form, headers=HTMX).text
    nothing = {key: value for key, value in form.items() if not key.startswith("items-")}
    answer = agent.post(url, data={**nothing, "status": "450"}, headers=HTMX)
    assert answer.status_code == 422
    assert statuses(order_id) == [400, 400]


def test_status_that_is_not_offered_then_422_and_nothing_moves(agent: StaffClient, order_id: int) -> None:
    for wrong in ("100", "50", "200", "seven"):
        form = typed(agent, order_id, status=wrong)
        assert agent.post(f"/orders/{order_id}/move", data=form, headers=HTMX).status_code in (409, 422)
    assert statuses(order_id) == [400, 400]


def test_form_when_somebody_was_faster_then_409_says_who_and_keeps_what_was_typed(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    form = typed(agent, order_id, status="500", reason="Parcel is out")
    move(order_id, 450, counter.supervisor)
    answer = agent.post(f"/orders/{order_id}/move", data=form, headers=HTMX)
    assert answer.status_code == 409
    assert "Selin Koç has changed this order meanwhile" in answer.text
    assert "Parcel is out" in answer.text
    says_who_what_when(answer.text, "Selin Koç", "moved Product 1")
    assert f'name="version" type="hidden" value="{order_now(order_id).version}"' in answer.text
    assert statuses(order_id) == [450, 450]


def test_store_pickup_then_its_buttons_one_after_the_other(
    app: Flask, counter: Counter, session: Session
) -> None:
    order_id = counter.order(number="1002", delivery_type="store_pickup")
    agent = at_desk(app, Role.AGENT)
    for slug, label, status in (
        ("accept_in_store", "Accept in store", 520),
        ("deliver_in_store", "Hand over in store", 550),
    ):
        assert label in agent.get(f"/orders/{order_id}").text
        form = {"csrf_token": agent.token, "version": order_now(order_id).version}
        answer = agent.post(f"/orders/{order_id}/deeds/{slug}", data=form, headers=HTMX)
        assert answer.status_code == 204
        assert order_now(order_id).status == status
    assert "Hand over in store" not in agent.get(f"/orders/{order_id}").text


def test_pay_on_delivery_is_confirmed_by_its_button(app: Flask, counter: Counter) -> None:
    at_the_door = replace(payment("100.00"), kind=TenderKind.PAY_ON_DELIVERY, captured_amount=Decimal(0))
    order_id = counter.order(number="1002", tenders=(at_the_door,))
    agent = at_desk(app, Role.AGENT)
    assert "Confirm pay on delivery" not in agent.get(f"/orders/{order_id}").text
    ship(order_id, status=350)
    assert "Confirm pay on delivery" in agent.get(f"/orders/{order_id}").text
    form = {"csrf_token": agent.token, "version": order_now(order_id).version}
    url = f"/orders/{order_id}/deeds/confirm_pay_on_delivery"
    assert agent.post(url, data=form).status_code == 303
    assert order_now(order_id).status == 400
    again = agent.post(url, data={"csrf_token": agent.token}, headers=HTMX)
    assert again.status_code == 409
    assert "waits to be confirmed" in again.text


def test_taken_back_from_the_warehouse_by_its_button(agent: StaffClient, order_id: int) -> None:
    assert "Take back from warehouse" in agent.get(f"/orders/{order_id}").text
    url = f"/orders/{order_id}/deeds/mark_as_not_sent"
    assert agent.post(url, data={"csrf_token": agent.token, "version": 0}, headers=HTMX).status_code == 409
    form = {"csrf_token": agent.token, "version": order_now(order_id).version}
    assert agent.post(url, data=form, headers=HTMX).status_code == 204
    assert order_now(order_id).is_send is False
    assert len(entries(order_id, "order.not_sent")) == 1
    assert "Take back from warehouse" not in agent.get(f"/orders/{order_id}").text


def test_orders_of_other_channels_and_unknown_deeds_are_not_there(app: Flask, order_id: int) -> None:
    stranger, agent = at_desk(app, Role.AGENT, channels=[]), at_desk(app, Role.AGENT)
    assert stranger.get(f"/orders/{order_id}/move").status_code == 404
    for client, slug in ((stranger, "accept_in_store"), (agent, "burn")):
        form = {"csrf_token": client.token}
        assert client.post(f"/orders/{order_id}/deeds/{slug}", data=form).status_code == 404
    assert told(order_id) == []
