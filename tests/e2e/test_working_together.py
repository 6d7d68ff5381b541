"""Working together in a real browser: notes that must be read, mentions, tags, who looks after it, views, customers."""

import re
from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_shell_pages import LOOK, signed_in
from tests.factories import make_channel, make_customer, make_note, make_order, make_orders
from tests.staff import make_staff
from webapp.auth.roles import Role
from webapp.core.hints import drain
from webapp.customers.models import Customer
from webapp.orders.models import NoteReader, Order, OrderAssignment, OrderTag, SavedView, Tag

pytestmark = pytest.mark.browser


@pytest.fixture
def order(session: Session) -> Order:
    """An order with a note that must be read, tags, and somebody whose day has passed."""
    shop = make_channel(session)
    tags = [
        Tag(name=name, colour=colour)
        for name, colour in (
            ("Fragile", "amber"),
            ("VIP", "indigo"),
            ("Gift", "blue"),
            ("Checked", "green"),
            ("Fraud?", "red"),
            ("Later", "grey"),
        )
    ]
    session.add_all(tags)
    made = make_order(
        session,
        shop,
        number="1535788520182137",
        status=550,
        customer=make_customer(session, shop, first_name="Gül", last_name="Özdemir"),
    )
    make_orders(session, shop, 30, customer=session.get_one(Customer, made.customer_id), status=500)
    make_note(
        session, made, "The parcel is on its way back: refund nothing before it is here.", must_read=True
    )
    session.flush()
    session.add_all(OrderTag(order_id=made.id, tag_id=tag.id) for tag in tags[:5])
    session.commit()
    colleague = make_staff(Role.AGENT, name="Deniz Arslan")
    session.add(OrderAssignment(order_id=made.id, staff_id=colleague.id, due_on=date(2026, 1, 2)))
    session.commit()
    return made


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, order: Order) -> Page:
    context = new_context()
    sign_in(context, web_app, base_url, name="Ece Kaya")
    return context.new_page()


@LOOK
@pytest.mark.parametrize("part", ["order", "list", "mentions", "customer"])
def test_page_when_looked_at_then_axe_finds_nothing_and_it_does_not_scroll_sideways(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    session: Session,
    order: Order,
    options: dict[str, object],
    fields: dict[str, str],
    part: str,
) -> None:
    page = signed_in(new_context, web_app, base_url, options, **fields)
    urls = {
        "order": f"/orders/{order.id}",
        "list": "/orders/?due=overdue",
        "mentions": "/mentions/",
        "customer": f"/customers/{order.customer_id}",
    }
    page.goto(urls[part])
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)


def test_note_when_it_names_a_colleague_then_they_find_it_and_confirm_before_they_act(
    new_context: OpenContext, web_app: Flask, base_url: str, desk: Page, session: Session, order: Order
) -> None:
    desk.goto(f"/orders/{order.id}")
    desk.locator("#note-mention").click()
    desk.get_by_label("Deniz Arslan").check()
    assert axe_problems(desk) == []
    desk.locator("#note-body").fill("Deniz, please look.")
    desk.get_by_role("button", name="Post").click()
    expect(desk.locator("#timeline")).to_contain_text("Mentions Deniz Arslan")

    reader = new_context()
    sign_in(reader, web_app, base_url, Role.SUPERVISOR, name="Selin Koç")
    page = reader.new_page()
    page.goto(f"/orders/{order.id}")
    expect(page.locator("#must-read")).to_contain_text("refund nothing before it is here")
    page.get_by_role("button", name="I have read it").click()
    expect(page.locator("#must-read")).to_have_count(0)
    expect(page.locator("#timeline")).to_contain_text("Read by Selin Koç")


def test_mention_when_marked_as_read_then_gone_from_the_unread(
    desk: Page, session: Session, order: Order
) -> None:
    desk.goto("/mentions/")
    expect(desk.locator("#mentions")).to_contain_text("Nothing unread")
    note = make_note(session, order, "You there?")
    me = session.execute(select(NoteReader.staff_id)).scalar()
    assert me is None
    from webapp.auth.models import StaffUser

    ece = session.scalars(select(StaffUser).where(StaffUser.name == "Ece Kaya")).one()
    session.add(NoteReader(note_id=note.id, staff_id=ece.id, is_mentioned=True))
    session.commit()
    desk.reload()
    expect(desk.locator("#mentions")).to_contain_text("You there?")
    assert axe_problems(desk) == []
    desk.get_by_role("button", name="Mark as read").click()
    expect(desk.locator("#mentions")).to_contain_text("Nothing unread")


def test_order_when_tagged_and_taken_over_then_its_card_says_so(
    desk: Page, session: Session, order: Order
) -> None:
    desk.goto(f"/orders/{order.id}")
    expect(desk.locator("#teamwork")).to_contain_text("Overdue since")
    desk.locator("#order-tags").click()
    desk.locator("#tag-menu").get_by_label("Later").check()
    assert axe_problems(desk) == []
    desk.locator("#tag-menu").get_by_role("button", name="Apply").click()
    expect(desk.locator("#teamwork .k-tags > .k-tag", has_text="Later")).to_be_visible()

    desk.locator("#teamwork").get_by_role("link", name="Assign…").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Looked after by").select_option(label="Ece Kaya (me)")
    dialog.get_by_label("Due on").fill("2030-05-06")
    assert axe_problems(desk) == []
    dialog.get_by_role("button", name="Save").click()
    expect(desk.locator("#teamwork")).to_contain_text("Ece Kaya")
    expect(desk.locator("#teamwork")).to_contain_text("Due on 6 May 2030")


