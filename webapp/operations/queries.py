"""Lists of operations: which a person may know of, a page of them, the few that the top bar shows."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, text, true, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Select

from webapp.auth.models import StaffUser
from webapp.channels.models import Channel
from webapp.core.errors import NotFound
from webapp.core.operations import Operation, OperationState
from webapp.core.paging import Ordering
from webapp.core.worklist import OperationItem, Outcome
from webapp.orders.models import Order

# Written out, not bound: the planner takes a partial index only for a condition that it can read.
IS_OPEN = text("operation.state IN ('ready', 'leased')")
IS_DEAD = text("operation.state = 'dead'")
COUNTED_AT_MOST = 1000  # A tab says "1,000+" then; nobody works through more by hand.
LIVE_AT_MOST = 20
JUST_ENDED = timedelta(seconds=20)  # So long the top bar says what came of it, also on the next page.


@dataclass(frozen=True)
class Viewer:
    """Who asks: `channels` None is everybody's channels; `is_narrowed`: a token that sees fewer than its owner."""

    staff_id: int
    channels: frozenset[int] | None = None
    is_narrowed: bool = False


# The command line's: whoever may start programs on the machine may know of everything.
EVERYTHING = Viewer(staff_id=0)


@dataclass(frozen=True)
class OperationFilter:
    """What a list shows; an empty tuple does not limit."""

    kinds: tuple[str, ...] = ()
    states: tuple[OperationState, ...] = ()
    channel_ids: tuple[int, ...] = ()
    mine_only: bool = False


@dataclass(frozen=True)
class Line:
    """One operation with the names that its ids stand for."""

    operation: Operation
    requested_by: str | None
    channel: str | None
    order_number: str | None


Cursor = tuple[datetime, uuid.UUID]
# An outer join leaves a name None; SQLAlchemy types it as the column.
Lines = Select[Operation, str, str, str]
Verdicts = Select[int, str, str, int | None, str | None]
# What the two are read by, the unique column last (core/paging.py).
NEWEST_FIRST = Ordering((Operation.created_at, Operation.id))
AS_LISTED = Ordering((OperationItem.position,), descending=False)


def lines_for(viewer: Viewer, chosen: OperationFilter) -> Lines:
    """All that the viewer may know of; to be read in the order of `NEWEST_FIRST`."""
    return _lines().where(_visible_to(viewer), _matches(chosen, viewer))


def page_query(viewer: Viewer, chosen: OperationFilter, after: Cursor | None, limit: int) -> Lines:
    """The newest first, from behind the cursor (asked for at, id)."""
    query = lines_for(viewer, chosen)
    if after is not None:
        at, last_id = after
        query = query.where(tuple_(Operation.created_at, Operation.id) < tuple_(at, last_id))
    return query.order_by(Operation.created_at.desc(), Operation.id.desc()).limit(limit)


def operations(
    session: Session, viewer: Viewer, chosen: OperationFilter, *, after: Cursor | None = None, limit: int = 50
) -> list[Line]:
    """One page of what the viewer may know of."""
    return [_line(row) for row in session.execute(page_query(viewer, chosen, after, limit))]


def operation(session: Session, viewer: Viewer, operation_id: uuid.UUID) -> Line:
    """One operation. Raises NotFound also for one of a channel that is not the viewer's."""
    row = session.execute(_lines().where(Operation.id == operation_id, _visible_to(viewer))).one_or_none()
    if row is None:
        raise NotFound("There is no such operation.")
    return _line(row)


def live(session: Session, viewer: Viewer, watched: Collection[uuid.UUID] = ()) -> list[Line]:
    """What the top bar shows: the viewer's own work, open or just ended, and the `watched` however they stand.

    Work of others and of the clock is on the Operations page; announcing it here would make the bar flicker all day.
    """
    asked_for = and_(Operation.requested_by_id == viewer.staff_id, IS_OPEN)
    # The newest rows by their index, not all that ever ended.
    just_ended = and_(
        Operation.requested_by_id == viewer.staff_id,
        Operation.created_at > func.now() - timedelta(minutes=15),
        Operation.finished_at > func.now() - JUST_ENDED,
    )
    query = _lines().where(_visible_to(viewer), or_(asked_for, just_ended, Operation.id.in_(watched)))
    # What runs is more telling than what waits.
    running_first = case((Operation.state == OperationState.LEASED, 0), else_=1)
    query = query.order_by(running_first, Operation.created_at.desc(), Operation.id.desc())
    return [_line(row) for row in session.execute(query.limit(LIVE_AT_MOST))]


