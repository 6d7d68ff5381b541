"""Two-step sign-in as a person does it in the browser: set up, signed out, signed in with a code, switched off."""

import re

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from tests.e2e.desk import axe_problems
from tests.second_step import code_of
from tests.staff import PASSWORD, make_staff
from webapp.auth.models import SecondStep
from webapp.core.db import unit_of_work

EMAIL = "ayse@shop.example"


def type_password(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_two_steps_when_set_up_then_signing_in_asks_for_the_code(
    page: Page, web_app: Flask, base_url: str
) -> None:
    with web_app.app_context():
        make_staff(email=EMAIL)
    type_password(page, base_url)
    page.goto(f"{base_url}/profile")
    page.locator("#two-step").get_by_role("link", name="Set it up").click()
    page.get_by_role("button", name="Set it up").click()
    # The picture is really drawn under the content policy.
    picture = page.get_by_alt_text("QR code of the secret below")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 100
    assert axe_problems(page) == []

    secret = page.locator("#second-step-secret").inner_text()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    assert axe_problems(page) == []
    word = page.locator("#recovery-codes li").first.inner_text()

    page.context.clear_cookies()
    type_password(page, base_url)
    expect(page).to_have_url(re.compile("/sign-in/code"))
    assert axe_problems(page) == []
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    # It was used to switch it on, so it is worth nothing any more.
    expect(page.get_by_role("alert")).to_contain_text("This code is wrong or was used before.")
    with web_app.app_context(), unit_of_work() as session:
        session.execute(update(SecondStep).values(last_step=0))
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/sign-in"))

    page.context.clear_cookies()
    type_password(page, base_url)
    page.get_by_label("Code").fill(word)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{base_url}/profile/second-step")
    expect(page.locator("#second-step")).to_contain_text("9 recovery codes are left.")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("button", name="Set it up")).to_be_visible()
