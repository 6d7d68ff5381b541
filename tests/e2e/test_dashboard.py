"""The dashboard in a real browser: in every look, and choosing days without a reload of the page."""

from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.cancelling import Counter
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.e2e.test_shell_pages import LOOK
from webapp.auth.roles import Role
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.orders.models import Order
from webapp.orders.service.figures import ALL_DAYS, sum_up

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def sold(session: Session) -> None:
    """A month of orders in two currencies, more of them in the last days."""
    counter = Counter.open(session)
    now = utc_now()
    for number in range(40):
        order_id = counter.order(f"{100 + number}.50", number=str(number))
        with unit_of_work() as unit:
            unit.execute(
                update(Order)
                .where(Order.id == order_id)
                .values(
                    date_placed=now - timedelta(days=number * number // 60),
                    currency="EUR" if number % 5 == 0 else "TRY",
                )
            )
    with unit_of_work() as unit:
        sum_up(unit, now, days=ALL_DAYS)


@LOOK
def test_dashboard_when_looked_at_then_axe_finds_nothing_and_it_does_not_scroll_sideways(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    context = new_context(**options)
    sign_in(context, web_app, base_url, Role.SUPERVISOR, **fields)
    page = context.new_page()
    page.goto("/dashboard/", wait_until="networkidle")

    assert axe_problems(page) == []
    assert not scrolls_sideways(page)


def test_days_and_currency_when_chosen_then_the_charts_change_and_the_address_tells(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    context = new_context()
    sign_in(context, web_app, base_url, Role.SUPERVISOR)
    page = context.new_page()
    page.goto("/dashboard/", wait_until="networkidle")
    bars = page.locator("#dashboard svg.k-chart >> nth=0").locator("rect")
    expect(bars).to_have_count(14)

    page.get_by_role("link", name="28 days").click()
    expect(bars).to_have_count(28)
    page.get_by_role("link", name="EUR", exact=True).click()
    expect(page.get_by_role("img", name="Amount a day in EUR")).to_be_visible()
    assert "days=28" in page.url and "currency=EUR" in page.url

    page.reload()
    expect(bars).to_have_count(28)
    expect(page.get_by_role("img", name="Amount a day in EUR")).to_be_visible()
