"""Pills above lists of reference data, and what their ticks do to a query."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Query

from webapp.ui.filters import ChoicePill, Option, read_choices

ACTIVE = (("1", _l("Active")), ("0", _l("Switched off")))


def active_pill() -> ChoicePill:
    """What is in use, what is switched off."""
    chosen = read_choices(request.args, "active", [value for value, _ in ACTIVE])
    return ChoicePill(
        "active", gettext("Active"), [Option(value, str(label)) for value, label in ACTIVE], chosen
    )


def enum_pill(name: str, label: str, members: Any) -> ChoicePill:
    """A tick for each member of an enum that has words."""
    options = [Option(member.value, gettext(member.label)) for member in members]
    return ChoicePill(
        name, label, options, read_choices(request.args, name, [each.value for each in options])
    )


def narrowed(query: "Query[Any]", pills: Sequence[ChoicePill], columns: dict[str, Any]) -> "Query[Any]":
    """The query with each pill's ticks on its column; a pill without ticks does not limit."""
    for pill in pills:
        if pill.chosen:
            wanted = [value == "1" for value in pill.chosen] if pill.name == "active" else list(pill.chosen)
            query = query.filter(columns[pill.name].in_(wanted))
    return query
