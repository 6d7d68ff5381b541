"""The address form over HTTP: who may, what comes back, that nothing typed is lost, and words instead of a dead end."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.addressing import AddressDesk, changes, errands, order_now, said, street
from tests.back_room import StaffClient, at_desk
from tests.order_drafts import HOME
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.cargo.models import CargoAccount, CargoErrand
from webapp.core.db import unit_of_work
from webapp.orders.addresses import Side
from webapp.orders.models import IntegrationAction, Order

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(session: Session) -> AddressDesk:
    return AddressDesk.open(session)


@pytest.fixture
def order_id(desk: AddressDesk) -> int:
    return desk.order(400)


@pytest.fixture
def agent(app: Flask, desk: AddressDesk) -> StaffClient:
    return at_desk(app, Role.AGENT)


def typed(order_id: int, **fields: Any) -> dict[str, Any]:
    """The form as a person fills it in."""
    given = {
        "version": str(order_now(order_id).version),
        "seen": "0",
        "first_name": HOME.first_name,
        "last_name": HOME.last_name,
        "line1": "Bağdat Cad. 118/4",
        "province": "İstanbul",
        "district": "Kadıköy",
        "postcode": "34728",
        "phone": HOME.phone,
    }
    return {**given, **fields}


def post(
    client: StaffClient, order_id: int, data: dict[str, Any], side: str = "shipping", **options: Any
) -> TestResponse:
    """Send the form as a browser does."""
    return client.post(url(order_id, side), data={**data, "csrf_token": client.token}, **options)


def url(order_id: int, side: str = "shipping") -> str:
    return f"/orders/{order_id}/addresses/{side}/edit"


def test_form_when_opened_then_filled_with_the_address_and_its_country_fixed(
    agent: StaffClient, order_id: int
) -> None:
    page = agent.get(url(order_id), headers=HTMX)
    assert page.status_code == 200
    assert 'value="Moda Cad. 22/1"' in page.text
    assert '<option selected value="İstanbul">' in page.text
    assert '<option value="Üsküdar">' in page.text
    assert 'name="country"' not in page.text
    assert 'name="tax_number"' not in page.text


def test_save_when_complete_then_the_whole_order_comes_back_with_the_new_address(
    agent: StaffClient, order_id: int
) -> None:
    answer = post(agent, order_id, typed(order_id, district="uskudar"), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (200, "#order")
    assert "Bağdat Cad. 118/4" in answer.text
    assert street(order_id) == "Bağdat Cad. 118/4"
    assert said(order_id)[0][1]["district"] == ["Kadıköy", "Üsküdar"]
    assert street(order_id, Side.BILLING) == HOME.line1


def test_save_without_a_script_then_a_redirect_to_the_order(agent: StaffClient, order_id: int) -> None:
    answer = post(agent, order_id, typed(order_id, also_billing="y"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/orders/{order_id}")
    assert "Address changed." in agent.get(f"/orders/{order_id}").text
    assert street(order_id, Side.BILLING) == "Bağdat Cad. 118/4"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"line1": ""}, "Enter the street and the house number."),
        ({"first_name": "", "last_name": ""}, "Say who receives it: a name or a company."),
        ({"district": "Bornova"}, "İstanbul has no district of this name. Choose one."),
        ({"province": "Atlantis"}, "Choose the province."),
        ({"postcode": "1" * 21}, "This is too long."),
    ],
)
def test_save_when_something_is_wrong_then_said_at_the_field_and_nothing_lost(
    agent: StaffClient, order_id: int, fields: dict[str, str], sentence: str
) -> None:
    answer = post(agent, order_id, typed(order_id, line2="Kat 3", **fields), headers=HTMX)
    assert answer.status_code == 422
    assert answer.text.count(sentence) == 2
    assert 'value="Kat 3"' in answer.text
    assert street(order_id) == HOME.line1


def test_save_when_a_colleague_was_faster_then_409_says_who_and_the_second_try_goes_through(
    agent: StaffClient, desk: AddressDesk, order_id: int
) -> None:
    given = typed(order_id)
    desk.change(order_id, by=desk.supervisor)
    answer = post(agent, order_id, given | {"line1": "Söğütlüçeşme 7"}, headers=HTMX)
    assert answer.status_code == 409
    assert "Selin Koç has changed this order meanwhile" in answer.text
    says_who_what_when(answer.text, "Selin Koç", "shipping address")
    assert 'value="Söğütlüçeşme 7"' in answer.text
    version = str(order_now(order_id).version)
    assert f'name="version" type="hidden" value="{version}"' in answer.text
    again = post(agent, order_id, given | {"line1": "Söğütlüçeşme 7", "version": version})
    assert (again.status_code, street(order_id)) == (303, "Söğütlüçeşme 7")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (550, "It has been delivered to this address."),
        (520, "Put it back to preparing to send it instead."),
        (500, "Call the carrier, and leave a note."),
    ],
)
def test_form_when_it_is_too_late_then_what_to_do_instead(
    agent: StaffClient, desk: AddressDesk, status: int, sentence: str
) -> None:
    order_id = desk.order(status, number="2001")
    page = agent.get(url(order_id), headers=HTMX)
    assert sentence in page.text
    assert "<form" not in page.text
    answer = post(agent, order_id, typed(order_id), headers=HTMX)
    assert (answer.status_code, street(order_id)) == (409, HOME.line1)
    assert sentence in answer.text


def test_channel_that_decides_then_the_change_is_shown_as_waiting(app: Flask, session: Session) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id, agent = desk.order(400), at_desk(app, Role.AGENT)
    assert "Ask the channel" in agent.get(url(order_id), headers=HTMX).text
    answer = post(agent, order_id, typed(order_id), headers=HTMX)
    assert "Waiting for the channel to agree to" in answer.text
    assert (street(order_id), changes(order_id)) == (HOME.line1, [("propose", "waiting")])
    assert "An earlier change still waits for its answer." in agent.get(url(order_id), headers=HTMX).text


def test_waiting_change_when_taken_back_on_the_page_then_gone_and_too_late_is_said_clearly(
    app: Flask, session: Session
) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id, agent = desk.order(400), at_desk(app, Role.AGENT)
    change_id = desk.change(order_id).change_id
    take_back = f"/orders/{order_id}/addresses/changes/{change_id}/withdraw"
    assert take_back in agent.get(f"/orders/{order_id}").text
    assert (
        agent.post("/orders/99999/addresses/changes/1/withdraw", data={"csrf_token": agent.token}).status_code
        == 404
    )
    assert at_desk(app, Role.FINANCE).get(f"/orders/{order_id}").text.count(take_back) == 0

    answer = agent.post(take_back, data={"csrf_token": agent.token}, headers=HTMX)
    assert (answer.status_code, take_back in answer.text) == (200, False)
    assert changes(order_id) == [("propose", "withdrawn")]
    assert "before the channel heard of it" in answer.text
    again = agent.post(take_back, data={"csrf_token": agent.token}, headers=HTMX)
    assert (again.status_code, "Ece Kaya has taken this change back already" in again.text) == (409, True)

    second = desk.change(order_id).change_id
    with unit_of_work() as unit:
        unit.execute(update(IntegrationAction).values(began_at=text("now()")))
    page = agent.get(f"/orders/{order_id}").text
    assert "may have it: this can no longer be taken back." in page
    assert f"changes/{second}/withdraw" not in page
    late = agent.post(
        f"/orders/{order_id}/addresses/changes/{second}/withdraw",
        data={"csrf_token": agent.token},
        headers=HTMX,
    )
    assert (late.status_code, "It is too late" in late.text) == (409, True)
    assert changes(order_id)[-1] == ("propose", "waiting")


def test_billing_then_tax_fields_and_free_until_an_invoice(agent: StaffClient, order_id: int) -> None:
    given = typed(order_id, tax_office="Kadıköy", tax_number="1234567890", email=HOME.email)
    assert post(agent, order_id, given, "billing").status_code == 303
    assert said(order_id)[0][1]["tax_number"] == ["", "1234567890"]
    with unit_of_work() as unit:
        unit.get_one(Order, order_id).invoice_number = "F-1"
    assert "An invoice was issued" in agent.get(url(order_id, "billing"), headers=HTMX).text


def test_address_abroad_then_free_text_for_town_and_state(
    app: Flask, desk: AddressDesk, agent: StaffClient
) -> None:
    berlin = replace(HOME, city="Berlin", district="", country="DE", postcode="10115")
    order_id = desk.order(400, number="3001", shipping_address=berlin, billing_address=berlin)
    page = agent.get(url(order_id), headers=HTMX)
    assert 'name="city"' in page.text
    assert 'name="province"' not in page.text
    answer = post(agent, order_id, typed(order_id, city="Köln", district=""), headers=HTMX)
    assert answer.status_code == 200
    assert said(order_id)[0][1]["city"] == ["Berlin", "Köln"]


def test_districts_when_another_province_is_chosen_then_its_own(agent: StaffClient) -> None:
    listed = agent.get("/orders/places/districts?province=İzmir", headers=HTMX).text
    assert '<option value="Bornova">' in listed
    assert "Kadıköy" not in listed


def test_who_may_not_then_no_button_and_403(app: Flask, desk: AddressDesk, order_id: int) -> None:
    finance = at_desk(app, Role.FINANCE)
    assert "Change the shipping address" not in finance.get(f"/orders/{order_id}").text
    assert finance.get(url(order_id)).status_code == 403
    assert post(finance, order_id, typed(order_id)).status_code == 403
    assert street(order_id) == HOME.line1


def test_order_of_a_channel_that_is_not_theirs_or_no_such_side_then_404(
    app: Flask, desk: AddressDesk, order_id: int, agent: StaffClient
) -> None:
    stranger = at_desk(app, Role.AGENT, channels=[])
    assert stranger.get(url(order_id)).status_code == 404
    assert post(stranger, order_id, typed(order_id)).status_code == 404
    assert agent.get(url(order_id, "home")).status_code == 404


def test_label_when_asked_for_then_shown_as_asked_and_followed_until_the_answer(
    app: Flask, desk: AddressDesk, order_id: int, agent: StaffClient
) -> None:
    with unit_of_work() as unit:
        unit.add(
            CargoAccount(
                cargo_company_id=desk.cargo_id, account_type="parcel_api", base_url="https://carrier.example"
            )
        )
    assert "Issue a label" in agent.get(f"/orders/{order_id}").text
    assert "Issue a label" not in at_desk(app, Role.FINANCE).get(f"/orders/{order_id}").text
    form = {"csrf_token": agent.token, "carrier": str(desk.cargo_id)}
    answer = agent.post(f"/orders/{order_id}/labels", data=form, headers=HTMX)
    assert (answer.status_code, errands(order_id)) == (204, [("label", "waiting")])
    asked = agent.get(f"/orders/{order_id}/errands", headers=HTMX)
    assert "The carrier is being asked." in asked.text
    assert "order:changed" not in asked.headers.get("HX-Trigger", "")
    assert agent.post(f"/orders/{order_id}/labels", data=form, headers=HTMX).status_code == 409
    with unit_of_work() as unit:
        unit.execute(update(CargoErrand).values(state="refused", ended_at=func.now()))
    ended = agent.get(f"/orders/{order_id}/errands", headers=HTMX)
    assert "order:changed" in ended.headers["HX-Trigger"]


def test_label_of_a_carrier_that_is_not_connected_or_without_the_right_then_refused(
    app: Flask, desk: AddressDesk, order_id: int, agent: StaffClient
) -> None:
    page = agent.get(f"/orders/{order_id}").text
    assert "Issue a label" not in page
    form = {"csrf_token": agent.token, "carrier": str(desk.cargo_id)}
    refused = agent.post(f"/orders/{order_id}/labels", data=form, headers=HTMX)
    assert refused.status_code == 409
    assert "This carrier is not connected" in refused.text
    finance = at_desk(app, Role.FINANCE)
    denied = finance.post(f"/orders/{order_id}/labels", data={"csrf_token": finance.token})
    assert (denied.status_code, errands(order_id)) == (403, [])
