"""An item's stock in a real browser: its panel, the dialog, letting go, counting anew."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.cancelling import Counter
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_shell_pages import LOOK
from webapp.auth.roles import Role
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("KONTOR_PICTURES")
OpenDesk = Callable[..., Page]


@pytest.fixture
def order_id(session: Session) -> int:
    counter = Counter.open(session)
    with unit_of_work() as unit:
        unit.add_all(
            [
                StockList(id=3, code="main", name="Main warehouse"),
                StockList(id=4, code="outlet", name="Outlet Kadıköy"),
                Product(id=7, sku="SKU-1", name="Product 1"),
            ]
        )
        unit.flush()
        unit.add(ProductStock(product_id=7, stock_list_id=3, stock=Decimal(12)))
        unit.execute(update(Channel).values(stock_list_id=3))
    return counter.order("60.00", "40.00")


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, order_id: int) -> OpenDesk:
    def open_desk(context: dict[str, object] | None = None, **fields: str) -> Page:
        opened = new_context(**(context or {}))
        sign_in(opened, web_app, base_url, Role.SUPERVISOR, **fields)
        return opened.new_page()

    return open_desk


def open_dialog(page: Page, order_id: int) -> None:
    page.goto(f"/orders/{order_id}", wait_until="networkidle")
    page.locator("#items .k-expand").first.click()
    page.locator('.k-peek a[hx-get$="/stock"]').click()
    expect(page.locator("#dialog #stock-form")).to_be_visible()


def reserved() -> dict[int, Decimal]:
    db.session.rollback()
    rows = db.session.execute(select(ProductStock.stock_list_id, ProductStock.reserved))
    return {row.stock_list_id: row.reserved for row in rows if row.reserved}


@LOOK
def test_panel_dialog_and_page_when_looked_at_then_axe_finds_nothing_and_they_do_not_scroll_sideways(
    desk: OpenDesk, order_id: int, options: dict[str, object], fields: dict[str, str]
) -> None:
    page = desk(options, **fields)
    open_dialog(page, order_id)
    if PICTURES:
        look = "-".join([str(page.evaluate("innerWidth")), *fields.values()])
        page.screenshot(path=Path(PICTURES) / f"stock-{look}.png")
    problems = {"dialog": axe_problems(page) + (["sideways"] if scrolls_sideways(page) else [])}
    address = page.locator("#stock-form").get_attribute("action") or ""
    page.goto(address, wait_until="networkidle")
    problems["page"] = axe_problems(page) + (["sideways"] if scrolls_sideways(page) else [])

    assert problems == {"dialog": [], "page": []}


def test_stock_when_let_go_then_the_page_tells_it_and_it_can_be_reserved_elsewhere(
    desk: OpenDesk, order_id: int
) -> None:
    page = desk()
    open_dialog(page, order_id)
    page.get_by_label("Nowhere: let the stock go").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#order")).to_contain_text("let go of the stock reserved for Product 1")
    assert reserved() == {}

    open_dialog(page, order_id)
    page.get_by_label("Outlet Kadıköy").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#order")).to_contain_text("reserved stock for Product 1")
    assert reserved() == {4: Decimal(1)}


def test_figure_when_it_was_wrong_then_counted_anew_within_the_dialog(desk: OpenDesk, order_id: int) -> None:
    with unit_of_work() as unit:
        unit.execute(update(ProductStock).values(reserved=77))
    page = desk()
    open_dialog(page, order_id)
    expect(page.locator("#stock-form")).to_contain_text("77 reserved of 12")
    page.get_by_role("button", name="Count the reserved units anew").click()
    expect(page.locator("#stock-form")).to_contain_text("1 reserved of 12")
    assert reserved() == {3: Decimal(1)}
