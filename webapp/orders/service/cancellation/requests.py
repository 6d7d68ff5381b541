"""Customers' and channels' wishes to cancel items: approving one opens or joins a plan, rejecting one touches no other."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import AuditEntry, record
from webapp.core.errors import Conflict, InvalidInput, NotFound, TransitionNotAllowed
from webapp.core.overtaken import overtaken
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.cancellation import CancelItem, CancelRequest, ReasonChoice
from webapp.orders.enums import (
    OPEN_CANCEL_STATUSES,
    UNDECIDED_CANCEL_STATUSES,
    OrderStatus,
    PlanKind,
    RequestStatus,
)
from webapp.orders.locks import lock_order
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationReason,
    CancellationRequest,
    Order,
    OrderItem,
)
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.opening import OpenedPlans, grant, open_plans
from webapp.orders.service.standing import restate
from webapp.orders.states import check_request_move

Seen = Mapping[int, int]  # wish → the version that somebody has looked at
_DONE: Final = {
    "cancellation_request.confirmed": N_("%(who)s has checked this request on %(at)s UTC."),
    "cancellation_request.approved": N_("%(who)s has approved this request on %(at)s UTC."),
    "cancellation_request.rejected": N_("%(who)s has rejected this request on %(at)s UTC."),
    "cancellation_request.completed": N_("%(who)s has completed this request on %(at)s UTC."),
}


def approve_requests(
    session: Session,
    order_id: int,
    request_ids: Sequence[int],
    by: Authority,
    *,
    reasons: Sequence[ReasonChoice] = (),
    seen: Seen | None = None,
) -> OpenedPlans | None:
    """Open one plan for these wishes; wishes whose item already stands in an open plan join that one.

    `reasons` hold for wishes that came without one; `seen` are the versions that the decider has looked at.
    Gives the plans that were opened, None where all joined. Raises NotFound, TransitionNotAllowed, InvalidInput,
    and Conflict when somebody else has acted on one of the wishes meanwhile.
    """
    by.require(Permission.CANCEL_OPEN)
    order = lock_order(session, order_id, acting=by.context)
    wishes = _wishes(session, order, request_ids)
    for wish in wishes:
        _check(session, wish, RequestStatus.APPROVED, seen)
    held = _open_plans_of_items(session, order)
    fresh = [wish for wish in wishes if wish.order_item_id not in held]
    opened = None
    if fresh:
        opened = open_plans(session, order_id, _as_request(session, fresh, reasons), by)
        held = {**_open_plans_of_items(session, order), **_parts(session, opened)}
    for wish in wishes:
        session.refresh(wish)
        if wish.status != RequestStatus.APPROVED:
            grant(session, wish, held.get(wish.order_item_id), by)
    return opened


def confirm_request(
    session: Session, order_id: int, request_id: int, by: Authority, *, seen: Seen | None = None
) -> CancellationRequest:
    """The goods or the store have been checked; the wish can be approved."""
    return _decide(session, order_id, request_id, RequestStatus.CONFIRMED, by, seen=seen)


def reject_request(
    session: Session,
    order_id: int,
    request_id: int,
    by: Authority,
    *,
    words: str,
    seen: Seen | None = None,
) -> CancellationRequest:
    """Say no to one wish; plans and other wishes stay. Raises InvalidInput without words for whoever wished."""
    if not words.strip():
        raise InvalidInput(
            N_("A rejected wish needs a reason."), fields={"words": [N_("Say why; the customer will ask.")]}
        )
    return _decide(session, order_id, request_id, RequestStatus.REJECTED, by, words, seen=seen)


def _decide(
    session: Session,
    order_id: int,
    request_id: int,
    status: RequestStatus,
    by: Authority,
    words: str = "",
    *,
    seen: Seen | None,
) -> CancellationRequest:
    by.require(Permission.CANCEL_OPEN)
    order = lock_order(session, order_id, acting=by.context)
    wish = _wishes(session, order, [request_id])[0]
    _check(session, wish, status, seen)
    _move(session, order, wish, status, by, words)
    if status is RequestStatus.REJECTED:
        _give_back(session, order, wish)
    return wish


def _give_back(session: Session, order: Order, wish: CancellationRequest) -> None:
    """An item that waited by this wish alone goes back to where it was."""
    item = session.get_one(OrderItem, wish.order_item_id, populate_existing=True)
    other = select(CancellationRequest.id).where(
        CancellationRequest.order_item_id == item.id,
        CancellationRequest.id != wish.id,
        CancellationRequest.status.in_([RequestStatus.WAITING_APPROVAL, RequestStatus.CONFIRMED]),
    )
    if item.id in _held_items(session, order) or session.scalars(other).first() is not None:
        return
    if item.status == OrderStatus.CANCELLATION_WAITING and item.status_before_cancel is not None:
        item.status, item.status_before_cancel = item.status_before_cancel, None
        item.version += 1
        restate(session, order)


def _check(session: Session, wish: CancellationRequest, target: RequestStatus, seen: Seen | None) -> None:
    """Raises TransitionNotAllowed, or Conflict when it is not as it was seen; both say who was faster and when."""
    status = RequestStatus(wish.status)
    try:
        check_request_move(status, target)
    except TransitionNotAllowed as refused:
        raise TransitionNotAllowed(
            _who_acted(session, wish) or refused.message, code="already_decided", details={"status": status}
        ) from refused
    if seen is not None and seen.get(wish.id) != wish.version:
        acted = _who_acted(session, wish)
        template = N_("%(who)s has changed this request since you looked at it. Look at it and decide again.")
        if acted:
            raise Conflict(acted, code="stale_form")
        raise overtaken(session, ("cancellation_request", wish.id), template)


def who_decided_last(session: Session, order_id: int) -> str:
    """Who answered a request of this order last, and when; a general sentence where nobody has."""
    entry = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.order_id == order_id, AuditEntry.tag.in_(_DONE), ~AuditEntry.refused)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()
    return _told(entry) or N_("This order has no request that waits for a decision.")


def _who_acted(session: Session, wish: CancellationRequest) -> str:
    entry = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_type == "cancellation_request",
            AuditEntry.subject_id == str(wish.id),
            ~AuditEntry.refused,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()
    return _told(entry)


def _told(entry: AuditEntry | None) -> str:
    done = _DONE.get(entry.tag) if entry is not None else None
    if entry is None or done is None:
        return ""
    return said(done, who=entry.actor, at=f"{entry.at:%d %b %Y at %H:%M:%S}")


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
        words=words.strip(),
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
        raise NotFound(N_("There is no such cancellation request for this order."))
    return list(found)


def _as_request(
    session: Session, wishes: Sequence[CancellationRequest], common: Sequence[ReasonChoice]
) -> CancelRequest:
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
    return CancelRequest(items=tuple(items), reasons=tuple(common))


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


def _held_items(session: Session, order: Order) -> set[int]:
    """Items that stand in an open plan, decided or not."""
    return set(
        session.scalars(
            select(CancellationPlanItem.order_item_id)
            .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
            .where(
                CancellationPlan.order_id == order.id,
                CancellationPlan.status.in_([status.value for status in OPEN_CANCEL_STATUSES]),
                ~CancellationPlanItem.is_shipping_only,
            )
        )
    )


def _parts(session: Session, opened: OpenedPlans) -> dict[int, int]:
    """For wishes whose units were split off: the plan by the row that was wished for."""
    return {
        line.item_key: plan.id
        for plan, draft in zip(opened.plans, opened.draft.plans, strict=True)
        for line in draft.lines
    }
