"""JSON whose numbers stay exact: fractions become Decimal, and each element of a list keeps its own text."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

_WHITE_SPACE = " \t\r\n"
# Every escape is one match, so that a doubled backslash never looks like the beginning of the next escape.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}\Z")
_REPLACEMENT = "\\ufffd"


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON.")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def parse(text: str) -> Any:
    """The value of a JSON text, fractions as Decimal. Raises ValueError, also for NaN and for bottomless nesting."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def elements(text: str) -> Iterator[tuple[Any, str]]:
    """Each element of a JSON list with its own text, word for word. Raises ValueError if it is no list."""
    place = _skip(text, 0)
    if text[place : place + 1] != "[":
        raise ValueError("The JSON is no list.")
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        try:
            value, end = _DECODER.raw_decode(text, place)
        except RecursionError:
            raise ValueError("The JSON is nested too deeply.") from None
        yield value, text[place:end]
        place = _skip(text, end)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif text[place : place + 1] != "]":
            raise ValueError("The JSON list has no end.")


def dumps(value: Any) -> str:
    """The JSON text of what `parse` gave, every fraction with its own digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{dumps(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(inner) for inner in value) + "]"
    return json.dumps(value)


def storable(text: str) -> str:
    """The text as PostgreSQL's jsonb takes it: a NUL or half of a surrogate pair becomes U+FFFD."""
    if "\\u0000" not in text and "\\ud" not in text.lower():
        return text
    return _ESCAPE.sub(lambda match: _storable_escape(match[0]), text)


def plain(value: Any) -> Any:
    """The value with each Decimal as its text, for JSON columns that are read back as ordinary JSON."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _storable_escape(escape: str) -> str:
    return _REPLACEMENT if escape == "\\u0000" or _LONE_SURROGATE.match(escape) else escape


def _skip(text: str, place: int) -> int:
    while text[place : place + 1] and text[place] in _WHITE_SPACE:
        place += 1
    return place
