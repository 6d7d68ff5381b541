"""Orders chosen for one deed over many: ticked ones, or all that a list's filter finds now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, distinct, func, select, true
from sqlalchemy.orm import Session

from webapp.orders.enums import LIVE_STATUSES, DeliveryType, OrderStatus
from webapp.orders.models import Order, OrderItem
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


def ticked_orders(ids: Sequence[int], scope: Scope) -> Select[int]:
    """The ids of these orders, the newest first, without those of channels the reader may not know."""
    query = select(Order.id).where(
        Order.id.in_(ids), true() if scope is None else Order.channel_id.in_(scope)
    )
    return query.order_by(Order.date_placed.desc(), Order.id.desc())


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of the chosen orders have live items of exactly these statuses, and whether they are picked up."""

    statuses: frozenset[OrderStatus]
    is_pickup: bool
    orders: int


def standings(session: Session, orders: Select[int], most: int) -> list[Standing]:
    """Where the chosen orders stand by their live items; at most that many orders are looked at."""
    chosen = orders.limit(most).subquery("chosen")
    live = OrderItem.status.in_([int(status) for status in LIVE_STATUSES])
    pickup = func.coalesce(Order.delivery_type == DeliveryType.STORE_PICKUP.value, False).label("pickup")
    held = (
        select(
            Order.id,
            pickup,
            func.array_agg(distinct(OrderItem.status)).filter(live).label("statuses"),
        )
        .join(chosen, chosen.c[0] == Order.id)
        .outerjoin(OrderItem, OrderItem.order_id == Order.id)
        .group_by(Order.id)
        .subquery("held")
    )
    query = select(held.c.statuses, held.c.pickup, func.count()).group_by(held.c.statuses, held.c.pickup)
    return [
        Standing(frozenset(map(OrderStatus, statuses or ())), is_pickup, count)
        for statuses, is_pickup, count in session.execute(query)
    ]
