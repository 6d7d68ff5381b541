"""Moving, packing and printing in a real browser: dialogs, the bulk bar, store pickup, sheets of paper."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.addressing import AddressDesk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, ship
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_back_room_pages import picture
from tests.e2e.test_shell_pages import LOOK
from tests.moving import move, packages_of
from tests.order_drafts import line
from webapp.auth.roles import Role
from webapp.core.hints import drain

pytestmark = pytest.mark.browser

OpenDesk = Callable[..., Page]


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def orders(counter: Counter) -> list[int]:
    """One of three rows, two plain ones, one for pickup."""
    rows = (line("1", "60.00", quantity=3), line("2", "40.00"), line("3", "25.00"))
    first = counter.order_of(rows, number="1001", tenders=(card("125.00"),), notes="Ring twice, please.")
    plain = [counter.order(number=number) for number in ("1002", "1003")]
    return [first, *plain, counter.order(number="1004", delivery_type="store_pickup")]


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, orders: list[int]) -> OpenDesk:
    def open_desk(
        role: Role = Role.SUPERVISOR, context: dict[str, object] | None = None, **fields: str
    ) -> Page:
        opened = new_context(**(context or {}))
        sign_in(opened, web_app, base_url, role, **fields)
        return opened.new_page()

    return open_desk


def opened(page: Page, order_id: int, button: str) -> None:
    page.goto(f"/orders/{order_id}", wait_until="networkidle")
    page.get_by_role("link", name=button).click()
    expect(page.locator("#dialog")).to_be_visible()


@LOOK
def test_pages_and_dialogs_when_looked_at_then_axe_finds_nothing_and_they_do_not_scroll_sideways(
    desk: OpenDesk, counter: Counter, orders: list[int], options: dict[str, object], fields: dict[str, str]
) -> None:
    move(orders[0], 450, counter.supervisor)
    page = desk(Role.SUPERVISOR, options, **fields)
    problems = {}
    for path in (
        f"/orders/{orders[0]}",
        f"/orders/{orders[0]}/move",
        f"/orders/{orders[0]}/pack",
        f"/orders/{orders[3]}",
    ):
        page.goto(path, wait_until="networkidle")
        found = axe_problems(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
        for dialog in ("move", "pack") if path == f"/orders/{orders[0]}" else ():
            page.locator(f'#order a[hx-get$="/{dialog}"]').click()
            expect(page.locator("#dialog")).to_be_visible()
            found += axe_problems(page)
            page.keyboard.press("Escape")
        if found:
            problems[path] = found
    assert problems == {}


def test_papers_when_looked_at_then_axe_finds_nothing(desk: OpenDesk, orders: list[int]) -> None:
    for language in ("en", "ar"):
        page = desk(Role.AGENT, language=language)
        for kind in ("slips", "labels"):
            page.goto(f"/orders/print/{kind}?id={orders[0]}&id={orders[1]}")
            assert axe_problems(page) == [], kind


def test_order_when_moved_in_the_dialog_then_its_page_says_so(desk: OpenDesk, orders: list[int]) -> None:
    page = desk()
    opened(page, orders[0], "Move…")
    page.get_by_label("Shipped", exact=True).check()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("3 moved to “Shipped”")
    expect(page.locator("#order .k-head")).to_contain_text("Shipped")
    expect(page.locator("#timeline")).to_contain_text("moved Product 1, Product 2 and Product 3")


def test_dialog_when_fewer_items_are_ticked_then_their_moves_are_offered(
    desk: OpenDesk, counter: Counter, orders: list[int]
) -> None:
    move(orders[0], 500, counter.supervisor, items_of_order(orders[0])[0].id)
    page = desk()
    opened(page, orders[0], "Move…")
    expect(page.get_by_label("Preparing", exact=True)).to_have_count(0)
    page.get_by_role("checkbox", name=re.compile("Product 1")).uncheck()
    page.get_by_label("Preparing", exact=True).check()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("2 moved to “Preparing”")
    assert [item.status for item in items_of_order(orders[0])] == [500, 450, 450]


def test_step_back_without_a_reason_then_the_summary_takes_the_focus_and_with_one_it_is_done(
    desk: OpenDesk, counter: Counter, orders: list[int]
) -> None:
    move(orders[1], 450, counter.agent)
    page = desk()
    opened(page, orders[1], "Move…")
    page.get_by_role("radio", name=re.compile("Approved")).check()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#dialog .k-errors")).to_be_focused()
    page.locator("#dialog").get_by_label(re.compile("Reason")).fill("Wrong shelf")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#timeline")).to_contain_text("Wrong shelf")
    assert order_now(orders[1]).status == 400


def test_dialog_when_a_colleague_was_faster_then_it_says_who_and_what(
    desk: OpenDesk, counter: Counter, orders: list[int]
) -> None:
    page = desk(Role.AGENT)
    opened(page, orders[1], "Move…")
    page.get_by_label("Delivered", exact=True).check()
    move(orders[1], 500, counter.supervisor)
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#dialog .k-stale")).to_contain_text("Selin Koç has changed this order meanwhile")
    expect(page.get_by_label("Delivered", exact=True)).to_be_checked()
    assert axe_problems(page) == []
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#order .k-head")).to_contain_text("Delivered")


def test_store_pickup_when_accepted_and_handed_over_then_delivered(desk: OpenDesk, orders: list[int]) -> None:
    page = desk(Role.AGENT)
    page.goto(f"/orders/{orders[3]}", wait_until="networkidle")
    page.get_by_role("button", name="Accept in store").click()
    expect(page.locator("#order .k-head")).to_contain_text("Ready for pickup")
    page.get_by_role("button", name="Hand over in store").click()
    expect(page.locator("#order .k-head")).to_contain_text("Delivered")
    assert order_now(orders[3]).status == 550


def test_order_when_packed_into_two_then_the_page_shows_both(desk: OpenDesk, orders: list[int]) -> None:
    page = desk(Role.AGENT)
    opened(page, orders[0], "Pack…")
    page.get_by_role("button", name="One more parcel").click()
    expect(page.get_by_label("Quantity of Product 1 in parcel 2")).to_be_visible()
    page.get_by_label("Quantity of Product 1 in parcel 1").fill("1")
    page.get_by_label("Quantity of Product 1 in parcel 2").fill("2")
    numbers = page.get_by_label(re.compile("Tracking number"))
    numbers.nth(0).fill("SW1001")
    numbers.nth(1).fill("SW1002")
    assert axe_problems(page) == []
    page.get_by_role("button", name="Pack", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("packed into 2 parcels")
    expect(page.locator("#items")).to_contain_text("Parcel 2")
    assert [each.tracking_number for each in packages_of(orders[0])] == ["SW1001", "SW1002"]


def test_many_orders_when_moved_from_the_bulk_bar_then_a_verdict_each(
    desk: OpenDesk, orders: list[int]
) -> None:
    ship(orders[2], status=550)
    page = desk()
    page.goto("/orders/?view=all", wait_until="networkidle")
    page.get_by_label("Select all on this page").check()
    page.locator("#bulk").get_by_role("button", name="Move…").click()
    expect(page.locator("#dialog")).to_contain_text("Move 4 orders")
    assert axe_problems(page) == []
    page.locator("#dialog").get_by_label("Move to").select_option("500")
    page.locator("#dialog").get_by_label("How many?").fill("4")
    page.get_by_role("button", name="Move", exact=True).click()
    page.wait_for_url("**/operations/*")
    drain("upkeep")
    page.reload(wait_until="networkidle")
    expect(page.locator("#verdicts")).to_contain_text("is delivered (550) and cannot become shipped (500)")
    assert sorted(order_now(order_id).status for order_id in orders) == [500, 500, 500, 550]


def test_slips_and_labels_when_printed_then_a_sheet_each_of_its_size(
    desk: OpenDesk, orders: list[int], tmp_path: Path
) -> None:
    page = desk(Role.AGENT)
    page.goto("/orders/?view=all", wait_until="networkidle")
    page.get_by_label("Select all on this page").check()
    for button, sheet, size in (("Slips", ".p-slip", (595, 842)), ("Labels", ".p-label", (283, 425))):
        page.locator("#bulk").get_by_role("button", name=button).click()
        page.wait_for_url("**/orders/print/**")
        expect(page.locator(sheet)).to_have_count(4)
        assert pages_of(page.pdf(prefer_css_page_size=True)) == [size] * 4
        page.go_back(wait_until="networkidle")
        page.get_by_label("Select all on this page").check()


def pages_of(pdf: bytes) -> list[tuple[int, int]]:
    """The size of each page in points, rounded."""
    boxes = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


@pytest.mark.parametrize("paper", ["slips", "labels"])
def test_papers_when_looked_at_on_a_telephone_then_they_do_not_scroll_sideways(
    session: Session, new_context: OpenContext, web_app: Flask, base_url: str, paper: str
) -> None:
    order_id = AddressDesk.open(session).order(400, 400, number="153500001")
    context = new_context(viewport={"width": 390, "height": 800})
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto(f"/orders/print/{paper}?id={order_id}", wait_until="load")
    assert not scrolls_sideways(page)
    assert axe_problems(page) == []
    picture(page, "phone", f"paper-{paper}")