def recent_of_channel(session: Session, channel_id: int, *, limit: int = 10) -> list[Line]:
    """The channel's newest operations; who may see the channel may see these."""
    query = _lines().where(Operation.channel_id == channel_id)
    rows = session.execute(query.order_by(Operation.created_at.desc(), Operation.id.desc()).limit(limit))
    return [_line(row) for row in rows]


def open_of_channel(session: Session, channel_id: int) -> list[Line]:
    """What is read from a channel or told to it just now, oldest first; who may see the channel may see these.

    Refunds and parcels of its orders have a channel as well, and pages of their own.
    """
    query = _lines().where(Operation.channel_id == channel_id, IS_OPEN, Operation.kind.startswith("channel."))
    return [_line(row) for row in session.execute(query.order_by(Operation.created_at).limit(LIVE_AT_MOST))]


def verdicts_of(operation_id: uuid.UUID, outcomes: Collection[Outcome]) -> Verdicts:
    """What became of each thing on an operation's list: position, outcome, words, order and its number."""
    return (
        select(
            OperationItem.position,
            OperationItem.outcome,
            OperationItem.words,
            OperationItem.order_id,
            Order.number,
        )
        .outerjoin(Order, Order.id == OperationItem.order_id)
        .where(
            OperationItem.operation_id == operation_id,
            OperationItem.outcome.in_([outcome.value for outcome in outcomes]),
        )
    )


def verdicts(
    session: Session,
    operation_id: uuid.UUID,
    outcomes: Collection[Outcome],
    *,
    after: int = 0,
    limit: int,
) -> Sequence[Row[int, str, str, int | None, str | None]]:
    """One page of them, in the order of the list."""
    query = verdicts_of(operation_id, outcomes).where(OperationItem.position > after)
    return session.execute(query.order_by(OperationItem.position).limit(limit)).all()


def bare_line(found: Operation) -> Line:
    """An operation without the names of others."""
    return Line(operation=found, requested_by=None, channel=None, order_number=None)


def count_by_tab(session: Session, viewer: Viewer) -> dict[str, int]:
    """How many are open and how many were given up in the last 30 days, each counted to 1,001 at most."""
    recent = Operation.finished_at > func.now() - timedelta(days=30)
    return {
        "open": _count(session, viewer, and_(true(), IS_OPEN)),
        "dead": _count(session, viewer, and_(recent, IS_DEAD)),
    }


def _count(session: Session, viewer: Viewer, condition: ColumnElement[bool]) -> int:
    capped = select(Operation.id).where(condition, _visible_to(viewer)).limit(COUNTED_AT_MOST + 1).subquery()
    return session.scalar(select(func.count()).select_from(capped)) or 0


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.channels is None:
        return true()
    # A limited person sees their channels' work, and what they asked for themselves where no channel is concerned.
    own = and_(Operation.channel_id.is_(None), Operation.requested_by_id == viewer.staff_id)
    if viewer.is_narrowed:
        # What its owner asked for may name any order, and acts with the owner's rights.
        known = select(Order.id).where(Order.channel_id.in_(viewer.channels))
        own = and_(own, Operation.order_id.in_(known))
    return or_(Operation.channel_id.in_(viewer.channels), own)


def _matches(chosen: OperationFilter, viewer: Viewer) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if chosen.kinds:
        conditions.append(Operation.kind.in_(chosen.kinds))
    if chosen.states:
        conditions.append(Operation.state.in_(chosen.states))
    if chosen.channel_ids:
        conditions.append(Operation.channel_id.in_(chosen.channel_ids))
    if chosen.mine_only:
        conditions.append(Operation.requested_by_id == viewer.staff_id)
    return and_(*conditions)


def _lines() -> Lines:
    return (
        select(Operation, StaffUser.name, Channel.name, Order.number)
        .outerjoin(StaffUser, StaffUser.id == Operation.requested_by_id)
        .outerjoin(Channel, Channel.id == Operation.channel_id)
        .outerjoin(Order, Order.id == Operation.order_id)
    )


def _line(row: Row[Operation, str, str, str]) -> Line:
    found, staff, channel, number = row
    return Line(operation=found, requested_by=staff, channel=channel, order_number=number)
