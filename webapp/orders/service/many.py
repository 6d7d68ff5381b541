"""One deed over many orders, asked for by somebody at a page: the list is written with the operation that works it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffChannel, StaffUser
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.errors import InvalidInput, NotFound, PermissionDenied
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue, create
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.core.worklist import Subject, put
from webapp.orders.models import Order

MOST_TOUCHED: Final = 5_000  # orders that one deed goes through that moves neither money nor goods


def ask_for_many(
    session: Session,
    kind: str,
    subjects: Sequence[Subject],
    context: AuditContext,
    submission: uuid.UUID,
    args: Mapping[str, object],
    *,
    most: int = MOST_TOUCHED,
) -> tuple[Operation, bool]:
    """Create the operation with its list; the same submission again is the same work (False).

    Raises InvalidInput for none, and for more than `most`.
    """
    if not subjects:
        raise InvalidInput(N_("Tick at least one line."))
    if len(subjects) > most:
        raise InvalidInput(
            said(N_("%(most)s at once at most. Narrow the list and do it in several goes."), most=f"{most:,}")
        )
    operation, is_new = create(
        session,
        NewOperation(
            kind=kind,
            queue=Queue.UPKEEP,
            dedupe_key=f"form:{submission}",
            # Unique in every state: the second click of a form finds the work of the first, also when it is done.
            slot=f"form:{submission}",
            args=args,
            requested_by_id=context.staff_id,
            request_id=context.request_id,
        ),
    )
    if is_new:
        put(session, operation, subjects)
        record(
            session,
            context,
            f"{kind}.asked",
            subject=("operation", operation.id),
            summary=f"{len(subjects):,}",
        )
    return operation, is_new


def require_known(session: Session, order_id: int, staff_id: int | None) -> None:
    """Leave alone what is not this person's any more: who was moved to another desk meanwhile acts there no more.

    Raises NotFound, also for an order that is gone.
    """
    theirs = select(StaffChannel.channel_id).where(StaffChannel.staff_id == StaffUser.id)
    query = select(Order.id).join(StaffUser, StaffUser.id == staff_id)
    query = query.where(
        Order.id == order_id, or_(~StaffUser.limited_to_channels, Order.channel_id.in_(theirs))
    )
    if session.scalar(query) is None:
        raise NotFound(N_("There is no such order."))


def asker(session: Session, run: OperationRun) -> AuditContext:
    """Whoever asked for the work, as the log names them. Raises PermissionDenied for an account that has ended."""
    staff = session.get(StaffUser, run.requested_by_id) if run.requested_by_id is not None else None
    if staff is None or not staff.is_active:
        raise PermissionDenied(N_("Whoever asked for this works here no more."))
    return AuditContext(origin=Origin.JOB, staff_id=staff.id, actor=staff.name)
