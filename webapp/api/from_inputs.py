"""Schemas of what can be sent, made from the services' own inputs, so that the two cannot drift apart."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, is_dataclass
from dataclasses import fields as dataclass_fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from marshmallow import Schema, post_load
from marshmallow import fields as ma

from webapp.api import fields

_PLAIN: Mapping[Any, Callable[..., Any]] = {
    str: fields.Text,
    int: fields.Small,
    bool: fields.Yes,
    Decimal: fields.Amount,
    datetime: fields.Moment,
}


@dataclass(frozen=True)
class Changed:
    """How a schema differs from its input: fields that are not sent, fields of another kind, fields beside them."""

    without: frozenset[str] = frozenset()
    instead: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def schema_of(
    kind: type,
    name: str,
    changed: Changed | None = None,
    *,
    nested: Mapping[type, type[Schema]] | None = None,
) -> type[Schema]:
    """A schema that loads this frozen dataclass; a dict where a field that it must have is left to somebody else."""
    changed = changed or Changed()
    hints = get_type_hints(kind)
    made: dict[str, Any] = dict(changed.more)
    for each in dataclass_fields(kind):
        if each.name not in changed.without:
            made[each.name] = changed.instead.get(each.name) or _field(hints[each.name], each, nested or {})
    left_out = [each for each in dataclass_fields(kind) if each.name in changed.without]
    if all(map(_has_default, left_out)):

        def build(_self: Schema, data: dict[str, Any], **_options: Any) -> Any:
            return kind(**data)

        made["build"] = post_load(build)
    made["__doc__"] = kind.__doc__
    return type(name, (Schema,), made)


def _field(hint: Any, each: Field[Any], nested: Mapping[type, type[Schema]]) -> Any:
    inner, may_be_none = _optional(hint)
    options: dict[str, Any] = {"required": not _has_default(each), "allow_none": may_be_none}
    return _of_type(inner, options, nested)


def _has_default(each: Field[Any]) -> bool:
    return each.default is not MISSING or each.default_factory is not MISSING


def _of_type(hint: Any, options: dict[str, Any], nested: Mapping[type, type[Schema]]) -> Any:
    if get_origin(hint) is tuple:
        return fields.Several(_of_type(get_args(hint)[0], {}, nested), **options)
    if get_origin(hint) in (Mapping, dict):
        return fields.JsonObject(**options)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return fields.Word(hint, **options)
    if is_dataclass(hint):
        return ma.Nested(nested[hint], **options)  # type: ignore[index]
    return _PLAIN[hint](**options)


def _optional(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        inner = [each for each in get_args(hint) if each is not type(None)]
        return inner[0], len(inner) < len(get_args(hint))
    return hint, False
