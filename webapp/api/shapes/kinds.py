"""The kinds of values that answers are made of."""

from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import Any, Final

Shape = dict[str, Any]

PK: Final[Shape] = {"type": "integer"}
WHOLE: Final[Shape] = {"type": "integer"}
TEXT: Final[Shape] = {"type": "string"}
YES: Final[Shape] = {"type": "boolean"}
NUMBER: Final[Shape] = {"type": "number"}
AMOUNT: Final[Shape] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["19.62"]}
QUANTITY: Final[Shape] = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["1"]}
CURRENCY: Final[Shape] = {"type": "string", "pattern": "^[a-z]{3}$", "examples": ["try"]}
MOMENT: Final[Shape] = {"type": "string", "format": "date-time"}
DAY: Final[Shape] = {"type": "string", "format": "date"}
UUID: Final[Shape] = {"type": "string", "format": "uuid"}
ANY_OBJECT: Final[Shape] = {"type": "object", "additionalProperties": {}}


def maybe(kind: Shape) -> Shape:
    """The kind, or null."""
    if "$ref" in kind:
        return {"anyOf": [kind, {"type": "null"}]}
    nullable = {**kind, "type": [kind["type"], "null"]}
    if "enum" in kind:
        nullable["enum"] = [*kind["enum"], None]
    return nullable


def record(**fields: Shape) -> Shape:
    """An object with exactly these fields."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def several(kind: Shape) -> Shape:
    """A list."""
    return {"type": "array", "items": kind}


def named(name: str) -> Shape:
    """The shape of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(words: Iterable[Enum]) -> Shape:
    """A member of an enum as the wire has it."""
    return {
        "type": "string",
        "enum": [str(int(w)) if isinstance(w, IntEnum) else str(w.value) for w in words],
    }


def page_of(name: str) -> Shape:
    """A page of a collection."""
    return record(
        count=WHOLE,
        count_is_estimate=YES,
        next=maybe(TEXT),
        previous=maybe(TEXT),
        results=several(named(name)),
    )


def walk_of(name: str) -> Shape:
    """A page of a list that is not counted."""
    return record(next=maybe(TEXT), previous=maybe(TEXT), results=several(named(name)))


def pointer(*names: str) -> Shape:
    """What a row points to: its number and what it is called; or null."""
    return maybe(record(pk=PK, **dict.fromkeys(names, maybe(TEXT))))
