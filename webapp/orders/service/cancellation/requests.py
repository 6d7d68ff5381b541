"""Customers' and channels' wishes to cancel items: approving one opens or joins a plan, rejecting one touches no other."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.errors import InvalidInput, NotFound
from webapp.orders.cancellation import CancelItem, CancelRequest, ReasonChoice
from webapp.orders.enums import UNDECIDED_CANCEL_STATUSES, PlanKind, RequestStatus
from webapp.orders.locks import lock_order
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationReason,
    CancellationRequest,
    Order,
)
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.opening import OpenedPlans, open_plans
from webapp.orders.states import check_request_move


def approve_requests(
    session: Session, order_id: int, request_ids: Sequence[int], by: Authority
) -> OpenedPlans | None:
    """Open one plan for these wishes; wishes whose item already stands in an open plan join that one.

    Gives the plans that were opened, None where all joined. Raises NotFound, TransitionNotAllowed, InvalidInput.
    """
    by.require(Permission.CANCEL_OPEN)
    order = lock_order(session, order_id)
    wishes = _wishes(session, order, request_ids)
    for wish in wishes:
        check_request_move(RequestStatus(wish.status), RequestStatus.APPROVED)
    held = _open_plans_of_items(session, order)
    fresh = [wish for wish in wishes if wish.order_item_id not in held]
    opened = None
    if fresh:
        opened = open_plans(session, order_id, _as_request(session, fresh), by)
        held = {**_open_plans_of_items(session, order), **_parts(session, opened)}
    for wish in wishes:
        _move(session, order, wish, RequestStatus.APPROVED, by)
        wish.plan_id = held.get(wish.order_item_id)
    return opened


def confirm_request(session: Session, order_id: int, request_id: int, by: Authority) -> CancellationRequest:
    """The goods or the store have been checked; the wish can be approved."""
    return _decide(session, order_id, request_id, RequestStatus.CONFIRMED, by)


def reject_request(
    session: Session, order_id: int, request_id: int, by: Authority, *, words: str
) -> CancellationRequest:
    """Say no to one wish; plans and other wishes stay. Raises InvalidInput without words for whoever wished."""
    if not words.strip():
        raise InvalidInput(
            "A rejected wish needs a reason.", fields={"words": ["Say why; the customer will ask."]}
        )
    return _decide(session, order_id, request_id, RequestStatus.REJECTED, by, words)


def _decide(
    session: Session, order_id: int, request_id: int, status: RequestStatus, by: Authority, words: str = ""
) -> CancellationRequest:
    by.require(Permission.CANCEL_OPEN)
    order = lock_order(session, order_id)
    wish = _wishes(session, order, [request_id])[0]
    check_request_move(RequestStatus(wish.status), status)
    _move(session, order, wish, status, by, words)
    return wish


def _move(
    session: Session,
    order: Order,
    wish: CancellationRequest,
    status: RequestStatus,
    by: Authority,
    words: str = "",
) -> None:
    before, wish.status = wish.status, status.value
    wish.decided_at = func.clock_timestamp()
    wish.version += 1
    record(
        session,
        by.context,
        f"cancellation_request.{status.value}",
        subject=("cancellation_request", wish.id),
        order_id=order.id,
        summary=words.strip(),
        changes={"status": [before, status.value]},
    )


def _wishes(session: Session, order: Order, request_ids: Sequence[int]) -> list[CancellationRequest]:
    found = session.scalars(
        select(CancellationRequest)
        .where(CancellationRequest.order_id == order.id, CancellationRequest.id.in_(request_ids))
        .order_by(CancellationRequest.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if len(found) != len(set(request_ids)):
        raise NotFound("There is no such cancellation request for this order.")
    return list(found)


def _as_request(session: Session, wishes: Sequence[CancellationRequest]) -> CancelRequest:
    reasons = {reason.id: reason for reason in session.scalars(select(CancellationReason))}
    items = []
    for wish in wishes:
        reason = reasons.get(wish.reason_id or 0)
        choice = (
            ReasonChoice(
                reason.id, PlanKind(reason.plan_kind), reason.needs_text, reason.is_active, wish.reason_text
            )
            if reason
            else None
        )
        items.append(CancelItem(wish.order_item_id, wish.quantity, choice))
    return CancelRequest(items=tuple(items))


def _open_plans_of_items(session: Session, order: Order) -> dict[int, int]:
    rows = session.execute(
        select(CancellationPlanItem.order_item_id, CancellationPlan.id)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
        .where(
            CancellationPlan.order_id == order.id,
            CancellationPlan.status.in_([status.value for status in UNDECIDED_CANCEL_STATUSES]),
            ~CancellationPlanItem.is_shipping_only,
        )
    )
    return {row[0]: row[1] for row in rows}


def _parts(session: Session, opened: OpenedPlans) -> dict[int, int]:
    """For wishes whose units were split off: the plan by the row that was wished for."""
    return {
        line.item_key: plan.id
        for plan, draft in zip(opened.plans, opened.draft.plans, strict=True)
        for line in draft.lines
    }
