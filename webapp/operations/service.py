"""What staff can do about background work: let what was given up run again."""

import uuid

from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.operations import Operation
from webapp.core.second_tries import retry


def retry_operation(session: Session, context: AuditContext, operation_id: uuid.UUID) -> Operation:
    """Let a given-up operation run again from its first attempt; the caller has checked who may see it.

    Raises NotFound, or Conflict when it is not given up (any more) or the same work is already waiting.
    """
    operation = retry(session, operation_id)
    record(
        session,
        context,
        "operation.retried",
        subject=("operation", operation.id),
        order_id=operation.order_id,
        summary=operation.kind,
    )
    return operation
