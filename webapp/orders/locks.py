"""The only row locks on orders, in one order and with a limit to the waiting.

Who changes an order's items, plans or money holds its lock. Rows are locked in this order, so that no two writers
wait for each other: reference data, customers, addresses, new orders (each sorted by its natural key), then
existing orders by id, then what belongs to them, and product stock last.

The lock is FOR NO KEY UPDATE: it excludes its own kind, but not a note or log entry that only points to the order.

Whoever acts on an order for a person says so (`acting`): a note that must be read holds them up until they have
confirmed it, at a page, through their program, and order by order in what a worker does on their word. Channels, banks,
carriers, the clock and the command line are not asked to read.
"""

from collections.abc import Collection, Iterable

from psycopg.errors import LockNotAvailable
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, and_, cast, exists, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, Origin
from webapp.core.bulk import plain_array
from webapp.core.errors import Conflict, NotFound
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.models import NoteReader, Order, OrderNote

# Milliseconds. Longer than any of our transactions holds a lock, shorter than a person waits for a page.
LOCK_TIMEOUT_MS = 5_000

_LOCK_ALL = text("SELECT id FROM orders WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE")


# A person at a page, their program, or what a worker does one by one because a person has asked for it in bulk.
_FOR_PEOPLE = frozenset({Origin.PAGE, Origin.API, Origin.JOB})


class MustReadFirst(Conflict):
    """A colleague's note must be read before the next action; `details` name the notes."""

    code = "note_unread"


def limit_waiting(session: Session, milliseconds: int = LOCK_TIMEOUT_MS) -> None:
    """No lock of this transaction is waited for longer than that."""
    session.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": f"{milliseconds}ms"})


def lock_order(session: Session, order_id: int, *, acting: AuditContext | None = None) -> Order:
    """The order, locked until the transaction ends and read anew; `acting` names the person who acts on it.

    Raises NotFound, Conflict when somebody else holds it for longer than LOCK_TIMEOUT_MS, and MustReadFirst while
    that person has not confirmed a note that must be read.
    """
    limit_waiting(session)
    wanted = select(Order).where(Order.id == order_id).with_for_update(key_share=True, of=Order)
    try:
        order = session.execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    except OperationalError as refused:
        if isinstance(refused.orig, LockNotAvailable):
            raise Conflict(
                N_("Somebody else is changing this order right now. Please try again in a moment.")
            ) from refused
        raise
    if order is None:
        raise NotFound(N_("There is no such order."))
    if acting is not None:
        _refuse_unread(session, order, acting)
    return order


def unread_notes(session: Session, order_id: int, staff_id: int) -> list[OrderNote]:
    """The order's notes that hold this person up, the oldest first. Nobody has to confirm what they wrote themselves."""
    query = select(OrderNote).where(OrderNote.order_id == order_id, _is_unread(staff_id))
    return list(session.scalars(query.order_by(OrderNote.id)))


Several = Collection[int] | Select[tuple[int]]


def held_up(session: Session, order_ids: Several, acting: AuditContext) -> frozenset[int]:
    """Which of these orders have a note that must be read before that person acts. The orders are locked, or only shown."""
    if acting.staff_id is None or not _must_read(acting):
        return frozenset()
    if not isinstance(order_ids, Select):
        # One array: a parameter for each of thousands would cost more than the question.
        order_ids = select(func.unnest(cast(sorted(order_ids), ARRAY(BigInteger))))
    query = select(OrderNote.order_id).where(OrderNote.order_id.in_(order_ids), _is_unread(acting.staff_id))
    return frozenset(session.scalars(query))


def require_read(session: Session, order_ids: Several, acting: AuditContext) -> None:
    """Refuse an act on all of these orders at once. Raises MustReadFirst naming one of them."""
    for order_id in sorted(held_up(session, order_ids, acting))[:1]:
        _refuse_unread(session, session.get_one(Order, order_id), acting)


def _must_read(acting: AuditContext) -> bool:
    """A vendor's own system cannot read our notes, and what it says of its parcels has happened."""
    return acting.origin in _FOR_PEOPLE and not acting.is_vendor


def _is_unread(staff_id: int) -> ColumnElement[bool]:
    confirmed = exists().where(
        NoteReader.note_id == OrderNote.id,
        NoteReader.staff_id == staff_id,
        NoteReader.read_at.is_not(None),
    )
    return and_(
        OrderNote.must_read,
        OrderNote.erased_at.is_(None),
        OrderNote.staff_id.is_distinct_from(staff_id),
        ~confirmed,
    )


def _refuse_unread(session: Session, order: Order, acting: AuditContext) -> None:
    if acting.staff_id is None or not _must_read(acting):
        return
    notes = unread_notes(session, order.id, acting.staff_id)
    if notes:
        raise MustReadFirst(
            said(
                N_(
                    "%(author)s left a note on order %(number)s that must be read first. Confirm on the order's page that you have read it, then do this again."
                ),
                author=notes[0].author,
                number=order.number,
            ),
            details={"order_id": order.id, "notes": [note.id for note in notes]},
        )


def lock_orders(session: Session, order_ids: Iterable[int]) -> list[int]:
    """Lock these orders by id, whatever order they are given in; gives the ids that exist, sorted.

    For work in bulk, which tries again later: the database's own error of a wait in vain is left as it is.
    """
    ids = sorted(set(order_ids))
    return [row.id for row in session.execute(_LOCK_ALL, {"ids": plain_array(ids)})] if ids else []
