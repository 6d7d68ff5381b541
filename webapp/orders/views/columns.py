"""Which columns of the list a person wants to see. Number and pick are always there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from webapp.core.text import N_

PREFERENCE: Final = "orders.columns"


@dataclass(frozen=True)
class Column:
    """One column; `label` is an English message id."""

    name: str
    label: str
    by_default: bool = True


COLUMNS: Final = (
    Column("placed", N_("Placed")),
    Column("customer", N_("Customer")),
    Column("channel", N_("Channel")),
    Column("status", N_("Status")),
    Column("items", N_("Items")),
    Column("total", N_("Total")),
    Column("tracking", N_("Tracking")),
    Column("tags", N_("Tags"), by_default=False),
    Column("assignee", N_("Looked after by"), by_default=False),
    Column("payment", N_("Payment"), by_default=False),
    Column("cargo", N_("Carrier"), by_default=False),
    Column("modified", N_("Changed"), by_default=False),
)


def chosen_columns(preferences: Mapping[str, Any]) -> list[str]:
    """The names of the columns to show; the usual ones while a person has not chosen."""
    kept = preferences.get(PREFERENCE)
    if not isinstance(kept, list):
        return [column.name for column in COLUMNS if column.by_default]
    return known_columns(kept)


def known_columns(names: Iterable[Any]) -> list[str]:
    """Those of the names that are columns, in the order of the list."""
    wanted = set(names)
    return [column.name for column in COLUMNS if column.name in wanted]
