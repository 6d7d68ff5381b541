"""Money, numbers and times in the reader's language and time zone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask, g
from markupsafe import Markup

from webapp.auth.permissions import CurrentStaff
from webapp.auth.roles import Role
from webapp.core.clock import utc_now
from webapp.customers.models import Address
from webapp.orders.views.address_lines import address_lines
from webapp.ui.charts import bar_chart
from webapp.ui.formatting import (
    amount_text,
    bdi,
    count,
    long_time,
    money,
    number,
    short_day,
    short_time,
    when,
)

AT = datetime(2024, 2, 3, 22, 5, 9, tzinfo=UTC)


def reading_as(app: Flask, language: str, time_zone: str = "Europe/Istanbul"):  # type: ignore[no-untyped-def]
    """A request context in which this reader is signed in."""
    context = app.test_request_context("/")
    context.push()
    g._login_user = CurrentStaff(
        id=1,
        name="Selin",
        email="selin@kontor.example",
        role=Role.AGENT,
        channel_ids=None,
        language=language,
        time_zone=time_zone,
        theme="system",
        preferences={},
        session_id=1,
        session_token="t",
    )
    return context


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [
        ("en", "8258.5500", "TRY", "8,258.55"),
        ("tr", "8258.5500", "TRY", "8.258,55"),
        ("ar", "8258.5500", "SAR", "8,258.55"),
        ("en", "1234567.8900", "IQD", "1,234,567.890"),
        ("en", "1200.0000", "JPY", "1,200"),
        ("en", "-42.4300", "EUR", "−42.43"),
        ("tr", "-1042.4300", "EUR", "−1.042,43"),
        ("en", "0", "EUR", "0.00"),
        ("en", "1.2345", "???", "1.2345"),
    ],
)
def test_amounts_when_shown_then_with_the_currencys_decimals_and_the_readers_separators(
    app: Flask, language: str, amount: str, currency: str, text: str
) -> None:
    context = reading_as(app, language)
    assert amount_text(Decimal(amount), currency) == text
    context.pop()


def test_money_when_shown_then_kept_together_and_escaped(app: Flask) -> None:
    context = reading_as(app, "en")
    assert money(Decimal("8258.55"), "TRY") == Markup('<bdi class="k-money">8,258.55 <i>TRY</i></bdi>')
    assert "<script" not in money(Decimal(1), "<script>")
    assert money(None, "TRY") == "—"
    context.pop()


@pytest.mark.parametrize(
    ("language", "zone", "short", "long"),
    [
        ("en", "Europe/Istanbul", "4 Feb 2024, 01:05", "4 February 2024, 01:05"),
        ("tr", "Europe/Istanbul", "4 Şub 2024 01:05", "4 Şubat 2024 01:05"),
        ("ar", "Asia/Riyadh", "4 فبراير 2024، 01:05", "4 فبراير 2024، 01:05"),
        ("en", "America/New_York", "3 Feb 2024, 17:05", "3 February 2024, 17:05"),
    ],
)
def test_times_when_shown_then_in_the_readers_zone_and_language(
    app: Flask, language: str, zone: str, short: str, long: str
) -> None:
    context = reading_as(app, language, zone)
    assert (short_time(AT), long_time(AT)) == (short, long)
    context.pop()


def test_when_when_shown_then_a_time_element_with_the_instant_in_utc(app: Flask) -> None:
    context = reading_as(app, "en")
    assert when(AT, "clock") == Markup(
        '<time datetime="2024-02-03T22:05:09Z" title="4 February 2024, 01:05">01:05</time>'
    )
    assert when(None) == "—"
    assert ">12 minutes ago</time>" in when(utc_now() - timedelta(minutes=12), "ago")
    context.pop()


def test_days_when_of_this_year_then_without_it(app: Flask) -> None:
    context = reading_as(app, "en")
    this_year = utc_now().year
    assert short_day(date(this_year, 6, 1)) == "1 Jun"
    assert short_day(date(2020, 6, 1)) == "1 Jun 2020"
    context.pop()


def test_counts_when_above_ten_thousand_then_with_a_plus(app: Flask) -> None:
    context = reading_as(app, "tr")
    assert [count(0), count(4812), count(10_000), count(10_001)] == ["0", "4.812", "10.000", "10.000+"]
    assert number(1204) == "1.204"
    context.pop()


def test_bdi_when_text_comes_from_outside_then_escaped(app: Flask) -> None:
    assert bdi('<b onload="x">ليلى</b>') == "<bdi>&lt;b onload=&#34;x&#34;&gt;ليلى&lt;/b&gt;</bdi>"


def test_a_chart_when_computed_then_its_highest_bar_fills_it() -> None:
    chart = bar_chart("Orders a day", [("Mon", 0, "0"), ("Tue", 50, "50"), ("Wed", 100, "100")])

    assert [(bar.x, bar.y, bar.height, bar.tick) for bar in chart.bars] == [
        (0, 160, 0, True),
        (240, 80, 80, True),
        (480, 0, 160, True),
    ]
    assert bar_chart("Nothing", []).bars == ()
    assert sum(bar.tick for bar in bar_chart("Month", [(str(n), n, "") for n in range(31)]).bars) == 11


@pytest.mark.parametrize(
    ("language", "country", "expected"),
    [
        ("en", "TR", ["Elif Koç", "Moda Cad. 22/1", "34710 İstanbul", "Türkiye"]),
        ("tr", "DE", ["Elif Koç", "Moda Cad. 22/1", "34710 İstanbul", "Almanya"]),
        ("en", "GB", ["Elif Koç", "Moda Cad. 22/1", "İstanbul 34710", "United Kingdom"]),
        ("en", "QQ", ["Elif Koç", "Moda Cad. 22/1", "İstanbul 34710", "QQ"]),
    ],
)
def test_addresses_when_shown_then_the_postcode_stands_where_the_countrys_post_writes_it(
    app: Flask, language: str, country: str, expected: list[str]
) -> None:
    address = Address(
        first_name="Elif",
        last_name="Koç",
        line1="Moda Cad. 22/1",
        city="İstanbul",
        state=f"{country}34",
        postcode="34710",
        country=country,
    )

    context = reading_as(app, language)
    assert address_lines(address) == expected
    context.pop()
