"""Kinds of values that can be sent: what our columns hold, refused with a sentence when they cannot."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Final

from marshmallow import ValidationError, fields, validate

from webapp.core.ids import LARGEST_ID

LARGEST_AMOUNT: Final = Decimal("99999999999999.9999")  # of numeric(18, 4)
MOST_IN_LIST: Final = 1_000  # lines of an order, items of a deed
LONGEST_TEXT: Final = 10_000
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIGURE = re.compile(r"[+-]?\d{1,14}(\.\d{1,4})?")


class Text(fields.String):
    """A text of at most `most` characters; columns that are shorter refuse in the service."""

    def __init__(self, *, most: int = LONGEST_TEXT, **options: Any) -> None:
        super().__init__(validate=validate.Length(max=most), **options)


class Whole(fields.Integer):
    """A whole number within bounds; neither "7" nor true, which JSON can tell from 7."""

    def __init__(self, *, least: int = 0, most: int = LARGEST_ID, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=least, max=most), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Not a valid integer.")
        number: int = super()._deserialize(value, attr, data, **options)
        return number


class Small(Whole):
    """A count or position."""

    def __init__(self, **options: Any) -> None:
        super().__init__(most=2**31 - 1, **options)


class Key(Whole):
    """The `pk` of something."""

    def __init__(self, **options: Any) -> None:
        super().__init__(least=1, **options)


class QueryWhole(fields.Integer):
    """A whole number as a query has it: digits."""

    def __init__(self, *, least: int = 0, most: int = LARGEST_ID, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=least, max=most), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,19}", value):
            raise ValidationError("Not a valid integer.")
        number: int = super()._deserialize(value, attr, data, **options)
        return number


class Amount(fields.Field[Decimal]):
    """An amount as text, "8.50", so that no program rounds it on the way."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Decimal:
        if not isinstance(value, str) or not _FIGURE.fullmatch(value) or not value.isascii():
            raise ValidationError('Write an amount as text, such as "8.50".')
        return Decimal(value)


class Moment(fields.Field[datetime]):
    """A time with its zone, `2026-11-20T09:30:00Z`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        try:
            at = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            raise ValidationError("Write a time such as 2026-11-20T09:30:00Z.") from None
        if at.tzinfo is None:
            raise ValidationError("Write the time with its zone, such as 2026-11-20T09:30:00Z.")
        try:
            within = _EARLIEST <= at <= _LATEST
        except OverflowError:
            within = False
        if not within:
            raise ValidationError("The time must be between 1900 and 2200.")
        return at.astimezone(UTC)


class Day(fields.Field[date]):
    """A day, `2026-11-20`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValidationError("Write a day such as 2026-11-20.")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise ValidationError("There is no such day.") from None
        if not _EARLIEST.date() <= day <= _LATEST.date():
            raise ValidationError("The day must be between 1900 and 2200.")
        return day


class Word(fields.Field[Any]):
    """A member of an enum by its value, or one of `only` these; a status by its number as text, "400"."""

    def __init__(self, kind: type[Enum], *, only: Iterable[Enum] | None = None, **options: Any) -> None:
        self.kind = kind
        members = kind if only is None else only
        self.known = {str(int(m)) if isinstance(m, IntEnum) else str(m.value): m for m in members}
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, str) or value not in self.known:
            raise ValidationError(f"Use one of {', '.join(self.known)}.")
        return self.known[value]


class Words(fields.Field[Any]):
    """Members of an enum in a query: one, or several separated by commas."""

    def __init__(self, kind: type[Enum], **options: Any) -> None:
        self.one = Word(kind)
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        return tuple(self.one.deserialize(part) for part in str(value).split(","))


class Keys(fields.Field[Any]):
    """Numbers in a query: one, or several separated by commas."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[int, ...]:
        parts = str(value).split(",")
        if len(parts) > 100 or not all(re.fullmatch(r"[0-9]{1,18}", part) for part in parts):
            raise ValidationError("Write whole numbers, separated by commas; at most 100.")
        return tuple(map(int, parts))


class Yes(fields.Boolean):
    """true or false, and nothing that only looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Write true or false.")
        return value


class Several(fields.List[Any]):
    """A list, as the tuple that our inputs hold."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("Not a valid list.")
        if len(value) > MOST_IN_LIST:
            raise ValidationError(f"At most {MOST_IN_LIST}.")
        return tuple(super()._deserialize(value, attr, data, **options))


class JsonObject(fields.Dict):
    """An object of any content."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("Not a valid mapping type.")
        return dict(value)


def described(field: Any, **_ignored: Any) -> dict[str, Any]:
    """How the specification describes these kinds; apispec asks it for every field."""
    told: dict[str, Any] = {}
    if isinstance(field, Amount):
        told = {"type": "string", "pattern": r"^[+-]?[0-9]{1,14}(\.[0-9]{1,4})?$"}
    elif isinstance(field, Moment):
        told = {"type": "string", "format": "date-time"}
    elif isinstance(field, Day):
        told = {"type": "string", "format": "date"}
    elif isinstance(field, Word):
        told = {"type": "string", "enum": list(field.known)}
    elif isinstance(field, Words):
        one = "|".join(field.one.known)
        told = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
    elif isinstance(field, Keys):
        told = {"type": "string", "pattern": r"^[0-9]{1,18}(,[0-9]{1,18})*$"}
    elif isinstance(field, JsonObject):
        told = {"type": "object", "additionalProperties": {}}
    if told and field.allow_none and "type" in told:
        told["type"] = [told["type"], "null"]
        if "enum" in told:
            told["enum"] = [*told["enum"], None]
    return told
