"""Changing an address in a real browser: by mouse, by keyboard, without a script, on a telephone; and asking a carrier."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.addressing import NEW, OTHER, AddressDesk, changes, street
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_back_room_pages import picture
from tests.order_drafts import HOME
from tests.sandbox.running import CarrierServer
from webapp.core.db import unit_of_work

pytestmark = pytest.mark.browser
TELEPHONE = {"width": 390, "height": 800}
# Notes which field had the cursor in the very moment in which the form came onto the page.
WATCH = """() => new MutationObserver(() => {
  if (!('focused' in window) && document.querySelector('#address-shipping form')) window.focused = document.activeElement.id;
}).observe(document.body, {childList: true, subtree: true})"""


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, carrier: CarrierServer) -> AddressDesk:
    return AddressDesk.open(session, carrier)


@pytest.fixture
def order_id(desk: AddressDesk) -> int:
    return desk.order(400)


@pytest.fixture
def page(new_context: OpenContext, web_app: Flask, base_url: str, order_id: int) -> Page:
    context = new_context()
    sign_in(context, web_app, base_url)
    opened = context.new_page()
    opened.goto(f"/orders/{order_id}")
    return opened


def open_form(page: Page, side: str = "shipping") -> None:
    page.get_by_role("link", name=f"Change the {side} address").click()
    expect(page.locator("#address-shipping form")).to_be_visible()


def test_form_then_opens_in_place_with_the_cursor_in_it_and_axe_finds_nothing(page: Page) -> None:
    open_form(page)
    expect(page.get_by_label("First name")).to_be_focused()
    assert axe_problems(page) == []
    page.get_by_role("link", name="Keep the old one").click()
    expect(page.get_by_role("link", name="Change the shipping address")).to_be_visible()


def test_form_then_is_never_on_the_page_without_its_cursor_so_that_fast_typing_is_not_lost(
    page: Page,
) -> None:
    page.evaluate(WATCH)
    open_form(page)
    assert page.evaluate("window.focused") == "first_name"


def test_change_with_another_province_then_its_districts_and_the_new_address_on_the_page(
    page: Page, order_id: int
) -> None:
    open_form(page)
    page.get_by_label("Street and number").fill("Kordon 5")
    page.get_by_label("Province").select_option("İzmir")
    expect(page.locator("#districts option[value=Bornova]")).to_be_attached()
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("alert")).to_contain_text("İzmir has no district of this name. Choose one.")
    expect(page.get_by_label("Street and number")).to_have_value("Kordon 5")
    assert axe_problems(page) == []
    page.get_by_label("District").fill("bornova")
    page.keyboard.press("Enter")
    expect(page.locator("#address-shipping")).to_contain_text("Bornova, İzmir")
    expect(page.locator("#timeline")).to_contain_text("changed the shipping address")
    assert street(order_id) == "Kordon 5"


def test_change_when_a_colleague_was_faster_then_says_who_and_keeps_what_was_typed(
    page: Page, desk: AddressDesk, order_id: int
) -> None:
    open_form(page)
    page.get_by_label("Street and number").fill("Söğütlüçeşme 7")
    desk.change(order_id, OTHER, by=desk.supervisor)
    # News of the order do not take the form away.
    page.evaluate("document.body.dispatchEvent(new Event('orders:changed', {bubbles: true}))")
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("alert")).to_contain_text("Selin Koç has changed this order meanwhile")
    expect(page.get_by_label("Street and number")).to_have_value("Söğütlüçeşme 7")
    assert axe_problems(page) == []
    page.get_by_role("button", name="Save the address").click()
    expect(page.locator("#address-shipping")).to_contain_text("Söğütlüçeşme 7")


def test_change_on_a_telephone_then_nothing_is_cut_off(
    new_context: OpenContext, web_app: Flask, base_url: str, order_id: int
) -> None:
    context = new_context(viewport=TELEPHONE)
    sign_in(context, web_app, base_url, theme="dark")
    page = context.new_page()
    page.goto(f"/orders/{order_id}")
    open_form(page)
    assert not scrolls_sideways(page)
    assert axe_problems(page) == []


def test_change_without_a_script_then_a_plain_page_does_it(
    new_context: OpenContext, web_app: Flask, base_url: str, order_id: int
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto(f"/orders/{order_id}")
    page.get_by_role("link", name="Change the shipping address").click()
    page.get_by_label("Street and number").fill("")
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the street and the house number.")
    page.get_by_label("Street and number").fill("Kordon 5")
    page.get_by_role("button", name="Save the address").click()
    expect(page).to_have_url(f"{base_url}/orders/{order_id}")
    expect(page.locator("#address-shipping")).to_contain_text("Kordon 5")


def test_label_and_redirect_then_followed_to_the_carriers_word(
    page: Page, desk: AddressDesk, carrier: CarrierServer, order_id: int
) -> None:
    page.get_by_role("button", name="Issue a label").click()
    expect(page.locator("#order-errands")).to_contain_text("The carrier is being asked.")
    desk.work()
    expect(page.get_by_role("link", name="SX000000001TR")).to_be_visible()
    carrier.control("POST", "shipments/SX000000001TR/move", {"status": "collected"})
    carrier.switch(decide_redirects_later=True)
    desk.stand(order_id, 500)
    page.reload()
    open_form(page)
    page.get_by_label("Street and number").fill(NEW.line1)
    page.get_by_role("button", name="Ask the carrier").click()
    expect(page.locator("#address-shipping")).to_contain_text("Waiting for the carrier to redirect it to")
    assert axe_problems(page) == []
    desk.work()
    assert (street(order_id), changes(order_id)) == (HOME.line1, [("redirect", "waiting")])
    reference = carrier.asked()[-1]["reference"]
    carrier.control("POST", f"redirects/{reference}/decide", {"confirm": True})
    desk.work()
    page.reload()
    expect(page.locator("#address-shipping")).to_contain_text(NEW.line1)
    expect(page.locator("#address-shipping")).not_to_contain_text("Waiting")


def test_too_late_then_the_form_says_what_to_do_instead(page: Page, desk: AddressDesk, order_id: int) -> None:
    desk.stand(order_id, 550)
    page.reload()
    page.get_by_role("link", name="Change the shipping address").click()
    expect(page.get_by_role("alert")).to_contain_text("take it back and send it again")
    assert axe_problems(page) == []
    page.get_by_role("link", name="Back", exact=True).click()
    expect(page.get_by_role("link", name="Change the shipping address")).to_be_visible()


def test_change_that_waits_for_the_channel_then_taken_back_by_hand_and_too_late_once_told(
    session: Session, new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    context = new_context()
    sign_in(context, web_app, base_url)
    page = context.new_page()
    desk.change(order_id)
    page.goto(f"/orders/{order_id}")
    expect(page.locator("#address-shipping")).to_contain_text("Waiting for the channel to agree to")
    assert axe_problems(page) == []
    picture(page, "light", "address-waiting")

    page.get_by_role("button", name="Withdraw").click()
    expect(page.locator("#timeline")).to_contain_text("before the channel heard of it")
    expect(page.locator("#address-shipping")).not_to_contain_text("Waiting")
    assert changes(order_id) == [("propose", "withdrawn")]

    desk.change(order_id, OTHER)
    page.reload()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE integration_action SET began_at = now() WHERE state = 'waiting'"))
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("alert")).to_contain_text("It is too late")
    page.reload()
    expect(page.locator("#address-shipping")).to_contain_text("this can no longer be taken back")
    picture(page, "light", "address-too-late")
