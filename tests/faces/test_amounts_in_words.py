"""Amounts inside old sentences, written for whoever reads them."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.factories import make_channel, make_entry, make_order
from webapp.orders.views.amounts_in_words import one_amount, with_amounts


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2 items, 1234.5 TRY", "2 items, 1,234.50 TRY"),
        (
            "Rule distributed discount 25.0000, interest 12.3 and shipping 8.5 TRY over 4 items",
            "Rule distributed discount 25.00, interest 12.30 and shipping 8.50 TRY over 4 items",
        ),
        ("total 100 TRY to 99.9000 TRY; rule", "total 100.00 TRY to 99.90 TRY; rule"),
        ("refund paid back: -5 TRY", "refund paid back: −5.00 TRY"),
        ("order 1001 is 1,234.50 TRY already", "order 1001 is 1,234.50 TRY already"),
        ("12 EUR and nothing in ours", "12 EUR and nothing in ours"),
        ("12 TRYING times, order 7-12", "12 TRYING times, order 7-12"),
        ("a1.5 TRY and 1.2.3 TRY", "a1.5 TRY and 1.2.3 TRY"),
        ("no amount at all", "no amount at all"),
    ],
)
def test_sentence_when_read_then_its_amounts_and_nothing_else_are_in_the_readers_way(
    app: Flask, said: str, read: str
) -> None:
    with app.test_request_context():
        assert with_amounts(said, "TRY") == read


@pytest.mark.parametrize(
    ("currency", "value", "read"),
    [
        ("TRY", "100", "100.00"),
        ("TRY", "1234567.8", "1,234,567.80"),
        ("JPY", "1200.0000", "1,200"),
        ("KWD", "1.5", "1.500"),
        ("TRY", "about 5", "about 5"),
        ("", "1234.5", "1234.5"),
    ],
)
def test_value_when_it_is_an_amount_then_it_has_the_currencys_decimals(
    app: Flask, currency: str, value: str, read: str
) -> None:
    with app.test_request_context():
        assert one_amount(value, currency) == read


def test_timeline_when_old_entries_have_bare_amounts_then_the_page_shows_them_formatted(
    app: Flask, session: Session
) -> None:
    order = make_order(session, make_channel(session))
    make_entry(session, order, "Pulled from Web shop TR: 1 item, 1234.5 TRY", tag="order.created")
    make_entry(session, order, "Changed", changes={"discount_amount": ["1000", "2500.5"]})
    session.commit()
    order_id = order.id

    page = at_desk(app).get(f"/orders/{order_id}").text

    assert "1,234.50 TRY" in page
    assert "<del>1,000.00</del>" in page
    assert "<ins>2,500.50</ins>" in page
