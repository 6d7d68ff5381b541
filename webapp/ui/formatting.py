"""Money, numbers and times as people read them. Plain string work: a list of fifty rows formats some hundred of them.

The only file that marks text as safe HTML; everything that comes from outside is escaped here first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_timedelta
from flask import Flask
from markupsafe import Markup, escape

from webapp.core.clock import utc_now
from webapp.core.money import EXPONENTS
from webapp.ui.i18n import catalogue, gettext, language, once_a_request, reader_zone

_DASH = Markup("—")
COUNT_CAP = 10_000  # above it a list says "10,000+": counting further costs more than anybody learns from it


@dataclass(frozen=True)
class Style:
    """How one language writes numbers and dates. Digits are ASCII in every language, as the desk's papers have them."""

    separators: dict[int, str]
    months: tuple[str, ...]
    months_wide: tuple[str, ...]
    before_time: str


# Arabic takes the English separators: its own belong to Arabic-Indic digits, which we do not write.
_SEPARATORS = {"en": (",", "."), "tr": (".", ","), "ar": (",", ".")}
_BEFORE_TIME = {"en": ", ", "tr": " ", "ar": "، "}


@cache
def style_of(language_code: str) -> Style:
    """The style of a language, read from CLDR once."""
    locale = Locale.parse(language_code)
    group, decimal = _SEPARATORS[language_code]
    return Style(
        separators=str.maketrans({",": group, ".": decimal, "-": "−"}),
        months=tuple(locale.months["format"]["abbreviated"][month] for month in range(1, 13)),
        months_wide=tuple(locale.months["format"]["wide"][month] for month in range(1, 13)),
        before_time=_BEFORE_TIME[language_code],
    )


@dataclass(frozen=True)
class Writer:
    """Writes figures and times for one reader, whose language, clock and year are asked once and not for every cell."""

    style: Style
    zone: ZoneInfo
    this_year: int

    def amount(self, amount: Decimal, currency: str) -> str:
        """The figure alone, with the currency's own decimals (ISO 4217) and the reader's separators."""
        places = EXPONENTS.get(currency)
        plain = f"{amount:,f}" if places is None else f"{amount:,.{places}f}"
        return plain.translate(self.style.separators)

    def money(self, amount: Decimal | None, currency: str) -> Markup:
        """Figure and currency, kept together and left to right in any text; a dash when there is no amount."""
        if amount is None:
            return _DASH
        return _safe(f'<bdi class="k-money">{self.amount(amount, currency)} <i>{escape(currency)}</i></bdi>')

    def number(self, value: int | Decimal) -> str:
        """A quantity with the reader's thousands separator."""
        return f"{value:,}".translate(self.style.separators)

    def day(self, day: date) -> str:
        """`23 Nov`; the year only when it is not this one."""
        year = "" if day.year == self.this_year else f" {day.year}"
        return f"{day.day} {self.style.months[day.month - 1]}{year}"

    def short(self, at: datetime) -> str:
        """`23 Nov, 11:32` in the reader's time zone; the year only when it is not this one."""
        local = at.astimezone(self.zone)
        return f"{self.day(local)}{self.style.before_time}{local:%H:%M}"

    def long(self, at: datetime) -> str:
        """`23 November 2026, 11:32` in the reader's time zone."""
        local = at.astimezone(self.zone)
        month = self.style.months_wide[local.month - 1]
        return f"{local.day} {month} {local.year}{self.style.before_time}{local:%H:%M}"

    def clock(self, at: datetime) -> str:
        """`11:32` in the reader's time zone."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def ago(self, at: datetime) -> str:
        """`12 minutes ago`."""
        text: str = format_timedelta(at - utc_now(), add_direction=True, locale=language())
        return text

    def when(self, at: datetime | None, form: str = "short") -> Markup:
        """A `<time>` for an aware instant. Forms: short, long, clock, ago. A dash for None."""
        if at is None:
            return _DASH
        text = _FORMS[form](self, at)
        title = "" if form == "long" else f' title="{escape(self.long(at))}"'
        return _safe(f'<time datetime="{_stamp(at)}"{title}>{escape(text)}</time>')


def writer() -> Writer:
    """For whoever reads this request's answer; who that is is found out once."""
    return once_a_request("writer", _writer)


def _writer() -> Writer:
    zone = reader_zone()
    return Writer(style_of(language()), zone, utc_now().astimezone(zone).year)


def amount_text(amount: Decimal, currency: str) -> str:
    """The figure alone, with the currency's own decimals (ISO 4217) and the reader's separators."""
    return writer().amount(amount, currency)


def money(amount: Decimal | None, currency: str) -> Markup:
    """Figure and currency, kept together and left to right in any text; a dash when there is no amount."""
    return writer().money(amount, currency)


def number(value: int | Decimal) -> str:
    """A quantity with the reader's thousands separator."""
    return writer().number(value)


def count(value: int) -> str:
    """A list's length: exact up to 10,000, then "10,000+"."""
    return f"{number(COUNT_CAP)}+" if value > COUNT_CAP else number(value)


def short_time(at: datetime) -> str:
    """`23 Nov, 11:32` in the reader's time zone; the year only when it is not this one."""
    return writer().short(at)


def long_time(at: datetime) -> str:
    """`23 November 2026, 11:32` in the reader's time zone."""
    return writer().long(at)


def short_day(day: date) -> str:
    """`23 Nov`; the year only when it is not this one."""
    return writer().day(day)


def country_name(code: str) -> str:
    """An ISO 3166 code as the reader calls the country; anything else as it is."""
    return str(_countries(language()).get(code, code))


@cache
def _countries(language_code: str) -> dict[str, str]:
    return {str(code): str(name) for code, name in Locale(language_code).territories.items()}


def duration(span: timedelta) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min` or `3 d 4 h`: as exact as anybody cares."""
    seconds = max(0.0, span.total_seconds())
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 48 * 60:
        return gettext("%(days)s d %(hours)s h", days=minutes // 1440, hours=minutes % 1440 // 60)
    if minutes >= 60:
        return gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
    if minutes:
        return gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return gettext("%(seconds)s s", seconds=f"{seconds:.1f}" if seconds < 10 else rest)


def when(at: datetime | None, form: str = "short") -> Markup:
    """A `<time>` for an aware instant. Forms: short, long, clock (`11:32`), ago (`12 minutes ago`). A dash for None."""
    return writer().when(at, form)


def translated(message: str, **variables: object) -> Markup:
    """A message of ours in the reader's language; what is put into it is escaped. `_()` in templates."""
    text: str = catalogue().ugettext(message)
    # A page says a hundred of them, and most have nothing to be put in; "%%" stands for "%" in all of them.
    return _safe(text) % variables if variables or "%" in text else _safe(text)


def bdi(text: object) -> Markup:
    """Text of unknown direction (a name, a number) that must not reorder the sentence around it."""
    return _safe(f"<bdi>{escape(text)}</bdi>")


def _safe(html: str) -> Markup:
    # Everything that is put into it above is a message or figure of ours, a time, or escaped.
    return Markup(html)  # noqa: S704


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


_FORMS: dict[str, Callable[[Writer, datetime], str]] = {
    "short": Writer.short,
    "long": Writer.long,
    "clock": Writer.clock,
    "ago": Writer.ago,
}


def init_formatting(app: Flask) -> None:
    """Give templates `_()`, `money()`, `when()`, `number()`, `count()` and the filters `|bdi`, `|country`."""
    app.jinja_env.globals.update(_=translated, money=money, when=when, number=number, count=count)
    app.jinja_env.filters.update(bdi=bdi, country=country_name)
