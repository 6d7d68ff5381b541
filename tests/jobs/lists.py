"""An operation over a list whose worker dies: whatever is on the list, it is told and taken up again in the same way."""

from sqlalchemy import func, select, text

from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.settings import Timing
from webapp.core.worklist import OperationItem

# Leases are ended by the tests.
PATIENT = Timing(lease_s=600)


def go_on(queue: str = "upkeep") -> None:
    """The lease of the dead worker ends, and the next one takes the operation up."""
    with unit_of_work() as session:
        session.execute(text("UPDATE operation SET lease_until = now() - interval '1 s'"))
    assert drain(queue) == 1


def outcomes() -> list[str]:
    """The verdicts in the list's order."""
    db.session.rollback()
    return list(db.session.scalars(select(OperationItem.outcome).order_by(OperationItem.position)))


def audited(tag: str) -> int:
    """How many audit rows say that it was done."""
    db.session.rollback()
    query = select(func.count()).where(AuditEntry.tag == tag, AuditEntry.refused.is_(False))
    return db.session.scalar(query) or 0
