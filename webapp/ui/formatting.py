"""Money, numbers and times as people read them. Plain string work: a list of fifty rows formats some hundred of them.

The only file that marks text as safe HTML; everything that comes from outside is escaped here first.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.dates import format_timedelta
from flask import Flask
from markupsafe import Markup, escape

from webapp.core.clock import utc_now
from webapp.core.money import EXPONENTS
from webapp.ui.i18n import language, reader_zone

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


def amount_text(amount: Decimal, currency: str) -> str:
    """The figure alone, with the currency's own decimals (ISO 4217) and the reader's separators."""
    places = EXPONENTS.get(currency)
    plain = f"{amount:,f}" if places is None else f"{amount:,.{places}f}"
    return plain.translate(style_of(language()).separators)


def money(amount: Decimal | None, currency: str) -> Markup:
    """Figure and currency, kept together and left to right in any text; a dash when there is no amount."""
    if amount is None:
        return _DASH
    return _safe(f'<bdi class="k-money">{amount_text(amount, currency)} <i>{escape(currency)}</i></bdi>')


def number(value: int | Decimal) -> str:
    """A quantity with the reader's thousands separator."""
    return f"{value:,}".translate(style_of(language()).separators)


def count(value: int) -> str:
    """A list's length: exact up to 10,000, then "10,000+"."""
    return f"{number(COUNT_CAP)}+" if value > COUNT_CAP else number(value)


def short_time(at: datetime) -> str:
    """`23 Nov, 11:32` in the reader's time zone; the year only when it is not this one."""
    local = at.astimezone(reader_zone())
    return f"{short_day(local.date())}{style_of(language()).before_time}{local:%H:%M}"


def long_time(at: datetime) -> str:
    """`23 November 2026, 11:32` in the reader's time zone."""
    style, local = style_of(language()), at.astimezone(reader_zone())
    return f"{local.day} {style.months_wide[local.month - 1]} {local.year}{style.before_time}{local:%H:%M}"


def short_day(day: date) -> str:
    """`23 Nov`; the year only when it is not this one."""
    this_year = utc_now().astimezone(reader_zone()).year
    year = "" if day.year == this_year else f" {day.year}"
    return f"{day.day} {style_of(language()).months[day.month - 1]}{year}"


def when(at: datetime | None, form: str = "short") -> Markup:
    """A `<time>` for an aware instant. Forms: short, long, clock (`11:32`), ago (`12 minutes ago`). A dash for None."""
    if at is None:
        return _DASH
    text = _FORMS[form](at)
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    title = "" if form == "long" else f' title="{escape(long_time(at))}"'
    return _safe(f'<time datetime="{stamp}"{title}>{escape(text)}</time>')


def bdi(text: object) -> Markup:
    """Text of unknown direction (a name, a number) that must not reorder the sentence around it."""
    return _safe(f"<bdi>{escape(text)}</bdi>")


def _safe(html: str) -> Markup:
    # Everything that is put into it above is a figure, a time of ours, or escaped.
    return Markup(html)  # noqa: S704


def _clock(at: datetime) -> str:
    return f"{at.astimezone(reader_zone()):%H:%M}"


def _ago(at: datetime) -> str:
    text: str = format_timedelta(at - utc_now(), add_direction=True, locale=language())
    return text


_FORMS = {"short": short_time, "long": long_time, "clock": _clock, "ago": _ago}


def init_formatting(app: Flask) -> None:
    """Give templates `money()`, `when()`, `number()`, `count()` and the filter `|bdi`."""
    app.jinja_env.globals.update(money=money, when=when, number=number, count=count)
    app.jinja_env.filters["bdi"] = bdi
