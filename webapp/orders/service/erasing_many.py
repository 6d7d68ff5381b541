"""Erasing as background work: one customer on somebody's word, or everybody whose time has passed, by the clock."""

import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.audit import SYSTEM, AuditContext
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import NotFound
from webapp.core.file_store import FileStore
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue
from webapp.core.periodic import slot_of
from webapp.core.text import N_
from webapp.core.worklist import Subject, items, put, work_through
from webapp.customers.models import Customer
from webapp.orders.service.erasing import ErasureReason, erase_customer
from webapp.orders.service.many import ask_for_many, asker

ERASE_KIND: Final = "customers.erase"
RETAIN_KIND: Final = "customers.retention"
# So many a night: each takes some ten milliseconds, and the next night goes on.
MOST_A_NIGHT: Final = 2_000
DAYS_A_MONTH: Final = 30.44
A_DAY_MIN: Final = 24 * 60

# Nobody ordered since; whoever is hindered by an open plan is not tried every night. Another thousand comes up each
# night (by the hash of day and id), so that some who cannot be erased do not keep the others from their turn.
_EXPIRED: Final = text(
    """
    SELECT c.id FROM customer c
    WHERE (c.first_name, c.last_name, c.email, c.phone) IS DISTINCT FROM ('', '', '', '')
      AND EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id
                      AND (o.date_placed >= :before OR o.has_open_plan))
    ORDER BY md5(:salt || c.id::text) LIMIT :most
    """
)


def erase_soon(
    session: Session, customer_id: int, reason: ErasureReason, context: AuditContext, *, submission: uuid.UUID
) -> tuple[Operation, bool]:
    """Have one customer erased; the same submission again is the same work. Raises NotFound."""
    if session.get(Customer, customer_id) is None:
        raise NotFound(N_("There is no such customer."))
    args = {"reason": reason.value}
    return ask_for_many(session, ERASE_KIND, [Subject(customer_id)], context, submission, args)


def run_erasure(run: OperationRun, store: FileStore) -> None:
    """The handler of one erasure that somebody asked for."""
    reason = ErasureReason(str(run.args["reason"]))

    def erase(session: Session, customer: Subject) -> bool:
        return erase_customer(session, customer.subject_id, reason, asker(session, run), store=store)

    work_through(run, erase)


def retention_slots(_session: Session, now: datetime) -> list[NewOperation]:
    """Once a night (UTC)."""
    slot = slot_of(now, A_DAY_MIN, "retention")
    return [NewOperation(kind=RETAIN_KIND, queue=Queue.UPKEEP, dedupe_key=RETAIN_KIND, args={}, slot=slot)]


def run_retention(run: OperationRun, store: FileStore, months: int) -> None:
    """The handler of the nightly erasure; 0 months keeps everybody. Who is still needed is left, with the reason."""

    def erase(session: Session, customer: Subject) -> bool:
        why = ErasureReason.RETENTION
        return erase_customer(session, customer.subject_id, why, SYSTEM, store=store, is_overdue=True)

    with unit_of_work() as session:
        run.fence(session)
        operation = session.get_one(Operation, run.id)
        if months and not items(session, run.id, limit=1):
            put(session, operation, _expired(session, months, str(run.id)))
    work_through(run, erase)


def _expired(session: Session, months: int, salt: str) -> list[Subject]:
    before = utc_now() - timedelta(days=round(months * DAYS_A_MONTH))
    found = session.scalars(_EXPIRED, {"before": before, "salt": salt, "most": MOST_A_NIGHT})
    return [Subject(customer_id) for customer_id in found]
