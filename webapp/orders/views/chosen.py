"""The orders that a bulk form means: those that are ticked, or all that the list's filter finds now."""

from typing import Any, Final

from flask import request
from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from webapp.auth.permissions import channel_scope
from webapp.core.ids import possible
from webapp.orders.models import Order
from webapp.orders.queries import chosen
from webapp.orders.views.list import asked_list, statistics_of

LONGEST_VALUES: Final = 200  # of one name that a filter has
# What bulk forms have of their own; all else that comes in is the list's filter.
_OWN: Final = frozenset(
    {"csrf_token", "id", "all_matching", "count", "expected", "submission", "after", "before"}
)


def chosen_orders(session: Session, most: int) -> Select[int]:
    """Their ids, the newest first: the form carries the filter where all of the list is meant, not ids."""
    scope = channel_scope()
    if request.form.get("all_matching") != "1":
        ids = sorted(possible(request.form.getlist("id", type=int)))
        return chosen.ticked_orders(ids[: most + 1], scope)
    wanted = asked_list(session, request.form).wanted
    query = chosen.matching_orders(wanted, scope, statistics_of(session))
    return select(Order.id).where(false()) if query is None else query


def filter_words(*own: str) -> list[tuple[str, str]]:
    """What the form carries of the list's filter; `own` are more names that are the form's."""
    words: list[tuple[str, Any]] = [
        (name, value)
        for name in request.form
        if name not in _OWN and name not in own
        for value in request.form.getlist(name)[:LONGEST_VALUES]
    ]
    return words
