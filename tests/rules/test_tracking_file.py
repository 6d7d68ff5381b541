"""Columns by their titles, cells by their meaning, check digits: the pure part of tracking uploads."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.cargo.check_digits import fits
from webapp.orders.tracking_file.cells import read_row
from webapp.orders.tracking_file.columns import Field, guess, header_words, is_header
from webapp.orders.tracking_file.judging import ItemFact, OrderFact, SheetRow, judge
from webapp.orders.tracking_file.verdicts import Verdict

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


@pytest.mark.parametrize(
    "number", ["7.28003E+15", "7,28003E+15", "7E15", "1.2e+20", "7.28003E15", "728.3E+13"]
)
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
        # A letter in the middle is no spreadsheet's exponent.
        (["1001", "1234E56789"], None),
        (["12E345", "9E12345678"], None),
        # Copied from a page: a mark of direction, a blank of no width.
        (["\u200e1001\ufeff", "TR900\u200b100101"], None),
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


@pytest.mark.parametrize("text", ["0", "-1", "many", "1e3", "2,0001"])
def test_a_quantity_that_is_none_when_read_then_refused(text: str) -> None:
    row = read_row(["1001", "TR900", "", text], ALL, ISTANBUL)
    assert (row.problem, row.fact) == (Verdict.BAD_QUANTITY, text)


@pytest.mark.parametrize("text", ["2", "2.0", "2,0", "2.000"])
def test_a_quantity_when_a_sheet_writes_it_with_zeros_then_it_is_the_whole_number(text: str) -> None:
    assert read_row(["1001", "TR900", "", text], ALL, ISTANBUL).quantity == 2


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("24/11/2026", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)),
        ("2026-11-24T23:30:00", datetime(2026, 11, 24, 20, 30, tzinfo=UTC)),
        ("2026-11-24 23:30:00.500000", datetime(2026, 11, 24, 20, 30, tzinfo=UTC)),
        ("2026-11-24T23:30:00.123Z", datetime(2026, 11, 24, 23, 30, tzinfo=UTC)),
        ("2026-11-24T23:30:00+01:00", datetime(2026, 11, 24, 22, 30, tzinfo=UTC)),
    ],
)
def test_a_day_without_an_hour_when_read_then_it_is_noon_of_the_uploader(text: str, at: datetime) -> None:
    assert read_row(["1001", "TR900", "", "", "", "", text], ALL, ISTANBUL).shipped_at == at


@pytest.mark.parametrize("text", ["soon", "31.02.2026", "24.11.1926", "45000", "9999-12-31T23:30:00-02:00"])
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


def fact(
    key: int, status: int = 400, sku: str = "", number: str | None = None, of: str = "1", line: str = ""
) -> ItemFact:
    return ItemFact(key, sku, Decimal(of), status, number, line)


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


def counted(*rows: tuple[str, str, str]) -> list[SheetRow]:
    """Rows of (number, item, quantity)."""
    return [
        SheetRow(at, number, named, Decimal(units)) for at, (number, named, units) in enumerate(rows, start=2)
    ]


def test_a_smaller_quantity_when_judged_then_that_many_units_ship() -> None:
    (judged,) = judge(counted(("A123", "x", "2")), [order(fact(1, sku="x", of="5"), fact(2, sku="y"))])
    assert (judged.verdict, judged.fact, judged.moving) == (Verdict.WILL_SHIP, "2/5", (1,))
    assert judged.parts == ((1, Decimal(2)),)


def test_quantities_that_add_up_to_the_item_when_judged_then_each_row_ships_its_part() -> None:
    first, second = judge(counted(("A123", "x", "2"), ("B123", "x", "3")), [order(fact(1, sku="x", of="5"))])
    assert [first.parts, second.parts] == [((1, Decimal(2)),), ((1, Decimal(3)),)]


def test_equal_items_when_rows_take_one_each_then_each_row_has_an_item() -> None:
    judged = judge(
        counted(("A123", "x", "1"), ("B123", "x", "1")), [order(fact(1, sku="x"), fact(2, sku="x"))]
    )
    assert [(each.moving, each.parts) for each in judged] == [((1,), ()), ((2,), ())]


def test_a_quantity_when_it_reaches_over_equal_items_then_the_first_go_whole_and_the_last_in_part() -> None:
    (judged,) = judge(
        counted(("A123", "x", "4")), [order(fact(1, sku="x", of="3"), fact(2, sku="x", of="3"))]
    )
    assert (judged.moving, judged.parts, judged.fact) == ((1, 2), ((2, Decimal(1)),), "4/6")


@pytest.mark.parametrize(
    ("rows", "items", "verdicts"),
    [
        pytest.param(
            [("A123", "x", "6")], [fact(1, sku="x", of="5")], [(Verdict.QUANTITY, "5")], id="too many"
        ),
        pytest.param(
            [("A123", "x", "2"), ("B123", "x", "4")],
            [fact(1, sku="x", of="5")],
            [(Verdict.QUANTITY, "5"), (Verdict.QUANTITY, "5")],
            id="too many together",
        ),
        pytest.param(
            [("A123", "x", "5"), ("B123", "x", "5")],
            [fact(1, sku="x", of="5")],
            [(Verdict.TWO_NUMBERS, ""), (Verdict.TWO_NUMBERS, "")],
            id="all of it twice",
        ),
        pytest.param(
            [("A123", "x", "5"), ("B123", "x", "2")],
            [fact(1, sku="x", of="5")],
            [(Verdict.TWO_NUMBERS, ""), (Verdict.TWO_NUMBERS, "")],
            id="all of it and a part",
        ),
        pytest.param(
            [("A123", "x", "2"), ("A123", "x", "2")],
            [fact(1, sku="x", of="5")],
            [(Verdict.WILL_SHIP, "2/5"), (Verdict.DUPLICATE, "2")],
            id="the same again",
        ),
        pytest.param(
            [("A123", "x", "2"), ("A123", "x", "3")],
            [fact(1, sku="x", of="9")],
            [(Verdict.TWO_QUANTITIES, ""), (Verdict.TWO_QUANTITIES, "")],
            id="one number, two quantities",
        ),
        pytest.param(
            [("A123", "", "1")],
            [fact(1, sku="x"), fact(2, sku="y")],
            [(Verdict.WHICH_ITEM, "2")],
            id="a part of different items",
        ),
        pytest.param(
            [("A123", "", "2")],
            [fact(1, sku="x"), fact(2, sku="y")],
            [(Verdict.WILL_SHIP, "")],
            id="all of different items",
        ),
        pytest.param(
            [("A123", "x", "0.5")],
            [fact(1, sku="x", of="2.5")],
            [(Verdict.WHOLE_UNITS, "2.5")],
            id="a part of what is weighed",
        ),
        pytest.param(
            [("A123", "x", "2.5")],
            [fact(1, sku="x", of="2.5")],
            [(Verdict.WILL_SHIP, "")],
            id="all of what is weighed",
        ),
    ],
)
def test_quantities_when_judged_then(
    rows: list[tuple[str, str, str]], items: list[ItemFact], verdicts: list[tuple[Verdict, str]]
) -> None:
    assert told(counted(*rows), order(*items)) == verdicts


def test_a_part_when_its_number_travels_already_then_the_same_row_does_nothing_and_a_later_one_ships_the_rest() -> (
    None
):
    left, rest = fact(7, 500, "x", "A123", of="2", line="1"), fact(1, 400, "x", of="3", line="1")
    for named in ("x", "1", ""):
        assert told(counted(("A123", named, "2")), order(rest, left)) == [(Verdict.UNCHANGED, "")]
        assert told(counted(("B123", named, "3")), order(rest, left)) == [(Verdict.WILL_SHIP, "")]
        assert told(counted(("B123", named, "1")), order(rest, left)) == [(Verdict.WILL_SHIP, "1/3")]
        assert told(counted(("B123", named, "4")), order(rest, left)) == [(Verdict.QUANTITY, "3")]


def test_a_part_when_the_rest_has_left_under_another_number_then_both_rows_do_nothing() -> None:
    left, rest = fact(7, 500, "x", "A123", of="2", line="1"), fact(1, 500, "x", "B123", of="3", line="1")
    rows = counted(("A123", "1", "2"), ("B123", "1", "3"))
    assert told(rows, order(rest, left)) == [(Verdict.UNCHANGED, ""), (Verdict.UNCHANGED, "")]


def test_more_of_a_number_when_some_of_it_travels_already_then_only_the_difference_ships() -> None:
    left, rest = fact(7, 500, "x", "A123", of="2", line="1"), fact(1, 400, "x", of="3", line="1")
    (judged,) = judge(counted(("A123", "x", "3")), [order(rest, left)])
    assert (judged.fact, judged.parts) == ("1/3", ((1, Decimal(1)),))


@given(
    units=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    asked=st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 6)), min_size=1, max_size=6),
)
def test_whatever_is_asked_when_judged_then_no_item_gives_more_than_it_has_and_each_row_what_it_asked_for(
    units: list[int], asked: list[tuple[str, int]]
) -> None:
    items = [fact(at, sku="x", of=str(each)) for at, each in enumerate(units, start=1)]
    rows = counted(*((f"{number}123", "x", str(each)) for number, each in asked))
    has = {item.id: item.quantity for item in items}
    given_away = dict.fromkeys(has, Decimal(0))
    for row, judged in zip(rows, judge(rows, [order(*items)]), strict=True):
        parts = dict(judged.parts)
        taken = {item_id: parts.get(item_id, has[item_id]) for item_id in judged.moving}
        for item_id, each in taken.items():
            given_away[item_id] += each
        if judged.verdict is Verdict.WILL_SHIP:
            assert sum(taken.values()) == row.quantity
    assert all(given_away[item_id] <= has[item_id] for item_id in has)
