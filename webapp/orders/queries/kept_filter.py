"""A list's filter as a document of the database, for work that goes on when its request is over."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from webapp.orders.queries.criteria import Flag, OrderFilter, View

_ENUMS: Final[dict[str, type[StrEnum]]] = {"View": View, "Flag": Flag}


def filter_to_json(wanted: OrderFilter) -> dict[str, Any]:
    """Every field; what JSON has no word for carries its kind."""
    return {field.name: _kept(getattr(wanted, field.name)) for field in fields(wanted)}


def filter_from_json(kept: Mapping[str, Any]) -> OrderFilter:
    """What `filter_to_json` made; a field that there was not yet has its default."""
    known = {field.name for field in fields(OrderFilter)}
    return OrderFilter(**{name: _value(value) for name, value in kept.items() if name in known})


def _kept(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_kept(each) for each in value]
    if isinstance(value, StrEnum):
        return {type(value).__name__: value.value}
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return {"decimal": str(value)} if isinstance(value, Decimal) else value


def _value(kept: Any) -> Any:
    if isinstance(kept, list):
        return tuple(_value(each) for each in kept)
    if not isinstance(kept, dict):
        return kept
    ((kind, value),) = kept.items()
    if kind in _ENUMS:
        return _ENUMS[kind](value)
    if kind == "decimal":
        return Decimal(value)
    return datetime.fromisoformat(value) if kind == "datetime" else date.fromisoformat(value)