def test_many_when_tagged_from_the_bulk_bar_then_an_operation_tells(
    desk: Page, web_app: Flask, session: Session, order: Order
) -> None:
    desk.goto("/orders/")
    desk.locator("[data-pick-all]").check()
    desk.get_by_role("button", name="Tag…").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text("Tag 31 orders")
    dialog.get_by_label("Tag", exact=True).select_option(label="Gift")
    assert axe_problems(desk) == []
    dialog.get_by_role("button", name="Go").click()
    desk.wait_for_url(re.compile("/operations/"))
    with web_app.app_context():
        drain("upkeep")
    desk.goto(f"/orders/?tag={session.scalars(select(Tag.id).where(Tag.name == 'Gift')).one()}")
    expect(desk.locator("#order-total")).to_contain_text("31")
    desk.locator("[data-pick-all]").check()
    desk.get_by_role("button", name="Assign…").click()
    expect(desk.get_by_role("dialog")).to_contain_text("Who looks after 31 orders")
    assert axe_problems(desk) == []


def test_list_when_saved_as_a_view_then_its_tab_leads_back_with_its_count(
    desk: Page, session: Session, order: Order
) -> None:
    desk.goto("/orders/?status=550")
    desk.get_by_label("Save this list as a view").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Delivered ones")
    assert axe_problems(desk) == []
    dialog.get_by_role("button", name="Save").click()
    tab = desk.locator("#order-tabs a", has_text="Delivered ones")
    expect(tab).to_have_attribute("aria-current", "true")
    expect(tab).to_contain_text("1")
    assert axe_problems(desk) == []

    desk.get_by_label("Change this view").click()
    desk.get_by_role("dialog").get_by_label("Everybody sees it").check()
    assert axe_problems(desk) == []
    desk.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(desk.locator("#order-tabs a[title^='Everybody']")).to_be_visible()
    desk.get_by_label("Change this view").click()
    desk.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(desk.locator("#order-tabs a", has_text="Delivered ones")).to_have_count(0)
    session.rollback()
    assert session.scalars(select(SavedView)).all() == []


def test_filter_behind_more_when_ticked_then_narrows_the_list(
    desk: Page, session: Session, order: Order
) -> None:
    desk.goto("/orders/")
    desk.locator("#filter-more").click()
    desk.locator("#more-filters").get_by_label("VIP").check()
    desk.locator("h1").click()
    expect(desk.locator("#order-total")).to_contain_text("1")
    expect(desk.locator("#filter-tag")).to_contain_text("VIP")


def test_customer_when_erased_with_the_number_typed_then_nothing_is_left_on_the_page(
    desk: Page, web_app: Flask, session: Session, order: Order
) -> None:
    alone = make_order(session, make_channel(session, "Bazaar"), status=550)
    session.commit()
    customer_id = alone.customer_id
    desk.goto(f"/orders/{alone.id}")
    desk.get_by_role("link", name="Elif Yılmaz").click()
    desk.get_by_role("link", name="Erase…").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_role("button", name="Erase for good").click()
    expect(dialog).to_contain_text("2 things to fix")
    dialog.get_by_label("Reason").select_option(label="The person asked for it")
    dialog.get_by_label("Customer number").fill(str(customer_id))
    assert axe_problems(desk) == []
    dialog.get_by_role("button", name="Erase for good").click()
    desk.wait_for_url(re.compile("/operations/"))
    with web_app.app_context():
        drain("upkeep")
    desk.goto(f"/customers/{customer_id}")
    expect(desk.locator("main")).to_contain_text("The personal data was erased.")
    expect(desk.locator("main")).not_to_contain_text("Yılmaz")


def test_without_a_script_when_tagging_assigning_and_saving_a_view_then_forms_do_it(
    new_context: OpenContext, web_app: Flask, base_url: str, session: Session, order: Order
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, web_app, base_url, name="Ece Kaya")
    page = context.new_page()
    page.goto(f"/orders/{order.id}/tags")
    page.get_by_label("Later").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#teamwork")).to_contain_text("Later")
    page.locator("#teamwork").get_by_role("link", name="Assign…").click()
    page.get_by_label("Looked after by").select_option(label="Ece Kaya (me)")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#teamwork")).to_contain_text("Ece Kaya")
    page.goto("/orders/filters?status=550")
    page.get_by_label("VIP").check()
    page.get_by_role("button", name="Apply").click()
    page.get_by_label("Save this list as a view").click()
    page.get_by_label("Name").fill("VIP")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#order-tabs")).to_contain_text("VIP")
    expect(page.locator("tbody tr")).to_have_count(1)
