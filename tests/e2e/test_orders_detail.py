"""The page of one order in a real browser: looks, price of a row, notes, refreshing, raw payload, without a script."""

from decimal import Decimal

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_shell_pages import LOOK
from tests.factories import (
    item,
    make_channel,
    make_customer,
    make_entry,
    make_note,
    make_order,
    make_payment,
    make_record,
)
from webapp.core.operations import Operation
from webapp.orders.models import Attention, Order, OrderNote

pytestmark = pytest.mark.browser


@pytest.fixture
def order(session: Session) -> Order:
    """An order with something of everything, and troubles."""
    shop = make_channel(session)
    order = make_order(
        session,
        shop,
        number="1535788520182137",
        status=450,
        customer=make_customer(session, shop, first_name="محمد", last_name="الحربي"),
        items=[
            item(
                "4462.44", quantity=Decimal(2), discount_amount=Decimal("62.44"), attributes={"Size": "32/32"}
            ),
            item("1432.20", tracking_number="4319191017"),
        ],
        money_mismatch=True,
        notes="Please ring twice.",
    )
    make_payment(session, order)
    make_record(session, order, payload={"id": 7, "total": "5832.20"})
    make_note(session, order, "Wants it before Friday.")
    make_entry(
        session,
        order,
        "Web shop TR changed the shipping address",
        changes={"line1": ["Bağdat Cad. 118/4", "Moda Cad. 22/1"]},
    )
    session.add(Attention(kind="address_changed_late", order_id=order.id, channel_id=shop.id, words="Label?"))
    session.commit()
    return order


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, order: Order) -> Page:
    context = new_context()
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto(f"/orders/{order.id}")
    return page


@LOOK
def test_page_when_looked_at_then_axe_finds_nothing_and_it_does_not_scroll_sideways(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    order: Order,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    context = new_context(**options)
    sign_in(context, web_app, base_url, **fields)
    page = context.new_page()
    page.goto(f"/orders/{order.id}", wait_until="networkidle")
    page.locator(".k-expand").first.click()
    expect(page.locator(".k-price")).to_be_visible()
    page.locator(".k-fold summary").click()
    expect(page.locator("#payload-text")).to_be_visible()

    assert axe_problems(page) == []
    assert not scrolls_sideways(page)


def test_price_when_expanded_then_explained_and_closed_again(desk: Page) -> None:
    expander = desk.locator(".k-expand").first
    expander.click()
    expect(desk.locator(".k-price")).to_contain_text("After discounts")
    expect(expander).to_have_attribute("aria-expanded", "true")

    expander.click()
    expect(desk.locator(".k-price")).to_have_count(0)


def test_note_when_posted_then_stands_on_top_and_the_field_is_empty_again(
    desk: Page, session: Session
) -> None:
    field = desk.get_by_label("Note", exact=True)
    field.fill("Rang, will wait.")
    desk.get_by_role("button", name="Post").dblclick()

    expect(desk.locator(".k-notes li").first).to_contain_text("Rang, will wait.")
    expect(field).to_have_value("")
    assert session.scalar(select(func.count()).select_from(OrderNote)) == 2


def test_note_when_too_long_then_comes_back_with_every_word(desk: Page) -> None:
    field = desk.get_by_label("Note", exact=True)
    field.fill("x" * 4001)
    desk.get_by_role("button", name="Post").click()

    expect(desk.get_by_role("alert")).to_contain_text("A note may have 4,000 characters")
    expect(field).to_have_value("x" * 4001)
    expect(desk.locator("#toasts .k-toast")).to_have_count(0)


def test_half_written_note_when_the_order_changes_meanwhile_then_stays_as_it_was(
    desk: Page, session: Session, order: Order
) -> None:
    field = desk.get_by_label("Note", exact=True)
    field.click()
    desk.keyboard.type("Half a tho")
    stored = session.get_one(Order, order.id)
    stored.tracking_number = "NEW-77"
    session.commit()

    desk.evaluate("htmx.trigger(document.body, 'order:changed')")
    expect(desk.get_by_text("NEW-77")).to_be_visible()
    desk.keyboard.type("ught")

    expect(field).to_have_value("Half a thought")


def test_refresh_when_pressed_then_is_followed_and_its_end_renews_the_page(
    desk: Page, session: Session, order: Order
) -> None:
    desk.get_by_role("button", name="Refresh from channel").click()
    expect(desk.locator("#order-refresh progress")).to_be_visible()
    operation = session.scalars(select(Operation)).one()
    stored = session.get_one(Order, order.id)
    stored.tracking_number = "NEW-77"
    operation.state = "done"
    session.commit()

    expect(desk.locator("#toasts")).to_contain_text("Read anew from the channel.")
    expect(desk.get_by_text("NEW-77")).to_be_visible()
    expect(desk.get_by_role("button", name="Refresh from channel")).to_be_visible()


def test_payload_when_unfolded_then_is_fetched_once_and_can_be_copied(
    desk: Page, new_context: OpenContext
) -> None:
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.locator(".k-fold summary").click()
    expect(desk.locator("#payload-text")).to_contain_text('"total": "5832.20"')

    desk.get_by_role("button", name="Copy").click()

    expect(desk.locator("#toasts")).to_contain_text("Payload copied.")
    assert '"total": "5832.20"' in desk.evaluate("navigator.clipboard.readText()")


def test_page_without_a_script_when_used_then_price_notes_and_payload_are_pages(
    new_context: OpenContext, web_app: Flask, base_url: str, order: Order
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, web_app, base_url)
    page = context.new_page()
    page.goto(f"/orders/{order.id}")

    page.get_by_label("Note", exact=True).fill("Kept without a script.")
    page.get_by_role("button", name="Post").click()
    expect(page.locator(".k-notes li").first).to_contain_text("Kept without a script.")
    page.locator(".k-expand").first.click()
    expect(page.locator(".k-price")).to_contain_text("After discounts")
    page.get_by_role("link", name="Back to the order").click()
    page.get_by_role("button", name="Refresh from channel").click()
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    page.locator(".k-fold summary").click()
    page.locator("#payload").get_by_role("link", name="Open").click()
    expect(page.locator("#payload-text")).to_contain_text('"total": "5832.20"')
