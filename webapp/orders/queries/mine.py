"""What the lists know of their reader: orders they look after, days that have passed, mentions, saved views."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.orders.models import NoteReader, Order, OrderAssignment, OrderNote, SavedView
from webapp.orders.queries.criteria import Scope

COUNT_CAP = 1_000  # a person's own work; a tab says "1,000" from here


@dataclass(frozen=True)
class KeptView:
    """A saved view as a tab shows it; `is_mine` says whose it is, `owner` what that person is called."""

    id: int
    name: str
    query: str
    is_shared: bool
    is_mine: bool
    owner: str
    version: int


@dataclass(frozen=True)
class Mine:
    """Counts are capped; `overdue` counts everybody's orders that the reader may see."""

    assigned: int
    overdue: int
    mentions: int
    views: Sequence[KeptView]


def read_mine(session: Session, staff_id: int, scope: Scope, today: date) -> Mine:
    """One statement, whatever there is."""
    found = session.execute(_everything(staff_id, scope, today)).one()
    return Mine(
        found.assigned, found.overdue, found.mentions, [KeptView(*view) for view in found.views or ()]
    )


def _everything(staff_id: int, scope: Scope, today: date) -> Select[int, int, int, Any]:
    mine = OrderAssignment.staff_id == staff_id
    late = and_(OrderAssignment.staff_id.is_not(None), OrderAssignment.due_on < today)
    named = select(NoteReader.note_id).where(
        NoteReader.staff_id == staff_id, NoteReader.is_mentioned, NoteReader.read_at.is_(None)
    )
    if scope is not None:
        notes = named.join(OrderNote, OrderNote.id == NoteReader.note_id)
        named = notes.join(Order, Order.id == OrderNote.order_id).where(Order.channel_id.in_(scope))
    return select(
        _capped(_assigned(scope).where(mine)).label("assigned"),
        _capped(_assigned(scope).where(late)).label("overdue"),
        _capped(named).label("mentions"),
        _views(staff_id).label("views"),
    )


def _views(staff_id: int) -> ScalarSelect[Any]:
    """Everybody's views first, then the reader's own, each kind in its order; lists in the order of KeptView."""
    one = func.json_build_array(
        SavedView.id,
        SavedView.name,
        SavedView.query,
        SavedView.is_shared,
        SavedView.owner_id == staff_id,
        StaffUser.name,
        SavedView.version,
    )
    place = (SavedView.is_shared.desc(), SavedView.position, SavedView.id)
    return (
        select(func.json_agg(aggregate_order_by(one, *place)))
        .join(StaffUser, StaffUser.id == SavedView.owner_id)
        .where(or_(SavedView.is_shared, SavedView.owner_id == staff_id))
        .scalar_subquery()
    )


def _assigned(scope: Scope) -> Select[int]:
    query = select(OrderAssignment.order_id)
    if scope is None:
        return query
    return query.join(Order, Order.id == OrderAssignment.order_id).where(Order.channel_id.in_(scope))


def _capped(query: Select[int]) -> ScalarSelect[int]:
    return select(func.count()).select_from(query.limit(COUNT_CAP).subquery()).scalar_subquery()
