"""What people type into a search, and which pieces of it are worth looking up."""

import pytest

from webapp.orders.queries.search import TrigramStatistics, read_words

STATISTICS = TrigramStatistics(
    1_000_000.0,
    {"meh": 0.03, "ehm": 0.03, "hme": 0.025, "met": 0.04, "yil": 0.026, "ilm": 0.025, "exa": 1.0, "com": 0.9}
    | {"153": 0.4, "943": 0.03, "438": 0.03},
)


@pytest.mark.parametrize(
    ("typed", "readings"),
    [
        ("  Mehmet   YILMAZ ", (("mehmet", "yilmaz"),)),
        ("#1001", (("1001",),)),
        ("+90 532 111 22 33", (("905321112233",),)),
        ("0532 111 22 33", (("5321112233",),)),
        ("05321112233", (("05321112233",), ("5321112233",))),
        ("0012-345678", (("0012-345678",), ("12345678",))),
        ("2024-00123", (("2024-00123",),)),
        ("532 111 22 33", (("532", "111", "22", "33"),)),
        ("a b c d e f g h", (("a", "b", "c", "d", "e", "f"),)),
    ],
)
def test_words_when_typed_then_folded_and_telephone_numbers_read_as_digits(
    typed: str, readings: tuple[tuple[str, ...], ...]
) -> None:
    assert read_words(typed).readings == readings


@pytest.mark.parametrize(
    ("typed", "looked_up"),
    [
        ("mehmet", ("hme",)),
        ("mehmet yilmaz", ("lma", "hme")),
        ("943871", ("871", "943")),
        ("anna@example.com", ("ann", "xam")),
        ("com", ("com",)),
        # Nothing but signs and pieces too short for a trigram: the word's own, or every order would be read.
        ("1-2", ("1-2",)),
        ("%%%% a.b", ("%%%", "a.b")),
        # Where a number begins is rarer than its digits, which telephone numbers have too.
        ("2024-943871", ("-94", "024", "202", "871", "943")),
        ("12-34 mehmet", ("-34", "hme")),
    ],
)
def test_trigrams_when_words_are_looked_up_then_the_rarest_of_each_part_and_none_that_is_everywhere(
    typed: str, looked_up: tuple[str, ...]
) -> None:
    assert STATISTICS.rarest(read_words(typed).readings[0]) == looked_up


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("mehmet", 25_000),
        # Two names come together by chance.
        ("mehmet yilmaz", 0),
        # Each further digit leaves a tenth.
        ("9438", 3_000),
        ("943", 30_000),
        ("unknown", 0),
    ],
)
def test_matches_when_expected_then_names_multiply_and_digits_leave_a_tenth_each(
    typed: str, expected: int
) -> None:
    assert round(STATISTICS.expected(read_words(typed))) == expected


def test_walking_when_one_in_forty_matches_then_preferred_and_for_a_rare_word_not() -> None:
    assert STATISTICS.prefers_walking(read_words("mehmet"))
    assert not STATISTICS.prefers_walking(read_words("9438"))
