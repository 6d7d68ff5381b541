"""Rules R1, R6 and R7, the ISO 4217 exponents, and reading amounts."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core import money
from webapp.core.errors import InvalidInput
from webapp.core.money import Allocation


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("currencies", "decimals"),
    [
        ("TRY EUR USD EGP GBP MAD PLN SAR RON UAH CZK HUF RUB BGN AED QAR MGA", 2),
        ("IQD KWD BHD JOD OMR TND LYD", 3),
        ("JPY KRW ISK CLP VND", 0),
        ("CLF UYW", 4),
    ],
)
def test_exponent_follows_iso_4217_and_not_cldr(currencies: str, decimals: int) -> None:
    assert {money.exponent(currency) for currency in currencies.split()} == {decimals}


@pytest.mark.parametrize("code", ["", "try", "XXX", "XAU", "BTC", "TRYY"])
def test_exponent_of_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(money.UnknownCurrency) as refusal:
        money.exponent(code)
    assert refusal.value.details["currency"] == code
    assert not money.is_currency(code)


def test_parse_currency_takes_the_lower_case_of_the_api() -> None:
    assert money.parse_currency(" try ") == "TRY"


@pytest.mark.parametrize(
    ("written", "currency", "kept"),
    [
        ("12.345", "TRY", "12.35"),
        ("-12.345", "TRY", "-12.35"),
        ("12.344999", "TRY", "12.34"),
        ("0.5", "JPY", "1"),
        ("1.0005", "IQD", "1.001"),
        ("7", "HUF", "7.00"),
        ("1E+3", "EUR", "1000.00"),
    ],
)
def test_quantise_rounds_halves_away_from_zero_to_the_minor_unit(
    written: str, currency: str, kept: str
) -> None:
    assert str(money.quantise(Decimal(written), currency)) == kept
    assert str(money.quantise(written, currency)) == kept


@pytest.mark.parametrize("junk", ["", "abc", "NaN", "Infinity", "1E+999", "1_000", "100000000000000.00"])
def test_quantise_of_what_cannot_be_kept_is_refused(junk: str) -> None:
    with pytest.raises(money.InvalidAmount):
        money.quantise(junk, "TRY")


def test_quantise_of_a_float_is_a_bug() -> None:
    with pytest.raises(TypeError):
        money.quantise(12.5, "TRY")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("12.5", "TRY", "12.50"), (" 0 ", "TRY", "0.00"), ("-3.10", "EUR", "-3.10"), ("1.234", "IQD", "1.234")],
)
def test_parse_amount_reads_digits_and_a_dot(text: str, currency: str, amount: str) -> None:
    assert str(money.parse_amount(text, currency)) == amount


@pytest.mark.parametrize("text", ["", "1.000", "12,50", "1 000", "+5", "1e3", ".5", "5.", "12.345", "١٢"])
def test_parse_amount_guesses_nothing(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        money.parse_amount(text, "TRY")
    assert "12.50" in refusal.value.message


def test_to_minor_refuses_a_fraction_of_a_cent() -> None:
    assert money.to_minor(Decimal("9.9900"), "TRY") == 999
    with pytest.raises(money.InvalidAmount):
        money.to_minor(Decimal("9.995"), "TRY")


@pytest.mark.parametrize(
    ("minor", "currency", "text"), [(5, "TRY", "0.05"), (-1500, "IQD", "-1.500"), (7, "JPY", "7")]
)
def test_from_minor_writes_the_currencys_decimals(minor: int, currency: str, text: str) -> None:
    assert str(money.from_minor(minor, currency)) == text
    assert money.to_minor(Decimal(text), currency) == minor


def test_minor_unit_and_zero_carry_the_decimals() -> None:
    assert [str(money.minor_unit(code)) for code in ("TRY", "IQD", "JPY")] == ["0.01", "0.001", "1"]
    assert [str(money.zero(code)) for code in ("TRY", "IQD", "JPY")] == ["0.00", "0.000", "0"]


def test_allocate_splits_the_worked_example_to_the_cent() -> None:
    nets = amounts("86.04", "28.68", "28.68", "10.75")
    assert money.allocate(Decimal("8.50"), nets, currency="TRY") == Allocation(
        tuple(amounts("4.75", "1.58", "1.58", "0.59")), Decimal("0.00")
    )


def test_allocate_gives_equal_fractions_to_the_larger_weight_then_the_lower_position() -> None:
    assert money.allocate_minor(2, [1, 1, 1]) == ([1, 1, 0], 0)
    assert money.allocate_minor(3, [1, 3, 2]) == ([0, 2, 1], 0)  # Fractions 1/2, 1/2, 0.
    assert money.allocate_minor(1, [1, 3]) == ([0, 1], 0)


def test_allocate_with_all_weights_zero_splits_evenly() -> None:
    assert money.allocate_minor(10, [0, 0, 0]) == ([4, 3, 3], 0)


def test_allocate_keeps_a_reached_cap_and_places_the_rest_over_the_others() -> None:
    assert money.allocate_minor(100, [50, 25, 25], [10, 100, 30]) == ([10, 60, 30], 0)


def test_allocate_reports_what_the_caps_leave_unplaced() -> None:
    assert money.allocate_minor(100, [1, 1], [30, 20]) == ([30, 20], 50)
    assert money.allocate_minor(5, []) == ([], 5)


def test_allocate_of_a_negative_total_mirrors_the_positive_one() -> None:
    assert money.allocate_minor(-10, [0, 0, 0]) == ([-4, -3, -3], 0)


def test_allocate_with_a_negative_weight_or_cap_is_a_bug() -> None:
    with pytest.raises(ValueError, match="never negative"):
        money.allocate_minor(1, [-1])
    with pytest.raises(ValueError, match="never negative"):
        money.allocate_minor(1, [1], [-1])


minor_units = st.integers(0, 10**9)
positions = st.lists(st.tuples(minor_units, minor_units), min_size=1, max_size=12)


@given(total=st.integers(-(10**9), 10**9), rows=positions)
def test_allocate_without_caps_places_everything_within_one_unit_of_the_exact_share(
    total: int, rows: list[tuple[int, int]]
) -> None:
    weights = [weight for weight, _ in rows]
    shares, unplaced = money.allocate_minor(total, weights)
    assert (sum(shares), unplaced) == (total, 0)
    used = weights if any(weights) else [1] * len(weights)
    for share, weight in zip(shares, used, strict=True):
        assert abs(share * sum(used) - total * weight) < sum(used)


@given(total=minor_units, rows=positions)
def test_allocate_with_caps_never_passes_one_and_leaves_over_only_when_all_are_full(
    total: int, rows: list[tuple[int, int]]
) -> None:
    weights, caps = [weight for weight, _ in rows], [cap for _, cap in rows]
    shares, unplaced = money.allocate_minor(total, weights, caps)
    assert sum(shares) + unplaced == total
    assert all(0 <= share <= cap for share, cap in zip(shares, caps, strict=True))
    assert unplaced == max(0, total - sum(caps))


@given(total=minor_units, rows=positions)
def test_allocate_by_amounts_and_by_minor_units_agree(total: int, rows: list[tuple[int, int]]) -> None:
    shares, unplaced = money.allocate_minor(total, [weight for weight, _ in rows], [cap for _, cap in rows])
    allocation = money.allocate(
        money.from_minor(total, "IQD"),
        [money.from_minor(weight, "IQD") for weight, _ in rows],
        [money.from_minor(cap, "IQD") for _, cap in rows],
        currency="IQD",
    )
    assert [money.to_minor(share, "IQD") for share in allocation.shares] == shares
    assert money.to_minor(allocation.unplaced, "IQD") == unplaced


def test_slice_of_seven_units_taken_as_one_two_and_four_adds_up() -> None:
    slices = [money.slice_amount(Decimal("100.00"), 7, *units, "TRY") for units in ((0, 1), (1, 3), (3, 7))]
    assert slices == amounts("14.28", "28.57", "57.15")
    assert sum(slices) == Decimal("100.00")


@given(amount=st.integers(-(10**9), 10**9), cuts=st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_slices_of_a_row_add_up_to_it_wherever_it_is_cut(amount: int, cuts: list[int]) -> None:
    edges = sorted({0, 41, *cuts})
    slices = [money.slice_minor(amount, 41, a, b) for a, b in pairwise(edges)]
    assert sum(slices) == amount
    assert all(part * amount >= 0 for part in slices)


def test_slice_of_a_negative_amount_is_never_more_than_that_of_its_positive_twin() -> None:
    assert [money.slice_minor(-2, 3, first, first + 1) for first in range(3)] == [0, -1, -1]


@pytest.mark.parametrize("quantity", ["0.75", "1.5", "0"])
def test_slice_of_a_row_without_whole_units_is_the_whole_row(quantity: str) -> None:
    whole = Decimal(quantity)
    assert money.slice_amount(Decimal("9.99"), whole, 0, whole, "TRY") == Decimal("9.99")


def test_slice_of_a_part_of_a_row_without_whole_units_is_a_bug() -> None:
    with pytest.raises(ValueError, match="only be taken whole"):
        money.slice_amount(Decimal("9.99"), Decimal("1.5"), 0, 1, "TRY")


def test_slice_outside_the_row_is_a_bug() -> None:
    with pytest.raises(ValueError, match="has no units"):
        money.slice_amount(Decimal("9.99"), 3, 1, 4, "TRY")


@pytest.mark.parametrize(
    ("net", "rate", "currency", "tax"),
    [
        ("127.98", "8.00", "TRY", "9.48"),
        ("118.00", "18", "TRY", "18.00"),
        ("0.03", "20", "TRY", "0.01"),  # 0.005 exactly: halves up.
        ("10.000", "8.8750", "IQD", "0.815"),
        ("99", "10", "JPY", "9"),
        ("-118.00", "18", "TRY", "-18.00"),
        ("5.00", "0", "EUR", "0.00"),
    ],
)
def test_tax_included_is_the_part_of_the_price_halves_up(
    net: str, rate: str, currency: str, tax: str
) -> None:
    assert str(money.tax_included(Decimal(net), Decimal(rate), currency)) == tax


def test_tax_included_with_a_negative_rate_is_a_bug() -> None:
    with pytest.raises(ValueError, match="below zero"):
        money.tax_included(Decimal("1.00"), Decimal("-1"), "TRY")
