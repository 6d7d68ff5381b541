"""Moving all plans of a payment type along: one operation, one verdict a plan, nothing decided twice."""

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.errors import InvalidInput
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue, create
from webapp.core.worklist import Subject, put, work_through
from webapp.orders.enums import CancelStatus
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.bulk import keeps_refusal
from webapp.orders.service.cancellation.refusals import FiguresChanged, UpdateCancelStatusRefused
from webapp.orders.service.cancellation.statuses import came_back, move_group, plans_of_payment_type

PROGRESS_KIND: Final = "cancellation.progress"
# It stays on the operation for ever, so it is a number of a statement or batch and never words about a person.
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}")
# Statuses that somebody sets, with what it takes; a plan comes to the others by its refunds alone.
_PERMISSIONS: Final[Mapping[CancelStatus, Permission]] = {
    CancelStatus.CONFIRMATION_WAITING: Permission.CANCEL_OPEN,
    CancelStatus.CONFIRMED: Permission.CANCEL_OPEN,
    CancelStatus.APPROVED: Permission.CANCEL_APPROVE,
    CancelStatus.REJECTED: Permission.CANCEL_APPROVE,
    CancelStatus.WAITING_FOR_PAYMENT: Permission.CANCEL_APPROVE,
    CancelStatus.COMPLETED: Permission.REFUND_MANUAL,
}


def progress_cancel_status(
    session: Session,
    payment_type: str,
    cancel_status: CancelStatus,
    by: Authority,
    *,
    reference: str = "",
) -> tuple[Operation, bool]:
    """Move every open plan of orders paid so to that status; the flag says whether the operation is new.

    `payment_type` is a payment option's slug; `reference` the bank's number, the evidence where money moved by hand.
    Raises PermissionDenied, UpdateCancelStatusRefused, and InvalidInput for a reference that is no number.
    """
    if cancel_status not in _PERMISSIONS:
        raise UpdateCancelStatusRefused("A plan comes to this status by its refunds alone.")
    by.require(_PERMISSIONS[cancel_status])
    operation, is_new = create(
        session,
        NewOperation(
            kind=PROGRESS_KIND,
            queue=Queue.UPKEEP,
            dedupe_key=f"{payment_type}:{cancel_status.value}",
            args={
                "payment_type": payment_type,
                "cancel_status": cancel_status.value,
                "reference": _checked(reference),
            },
            requested_by_id=by.context.staff_id,
            request_id=by.context.request_id,
        ),
    )
    if is_new:
        put(session, operation, plans_of_payment_type(session, payment_type))
        record(
            session,
            by.context,
            "cancellation.progress.asked",
            subject=("operation", operation.id),
            summary=f"{payment_type}: {cancel_status.value}",
        )
    return operation, is_new


def _checked(reference: str) -> str:
    words = "Enter the bank's or batch's number: letters, digits and . / _ - only."
    if reference.strip() and not _REFERENCE.fullmatch(reference.strip()):
        raise InvalidInput(words, fields={"reference": [words]})
    return reference.strip()


def run_progress(run: OperationRun) -> None:
    """The handler: every plan in a unit of its own; a second run goes on where the first was cut off."""
    status, words = CancelStatus(run.args["cancel_status"]), str(run.args["reference"])

    def move(session: Session, plan: Subject) -> bool | FiguresChanged:
        by = Authority.of_staff(session, AuditContext(origin=Origin.JOB, staff_id=run.requested_by_id))
        moved = move_group(session, plan.subject_id, status, by, words=words)
        return came_back(moved, status) or True

    work_through(run, move, keeps_refusal(run, f"cancellation_plan.{status.value}", "cancellation_plan"))
