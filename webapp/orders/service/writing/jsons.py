"""Free fields of orders, items and payments: the channel's keys over ours."""

from collections.abc import Mapping
from typing import Any


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What the channel says over what we have; keys that only we have stay."""
    return {**ours, **{str(key): as_kept(value) for key, value in theirs.items()}}


def as_kept(value: Any) -> Any:
    """The value as the database will give it back: Decimal as the text it came as, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): as_kept(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_kept(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
