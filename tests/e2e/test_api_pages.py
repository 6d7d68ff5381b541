"""The pages for programs' people in a real browser: tokens, and the specification drawn from our own files."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways
from tests.order_drafts import draft, make_channel, write
from tests.staff import cookie_value, make_staff
from webapp.core.db import db
from webapp.ui.security import PLAIN_COOKIE

pytestmark = pytest.mark.browser

LOOKS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "light": ({}, {"theme": "light"}),
    "dark-arabic": ({}, {"theme": "dark", "language": "ar"}),
    "phone": ({"viewport": {"width": 390, "height": 844}, "is_mobile": True}, {}),
}


def at_desk(new_context: OpenContext, web_app: Flask, base_url: str, look: str) -> Page:
    options, fields = LOOKS[look]
    with web_app.app_context():
        write(make_channel(db.session()), draft())
        value = cookie_value(web_app, make_staff(name="Selin Koç", **fields))  # type: ignore[arg-type]
    context = new_context(**options)
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])
    return context.new_page()


@pytest.mark.parametrize("look", LOOKS)
def test_the_tokens_when_one_is_made_and_revoked_then_shown_once_and_ended(
    new_context: OpenContext, web_app: Flask, base_url: str, look: str
) -> None:
    page = at_desk(new_context, web_app, base_url, look)
    page.goto("/settings/tokens/")
    assert axe_problems(page) == []

    page.locator("input[name=name]").fill("Warehouse")
    page.locator("input[value='orders.view']").check()
    page.locator("#new button[type=submit]").click()

    expect(page.locator("#new-token code")).to_contain_text("kontor_")
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)
    page.locator("#tokens form button").click()
    expect(page.locator("#tokens form")).to_have_count(0)
    expect(page.locator("#new-token")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_the_specification_when_looked_at_then_drawn_without_anything_inline_and_tried_out(
    new_context: OpenContext, web_app: Flask, base_url: str, look: str
) -> None:
    page = at_desk(new_context, web_app, base_url, look)
    page.goto("/settings/tokens/")
    page.locator("input[name=name]").fill("Warehouse")
    page.locator("input[value='orders.view']").check()
    page.locator("#new button[type=submit]").click()
    token = page.locator("#new-token code").inner_text()

    page.set_default_timeout(60_000)  # drawing sixty operations takes a busy machine its time
    page.goto("/settings/api/")
    page.locator(".opblock-tag").first.click()
    expect(page.locator(".opblock-summary-path").first).to_contain_text("/api/v1/orders/", timeout=60_000)
    assert not scrolls_sideways(page)
    # The sheet has the page's own colours, by day and by night.
    shade = "element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color]"
    card = page.locator("#api-docs").evaluate(shade)
    is_dark = look.startswith("dark")
    assert (card[0] == "rgb(255, 255, 255)") is not is_dark
    assert page.locator(".opblock-tag").first.evaluate(shade)[1] == card[1]
    page.locator(".btn.authorize").first.click()
    page.locator(".auth-container input").fill(token)
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()
    page.locator(".opblock-summary-control").first.click()
    page.locator(".try-out__btn").click()
    page.locator(".execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text('"1001"', timeout=60_000)
