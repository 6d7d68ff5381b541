"""Filters of a list: read from the URL, forgiving what they do not know, and shown as pills that say their value.

What a day is depends on who asks: a range of days is half-open in UTC, cut at midnight in the reader's time zone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from webapp.ui.formatting import short_day
from webapp.ui.i18n import reader_zone

MOST_TICKS = 200  # values of one filter that are looked at; no menu offers more
LONGEST_TEXT = 120
AN_ID = re.compile(r"[1-9]\d{0,8}", re.ASCII)  # of the small tables that staff keep, PostgreSQL's integer
LARGEST_FIGURE = 10**14  # NUMERIC(18, 4) holds no more


@dataclass(frozen=True)
class Option:
    """One tick of a menu; `dot` is the colour of its status dot, if it has one."""

    value: str
    label: str
    dot: str | None = None


@dataclass(frozen=True)
class ChoicePill:
    """A menu of ticks. `shown` says what is chosen; empty when nothing is."""

    name: str
    label: str
    options: Sequence[Option]
    chosen: tuple[str, ...]
    kind = "choice"

    @property
    def shown(self) -> str:
        """The chosen options' words."""
        return ", ".join(option.label for option in self.options if option.value in self.chosen)


@dataclass(frozen=True)
class DayRange:
    """Whole days, both included, as their reader typed them; either end may be open."""

    first: date | None
    last: date | None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None

    def instants(self, zone: ZoneInfo | None = None) -> tuple[datetime | None, datetime | None]:
        """The range as UTC instants, the end not included: midnight after the last day, in the reader's time zone."""
        cut = zone or reader_zone()
        end = self.last + timedelta(days=1) if self.last is not None else None
        return _midnight(self.first, cut), _midnight(end, cut)


@dataclass(frozen=True)
class DayPill:
    """Two date fields, `<name>_from` and `<name>_to`."""

    name: str
    label: str
    days: DayRange
    kind = "days"

    @property
    def shown(self) -> str:
        """`1 Nov – 23 Nov`, or one open end in words."""
        if self.days.first and self.days.last:
            return f"{short_day(self.days.first)} – {short_day(self.days.last)}"
        if self.days.first:
            return str(gettext("from %(day)s", day=short_day(self.days.first)))
        return str(gettext("until %(day)s", day=short_day(self.days.last))) if self.days.last else ""


@dataclass(frozen=True)
class AmountRange:
    """Two amounts, both included; either end may be open. The currency is the list's own matter."""

    least: Decimal | None
    most: Decimal | None

    def __bool__(self) -> bool:
        return self.least is not None or self.most is not None


@dataclass(frozen=True)
class AmountPill:
    """Two figures, `<name>_min` and `<name>_max`."""

    name: str
    label: str
    amounts: AmountRange
    kind = "amounts"

    @property
    def shown(self) -> str:
        """`100 – 250`, `≥ 100` or `≤ 250`."""
        if self.amounts.least is not None and self.amounts.most is not None:
            return f"{self.amounts.least} – {self.amounts.most}"
        if self.amounts.least is not None:
            return f"≥ {self.amounts.least}"
        return f"≤ {self.amounts.most}" if self.amounts.most is not None else ""


@dataclass(frozen=True)
class FlagPill:
    """One tick, `<name>=1`."""

    name: str
    label: str
    on: bool
    kind = "flag"

    @property
    def shown(self) -> str:
        """Yes, when ticked."""
        return str(gettext("yes")) if self.on else ""


Pill = ChoicePill | DayPill | AmountPill | FlagPill
Query = MultiDict[str, str]


def read_choices(query: Query, name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The ticked values that exist, each once, in the menu's order."""
    asked = set(query.getlist(name)[:MOST_TICKS])
    return tuple(value for value in known if value in asked)


def kept_choice(
    query: Query, name: str, label: str, options: Sequence[Option], *, could_be: re.Pattern[str] = AN_ID
) -> ChoicePill:
    """A menu of what staff keep. What is gone, switched off or not the reader's to know still narrows the list: a saved
    view of one channel must not become a list of all of them.
    """
    known = {option.value for option in options}
    others = dict.fromkeys(value for value in query.getlist(name)[:MOST_TICKS] if value not in known)
    gone = [Option(value, gettext("not available")) for value in others if could_be.fullmatch(value)]
    offered = [*options, *gone]
    return ChoicePill(name, label, offered, read_choices(query, name, [option.value for option in offered]))


def read_text(query: Query, name: str) -> str:
    """What was typed, without the blanks around it and without NUL, which PostgreSQL refuses."""
    return query.get(name, "").replace("\0", "").strip()[:LONGEST_TEXT]


def read_days(query: Query, name: str) -> DayRange:
    """The range of `<name>_from` and `<name>_to`; a date that is none counts as not given, ends the wrong way round are turned."""
    first, last = _day(query.get(f"{name}_from")), _day(query.get(f"{name}_to"))
    if first and last and first > last:
        first, last = last, first
    return DayRange(first, last)


def read_amounts(query: Query, name: str) -> AmountRange:
    """The range of `<name>_min` and `<name>_max`; a figure that is none counts as not given."""
    return AmountRange(_amount(query.get(f"{name}_min")), _amount(query.get(f"{name}_max")))


def read_flag(query: Query, name: str) -> bool:
    """Whether the tick is set."""
    return query.get(name) == "1"


def query_names(pills: Iterable[Pill]) -> frozenset[str]:
    """The query's words that belong to these pills, to take them all out for "Clear"."""
    return frozenset(name for pill in pills for name in _names(pill))


def _names(pill: Pill) -> tuple[str, ...]:
    if isinstance(pill, DayPill):
        return (f"{pill.name}_from", f"{pill.name}_to")
    if isinstance(pill, AmountPill):
        return (f"{pill.name}_min", f"{pill.name}_max")
    return (pill.name,)


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    # A year that arithmetic or PostgreSQL cannot carry over a day's end is a typing mistake.
    return day if 1970 <= day.year <= 9000 else None


def _amount(text: str | None) -> Decimal | None:
    try:
        amount = Decimal((text or "").strip().replace(",", "."))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST_FIGURE else None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time.min, zone).astimezone(UTC) if day is not None else None
