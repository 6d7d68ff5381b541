"""Words in the folded text of an order: which pieces to look up, and whether looking up or walking is cheaper.

A name that one order in forty carries is found soonest by reading the newest orders; a name that one in ten thousand
carries, by its trigrams. PostgreSQL's own statistics about the trigrams tell the two apart (measured on a million
orders: 3 ms against 22 ms, and 1 ms against 700 ms the other way round).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    true,
    union,
)
from sqlalchemy.orm import Session

from webapp.core.text import fold
from webapp.orders.models import Order, OrderItem, OrderSearch

SHORTEST = 3  # a trigram; shorter words would mean reading every order
MOST_WORDS = 6
LOOKED_UP = 5  # trigrams; more of them cost more than they exclude
EVERYWHERE = 0.2  # the share of orders from which on a trigram excludes too little for reading its list
# From some two million on PostgreSQL would launch helpers for a search whose words it does not know.
FEW_ORDERS: Final = 1_500_000.0
# Above this many matches per square root of orders, walking the newest finds a page sooner than looking all of them up.
WORTH_WALKING: Final = 3.6

_PHONE = re.compile(r"[+0(][+\d()\s./-]+")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
# Where a number begins behind a sign, as in 2024-00123: digits of telephone numbers come together by chance, these do not.
_BEGINNING = re.compile(r"[\W_]\d\d")

Readings = tuple[tuple[str, ...], ...]
Lookup = tuple[tuple[str, ...], ...]  # of each reading the trigrams whose lists are read


@dataclass(frozen=True)
class Words:
    """What was typed, ready to be compared: an order matches when it has every word of one of the `readings`."""

    readings: Readings

    @property
    def too_short(self) -> bool:
        """Whether not one word is long enough to be looked up."""
        return all(len(word) < SHORTEST for words in self.readings for word in words)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The words that could be a tracking number, as carriers print them."""
        words = self.readings[0]
        return tuple(word.upper() for word in words if len(word) > 5 and any(map(str.isdigit, word)))


def read_words(typed: str) -> Words:
    """The folded words; what looks like a telephone number is read without its blanks and leading zeros."""
    folded = fold(typed).removeprefix("#")
    words = tuple(folded.split()[:MOST_WORDS])
    digits = "".join(filter(str.isdigit, folded)).lstrip("0")
    if len(digits) < 7 or not _PHONE.fullmatch(folded):
        return Words((words,))
    # One run of characters may be an order's number as well; with blanks in it, it is none.
    return Words(((digits,),) if len(words) > 1 else (words, (digits,)))


