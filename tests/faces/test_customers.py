"""The page of a customer: orders by keyset, sums, addresses and notes; and erasing them with the number typed."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.factories import make_channel, make_customer, make_note, make_order, make_orders
from tests.statements import counted_statements
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.customers.models import Customer

HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop(session: Session) -> Channel:
    return make_channel(session)


@pytest.fixture
def customer(session: Session, shop: Channel) -> Customer:
    made = make_customer(session, shop, first_name="Gül", last_name="<b>Özdemir</b>", email="gul@example.com")
    make_customer(session, make_channel(session, "Bazaar"), email="GUL@example.com", first_name="Gül")
    for order in make_orders(session, shop, 30, customer=made, status=550, refund_amount=10):
        make_note(session, order, f"About {order.number}")
    make_order(session, shop, customer=made, currency="EUR", number="EUR1", status=550)
    session.commit()
    return made


def send(client: StaffClient, url: str, **data: Any) -> Any:
    return client.post(url, data={"csrf_token": client.token, **data}, headers=HTMX)


def test_page_when_opened_then_tells_orders_sums_addresses_and_notes_in_few_statements(
    app: Flask, session: Session, customer: Customer
) -> None:
    client = at_desk(app, Role.AGENT)
    client.get("/orders/")
    with counted_statements() as seen:
        page = client.get(f"/customers/{customer.id}").text
    assert len(seen) <= 8
    for words in ("&lt;b&gt;Özdemir", "gul@example.com", "3,000.00", "300.00", "30 orders", "1 order", "EUR"):
        assert words in page
    assert "Moda Cad. 22/1" in page
    assert "About " in page
    assert "Same e-mail:" in page and "Bazaar" in page


def test_orders_when_more_than_a_page_then_the_next_one_goes_on(
    app: Flask, session: Session, customer: Customer
) -> None:
    client = at_desk(app, Role.AGENT)
    first = client.get(f"/customers/{customer.id}", headers=HTMX).text
    url = re.search(r'href="([^"]+after=[^"]+)"', first)
    assert url is not None
    second = client.get(url.group(1), headers=HTMX).text
    numbers = [re.findall(r'/orders/(\d+)"', part) for part in (first, second)]
    assert [len(each) for each in numbers] == [25, 6]
    assert not set(numbers[0]) & set(numbers[1])


def test_customer_when_of_a_channel_not_theirs_then_404(
    app: Flask, session: Session, customer: Customer
) -> None:
    stranger = at_desk(app, Role.ADMINISTRATOR, channels=[])
    for url in (
        f"/customers/{customer.id}",
        f"/customers/{customer.id}/erase",
        "/customers/99999999999999999999",
    ):
        assert stranger.get(url).status_code == 404
    assert send(stranger, f"/customers/{customer.id}/erase", typed=str(customer.id)).status_code == 404


def test_erasing_when_not_permitted_then_neither_offered_nor_done(
    app: Flask, session: Session, customer: Customer
) -> None:
    agent = at_desk(app, Role.SUPERVISOR)
    assert "Erase…" not in agent.get(f"/customers/{customer.id}").text
    assert send(agent, f"/customers/{customer.id}/erase").status_code == 403


def test_erasing_when_reason_and_number_are_given_then_the_page_has_nothing_of_the_person(
    app: Flask, session: Session, customer: Customer
) -> None:
    client, url = at_desk(app), f"/customers/{customer.id}/erase"
    form = client.get(url, headers=HTMX).text
    submission = re.search(r'name="submission"[^>]*value="([^"]+)"', form)
    assert submission is not None
    for wrong in ({}, {"reason": "asked", "typed": "no"}, {"reason": "retention", "typed": str(customer.id)}):
        assert send(client, url, submission=submission.group(1), **wrong).status_code == 422
    assert session.scalars(select(Operation)).all() == []

    answer = send(client, url, submission=submission.group(1), reason="asked", typed=str(customer.id))
    assert answer.headers["HX-Redirect"].startswith("/operations/")
    with app.app_context():
        drain("upkeep")

    page = client.get(f"/customers/{customer.id}").text
    assert "The personal data was erased." in page
    for gone in ("Özdemir", "gul@example.com", "Moda Cad.", "About ", "Erase…"):
        assert gone not in page
    assert "3,000.00" in page
    # The day by the reader's clock.
    assert f"{datetime.now(ZoneInfo('Europe/Istanbul')):%Y}" in page
