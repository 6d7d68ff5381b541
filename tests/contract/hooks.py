"""What Schemathesis is told beside the specification: numbers that mostly name rows that are there."""

import os
from typing import Any

import schemathesis

ROWS = 12  # of each table, about; every seventh number is left as it came and names nothing
OPERATIONS = os.environ.get("KONTOR_CONTRACT_OPERATIONS", "").split()
REFUNDS = os.environ.get("KONTOR_CONTRACT_REFUNDS", "").split()
KEYS = frozenset(
    [
        "order_item",
        "order_items",
        "reason",
        "channel",
        "cancellation_plan",
        "records",
        "order",
        "address_change",
        "staff",
        "add",
        "remove",
    ]
)


def near(number: Any) -> Any:
    """The number of a row, for a number."""
    if isinstance(number, bool) or not isinstance(number, int) or number % 7 == 0:
        return number
    return 1 + number % ROWS


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Numbers of rows, and ids of operations and refunds, that exist."""
    for name, value in (path_parameters or {}).items():
        known = REFUNDS if name == "pk" else OPERATIONS
        if isinstance(value, int):
            path_parameters[name] = near(value)  # type: ignore[index]
        elif isinstance(value, str) and len(value) == 36 and known and value[0] > "3":
            path_parameters[name] = known[ord(value[0]) % len(known)]  # type: ignore[index]
    return path_parameters


@schemathesis.hook
def map_headers(context: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """A made-up tag never matches: half of the writes come without one."""
    tag = (headers or {}).get("If-Match")
    if isinstance(tag, str) and len(tag) % 2:
        del headers["If-Match"]  # type: ignore[index]
    return headers


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """The same for numbers within bodies."""
    return _near_within(body)


def _near_within(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _near_within(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_near_within(each, name) for each in value]
    return near(value) if name in KEYS else value