@dataclass(frozen=True)
class TrigramStatistics:
    """How many orders the search table has, and which share of them has each of its commonest trigrams."""

    rows: float
    share: Mapping[str, float]

    @property
    def are_of_few(self) -> bool:
        """Whether a search need not know its words to be planned well."""
        return self.rows < FEW_ORDERS

    def lookup(self, words: Words) -> Lookup:
        """What to look up for the words."""
        return tuple(map(self.rarest, words.readings))

    def rarest(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """The trigrams worth looking up: the rarest of each part, for those of one name come together anyway."""
        pieces = {piece for word in words for part in _PARTS.findall(word) for piece in self._telling(part)}
        pieces |= {piece for word in words for piece in _BEGINNING.findall(word)}
        pieces = pieces or {piece for word in words for piece in _trigrams(word)}
        ordered = sorted(pieces, key=lambda piece: (self.share.get(piece, 0.0), piece))
        telling = [piece for piece in ordered if self.share.get(piece, 0.0) < EVERYWHERE]
        return tuple(telling[:LOOKED_UP] or ordered[:1])

    def expected(self, words: Words) -> float:
        """About how many orders match, as if names, numbers and domains came together by chance."""
        return sum(self._expected(each) for each in words.readings)

    def prefers_walking(self, words: Words) -> bool:
        """Whether so many orders match that a page of them is found sooner by reading from the newest on."""
        return self.expected(words) > WORTH_WALKING * math.sqrt(self.rows)

    def _expected(self, words: tuple[str, ...]) -> float:
        return self.rows * math.prod(self._share_of(part) for word in words for part in _PARTS.findall(word))

    def _telling(self, part: str) -> set[str]:
        """Of a number every third trigram and the last, for digits come together by chance; of a name the rarest."""
        trigrams = _trigrams(part)
        if part.isdigit():
            return {*trigrams[::SHORTEST], *trigrams[-1:]}
        return set(sorted(trigrams, key=lambda piece: self.share.get(piece, 0.0))[:1])

    def _share_of(self, part: str) -> float:
        if len(part) < SHORTEST:
            return 1.0
        share = min(self.share.get(trigram, 0.0) for trigram in _trigrams(part))
        return share * 10.0 ** (SHORTEST - len(part)) if part.isdigit() else share


def read_statistics(session: Session) -> TrigramStatistics:
    """What ANALYZE found; no shares on a database that has never been analysed, and then everything is looked up."""
    row = session.execute(
        text(
            "SELECT c.reltuples, s.most_common_elems::text::text[] AS pieces, s.most_common_elem_freqs AS shares"
            " FROM pg_class c LEFT JOIN pg_stats s ON s.tablename = 'ix_order_search_trigrams'"
            " WHERE c.oid = 'order_search'::regclass"
        )
    ).one()
    # PostgreSQL appends the lowest and highest share to the list; zip leaves them out.
    return TrigramStatistics(
        max(row.reltuples, 0.0), dict(zip(row.pieces or (), row.shares or (), strict=False))
    )


def compares(words: Words) -> ColumnElement[bool]:
    """Whether the order's folded text has every word of one of the readings."""
    return or_(*map(_has_words, words.readings))


def found(words: Words, lookup: Lookup, *, planned_once: bool = False) -> Select[int, datetime]:
    """(id, date_placed) of every order that matches, by the trigram index; a tracking number only as a whole.

    `planned_once`, for words that nothing else narrows: they are kept from the planner. It would look them up in the same
    way whatever they are, but plan anew for each, which costs a millisecond, twice what the search itself takes.
    """
    keep = _kept_from_the_planner if planned_once else _as_it_is
    readings = [
        and_(_has_pieces(pieces, keep), _has_words(reading, keep))
        for reading, pieces in zip(words.readings, lookup, strict=True)
    ]
    by_text = select(OrderSearch.order_id.label("id"), OrderSearch.date_placed).where(or_(*readings))
    if not words.numbers:
        return by_text
    by_tracking = (
        select(Order.id, Order.date_placed)
        .join(OrderItem, OrderItem.order_id == Order.id)
        .where(OrderItem.tracking_number.in_(words.numbers))
    )
    either = union(by_text, by_tracking).subquery("either")
    return select(either.c.id, either.c.date_placed)


def compares_order(words: Words) -> ColumnElement[bool]:
    """The comparison as a value per order, asked row by row: a join would be planned over the whole table."""
    return select(compares(words)).where(OrderSearch.order_id == Order.id).correlate(Order).scalar_subquery()


def _as_it_is(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return value


def _kept_from_the_planner(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(value).scalar_subquery()


_Keep = Callable[[ColumnElement[Any]], ColumnElement[Any]]


def _has_words(words: tuple[str, ...], keep: _Keep = _as_it_is) -> ColumnElement[bool]:
    patterns = [bindparam("pattern", _contains(word), Text, unique=True) for word in words]
    return and_(true(), *(OrderSearch.folded.like(keep(pattern)) for pattern in patterns))


def _has_pieces(pieces: tuple[str, ...], keep: _Keep) -> ColumnElement[bool]:
    looked_up = bindparam("pieces", list(pieces), ARRAY(Text), unique=True)
    has: ColumnElement[bool] = func.kontor_trigrams(OrderSearch.folded).op("@>")(keep(looked_up))
    return has


def _trigrams(word: str) -> list[str]:
    return [word[at : at + SHORTEST] for at in range(len(word) - SHORTEST + 1)]


def _contains(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
