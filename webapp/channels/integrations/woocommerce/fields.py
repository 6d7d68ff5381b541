"""The values of a WooCommerce payload as Python has them: PHP's habits end here.

An empty PHP map arrives as `[]`, a number sometimes as text and sometimes not, texts as HTML, times without zone.
"""

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from webapp.channels.reading import ReadFailure
from webapp.core.money import quantise
from webapp.orders.enums import FailureClass
from webapp.orders.inputs import ZERO

Payload = Mapping[str, Any]
_NOTHING: Payload = {}


@dataclass(frozen=True, slots=True)
class Source:
    """A payload, with what is asked of it again and again. `meta`: of several entries with one key the last."""

    payload: Payload
    billing: Payload
    shipping: Payload
    meta: Mapping[str, Any]

    @classmethod
    def of(cls, payload: Payload) -> "Source":
        """The payload, taken apart once."""
        return cls(payload, part(payload, "billing"), part(payload, "shipping"), meta_of(payload))

    def first(self, keys: Iterable[str], longest: int = 200) -> str:
        """The first of these meta entries that has a text."""
        for key in keys:
            if key in self.meta:
                found = text(self.meta[key], longest)
                if found:
                    return found
        return ""


def text(value: Any, longest: int = 10_000) -> str:
    """A text without HTML entities and outer white space, cut at the column's length; the payload keeps all of it."""
    if type(value) is not str:
        if value is None or isinstance(value, bool | list | dict):
            return ""
        value = str(value)
    if "&" in value:
        value = html.unescape(value)
    if "\0" in value:
        value = value.replace("\0", "")
    cleaned: str = value.strip()
    return cleaned if len(cleaned) <= longest else cleaned[:longest].rstrip()


def part(payload: Payload, name: str) -> Payload:
    """A map inside the payload; empty where there is none."""
    value = payload.get(name)
    return value if isinstance(value, dict) else _NOTHING


def rows(payload: Payload, name: str) -> list[Payload]:
    """A list of maps inside the payload; empty where there is none."""
    value = payload.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def meta_of(payload: Payload) -> dict[str, Any]:
    """The entries of `meta_data` by key."""
    return {str(entry["key"]): entry.get("value") for entry in rows(payload, "meta_data") if entry.get("key")}


def number(value: Any, name: str) -> Decimal:
    """A plain number; nothing counts as 0. Raises ReadFailure that names the field."""
    if value is None or value == "" or value is True or value is False:
        return ZERO
    try:
        found = Decimal(value if type(value) is str else str(value))
    except InvalidOperation:
        raise _unreadable(value, name) from None
    if not found.is_finite() or found.adjusted() > 14:
        raise _unreadable(value, name)
    return found


def amount(currency: str, name: str, *values: Any) -> Decimal:
    """The sum of amounts, rounded once to the currency's decimals. Raises ReadFailure that names the field."""
    total = ZERO
    for value in values:
        total += number(value, name)
    return quantise(total, currency)


def percent(rate: Decimal) -> Decimal | None:
    """A tax rate with three decimals; None for what is no rate."""
    rounded = rate.quantize(Decimal("0.001"), ROUND_HALF_UP)
    return rounded if 0 <= rounded < 1000 else None


def moment(payload: Payload, name: str, zone: str = "UTC") -> datetime | None:
    """A time: `<name>_gmt` is UTC without saying so, `<name>` the shop's own time. None where there is none."""
    stamp = payload.get(f"{name}_gmt")
    if stamp:
        return _parsed(stamp, name).astimezone(UTC)
    stamp = payload.get(name)
    return _parsed(stamp, name, zone).astimezone(UTC) if stamp else None


def numbered(lines: list[Payload], prefix: str = "") -> Iterator[tuple[str, Payload]]:
    """Each line with a name that is unique in its order: its id, or its place where it has none."""
    taken: set[str] = set()
    for place, line in enumerate(lines):
        name = f"{prefix}{line.get('id') or f'place-{place}'}"
        while name in taken:
            name += "+"
        taken.add(name)
        yield name, line


def _parsed(stamp: Any, name: str, zone: str = "UTC") -> datetime:
    try:
        found = datetime.fromisoformat(str(stamp))
    except ValueError:
        raise ReadFailure(FailureClass.VALIDATION, f"The field {name} is no time.") from None
    return found if found.tzinfo else found.replace(tzinfo=_zone(zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ReadFailure(
            FailureClass.MAPPING,
            f"The channel's time zone “{name}” is unknown; write one like Europe/Istanbul.",
        ) from None


def _unreadable(value: Any, name: str) -> ReadFailure:
    return ReadFailure(FailureClass.MONEY, f"The field {name} is no amount: “{str(value)[:40]}”.")
