"""Cursors, pages, filters and links of lists: what the URL says, and what a damaged one means."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from webapp.ui.filters import (
    AmountPill,
    AmountRange,
    ChoicePill,
    DayPill,
    DayRange,
    FlagPill,
    Option,
    query_names,
    read_amounts,
    read_choices,
    read_days,
    read_flag,
    read_text,
)
from webapp.ui.tables import decode_cursor, encode_cursor, here, page_of

AT = datetime(2026, 11, 23, 8, 32, 1, 123456, UTC)
KINDS = (datetime, Decimal, str, int)


def test_a_cursor_when_encoded_and_decoded_then_the_same_values() -> None:
    values = (AT.astimezone(timezone(timedelta(hours=3))), Decimal("8258.5500"), "Şahin-ß/?&", 42)

    cursor = encode_cursor("placed", values)

    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?")
    assert decode_cursor(cursor, "placed", KINDS) == (AT, Decimal("8258.5500"), "Şahin-ß/?&", 42)


@pytest.mark.parametrize(
    "cursor",
    [
        None,
        "",
        "x",
        "!!!",
        "e30",
        "bnVsbA",
        "W10",
        "A" * 601,
        encode_cursor("amount", (AT, Decimal(1), "a", 1)),
        encode_cursor("placed", (AT, Decimal(1), "a")),
        encode_cursor("placed", (AT, Decimal(1), "a", "1")),
        encode_cursor("placed", (AT, Decimal("NaN"), "a", 1)),
        encode_cursor("placed", (AT, "no figure", "a", 1)),
        encode_cursor("placed", ("2026-11-23T08:32:01", Decimal(1), "a", 1)),
        encode_cursor("placed", ("yesterday", Decimal(1), "a", 1)),
        encode_cursor("placed", (AT, Decimal(1), "a\0b", 1)),
        encode_cursor("placed", (AT, Decimal(1), "a", True)),
    ],
)
def test_a_cursor_when_damaged_or_of_another_sort_then_page_one(cursor: str | None) -> None:
    assert decode_cursor(cursor, "placed", KINDS) is None


@pytest.mark.parametrize(
    ("fetched", "shown", "more"), [(0, 0, False), (2, 2, False), (3, 3, False), (4, 3, True)]
)
def test_page_of_when_one_row_more_was_fetched_then_there_is_a_next_page(
    fetched: int, shown: int, more: bool
) -> None:
    page = page_of(list(range(fetched)), sort="id", key=lambda row: (row,), after=None, size=3)

    assert list(page.rows) == list(range(shown))
    assert page.is_first
    assert (page.next_after is not None) is more
    if more:
        assert decode_cursor(page.next_after, "id", (int,)) == (2,)


def test_here_when_something_changes_then_paging_starts_again(app: Flask) -> None:
    with app.test_request_context("/profile?status=400&status=450&after=xyz&q=a b&next=%2F%2Fevil"):
        app.preprocess_request()
        assert here() == "/profile?status=400&status=450&q=a+b&next=//evil"
        assert here(status=None, sort="amount") == "/profile?q=a+b&next=//evil&sort=amount"
        assert here(after="abc", status=["50"], q=None, next=None) == "/profile?status=50&after=abc"


def test_read_choices_when_unknown_or_double_then_dropped_and_in_the_menus_order() -> None:
    query = MultiDict([("status", "450"), ("status", "400"), ("status", "400"), ("status", "' OR 1=1")])

    assert read_choices(query, "status", ["50", "400", "450"]) == ("400", "450")


def test_read_text_when_typed_then_trimmed_and_without_nul() -> None:
    assert read_text(MultiDict({"q": "  a\0b " + "x" * 200}), "q") == "ab" + " " + "x" * 117


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({}, DayRange(None, None)),
        ({"placed_from": "2026-11-01"}, DayRange(date(2026, 11, 1), None)),
        (
            {"placed_from": "2026-11-23", "placed_to": "2026-11-01"},
            DayRange(date(2026, 11, 1), date(2026, 11, 23)),
        ),
        ({"placed_from": "yesterday", "placed_to": "0001-01-01"}, DayRange(None, None)),
        ({"placed_to": "9999-12-31"}, DayRange(None, None)),
    ],
)
def test_read_days_when_typed_then_forgiving(query: dict[str, str], days: DayRange) -> None:
    assert read_days(MultiDict(query), "placed") == days


def test_a_day_when_cut_then_at_midnight_of_the_reader_also_when_clocks_change() -> None:
    istanbul, berlin = ZoneInfo("Europe/Istanbul"), ZoneInfo("Europe/Berlin")
    one = DayRange(date(2026, 11, 23), date(2026, 11, 23))
    assert one.instants(istanbul) == (
        datetime(2026, 11, 22, 21, tzinfo=UTC),
        datetime(2026, 11, 23, 21, tzinfo=UTC),
    )
    begins, ends = DayRange(date(2026, 10, 25), date(2026, 10, 25)).instants(berlin)
    assert begins is not None
    assert ends is not None
    assert ends - begins == timedelta(hours=25)
    assert DayRange(None, None).instants(istanbul) == (None, None)


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ({"total_min": "100", "total_max": "250,50"}, AmountRange(Decimal(100), Decimal("250.50"))),
        ({"total_min": "0"}, AmountRange(Decimal(0), None)),
        ({"total_min": "a lot", "total_max": "NaN"}, AmountRange(None, None)),
        ({"total_min": "1e15", "total_max": "-Infinity"}, AmountRange(None, None)),
    ],
)
def test_read_amounts_when_typed_then_forgiving(query: dict[str, str], amounts: AmountRange) -> None:
    assert read_amounts(MultiDict(query), "total") == amounts


def test_read_flag_when_one_then_set() -> None:
    assert read_flag(MultiDict({"unsent": "1"}), "unsent")
    assert not read_flag(MultiDict({"unsent": "yes"}), "unsent")


def test_pills_when_set_then_say_their_value(app: Flask) -> None:
    options = [Option("400", "Approved", "blue"), Option("450", "Preparing"), Option("500", "Shipped")]
    pills = [
        ChoicePill("status", "Status", options, ("450", "400")),
        DayPill("placed", "Placed", DayRange(date(2026, 11, 1), date(2025, 12, 31))),
        AmountPill("total", "Total", AmountRange(Decimal(100), None)),
        FlagPill("unsent", "Not sent", on=True),
    ]
    with app.test_request_context("/"):
        assert [pill.shown for pill in pills] == [
            "Approved, Preparing",
            "1 Nov – 31 Dec 2025",
            "≥ 100",
            "yes",
        ]
        assert DayPill("placed", "Placed", DayRange(date(2026, 11, 1), None)).shown == "from 1 Nov"
        assert DayPill("placed", "Placed", DayRange(None, date(2026, 11, 1))).shown == "until 1 Nov"
        assert AmountPill("t", "T", AmountRange(None, Decimal(5))).shown == "≤ 5"
        assert AmountPill("t", "T", AmountRange(Decimal(0), Decimal(5))).shown == "0 – 5"
        assert [ChoicePill("s", "S", options, ()).shown, FlagPill("f", "F", on=False).shown] == ["", ""]
    assert query_names(pills) == {"status", "placed_from", "placed_to", "total_min", "total_max", "unsent"}
