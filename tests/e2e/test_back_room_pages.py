"""Every page behind the desk in a real browser: accessible and within its window in light, dark, Arabic and on a phone."""

import os
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.e2e.back_room import Furnished, furnish
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways
from tests.staff import cookie_value, make_staff
from webapp.ui.security import PLAIN_COOKIE

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "light": ({}, {"theme": "light"}),
    "dark": ({}, {"theme": "dark"}),
    "arabic": ({}, {"language": "ar"}),
    "phone": (PHONE, {}),
    "phone-arabic-dark": (PHONE, {"language": "ar", "theme": "dark"}),
}
# Set it to keep a picture of each page, to be looked at beside the design.
PICTURES = os.environ.get("KONTOR_PICTURES")


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_when_looked_at_then_axe_finds_nothing_and_it_does_not_scroll_sideways(
    new_context: OpenContext, web_app: Flask, base_url: str, look: str
) -> None:
    page, furnished = at_desk(new_context, web_app, base_url, look)
    problems = {}

    for path in furnished.pages():
        page.goto(path, wait_until="load")
        page.locator("#main").wait_for()
        picture(page, look, path)
        found = axe_problems(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
        if found:
            problems[path] = found

    assert problems == {}


@pytest.mark.parametrize("look", ["light", "phone-arabic-dark"])
def test_menus_and_dialogs_when_open_then_axe_finds_nothing(
    new_context: OpenContext, web_app: Flask, base_url: str, look: str
) -> None:
    page, furnished = at_desk(new_context, web_app, base_url, look)
    page.goto("/operations/", wait_until="load")
    page.locator("details.k-menu summary").first.click()
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)

    page.goto("/reference/carriers/", wait_until="load")
    page.locator(f"#record-{furnished.carrier_id} td.k-num a").click()
    page.locator("#dialog[open] .k-btn-danger").wait_for()
    picture(page, look, "dialog")
    assert axe_problems(page) == []


def at_desk(new_context: OpenContext, web_app: Flask, base_url: str, look: str) -> tuple[Page, Furnished]:
    options, fields = LOOKS[look]
    with web_app.app_context():
        staff = make_staff(name="Selin Koç", **fields)  # type: ignore[arg-type]
        furnished = furnish(staff.id)
        value = cookie_value(web_app, staff)
    context = new_context(**options)
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])
    return context.new_page(), furnished


def picture(page: Page, look: str, path: str) -> None:
    if PICTURES:
        name = "".join(letter if letter.isalnum() else "-" for letter in path).strip("-")[:60]
        page.screenshot(path=Path(PICTURES) / f"{look}-{name}.png", full_page=True)
