"""Webhooks in a real browser: added, tested, paused, deleted; readable in light, dark, Arabic and on a phone."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways
from tests.e2e.test_back_room_pages import LOOKS, picture
from tests.order_drafts import draft, make_channel, write
from tests.staff import cookie_value, make_staff
from tests.webhooks.hearing import subscribe, work
from tests.webhooks.receiver import Receiver, Reply
from webapp.core.db import db, unit_of_work
from webapp.ui.security import PLAIN_COOKIE

pytestmark = pytest.mark.browser

URL = "/settings/webhooks/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.mark.parametrize("look", LOOKS)
def test_pages_when_looked_at_then_axe_finds_nothing_and_they_do_not_scroll_sideways(
    new_context: OpenContext, web_app: Flask, base_url: str, look: str, receiver: Receiver
) -> None:
    page = at_desk(new_context, web_app, base_url, look)
    with web_app.app_context():
        well, paused = furnish(receiver)
    problems = {}

    for path in ("", "new", f"{well}", f"{well}?state=failed", f"{well}/edit", f"{paused}"):
        page.goto(URL + path, wait_until="load")
        picture(page, look, f"webhooks-{path}")
        found = axe_problems(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
        if found:
            problems[path] = found

    assert problems == {}


def test_webhook_when_added_by_hand_then_its_secret_is_shown_once_and_a_test_arrives(
    new_context: OpenContext, web_app: Flask, base_url: str, receiver: Receiver
) -> None:
    page = at_desk(new_context, web_app, base_url, "light")
    page.goto(URL, wait_until="load")
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("Address").fill("ftp://nowhere.example")
    page.get_by_label("An order is new").check()
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".k-errors")).to_contain_text("https://")
    expect(page.get_by_label("An order is new")).to_be_checked()

    page.get_by_label("Address").fill(receiver.url)
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#secret code")).to_contain_text("whsec_")
    assert axe_problems(page) == []
    picture(page, "light", "webhooks-secret")
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#deliveries")).to_contain_text("webhook.test")
    with web_app.app_context():
        work()
    page.reload()

    expect(page.locator("#deliveries")).to_contain_text("The receiver answered 200. ok")
    assert receiver.types == ["webhook.test"]


def test_webhook_when_paused_and_deleted_then_a_question_comes_before_it_is_gone(
    new_context: OpenContext, web_app: Flask, base_url: str, receiver: Receiver
) -> None:
    page = at_desk(new_context, web_app, base_url, "light")
    with web_app.app_context():
        made_id, _ = subscribe(receiver.url)
    page.goto(f"{URL}{made_id}", wait_until="load")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#webhook-facts")).to_contain_text("Active")

    page.get_by_role("button", name="Delete…").click()
    page.locator("dialog[open]").wait_for()
    assert axe_problems(page) == []
    page.locator("dialog[open]").get_by_role("button", name="Delete", exact=True).click()

    expect(page.locator("#webhooks")).to_contain_text("No webhook yet")


def furnish(receiver: Receiver) -> tuple[int, int]:
    """A webhook with deliveries in every state, and one that was paused by itself."""
    channel = make_channel(db.session(), name="Şölen Shop TR")
    db.session.refresh(channel)
    db.session.expunge(channel)
    well, _ = subscribe(receiver.url)
    receiver.always = Reply(503, b"Down for maintenance, back at noon. " * 4)
    write(channel, *[draft(str(number)) for number in range(1001, 1013)])
    work()
    receiver.always = Reply()
    with unit_of_work() as session:
        session.execute(text("UPDATE webhook_delivery SET next_try_at = now()"))
        session.execute(text("UPDATE operation SET next_run_at = now()"))
        session.execute(
            text("UPDATE webhook_delivery SET state = 'failed', tries = 12 WHERE event_id % 3 = 0")
        )
    write(channel, draft("2001"))
    work()
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE webhook_delivery SET state = 'waiting', tries = 1, answer_status = 503,"
                " answer_words = 'The receiver answered 503. Down for maintenance.' WHERE event_id % 4 = 1"
            )
        )
    paused, _ = subscribe("https://a-rather-long-name-of-a-receiver.erp.example.com/hooks/orders?key=1")
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE webhook_subscription SET paused_at = now(), paused_because = 'Nothing could be delivered"
                " for 24 hours. The last answer was: The receiver answered 500.' WHERE id = :id"
            ),
            {"id": paused},
        )
    return well, paused


def at_desk(new_context: OpenContext, web_app: Flask, base_url: str, look: str) -> Page:
    options, fields = LOOKS[look]
    with web_app.app_context():
        staff = make_staff(name="Selin Koç", **fields)  # type: ignore[arg-type]
        value = cookie_value(web_app, staff)
    context = new_context(**options)
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])
    return context.new_page()
