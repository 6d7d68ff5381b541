"""The dashboard's page: figures of the reader's channels, and never more statements than with nothing on it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.cancelling import Counter
from tests.order_drafts import make_channel
from tests.statements import counted_statements
from webapp.auth.roles import Role
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.orders.models import Order
from webapp.orders.service.figures import ALL_DAYS, sum_up

MOST_STATEMENTS = 12


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def busy(counter: Counter, orders: int = 3) -> None:
    """Some orders of the last days, one of them cancelled, all summed up."""
    for number in range(orders):
        order_id = counter.order(number=str(number))
        with unit_of_work() as unit:
            at = utc_now() - timedelta(days=number)
            unit.execute(update(Order).where(Order.id == order_id).values(date_placed=at))
    counter.cancel(order_id)
    counter.approve(order_id)
    with unit_of_work() as unit:
        sum_up(unit, utc_now(), days=ALL_DAYS)


def test_the_page_when_nothing_was_sold_then_says_so(app: Flask, counter: Counter) -> None:
    page = at_desk(app, Role.SUPERVISOR).get("/dashboard/")

    assert page.status_code == 200
    assert "No orders in these days" in page.text


def test_the_page_when_orders_came_then_charts_and_the_channel_that_leads_to_them(
    app: Flask, counter: Counter
) -> None:
    busy(counter)
    page = at_desk(app, Role.SUPERVISOR).get("/dashboard/?days=7").text

    assert page.count('<svg class="k-chart"') == 2
    assert page.count("<rect") == 14
    assert "33.3 %" in page
    assert f"/orders/?channel={counter.desk.channel.id}&amp;placed_from=" in page


def test_the_page_when_the_days_or_currency_are_nonsense_then_the_usual_ones(
    app: Flask, counter: Counter
) -> None:
    busy(counter)
    page = at_desk(app, Role.SUPERVISOR).get("/dashboard/?days=99999&currency=%3Cscript%3E")

    assert page.status_code == 200
    assert page.text.count("<rect") == 28
    assert "<script>" not in page.text.split("</head>")[1]


def test_the_page_when_the_reader_has_another_channel_then_nothing_of_ours(
    app: Flask, counter: Counter, session: Session
) -> None:
    busy(counter)
    other = make_channel(session, name="Other shop")
    page = at_desk(app, Role.SUPERVISOR, channels=[other.id]).get("/dashboard/").text

    assert "No orders in these days" in page
    assert counter.desk.channel.name not in page


def test_the_page_when_read_by_an_agent_then_refused(app: Flask, counter: Counter) -> None:
    assert at_desk(app, Role.AGENT).get("/dashboard/").status_code == 403


def test_the_page_when_read_then_few_statements(app: Flask, counter: Counter) -> None:
    busy(counter, orders=9)
    client = at_desk(app, Role.SUPERVISOR)
    db.session.rollback()
    with counted_statements() as seen:
        assert client.get("/dashboard/").status_code == 200

    assert len(seen) <= MOST_STATEMENTS, seen
