"""A refund with its order, locked in the order in which everybody locks them."""

import uuid

from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.orders.locks import lock_order
from webapp.orders.models import Order
from webapp.payments.models import Refund


def locked_refund(
    session: Session, refund_id: uuid.UUID, *, acting: AuditContext | None = None
) -> tuple[Order, Refund]:
    """Both read anew and locked until the transaction ends; `acting` names the person who acts on them.

    Raises NotFound, and MustReadFirst while that person has not confirmed a note that must be read.
    """
    found = session.get(Refund, refund_id)
    if found is None:
        raise NotFound(N_("There is no such refund."))
    order = lock_order(session, found.order_id, acting=acting)
    return order, session.get_one(Refund, refund_id, populate_existing=True, with_for_update=True)
