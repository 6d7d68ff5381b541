"""The list of orders in a real browser: filters, typing, paging, expanding, keys, ticking; looks; without a script."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_shell_pages import LOOK
from tests.factories import NOON, item, make_channel, make_customer, make_order, make_orders
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.operations import Operation

pytestmark = pytest.mark.browser

ROWS = "#order-rows tbody > tr:not(.k-peek)"


@pytest.fixture
def shop(session: Session) -> Channel:
    """Two pages of orders of one shop, some of another."""
    shop, bazaar = make_channel(session), make_channel(session, "Bazaar")
    elif_ = make_customer(session, shop, first_name="Elif", last_name="Yılmaz")
    make_orders(
        session, shop, 55, customer=elif_, status=550, items=[item("8258.55", tracking_number="4319191017")]
    )
    for at, status in enumerate((350, 400, 450, 500, 50)):
        make_order(
            session,
            bazaar,
            number=f"BZ-{status}",
            status=status,
            is_send=status != 400,
            date_placed=NOON + timedelta(minutes=at + 1),
            customer=make_customer(session, bazaar, first_name="محمد", last_name="الحربي"),
        )
    session.commit()
    return shop


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, shop: Channel) -> Page:
    context = new_context()
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto("/orders/")
    return page


def numbers(page: Page) -> list[str]:
    return page.locator(f"{ROWS} > td > a").all_inner_texts()


@LOOK
def test_list_when_looked_at_then_axe_finds_nothing_and_it_does_not_scroll_sideways(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    shop: Channel,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    context = new_context(**options)
    sign_in(context, web_app, base_url, **fields)
    page = context.new_page()
    page.goto("/orders/", wait_until="networkidle")
    page.locator(".k-expand").first.click()
    expect(page.locator(".k-peek")).to_be_visible()
    assert axe_problems(page) == []

    for menu in ("#filter-placed", "#filter-more", "#choose-columns"):
        page.locator(menu).click()
        assert not scrolls_sideways(page)
    page.locator("#filter-status").click()
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)


def test_filter_when_ticked_then_applies_once_its_menu_closes_and_the_url_carries_it(desk: Page) -> None:
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url) if "/orders/" in request.url else None)

    desk.locator("#filter-status").click()
    desk.get_by_role("checkbox", name="Approved").check()
    desk.get_by_role("checkbox", name="Preparing").check()
    assert asked == []
    desk.keyboard.press("Escape")

    expect(desk.locator(ROWS)).to_have_count(2)
    expect(desk.locator("#filter-status em")).to_have_text("Approved, Preparing")
    expect(desk.locator("#filter-status")).to_be_focused()
    expect(desk.locator("#order-total")).to_have_text("2 orders")
    assert len(asked) == 1
    expect(desk).to_have_url(re.compile(r"/orders/\?status=400&status=450$"))
    desk.reload()
    assert numbers(desk) == ["BZ-450", "BZ-400"]


def test_filters_when_set_one_after_another_then_back_goes_through_them(desk: Page) -> None:
    desk.get_by_role("link", name=re.compile("In transit")).click()
    expect(desk.locator(ROWS)).to_have_count(1)
    desk.locator("#filter-placed").click()
    desk.get_by_label("From").fill("2026-11-21")
    desk.locator("h1").click()
    expect(desk.get_by_text("No orders match")).to_be_visible()
    expect(desk).to_have_url(re.compile("view=in_transit"))

    desk.go_back()
    expect(desk.locator(ROWS)).to_have_count(1)
    desk.go_back()
    expect(desk.locator(ROWS)).to_have_count(50)
    expect(desk.get_by_role("link", name=re.compile("All"))).to_have_attribute("aria-current", "true")


def test_range_of_days_when_a_usual_one_is_picked_then_applies_at_once(desk: Page) -> None:
    desk.locator("#filter-placed").click()
    desk.get_by_role("link", name="Today", exact=True).click()

    expect(desk.locator("#filter-placed em")).to_be_visible()
    expect(desk).to_have_url(re.compile("placed_from="))


def test_typing_when_it_goes_on_during_the_answer_then_no_letter_is_lost(desk: Page) -> None:
    field = desk.get_by_label("Filter this view")
    field.click()

    with desk.expect_request(lambda request: "q=yilm" in request.url):
        desk.keyboard.type("yilm")
    desk.keyboard.type("az x")
    desk.keyboard.press("Backspace")
    desk.keyboard.press("Backspace")

    expect(field).to_have_value("yilmaz")
    expect(field).to_be_focused()
    expect(desk.locator("#order-total")).to_have_text("55 orders")
    expect(desk).to_have_url(re.compile(r"\?q=yilmaz$"))


def test_search_when_cleared_then_the_whole_list_and_an_empty_field_come_back(desk: Page) -> None:
    desk.get_by_label("Filter this view").fill("bz-500")
    expect(desk.locator(ROWS)).to_have_count(1)

    desk.get_by_role("link", name="Clear", exact=True).click()

    expect(desk.locator(ROWS)).to_have_count(50)
    expect(desk.get_by_label("Filter this view")).to_have_value("")
    expect(desk).to_have_url(re.compile("/orders/$"))


def test_exact_number_when_searched_from_anywhere_then_the_order_opens(desk: Page) -> None:
    desk.keyboard.press("/")
    desk.keyboard.type("BZ-500")
    desk.keyboard.press("Enter")

    expect(desk.locator("h1")).to_have_text("BZ-500")


def test_pages_when_turned_then_go_forth_back_and_first_and_start_at_the_top(desk: Page) -> None:
    first = numbers(desk)
    desk.get_by_role("link", name="Next", exact=True).click()
    expect(desk.locator(ROWS)).to_have_count(10)
    assert desk.evaluate("scrollY") == 0
    assert not set(numbers(desk)) & set(first)

    desk.get_by_role("link", name="Previous", exact=True).click()
    expect(desk.locator(ROWS)).to_have_count(50)
    assert numbers(desk) == first
    assert desk.get_by_role("link", name="Previous", exact=True).count() == 0


def test_sort_when_a_head_is_clicked_then_turns_round_with_the_next_click(desk: Page) -> None:
    desk.get_by_role("link", name=re.compile("^Total")).click()
    expect(desk.get_by_role("columnheader", name="Total")).to_have_attribute("aria-sort", "descending")
    desk.get_by_role("link", name=re.compile("^Total")).click()
    expect(desk.get_by_role("columnheader", name="Total")).to_have_attribute("aria-sort", "ascending")
    expect(desk).to_have_url(re.compile(r"\?sort=amount$"))
    assert numbers(desk)[0].startswith("BZ-")


def test_rows_when_driven_by_keys_then_move_expand_tick_and_open(desk: Page) -> None:
    for key in ("j", "j", "e"):
        desk.keyboard.press(key)
    row = desk.locator(f"{ROWS}.k-current")
    expect(row.locator(".k-expand")).to_have_attribute("aria-expanded", "true")
    expect(desk.locator(".k-peek")).to_contain_text("Wool scarf")

    desk.keyboard.press("e")
    expect(desk.locator(".k-peek")).to_have_count(0)
    desk.keyboard.press("x")
    expect(desk.locator(".k-bulk")).to_contain_text("1 selected")
    number = row.locator("td > a").inner_text()
    desk.keyboard.press("o")
    expect(desk.locator("h1")).to_have_text(number)


def test_ticked_orders_when_refreshed_then_toast_says_how_many_and_nothing_is_ticked(
    desk: Page, session: Session
) -> None:
    desk.locator("[data-pick-all]").check()
    expect(desk.locator(".k-bulk")).to_contain_text("50 selected")
    desk.get_by_role("button", name="Refresh from channel").click()

    expect(desk.locator("#toasts")).to_contain_text("50 orders are read anew.")
    expect(desk.locator(".k-bulk")).to_be_hidden()
    assert session.query(Operation).count() == 50


def test_columns_when_chosen_then_the_list_has_them_and_a_reload_too(desk: Page) -> None:
    desk.locator("#choose-columns").click()
    desk.locator("#order-columns").get_by_label("Channel").uncheck()
    desk.locator("#order-columns").get_by_label("Changed").check()
    desk.keyboard.press("Escape")

    expect(desk.get_by_role("columnheader", name="Changed")).to_be_visible()
    expect(desk.get_by_role("columnheader", name="Channel")).to_have_count(0)
    desk.reload()
    expect(desk.get_by_role("columnheader", name="Changed")).to_be_visible()


def test_list_when_a_pull_has_ended_then_renews_itself_but_not_under_somebodys_hands(
    desk: Page, session: Session, shop: Channel
) -> None:
    def news() -> None:
        desk.evaluate("htmx.trigger(document.body, 'orders:changed')")

    make_order(session, shop, number="NEW-1", date_placed=NOON + timedelta(hours=1))
    session.commit()
    news()
    expect(desk.locator(f"{ROWS} > td > a").first).to_have_text("NEW-1")

    desk.locator(".k-pick input").nth(2).check()
    make_order(session, shop, number="NEW-2", date_placed=NOON + timedelta(hours=2))
    session.commit()
    news()
    expect(desk.get_by_text("The list has changed.")).to_be_visible()
    expect(desk.locator(f"{ROWS} > td > a").first).to_have_text("NEW-1")

    desk.get_by_role("link", name="Show it").click()
    expect(desk.locator(f"{ROWS} > td > a").first).to_have_text("NEW-2")


def test_list_without_a_script_when_filtered_paged_and_searched_then_works(
    new_context: OpenContext, web_app: Flask, base_url: str, shop: Channel
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto("/orders/")

    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator(ROWS)).to_have_count(10)
    page.get_by_role("link", name="First", exact=True).click()
    page.locator("#filter-status").click()
    page.get_by_role("checkbox", name="Approved").check()
    page.locator("#order-filters").get_by_role("button", name="Apply").click()
    expect(page.locator(f"{ROWS} > td > a")).to_have_text(["BZ-400"])
    expect(page.locator("#filter-status em")).to_have_text("Approved")
    page.get_by_role("link", name="Clear", exact=True).click()
    page.get_by_label("Filter this view").fill("bz-35")
    page.keyboard.press("Enter")
    expect(page.locator(f"{ROWS} > td > a")).to_have_text(["BZ-350"])
    page.locator(".k-pick input").nth(1).check()
    page.get_by_role("button", name="Refresh the ticked ones").click()
    expect(page.get_by_text("1 order is read anew.")).to_be_visible()
    page.get_by_role("link", name="BZ-350").click()
    expect(page.locator("h1")).to_have_text("BZ-350")


def test_reader_who_may_not_pull_or_move_when_ticking_then_only_what_he_may_do_is_offered(
    new_context: OpenContext, web_app: Flask, base_url: str, shop: Channel
) -> None:
    context = new_context()
    sign_in(context, web_app, base_url, role=Role.FINANCE)
    page = context.new_page()
    page.goto("/orders/")

    expect(page.get_by_role("button", name="Pull orders")).to_have_count(0)
    page.get_by_label("Select all on this page").check()
    expect(page.locator("#bulk button.k-btn")).to_have_text(["Tag…", "Assign…", "Slips", "Labels", ""])
    assert axe_problems(page) == []
