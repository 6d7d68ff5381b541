"""Approving or rejecting many plans, or cancelling many orders, as one operation: one verdict each, nothing decided twice."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.db import unit_of_work
from webapp.core.errors import DomainError, InvalidInput, NotFound
from webapp.core.operations import Operation, OperationRun
from webapp.core.text import N_
from webapp.core.typed_words import forget_words, keep_words, words_of
from webapp.core.worklist import Refused, Subject, work_through
from webapp.orders.cancellation import CancelRequest, ReasonChoice
from webapp.orders.enums import CancelStatus, PlanKind
from webapp.orders.models import CancellationReason
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.deciding import approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.cancellation.refusals import FiguresChanged
from webapp.orders.service.cancellation.statuses import came_back
from webapp.orders.service.many import ask_for_many

APPROVE_KIND: Final = "cancellation.approve_many"
REJECT_KIND: Final = "cancellation.reject_many"
OPEN_KIND: Final = "cancellation.open_many"
# Nobody looks through more before confirming; a longer list is decided in several goes.
MOST_AT_ONCE: Final = 1_000
WHY_MISSING: Final = N_("Say why; whoever opened it will ask.")
WORDS_MISSING: Final = N_("This reason asks for a few words.")


def approve_many(
    session: Session, plans: Sequence[Subject], by: Authority, *, submission: uuid.UUID
) -> tuple[Operation, bool]:
    """Have these plans approved, each only as it was seen (`expected_version`). The same submission is the same work.

    Raises PermissionDenied, and InvalidInput for none or too many.
    """
    by.require(Permission.CANCEL_APPROVE)
    return ask_for_many(session, APPROVE_KIND, plans, by.context, submission, {}, most=MOST_AT_ONCE)


def reject_many(
    session: Session, plans: Sequence[Subject], words: str, by: Authority, *, submission: uuid.UUID
) -> tuple[Operation, bool]:
    """Have these plans rejected for one reason, each only as it was seen. The same submission is the same work.

    Raises PermissionDenied, and InvalidInput without words and for none or too many.
    """
    by.require(Permission.CANCEL_APPROVE)
    if not words.strip():
        raise InvalidInput(WHY_MISSING, fields={"words": [WHY_MISSING]})
    asked = ask_for_many(session, REJECT_KIND, plans, by.context, submission, {}, most=MOST_AT_ONCE)
    operation, is_new = asked
    if is_new:
        keep_words(session, operation, {"words": words.strip()})
    return asked


def cancel_many(
    session: Session,
    orders: Sequence[Subject],
    reasons: Mapping[PlanKind, int],
    by: Authority,
    *,
    submission: uuid.UUID,
    words: Mapping[PlanKind, str] | None = None,
) -> tuple[Operation, bool]:
    """Have a plan opened for everything that is live in each of these orders, with one reason per kind of plan.

    `words` go with a kind's reason onto each plan's lines. Raises PermissionDenied, and InvalidInput for none or too
    many, and for a reason that asks for words and has none.
    """
    by.require(Permission.CANCEL_OPEN)
    given = {kind.value: text.strip() for kind, text in (words or {}).items() if kind in reasons}
    _reasons(session, reasons, given)
    args = {"reasons": {kind.value: reason_id for kind, reason_id in reasons.items()}}
    asked = ask_for_many(session, OPEN_KIND, orders, by.context, submission, args, most=MOST_AT_ONCE)
    operation, is_new = asked
    if is_new:
        keep_words(session, operation, given)
    return asked


def run_approvals(run: OperationRun) -> None:
    """The handler of many approvals."""

    def approve(session: Session, plan: Subject) -> bool | FiguresChanged:
        by = _authority(session, run)
        approval = approved_order_cancel(
            session,
            plan.order_id or 0,
            by,
            plan_id=plan.subject_id,
            expected_version=plan.expected_version,
        )
        return came_back(approval.plans, CancelStatus.APPROVED) or True

    work_through(run, approve, keeps_refusal(run, "cancellation_plan.approved", "cancellation_plan"))


def run_rejections(run: OperationRun) -> None:
    """The handler of many rejections."""
    with unit_of_work() as session:
        words = words_of(session, run.id).get("words", "")

    def reject(session: Session, plan: Subject) -> bool:
        reject_order_cancel(
            session,
            plan.order_id or 0,
            _authority(session, run),
            words=words,
            plan_id=plan.subject_id,
            expected_version=plan.expected_version,
        )
        return True

    work_through(run, reject, keeps_refusal(run, "cancellation_plan.rejected", "cancellation_plan"))
    with unit_of_work() as session:
        forget_words(session, run.id)


def run_cancellations(run: OperationRun) -> None:
    """The handler of many openings."""
    wanted = {PlanKind(kind): int(reason_id) for kind, reason_id in run.args["reasons"].items()}
    with unit_of_work() as session:
        words = words_of(session, run.id)

    def cancel(session: Session, order: Subject) -> bool:
        request = CancelRequest(is_all=True, reasons=tuple(_reasons(session, wanted, words)))
        open_plans(session, order.subject_id, request, _authority(session, run))
        return True

    work_through(run, cancel, keeps_refusal(run, "cancellation_plan.opened", "order"))
    with unit_of_work() as session:
        forget_words(session, run.id)


def _authority(session: Session, run: OperationRun) -> Authority:
    """Asked anew for each: whoever was disabled meanwhile decides nothing more."""
    return Authority.of_staff(session, AuditContext(origin=Origin.JOB, staff_id=run.requested_by_id))


def keeps_refusal(run: OperationRun, tag: str, subject: str) -> Refused:
    """Keep each refused attempt on money in the audit log."""

    def note(session: Session, refused: Subject, refusal: DomainError) -> None:
        context = AuditContext(origin=Origin.JOB, staff_id=run.requested_by_id)
        record(
            session,
            context,
            tag,
            subject=(subject, refused.subject_id),
            order_id=refused.order_id,
            summary=refusal.message,
            changes={"refused_because": [None, refusal.error_code]},
            refused=True,
        )

    return note


def _reasons(
    session: Session, wanted: Mapping[PlanKind, int], words: Mapping[str, str]
) -> list[ReasonChoice]:
    choices = []
    for kind, reason_id in wanted.items():
        reason = session.get(CancellationReason, reason_id)
        if reason is None:
            raise NotFound(N_("There is no such reason; choose one of the list."))
        text = words.get(kind.value, "")
        if reason.needs_text and not text:
            raise InvalidInput(WORDS_MISSING, fields={f"reason_text_{kind.value}": [WORDS_MISSING]})
        choices.append(ReasonChoice(reason.id, kind, reason.needs_text, reason.is_active, text))
    return choices
