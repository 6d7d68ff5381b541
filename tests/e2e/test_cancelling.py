"""Cancelling and paying back in a real browser: dialog, banner, queue, requests, attention, audit, finance."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, plans_of
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_shell_pages import LOOK
from tests.order_drafts import line
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.orders.enums import AttentionKind
from webapp.orders.models import CancellationPlan, CancellationRequest
from webapp.orders.service.attention import Alarm, raise_attention
from webapp.payments.models import ReconciliationBreak, Refund

pytestmark = pytest.mark.browser

OpenDesk = Callable[..., Page]


@dataclass(frozen=True)
class Orders:
    """Orders in every state that the pages show."""

    plain: int
    planned: tuple[int, ...]
    wished: int
    approved: int


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def orders(counter: Counter) -> Orders:
    plain = counter.order_of(
        (line("1", "60.00", quantity=2), line("2", "40.00"), line("3", "25.00"), line("4", "12.50")),
        number="1001",
        tenders=(card("137.50"),),
    )
    planned = tuple(counter.order("60.00", "40.00", number=number) for number in ("1002", "1003", "1004"))
    for order_id in planned:
        counter.cancel(order_id)
    wished = counter.order("60.00", "40.00", number="1005")
    approved = counter.order(number="1006")
    counter.cancel(approved)
    counter.approve(approved)
    with unit_of_work() as unit:
        for item in items_of_order(wished):
            unit.add(
                CancellationRequest(
                    order_id=wished, order_item_id=item.id, reason_id=counter.reason().reason_id
                )
            )
        alarm = Alarm(
            plain,
            counter.desk.channel.id,
            AttentionKind.SHIPPED_WHILE_CANCELLING,
            "Product 1 was shipped although we are cancelling it.",
            {},
        )
        raise_attention(unit, [alarm])
        refund = unit.scalars(select(Refund)).one()
        refund.state, refund.last_error = "manual", "The bank does not know this payment."
        unit.add(
            ReconciliationBreak(
                gateway="stripe", kind="missing_here", subject="re_1", their_amount=50, their_currency="TRY"
            )
        )
    return Orders(plain, planned, wished, approved)


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, orders: Orders) -> OpenDesk:
    def open_desk(
        role: Role = Role.SUPERVISOR, context: dict[str, object] | None = None, **fields: str
    ) -> Page:
        opened = new_context(**(context or {}))
        sign_in(opened, web_app, base_url, role, **fields)
        return opened.new_page()

    return open_desk


@LOOK
def test_pages_when_looked_at_then_axe_finds_nothing_and_they_do_not_scroll_sideways(
    desk: OpenDesk, orders: Orders, options: dict[str, object], fields: dict[str, str]
) -> None:
    page = desk(Role.ADMINISTRATOR, options, **fields)
    problems = {}
    for path in (
        "/cancellations/",
        "/cancellations/?tab=manual",
        "/cancellations/requests",
        "/attention/",
        "/audit/",
        "/finance/refunds",
        "/finance/transfers",
        "/finance/reconciliation",
        f"/orders/{orders.planned[0]}",
        f"/orders/{orders.plain}/cancel",
    ):
        page.goto(path, wait_until="networkidle")
        found = axe_problems(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
        if found:
            problems[path] = found
    assert problems == {}


@LOOK
def test_dialogs_when_open_then_axe_finds_nothing(
    desk: OpenDesk, orders: Orders, options: dict[str, object], fields: dict[str, str]
) -> None:
    page = desk(Role.ADMINISTRATOR, options, **fields)
    problems = {}
    for path, opener in (
        (f"/orders/{orders.plain}", f'a[href="/orders/{orders.plain}/cancel"]'),
        (f"/orders/{orders.planned[0]}", "#plans .k-plan-deeds a"),
        ("/cancellations/requests", "#requests td.k-num a"),
        ("/attention/", "#entries td.k-num a"),
        ("/finance/refunds", "#by-hand td.k-num a"),
        ("/finance/reconciliation", "#reconciliation td.k-num a"),
    ):
        page.goto(path, wait_until="networkidle")
        page.locator(opener).first.click()
        page.locator("#dialog[open] h2").wait_for()
        found = axe_problems(page)
        if found:
            problems[path] = found
    assert problems == {}


def test_the_cancel_dialog_when_filled_in_then_its_figures_follow_and_one_plan_is_opened(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk(Role.AGENT)
    page.goto(f"/orders/{orders.plain}")
    page.get_by_role("link", name="Cancel…").click()
    outcome = page.locator("#cancel-outcome")
    expect(outcome).to_contain_text("137.50")
    _, _, third, fourth = items_of_order(orders.plain)
    page.locator(f"[name='items-{third.id}']").uncheck()
    page.locator(f"[name='items-{fourth.id}']").uncheck()
    expect(outcome).to_contain_text("100.00")
    page.locator(f"[name='quantity-{items_of_order(orders.plain)[0].id}']").fill("1")
    expect(outcome).to_contain_text("70.00")

    # Without a reason: the summary takes the focus, and nothing typed is lost.
    page.get_by_role("button", name="Open cancellation plan").click()
    summary = page.locator("#dialog .k-errors")
    expect(summary).to_contain_text("Choose why it is cancelled.")
    expect(summary).to_be_focused()
    expect(page.locator(f"[name='items-{third.id}']")).not_to_be_checked()
    expect(page.locator(f"[name='quantity-{items_of_order(orders.plain)[0].id}']")).to_have_value("1")

    page.locator("[name=reason_cancel]").select_option(label="Changed their mind")
    page.get_by_role("button", name="Open cancellation plan").dblclick()
    expect(page.locator(".k-toast")).to_contain_text("Cancellation plan opened for 1001.")
    expect(page.locator("#plans")).to_contain_text("Cancellation plan waiting for approval")
    (plan,) = plans_of(orders.plain)
    assert (str(plan.refund_amount), plan.status) == ("70.0000", "waiting")
    assert [item.status for item in items_of_order(orders.plain)] == [400, 50, 50, 400, 400]


def test_the_cancel_form_without_a_script_then_computes_and_opens_by_its_buttons(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk(Role.AGENT, {"java_script_enabled": False})
    page.goto(f"/orders/{orders.plain}/cancel")
    _, _, third, fourth = items_of_order(orders.plain)
    page.locator(f"[name='items-{third.id}']").uncheck()
    page.locator(f"[name='items-{fourth.id}']").uncheck()
    page.get_by_role("button", name="Compute").click()
    expect(page.locator("#cancel-outcome")).to_contain_text("100.00")
    page.locator("[name=reason_cancel]").select_option(label="Changed their mind")
    page.get_by_role("button", name="Open cancellation plan").click()
    expect(page.locator("body")).to_contain_text("Cancellation plan opened for 1001.")
    assert len(plans_of(orders.plain)) == 1


def test_the_cancel_dialog_when_a_colleague_was_faster_then_says_who_did_what_and_keeps_what_was_typed(
    desk: OpenDesk, orders: Orders, counter: Counter
) -> None:
    page = desk(Role.SUPERVISOR)
    page.goto(f"/orders/{orders.plain}")
    page.get_by_role("link", name="Cancel…").click()
    page.locator("[name=reason_cancel]").select_option(label="Changed their mind")
    page.locator("[name=adjustment_reason]").fill("Promised on the phone")
    counter.cancel(orders.plain, items_of_order(orders.plain)[3].id)
    page.get_by_role("button", name="Open cancellation plan").click()
    expect(page.locator("#dialog")).to_contain_text("The order was changed since you opened this form.")
    expect(page.locator("#dialog")).to_contain_text("Deniz Arslan opened a cancellation plan over 12.50 TRY")
    expect(page.locator("[name=adjustment_reason]")).to_have_value("Promised on the phone")


def test_the_banner_when_approved_then_the_items_end_without_a_reload(desk: OpenDesk, orders: Orders) -> None:
    page = desk()
    page.goto(f"/orders/{orders.planned[0]}")
    page.get_by_role("button", name="Approve refund").click()
    expect(page.locator(".k-toast")).to_contain_text("Cancellation approved for 1002.")
    expect(page.locator("#order")).to_contain_text("Approved, the refund is under way")
    assert order_now(orders.planned[0]).status == 100


def test_the_banner_when_rejected_then_a_reason_is_asked_for_and_the_items_are_back(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto(f"/orders/{orders.planned[0]}")
    page.get_by_role("link", name="Reject…").click()
    page.get_by_role("button", name="Reject the plan").click()
    expect(page.locator("#dialog")).to_contain_text("Say why; whoever opened it will ask.")
    page.get_by_label("Reason").fill("They keep it.")
    page.get_by_role("button", name="Reject the plan").click()
    expect(page.locator(".k-toast")).to_contain_text("Cancellation rejected for 1002")
    assert order_now(orders.planned[0]).status == 400


def test_the_queue_when_driven_by_keys_then_moves_expands_ticks_and_opens(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto("/cancellations/")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator("tr.k-peek")).to_contain_text("Changed their mind")
    page.keyboard.press("x")
    expect(page.locator("#bulk [data-picked]")).to_have_text("1")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(rf"/orders/{orders.planned[0]}$"))


def test_many_plans_when_approved_at_once_then_the_number_is_asked_for_and_each_has_its_verdict(
    desk: OpenDesk, orders: Orders, web_app: Flask
) -> None:
    page = desk()
    page.goto("/cancellations/")
    page.locator("[data-pick-all]").check()
    page.get_by_role("button", name="Approve…").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Approve 3 plans")
    expect(dialog).to_contain_text("300.00")
    page.get_by_label("How many?").fill("2")
    page.get_by_role("button", name="Approve all").click()
    expect(dialog).to_contain_text("Type 3: so many will be acted on.")
    page.get_by_label("How many?").fill("3")
    page.get_by_role("button", name="Approve all").click()
    expect(page).to_have_url(re.compile(r"/operations/"))
    assert drain("upkeep") == 1
    expect(page.locator("#verdicts")).to_contain_text("1004")
    expect(page.locator("#verdicts .k-status-green")).to_have_count(3)
    assert {order_now(order_id).status for order_id in orders.planned} == {100}


def test_a_peek_when_approved_there_then_the_list_renews_itself(desk: OpenDesk, orders: Orders) -> None:
    page = desk()
    page.goto("/cancellations/")
    page.locator(f"#plan-{plans_of(orders.planned[1])[0].id} .k-expand").click()
    page.locator("tr.k-peek").get_by_role("button", name="Approve refund").click()
    expect(page.locator("#cancellations tbody tr")).to_have_count(2)
    assert order_now(orders.planned[1]).status == 100


def test_a_request_when_approved_from_its_list_then_a_plan_is_open(desk: OpenDesk, orders: Orders) -> None:
    page = desk(Role.AGENT)
    page.goto("/cancellations/requests")
    page.get_by_role("link", name="Decide…").click()
    page.get_by_role("button", name="Open the plan").click()
    expect(page.locator(".k-toast")).to_contain_text("Request approved for 1005: a plan is open.")
    expect(page.locator("#requests")).to_contain_text("No open requests")
    assert len(plans_of(orders.wished)) == 1


def test_orders_when_cancelled_from_the_bulk_bar_then_each_gets_its_plan(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk(Role.AGENT)
    page.goto("/orders/")
    for number in ("1001", "1005"):
        page.get_by_label(f"Select {number}").check()
    page.locator("#bulk").get_by_role("button", name="Cancel…").click()
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Cancel 2 orders")
    expect(dialog).to_contain_text("237.50")
    page.get_by_label("Reason", exact=True).select_option(label="Changed their mind")
    page.get_by_label("How many?").fill("2")
    page.get_by_role("button", name="Open the plans").click()
    expect(page).to_have_url(re.compile(r"/operations/"))
    assert drain("upkeep") == 1
    db.session.rollback()
    assert len(db.session.scalars(select(CancellationPlan)).all()) == 6


def test_an_entry_when_closed_with_words_then_it_leaves_the_page(desk: OpenDesk, orders: Orders) -> None:
    page = desk(Role.AGENT)
    page.goto("/attention/")
    page.get_by_role("link", name="Close…").click()
    page.get_by_label("What did you find out?").fill("The parcel comes back.")
    page.get_by_role("button", name="Close the entry").click()
    expect(page.locator(".k-toast")).to_contain_text("Closed: Shipped although being cancelled.")
    expect(page.locator("#entries")).to_have_count(0)


def test_the_audit_when_narrowed_then_the_url_carries_it_and_back_undoes_it(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto("/audit/")
    page.get_by_label("Order number").fill("1002")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"order=1002"))
    expect(page.locator("#audit tbody")).to_contain_text("opened a cancellation plan over 100.00 TRY")
    page.go_back()
    expect(page.locator("#audit tbody tr")).not_to_have_count(1)


def test_a_manual_refund_when_its_evidence_is_entered_then_it_leaves_finances_list(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk(Role.FINANCE)
    page.goto("/finance/refunds")
    page.get_by_role("link", name="Enter evidence…").click()
    page.locator("#dialog [name=evidence]").fill("Slip 118")
    page.get_by_role("button", name="Enter the evidence").click()
    expect(page.locator("#by-hand")).to_contain_text("No refund waits for a person")
    assert order_now(orders.approved).cancel_status == "completed"


def test_many_plans_when_rejected_from_the_bulk_bar_then_a_verdict_each(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto("/cancellations/", wait_until="networkidle")
    page.get_by_label("Select all on this page").check()
    page.locator("#bulk").get_by_role("button", name="Reject…").click()
    expect(page.locator("#dialog")).to_contain_text("Reject 3 plans")
    assert axe_problems(page) == []
    page.locator("#dialog").get_by_label("Reason").fill("The customer keeps it")
    page.locator("#dialog").get_by_label("How many?").fill("3")
    page.get_by_role("button", name="Reject all").click()
    page.wait_for_url("**/operations/*")
    drain("upkeep")
    page.reload(wait_until="networkidle")
    expect(page.locator("#verdicts")).to_contain_text("Done")
    assert [order_now(order_id).status for order_id in orders.planned] == [400, 400, 400]


def test_boxes_when_all_or_none_are_ticked_at_once_then_the_figures_follow(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto(f"/orders/{orders.plain}")
    page.get_by_role("link", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#cancel-sentence")).to_contain_text("137.50")
    dialog.get_by_role("button", name="Tick none").click()
    expect(dialog.locator("input[name^=items-]:checked")).to_have_count(0)
    expect(dialog.locator("#cancel-sentence")).not_to_contain_text("137.50")
    dialog.get_by_role("button", name="Tick all").click()
    expect(dialog.locator("#cancel-sentence")).to_contain_text("137.50")
    assert axe_problems(page) == []


def test_item_when_cancelled_from_its_row_then_the_dialog_has_it_alone(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto(f"/orders/{orders.plain}")
    page.get_by_role("link", name="Explain the price of Product 3").click()
    page.get_by_role("link", name="Cancel this item…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("checkbox", name="Product 3")).to_be_checked()
    expect(dialog.locator("input[name^=items-]:checked")).to_have_count(1)
    expect(dialog.locator("#cancel-sentence")).to_contain_text("25.00")


def test_queue_when_a_plan_is_approved_by_keyboard_then_the_next_one_is_the_current_row(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto("/cancellations/")
    expect(page.locator("table[data-rows] tbody tr")).to_have_count(3)
    page.keyboard.press("j")
    expect(page.locator("tr.k-current")).to_contain_text("1002")
    page.keyboard.press("e")
    approve = page.locator("tr.k-peek").get_by_role("button", name="Approve refund")
    expect(approve).to_be_visible()
    expect(page.locator("tr.k-current .k-expand")).to_be_focused()
    approve.press("Enter")
    expect(page.get_by_role("row", name="1002")).to_have_count(0)
    expect(page.locator("tr.k-current")).to_contain_text("1003")


def test_order_when_something_is_done_in_a_dialog_then_the_focus_is_where_it_was(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto(f"/orders/{orders.plain}")
    page.get_by_role("link", name="Assign…").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Looked after by").select_option(index=1)
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#teamwork")).not_to_contain_text("Nobody")
    expect(page.get_by_role("link", name="Assign…")).to_be_focused()


def test_note_when_sent_by_ctrl_enter_then_posted_and_the_next_can_be_typed(
    desk: OpenDesk, orders: Orders
) -> None:
    page = desk()
    page.goto(f"/orders/{orders.plain}")
    page.get_by_label("Note", exact=True).fill("She rang again.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline li").first).to_contain_text("She rang again.")
    expect(page.get_by_label("Note", exact=True)).to_have_value("")
    expect(page.get_by_label("Note", exact=True)).to_be_focused()
