"""Habits in a real browser: keyboard, lists, dialogs, toasts, refusals, double clicks, and the prototype's traps."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update

from tests.e2e import gallery
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import sign_in
from tests.staff import PASSWORD, make_staff
from webapp.auth.models import StaffSession
from webapp.core.db import unit_of_work
from webapp.ui.security import PLAIN_COOKIE

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str) -> Page:
    """A signed-in page on the list."""
    context = new_context()
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto("/gallery", wait_until="networkidle")
    return page


@pytest.fixture
def parts(desk: Page) -> Page:
    desk.goto("/gallery/parts", wait_until="networkidle")
    return desk


def open_dialog(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.locator(".k-peek button").click()
    expect(page.locator("#dialog")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_signing_in_when_typed_then_arrives_where_it_was_going(
    new_context: OpenContext, web_app: Flask, base_url: str, scripts: bool
) -> None:
    with web_app.app_context():
        make_staff(email="ayse@shop.example")
    page = new_context(java_script_enabled=scripts).new_page()
    page.goto("/gallery/parts?n=3")
    page.get_by_label("E-mail").fill("ayse@shop.example")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".k-errors")).to_contain_text("The e-mail address or the password is wrong.")
    expect(page.get_by_label("E-mail")).to_have_value("ayse@shop.example")

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(f"{base_url}/gallery/parts?n=3")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert list(cookies) == [PLAIN_COOKIE]
    assert (cookies[PLAIN_COOKIE]["httpOnly"], cookies[PLAIN_COOKIE]["sameSite"]) == (True, "Lax")
    assert cookies[PLAIN_COOKIE]["expires"] == -1

    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{base_url}/sign-in")


def test_keys_when_pressed_then_move_select_expand_and_open(desk: Page, base_url: str) -> None:
    rows = desk.locator("tbody tr[data-href]")
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    desk.keyboard.press("k")
    expect(rows.nth(0)).to_have_class("k-current")
    desk.keyboard.press("j")

    desk.keyboard.press("x")
    expect(rows.nth(1).locator("input")).to_be_checked()
    expect(desk.locator(".k-bulk")).to_contain_text("1 selected")

    desk.keyboard.press("e")
    expect(desk.locator("#peek-1")).to_be_visible()
    desk.keyboard.press("e")
    expect(desk.locator("#peek-1")).to_have_count(0)

    desk.keyboard.press("o")
    expect(desk).to_have_url(f"{base_url}/gallery/parts?n=1")


def test_keys_when_typing_then_they_are_letters(desk: Page) -> None:
    desk.locator("#filter-text").press_sequentially("jxeo?/")

    expect(desk.locator("#filter-text")).to_have_value("jxeo?/")
    expect(desk.locator("tr.k-current")).to_have_count(0)
    expect(desk.locator("#keyboard-help")).to_be_hidden()


def test_help_and_palette_when_asked_for_then_open_and_escape_closes(desk: Page, base_url: str) -> None:
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.locator("#keyboard-help")).to_be_hidden()

    desk.keyboard.press("Control+k")
    desk.keyboard.type("oper")
    expect(desk.get_by_role("option")).to_have_text(["OperationsPage", "Find “oper”Orders"])
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(f"{base_url}/operations/")


def test_the_palette_when_a_number_is_typed_then_finding_the_order_comes_first(desk: Page) -> None:
    desk.keyboard.press("Control+k")
    desk.keyboard.type("1535")
    desk.keyboard.press("Enter")

    expect(desk).to_have_url(re.compile(r"/orders/\?q=1535"))


def test_the_palette_when_an_action_is_chosen_then_it_is_done(desk: Page) -> None:
    desk.keyboard.press("Control+k")
    desk.keyboard.type("scheme")
    with desk.expect_response("**/profile/theme"):
        desk.keyboard.press("Enter")
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")


def test_ticks_when_all_or_a_range_then_counted_and_the_rest_of_the_view_is_offered(desk: Page) -> None:
    boxes, bar = desk.locator("tbody .k-pick input"), desk.locator(".k-bulk")
    boxes.nth(2).click()
    boxes.nth(6).click(modifiers=["Shift"])
    expect(bar).to_contain_text("5 selected")
    expect(desk.locator("[data-pick-all]")).to_have_js_property("indeterminate", True)

    desk.locator("[data-pick-all]").click()
    expect(bar).to_contain_text("50 selected")
    bar.get_by_role("button", name="Select all 4,812 in this view").click()
    expect(bar).to_contain_text("4,812 selected")
    expect(desk.locator("input[name=all_matching]")).to_have_value("1")

    boxes.nth(0).click()
    expect(bar).to_contain_text("49 selected")
    expect(desk.locator("input[name=all_matching]")).to_have_value("")
    bar.get_by_role("button", name="Clear selection").click()
    expect(bar).to_be_hidden()


def test_a_filter_with_many_ticks_when_its_menu_closes_then_applied_once(desk: Page, base_url: str) -> None:
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url) if "status=" in request.url else None)
    menu = desk.locator("details.k-menu").first
    menu.locator("summary").click()
    menu.get_by_label("Approved").check()
    menu.get_by_label("Preparing").check()
    assert asked == []

    desk.keyboard.press("Escape")

    expect(desk.locator(".k-pill").first).to_contain_text("Approved, Preparing")
    expect(desk).to_have_url(f"{base_url}/gallery?q=&status=400&status=450&placed_from=&placed_to=")
    assert len(asked) == 1
    desk.go_back()
    expect(desk.locator(".k-pill").first).not_to_contain_text("Approved")


def test_a_menu_when_something_else_is_clicked_then_closes_and_arrows_move_in_it(desk: Page) -> None:
    first, second = desk.locator("details.k-menu").nth(0), desk.locator("details.k-menu").nth(1)
    first.locator("summary").click()
    desk.keyboard.press("ArrowDown")
    expect(first.locator("input").first).to_be_focused()
    second.locator("summary").click()
    expect(first).not_to_have_attribute("open", "")
    desk.locator("h1").click()
    expect(second).not_to_have_attribute("open", "")


def test_the_text_filter_when_typed_then_applied_after_a_pause_and_the_focus_stays(
    desk: Page, base_url: str
) -> None:
    desk.locator("#filter-text").press_sequentially("elif")

    expect(desk).to_have_url(f"{base_url}/gallery?q=elif&placed_from=&placed_to=")
    expect(desk.locator("#filter-text")).to_be_focused()
    expect(desk.locator("#filter-text")).to_have_value("elif")


def test_filters_when_there_is_no_script_then_a_button_applies_them(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto("/gallery")
    page.locator("details.k-menu summary").first.click()
    page.get_by_label("Approved").check()
    page.get_by_role("button", name="Apply").click()

    expect(page.locator(".k-pill").first).to_contain_text("Approved")


def test_a_dialog_when_the_form_is_wrong_then_its_errors_take_the_focus_and_no_toast_says_failed(
    desk: Page,
) -> None:
    open_dialog(desk)
    desk.get_by_role("button", name="Open cancellation plan").click()

    summary = desk.locator("#dialog .k-errors")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Choose why the order is cancelled")
    expect(desk.locator(".k-toast")).to_have_count(0)
    summary.get_by_role("link").click()
    expect(desk.locator("#reason")).to_be_focused()


def test_a_dialog_when_the_deed_is_done_then_closes_and_the_toast_names_it(desk: Page) -> None:
    open_dialog(desk)
    desk.locator("#reason").select_option("late")
    desk.get_by_role("button", name="Open cancellation plan").click()

    expect(desk.locator("#dialog")).to_be_hidden()
    expect(desk.locator(".k-toast")).to_have_text("Cancellation plan opened for 15357885200000")
    expect(desk.locator("#dialog-body")).to_be_empty()


@pytest.mark.parametrize(
    ("note", "heading"), [("refuse", "Somebody was faster"), ("break", "Something is broken on our side")]
)
def test_a_dialog_when_the_server_refuses_then_says_so_inside_and_keeps_what_was_typed(
    desk: Page, note: str, heading: str
) -> None:
    open_dialog(desk)
    desk.locator("#reason").select_option("late")
    desk.locator("#note").fill(note)
    desk.get_by_role("button", name="Open cancellation plan").click()

    expect(desk.locator("#dialog-notice")).to_contain_text(heading)
    expect(desk.locator("#note")).to_have_value(note)
    expect(desk.locator(".k-toast")).to_have_count(0)
    assert "secret detail" not in desk.content()


def test_a_request_when_it_fails_outside_a_dialog_then_a_notice_on_top_and_its_target_stays(
    parts: Page,
) -> None:
    parts.locator("#typo").click()

    expect(parts.locator("#notices")).to_contain_text("There is nothing here")
    expect(parts.locator("#slow")).to_be_empty()


def test_a_request_when_no_answer_comes_then_a_toast_that_stays_until_closed(parts: Page) -> None:
    parts.route("**/gallery/slow", lambda route: route.abort())
    parts.locator("#send").click()

    toast = parts.locator(".k-toast-error")
    expect(toast).to_contain_text("Reload the page to see whether it was done")
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_an_answer_when_it_is_a_proxys_then_it_replaces_nothing(parts: Page) -> None:
    parts.route(
        "**/gallery/slow", lambda route: route.fulfill(status=502, body="<h1>Bad gateway of a proxy</h1>")
    )
    parts.locator("#send").click()

    expect(parts.locator(".k-toast-error")).to_contain_text("That did not work.")
    assert "Bad gateway" not in parts.content()


def test_a_button_when_clicked_twice_then_the_deed_is_done_once(parts: Page) -> None:
    before = gallery.posts.value
    gallery.release.clear()
    parts.locator("#send").dblclick()
    parts.locator("#send").click(force=True)
    expect(parts.locator("#send")).to_have_attribute("aria-disabled", "true")
    gallery.release.set()

    expect(parts.locator("#slow-answer")).to_have_text(str(before + 1))
    expect(parts.locator("#send")).not_to_have_attribute("aria-disabled", "true")
    # Had the other clicks been queued, their answers would be counted here.
    parts.wait_for_load_state("networkidle")
    parts.locator("#send").click()
    expect(parts.locator("#slow-answer")).to_have_text(str(before + 2))


@pytest.mark.parametrize(
    ("button", "question", "yes"),
    [("#delete", "Delete this record?", "Delete"), ("#hx-delete", "Delete it by htmx?", "Yes, do it")],
)
def test_a_question_when_answered_no_then_nothing_and_when_yes_then_it_is_done(
    parts: Page, button: str, question: str, yes: str
) -> None:
    gallery.release.set()
    before = gallery.posts.value
    parts.locator(button).click()
    asked = parts.get_by_role("dialog", name=question)
    expect(asked).to_be_visible()
    asked.get_by_role("button", name="No, go back").click()
    expect(asked).to_be_hidden()
    assert gallery.posts.value == before

    parts.locator(button).click()
    asked.get_by_role("button", name=yes, exact=True).click()
    expect(parts.locator("#slow-answer")).to_have_text(str(before + 1))


def test_live_work_when_it_ends_then_the_page_stops_asking(parts: Page) -> None:
    live = parts.locator("#live")

    expect(live).to_contain_text("3/3")
    expect(live).not_to_have_attribute("hx-trigger", "every 200ms")
    assert live.locator("progress").evaluate("p => p.position") == 1


def test_back_when_pressed_then_scripts_run_once(desk: Page) -> None:
    desk.locator("#filter-text").press_sequentially("elif")
    expect(desk).to_have_url(re.compile("q=elif"))
    desk.goto("/gallery/parts")
    desk.go_back(wait_until="networkidle")

    desk.keyboard.press("j")
    desk.keyboard.press("j")
    expect(desk.locator("tbody tr[data-href]").nth(1)).to_have_class("k-current")


def test_a_typed_form_when_its_session_has_ended_then_it_can_still_be_sent_after_signing_in_elsewhere(
    parts: Page, web_app: Flask, base_url: str
) -> None:
    gallery.release.set()
    parts.locator("#slow-form select").select_option("late")
    with web_app.app_context(), unit_of_work() as session:
        session.execute(update(StaffSession).values(ended_at=StaffSession.created_at))
    parts.locator("#send").click()
    expect(parts.locator("#notices")).to_contain_text("Sign in again in another tab")
    expect(parts.locator("#slow-form select")).to_have_value("late")

    sign_in(parts.context, web_app, base_url)
    with parts.expect_response("**/form-token"):
        parts.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(parts.locator("#notices")).to_be_empty()
    parts.locator("#send").click()

    expect(parts.locator("#slow-answer")).to_be_visible()
