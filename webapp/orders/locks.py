"""The only row locks on orders, in one order and with a limit to the waiting.

Who changes an order's items, plans or money holds its lock. Rows are locked in this order, so that no two writers
wait for each other: reference data, customers, addresses, new orders (each sorted by its natural key), then
existing orders by id, then what belongs to them, and product stock last.

The lock is FOR NO KEY UPDATE: it excludes its own kind, but not a note or log entry that only points to the order.
"""

from collections.abc import Iterable

from psycopg.errors import LockNotAvailable
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array
from webapp.core.errors import Conflict, NotFound
from webapp.orders.models import Order

# Milliseconds. Longer than any of our transactions holds a lock, shorter than a person waits for a page.
LOCK_TIMEOUT_MS = 5_000

_LOCK_ALL = text("SELECT id FROM orders WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE")


def limit_waiting(session: Session, milliseconds: int = LOCK_TIMEOUT_MS) -> None:
    """No lock of this transaction is waited for longer than that."""
    session.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": f"{milliseconds}ms"})


def lock_order(session: Session, order_id: int) -> Order:
    """The order, locked until the transaction ends and read anew.

    Raises NotFound, and Conflict when somebody else holds it for longer than LOCK_TIMEOUT_MS.
    """
    limit_waiting(session)
    wanted = select(Order).where(Order.id == order_id).with_for_update(key_share=True, of=Order)
    try:
        order = session.execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    except OperationalError as refused:
        if isinstance(refused.orig, LockNotAvailable):
            raise Conflict(
                "Somebody else is changing this order right now. Please try again in a moment."
            ) from refused
        raise
    if order is None:
        raise NotFound("There is no such order.")
    return order


def lock_orders(session: Session, order_ids: Iterable[int]) -> list[int]:
    """Lock these orders by id, whatever order they are given in; gives the ids that exist, sorted.

    For work in bulk, which tries again later: the database's own error of a wait in vain is left as it is.
    """
    ids = sorted(set(order_ids))
    return [row.id for row in session.execute(_LOCK_ALL, {"ids": plain_array(ids)})] if ids else []
