"""Columns by their titles, cells by their meaning, check digits: the pure part of tracking uploads."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from webapp.cargo.check_digits import fits
from webapp.orders.tracking_file.cells import read_row
from webapp.orders.tracking_file.columns import Field, guess, header_words, is_header
from webapp.orders.tracking_file.verdicts import ItemFact, OrderFact, SheetRow, Verdict, judge

ISTANBUL = ZoneInfo("Europe/Istanbul")
BOTH = {Field.ORDER_NUMBER: 0, Field.TRACKING_NUMBER: 1}
ALL = {field: at for at, field in enumerate(Field)}


@pytest.mark.parametrize(
    ("titles", "found"),
    [
        (["Tracking No.", "ORDER_NUMBER"], {Field.ORDER_NUMBER: 1, Field.TRACKING_NUMBER: 0}),
        (["SİPARİŞ NO", "Kargo Takip Numarası", "Ürün Kodu", "Adet"], {Field.ORDER_NUMBER: 0, Field.TRACKING_NUMBER: 1, Field.ITEM: 2, Field.QUANTITY: 3}),
        (["رقم الطلب", "رقم التتبع", "شركة الشحن"], {Field.ORDER_NUMBER: 0, Field.TRACKING_NUMBER: 1, Field.CARRIER: 2}),
        (["Bestellnummer", "Sendungsnummer", "Versanddatum"], {Field.ORDER_NUMBER: 0, Field.TRACKING_NUMBER: 1, Field.SHIP_DATE: 2}),
        (["Order", "Order number", "AWB"], {Field.ORDER_NUMBER: 0, Field.TRACKING_NUMBER: 2}),
        (["Foo", "Bar"], {}),
    ],
)  # fmt: skip
def test_titles_when_in_a_language_we_know_then_the_columns_are_guessed(
    titles: list[str], found: dict[Field, int]
) -> None:
    assert guess(titles, {}) == found


def test_titles_when_a_person_has_mapped_them_before_then_that_counts_first() -> None:
    remembered = {"order_number": header_words("Our ref"), "tracking_number": header_words("Order number")}
    assert guess(["Order number", "Our ref"], remembered) == {
        Field.ORDER_NUMBER: 1,
        Field.TRACKING_NUMBER: 0,
    }


@pytest.mark.parametrize(
    ("cells", "is_it"),
    [(["Order number", "x"], True), (["Kutu", "Kod"], True), (["1001", "TR900100101"], False), (["No 1", "No 2"], False)],
)  # fmt: skip
def test_a_first_row_when_it_names_columns_then_it_is_a_header(cells: list[str], is_it: bool) -> None:
    assert is_header(cells) is is_it


@pytest.mark.parametrize("number", ["7.28003E+15", "7,28003E+15", "7E15", "1.2e+20"])
def test_a_long_number_when_a_spreadsheet_has_rounded_it_then_refused_never_completed(number: str) -> None:
    row = read_row(["1001", number], BOTH, ISTANBUL)
    assert (row.problem, row.fact) == (Verdict.ROUNDED, number)
    assert read_row([number, "TR900100101"], BOTH, ISTANBUL).problem is Verdict.ROUNDED


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (["1001", "123"], Verdict.BAD_NUMBER),
        (["1001", "x" * 65], Verdict.BAD_NUMBER),
        (["1001", "=HYPERLINK()"], Verdict.BAD_NUMBER),
        (["1001", ""], Verdict.NO_NUMBER),
        (["", "TR900100101"], Verdict.NO_ORDER_NUMBER),
        (["1001", "TR900100101"], None),
        (["1001", "1Z 999 AA1 01 2345 6784"], None),
        (["1001", "00340434-1606.12/3"], None),
    ],
)
def test_numbers_when_read_then_what_no_carrier_gives_is_refused(
    cells: list[str], problem: Verdict | None
) -> None:
    assert read_row(cells, BOTH, ISTANBUL).problem is problem


def test_a_row_when_all_its_cells_are_there_then_each_is_read() -> None:
    row = read_row(
        ["#1001.0", "tr 900", " SC-WL ", "2,5", "UPS", "https://ups.example/x", "24.11.2026 09:30"],
        ALL,
        ISTANBUL,
    )
    assert (row.order_number, row.tracking_number, row.item) == ("1001", "tr900", "SC-WL")
    assert (row.quantity, row.carrier, row.tracking_url) == (Decimal("2.5"), "UPS", "https://ups.example/x")
    assert row.shipped_at == datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("24/11/2026", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("2026-11-24T23:30:00", datetime(2026, 11, 24, 20, 30, tzinfo=UTC)),
    ],
)
def test_a_day_without_an_hour_when_read_then_it_is_noon_of_the_uploader(text: str, at: datetime) -> None:
    assert read_row(["1001", "TR900", "", "", "", "", text], ALL, ISTANBUL).shipped_at == at


@pytest.mark.parametrize("text", ["soon", "31.02.2026", "24.11.1926", "45000"])
def test_a_day_that_is_none_when_read_then_refused(text: str) -> None:
    row = read_row(["1001", "TR900", "", "", "", "", text], ALL, ISTANBUL)
    assert (row.problem, row.fact) == (Verdict.BAD_VALUE, text)


@pytest.mark.parametrize("url", ["ftp://x.example", "javascript:alert(1)", "https://user:pw@x.example", "x"])
def test_an_address_that_no_customer_should_open_when_read_then_refused(url: str) -> None:
    assert read_row(["1001", "TR900", "", "", "", url], ALL, ISTANBUL).problem is Verdict.BAD_VALUE


@pytest.mark.parametrize(
    ("slug", "number", "is_right"),
    [
        ("ups", "1Z5R89390357567127", True),
        ("ups", "1Z5R89390357567128", False),
        ("ups", "H1234567890", True),
        ("fedex", "986578788855", True),
        ("fedex", "986578788856", False),
        ("usps", "9400111899223197428497", True),
        ("usps", "9400111899223197428498", False),
        ("usps", "EA123456785US", True),
        ("dhl", "3318810025", True),
        ("dhl", "3318810026", False),
        ("yurtici", "anything", True),
    ],
)
def test_check_digits_when_known_then_a_mistyped_number_is_noticed(
    slug: str, number: str, is_right: bool
) -> None:
    assert fits(slug, number) is is_right


def test_a_dpd_sign_when_any_digit_changes_then_it_no_longer_fits() -> None:
    (right,) = (s for s in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" if fits("dpd", f"01234567890123{s}"))
    assert not fits("dpd", f"01234567890124{right}")


def order(*items: ItemFact, key: int = 1) -> OrderFact:
    return OrderFact(key, items)


def fact(key: int, status: int = 400, sku: str = "", number: str | None = None) -> ItemFact:
    return ItemFact(key, sku, Decimal(1), status, number)


def told(rows: list[SheetRow], *orders: OrderFact) -> list[tuple[Verdict, str]]:
    return [(each.verdict, each.fact) for each in judge(rows, orders)]


def test_a_row_for_the_order_and_one_for_its_item_when_of_one_number_then_the_second_is_a_duplicate() -> None:
    rows = [SheetRow(2, "A123", "x"), SheetRow(3, "A123")]
    assert told(rows, order(fact(1, sku="x"), fact(2))) == [(Verdict.DUPLICATE, "3"), (Verdict.WILL_SHIP, "")]


def test_rows_for_different_items_when_of_different_numbers_then_both_ship() -> None:
    rows = [SheetRow(2, "A123", "x"), SheetRow(3, "B123", "y")]
    assert [verdict for verdict, _ in told(rows, order(fact(1, sku="x"), fact(2, sku="y")))] == [
        Verdict.WILL_SHIP,
        Verdict.WILL_SHIP,
    ]


def test_an_item_named_by_its_id_when_two_orders_have_the_number_then_its_order_is_meant() -> None:
    judged = judge([SheetRow(2, "A123", "7")], [order(fact(3), key=1), order(fact(7), key=2)])
    assert (judged[0].verdict, judged[0].order_id, judged[0].moving) == (Verdict.WILL_SHIP, 2, (7,))


def test_what_left_without_a_number_when_it_comes_then_it_is_numbered_and_not_moved() -> None:
    judged = judge([SheetRow(2, "A123")], [order(fact(1, status=510), fact(2, status=100))])
    assert (judged[0].moving, judged[0].numbered) == ((), (1,))


def test_the_rest_of_an_order_when_part_of_it_left_already_then_only_the_rest_moves() -> None:
    judged = judge([SheetRow(2, "B123")], [order(fact(1, status=500, number="A123"), fact(2))])
    assert (judged[0].verdict, judged[0].moving) == (Verdict.WILL_SHIP, (2,))


def test_one_item_being_cancelled_when_the_row_names_another_then_that_one_ships() -> None:
    facts = order(fact(1, status=50, sku="x"), fact(2, sku="y"))
    assert told([SheetRow(2, "A123")], facts) == [(Verdict.PLAN_OPEN, "")]
    assert told([SheetRow(2, "A123", "y")], facts) == [(Verdict.WILL_SHIP, "")]
