"""The attention page: what waits for somebody, and closing what was looked into."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancelling import Counter
from tests.statements import counted_statements
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import AttentionKind
from webapp.orders.models import Attention, CancellationRequest, IntegrationAction, Order, OrderItem
from webapp.orders.service.attention import Alarm, raise_attention

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def raised(counter: Counter, order_id: int) -> int:
    """An entry about this order; its id."""
    alarm = Alarm(
        order_id,
        counter.desk.channel.id,
        AttentionKind.SHIPPED_WHILE_CANCELLING,
        "Product 1 was shipped although we are cancelling it.",
        {"item": 1},
    )
    with unit_of_work() as unit:
        raise_attention(unit, [alarm])
        return unit.scalars(select(Attention.id)).one()


def test_the_page_when_nothing_waits_then_says_so(app: Flask, counter: Counter) -> None:
    page = at_desk(app, Role.AGENT).get("/attention/")
    assert page.status_code == 200
    assert "Nothing needs attention" in page.text


def test_the_page_when_all_sorts_wait_then_each_has_its_area(app: Flask, counter: Counter) -> None:
    order_id = counter.order(number="1001")
    raised(counter, order_id)
    counter.cancel(counter.order(number="1002"))
    late = counter.order(number="1003")
    wished = counter.order(number="1004")
    with unit_of_work() as unit:
        unit.execute(update(Order).where(Order.id == late).values(date_placed=utc_now() - timedelta(days=9)))
        item = unit.scalars(select(OrderItem).where(OrderItem.order_id == wished)).first()
        assert item is not None
        unit.add(CancellationRequest(order_id=wished, order_item_id=item.id))
        unit.add(
            IntegrationAction(
                channel_id=counter.desk.channel.id,
                order_id=order_id,
                kind="tracking",
                state="given_up",
                args={},
                failure_words="The order is locked.",
            )
        )
    page = at_desk(app, Role.SUPERVISOR).get("/attention/").text
    assert "Shipped although being cancelled" in page
    assert "Plans to approve" in page
    assert "Requests to cancel" in page
    assert "The order is locked." in page
    assert re.search(r"Late orders.*1003", page, re.DOTALL)


def test_refunds_when_unknown_or_manual_then_listed_with_what_is_known(app: Flask, counter: Counter) -> None:
    order_id = counter.order(number="1001")
    counter.cancel(order_id)
    counter.approve(order_id)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE refund SET state = 'manual', last_error = 'Two refunds with our key.'"))
    page = at_desk(app, Role.FINANCE).get("/attention/").text
    assert "Refunds that need somebody" in page
    assert "Two refunds with our key." in page


def test_the_sidebar_when_things_wait_then_says_how_many(app: Flask, counter: Counter) -> None:
    raised(counter, counter.order(number="1001"))
    counter.cancel(counter.order(number="1002"))
    reader = at_desk(app, Role.SUPERVISOR)
    for _ in range(2):
        page = reader.get("/orders/").text
    assert re.findall(r"<span>(Attention|Cancellations)</span><em>(\d+)</em>", page) == [
        ("Attention", "1"),
        ("Cancellations", "1"),
    ]


def test_the_page_when_the_reader_is_limited_to_other_channels_then_nothing_of_it(
    app: Flask, counter: Counter
) -> None:
    entry = raised(counter, counter.order(number="1001"))
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    assert "Nothing needs attention" in stranger.get("/attention/").text
    assert stranger.get(f"/attention/{entry}/close").status_code == 404
    assert close(stranger, entry, "Seen.").status_code == 404


def close(client: StaffClient, entry: int, words: str):  # type: ignore[no-untyped-def]
    form = {"csrf_token": client.token, "words": words}
    return client.post(f"/attention/{entry}/close", data=form, headers=HTMX)


def test_closing_with_words_then_it_is_gone_and_the_log_keeps_who(app: Flask, counter: Counter) -> None:
    entry = raised(counter, counter.order(number="1001"))
    assert close(at_desk(app, Role.AGENT), entry, "The parcel comes back.").status_code == 204
    db.session.rollback()
    kept = db.session.get_one(Attention, entry)
    assert kept.closed_at is not None
    assert kept.closing_words == "The parcel comes back."
    logged = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "attention.closed")).one()
    assert (logged.actor, logged.order_id) == ("Ece Kaya", kept.order_id)


def test_closing_without_words_then_422_and_it_stays(app: Flask, counter: Counter) -> None:
    entry = raised(counter, counter.order(number="1001"))
    answer = close(at_desk(app, Role.AGENT), entry, " ")
    assert answer.status_code == 422
    assert "Say what you found out" in answer.text
    db.session.rollback()
    assert db.session.get_one(Attention, entry).closed_at is None


def test_closing_when_a_colleague_was_faster_then_409_says_who_and_keeps_the_words(
    app: Flask, counter: Counter
) -> None:
    entry = raised(counter, counter.order(number="1001"))
    close(at_desk(app, Role.AGENT), entry, "Seen.")
    answer = close(at_desk(app, Role.SUPERVISOR), entry, "I rang the carrier.")
    assert answer.status_code == 409
    assert "Ece Kaya has closed this entry on" in answer.text
    assert "I rang the carrier." in answer.text


def test_statements_when_much_more_waits_then_no_more_of_them(app: Flask, counter: Counter) -> None:
    raised(counter, counter.order(number="1001"))
    reader = at_desk(app, Role.SUPERVISOR)
    reader.get("/attention/")
    with counted_statements() as few:
        reader.get("/attention/")
    for at in range(1002, 1012):
        raised_for = counter.order(number=f"{at}")
        with unit_of_work() as unit:
            alarm = Alarm(
                raised_for, counter.desk.channel.id, AttentionKind.REFUND_VANISHED, "A refund is gone.", {}
            )
            raise_attention(unit, [alarm])
    with counted_statements() as many:
        reader.get("/attention/")
    assert len(many) == len(few)
