"""Orders chosen for one deed over many: ticked ones, or all that a list's filter finds now."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select, true
from sqlalchemy.orm import Session

from webapp.orders.models import Order
from webapp.orders.queries import search
from webapp.orders.queries.criteria import OrderFilter, Scope
from webapp.orders.queries.narrowing import narrowings, placed_clauses


def matching_orders(
    wanted: OrderFilter, scope: Scope, statistics: search.TrigramStatistics
) -> Select[int] | None:
    """The ids of every order that the filter leaves, the newest first; None when nothing can match."""
    conditions = narrowings(wanted, scope)
    words = search.read_words(wanted.words) if wanted.words else None
    if conditions is None or (words is not None and words.too_short):
        return None
    query = select(Order.id).where(*(each.clause for each in conditions), *placed_clauses(wanted))
    if words is not None:
        found = search.found(words, statistics.lookup(words)).subquery("found")
        query = query.join(found, found.c.id == Order.id)
    return query.order_by(Order.date_placed.desc(), Order.id.desc())


def orders_of(session: Session, ids: Sequence[int], scope: Scope) -> Sequence[Row[int, str, str, Any, int]]:
    """(id, number, currency, amount, version) of these orders; those of channels the reader may not know are left out."""
    query = select(Order.id, Order.number, Order.currency, Order.amount, Order.version).where(
        Order.id.in_(ids), true() if scope is None else Order.channel_id.in_(scope)
    )
    return session.execute(query.order_by(Order.date_placed.desc(), Order.id.desc())).all()
