"""Accounts at carriers in a real browser: connected, tested, changed, switched off; light, dark, Arabic and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import text

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways
from tests.e2e.test_back_room_pages import LOOKS, picture
from tests.e2e.test_webhooks import at_desk
from tests.factories import make_cargo
from tests.sandbox.running import CarrierServer
from webapp.cargo.accounts import connect_carrier
from webapp.commands.context import BY_COMMAND
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.settings import Settings

pytestmark = pytest.mark.browser

URL = "/settings/carriers/"


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


@pytest.mark.parametrize("look", LOOKS)
def test_pages_when_looked_at_then_axe_finds_nothing_and_they_do_not_scroll_sideways(
    new_context: OpenContext, web_app: Flask, base_url: str, settings: Settings, look: str
) -> None:
    page = at_desk(new_context, web_app, base_url, look)
    page.goto(URL, wait_until="load")
    picture(page, look, "carriers-none")
    with web_app.app_context():
        failing = furnish(settings)
    problems = {}

    for path in ("", "new", f"{failing}", f"{failing}/edit"):
        page.goto(URL + path, wait_until="load")
        picture(page, look, f"carriers-{path}")
        found = axe_problems(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
        if found:
            problems[path] = found

    assert problems == {}


def test_carrier_when_connected_by_hand_then_its_key_is_tried_and_a_better_one_mends_it(
    new_context: OpenContext, web_app: Flask, base_url: str, carrier: CarrierServer
) -> None:
    page = at_desk(new_context, web_app, base_url, "light")
    with web_app.app_context():
        make_cargo(db.session())
        db.session.commit()
    page.goto(URL, wait_until="load")
    page.get_by_role("link", name="Connect a carrier").click()
    page.get_by_label("Carrier", exact=True).select_option(label="Swift Parcel")
    page.get_by_label("Address").fill(carrier.url)
    page.get_by_role("textbox", name="Key").fill("not the key")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#carrier-standing")).to_contain_text("Test of a carrier")
    worked(web_app)
    # By its own asking: nobody reloads.
    expect(page.locator("#carrier-standing")).to_contain_text("The carrier refuses: The key is not valid.")
    assert axe_problems(page) == []
    picture(page, "light", "carriers-refused")

    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("textbox", name="Key")).to_have_value("")
    page.get_by_role("textbox", name="Key").fill(carrier.key)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#carrier-standing")).to_contain_text("Not tested")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#carrier-standing progress")).to_be_visible()
    worked(web_app)

    expect(page.locator("#carrier-standing")).to_contain_text("Connected")
    expect(page.locator("#carrier-standing progress")).to_have_count(0)
    expect(page.locator("#carrier-standing[hx-trigger]")).to_have_count(0)
    picture(page, "light", "carriers-connected")


def test_carrier_when_switched_off_then_a_question_comes_first(
    new_context: OpenContext, web_app: Flask, base_url: str, settings: Settings
) -> None:
    page = at_desk(new_context, web_app, base_url, "light")
    with web_app.app_context():
        company_id = furnish(settings)
    page.goto(f"{URL}{company_id}", wait_until="load")

    page.get_by_role("button", name="Switch off…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Ask this carrier nothing more?")
    picture(page, "light", "carriers-question")
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()

    expect(page.locator("#carrier-standing")).to_contain_text("Switched off")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#carrier-standing")).to_contain_text("Test failed")


def worked(web_app: Flask) -> None:
    """What a worker would do now."""
    with web_app.app_context():
        drain("files")


def furnish(settings: Settings) -> int:
    """A carrier whose last test failed, one that is well, one that is off, one to be connected; the first one's id."""
    names = {"swift": "Swift Parcel", "yurtici": "Yurtiçi Kargo", "ups": "UPS", "gls": "GLS"}
    ids = {slug: make_cargo(db.session(), slug=slug, name=name).id for slug, name in names.items()}
    db.session.commit()
    with unit_of_work() as session:
        for slug in ("swift", "yurtici", "ups"):
            url = f"https://api.{slug}-parcels.example/eu/west"
            connect_carrier(session, slug, url, "planted", BY_COMMAND, settings=settings)
        session.execute(text("UPDATE cargo_account SET checked_at = now()"))
        refused = "The carrier refuses: This account may not issue labels before its contract is signed."
        failing = {"error": refused, "id": ids["swift"]}
        session.execute(
            text("UPDATE cargo_account SET check_error = :error WHERE cargo_company_id = :id"), failing
        )
        session.execute(
            text("UPDATE cargo_account SET is_active = false WHERE cargo_company_id = :id"),
            {"id": ids["ups"]},
        )
    return ids["swift"]
