"""The open plans of an order as its banner says them: who, when, why, how much, and who may decide."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.permissions import can
from webapp.auth.roles import Permission
from webapp.orders.cancellation import needs_second_person
from webapp.orders.enums import UNDECIDED_CANCEL_STATUSES, CancelStatus, PlanKind, RefundState, RefundWay
from webapp.orders.queries.plans import OpenPlan, PlanGroup, open_groups
from webapp.orders.service.approval_limits import APPROVERS
from webapp.orders.service.cancellation.authority import Authority, limits_in
from webapp.orders.service.cancellation.deciding import APPROVABLE
from webapp.orders.views.acting import authority
from webapp.orders.views.draft_words import way_label
from webapp.orders.views.items import quantity_text
from webapp.orders.views.refund_words import RefundWords, refund_words
from webapp.ui.formatting import amount_text
from webapp.ui.i18n import gettext


class PlanWords(NamedTuple):
    """One plan of a group."""

    plan: OpenPlan
    kind: str
    label: str
    items: str
    reason: str
    ways: Sequence[tuple[str, Decimal]]
    refunds: Sequence[RefundWords]


class GroupWords(NamedTuple):
    """One staff action; `second` says why the reader may not approve it, `may_*` what the reader is offered."""

    group: PlanGroup
    title: str
    tone: str
    plans: Sequence[PlanWords]
    second: str
    may_approve: bool
    may_reject: bool
    may_confirm: bool
    is_live: bool


def plans_ctx(session: Session, order_id: int, currency: str) -> dict[str, Any]:
    """What the fragment of an order's open plans shows."""
    by = authority()
    groups = [_group(session, group, currency, by) for group in open_groups(session, order_id)]
    return {"plan_groups": groups, "plans_live": any(group.is_live for group in groups)}


def group_words(session: Session, group: PlanGroup, currency: str) -> GroupWords:
    """One action as the queue shows it under its row."""
    return _group(session, group, currency, authority())


def _group(session: Session, group: PlanGroup, currency: str, by: Authority) -> GroupWords:
    status = _status(group)
    undecided = status in UNDECIDED_CANCEL_STATUSES
    second = _second(session, group, currency, by) if status in APPROVABLE else ""
    decides = can(Permission.CANCEL_APPROVE)
    return GroupWords(
        group=group,
        title=_title(status, group),
        tone="" if status in (CancelStatus.APPROVED, CancelStatus.WAITING_FOR_PAYMENT) else "k-note-amber",
        plans=[_plan(plan) for plan in group.plans],
        second=second,
        may_approve=decides and status in APPROVABLE and not second,
        may_reject=decides and (undecided or _can_be_taken_back(group)),
        may_confirm=can(Permission.CANCEL_OPEN) and status is CancelStatus.CONFIRMATION_WAITING,
        is_live=any(plan.is_under_way for plan in group.plans),
    )


def _status(group: PlanGroup) -> CancelStatus:
    """Of two plans the one that is not closed, and of those the one that needs somebody."""
    found = [CancelStatus(plan.row.status) for plan in group.plans]
    order = (
        CancelStatus.MANUEL_REFUND_NEED,
        CancelStatus.WAITING,
        CancelStatus.CONFIRMATION_WAITING,
        CancelStatus.CONFIRMED,
        CancelStatus.APPROVED,
        CancelStatus.WAITING_FOR_PAYMENT,
    )
    return next((status for status in order if status in found), found[0])


def _title(status: CancelStatus, group: PlanGroup) -> str:
    match status:
        case CancelStatus.WAITING | CancelStatus.CONFIRMED:
            several = len(group.plans) > 1
            return str(
                gettext("Two linked plans waiting for approval")
                if several
                else gettext("Cancellation plan waiting for approval")
            )
        case CancelStatus.APPROVED | CancelStatus.WAITING_FOR_PAYMENT:
            return str(gettext("Approved, the refund is under way"))
        case _:
            return str(gettext(status.label))


def _plan(plan: OpenPlan) -> PlanWords:
    alive = {
        (each.row.transaction_id, each.row.gateway_item, each.row.way == RefundWay.RELEASE)
        for each in plan.refunds
        if each.row.state not in (RefundState.DECLINED, RefundState.WITHDRAWN)
    }
    return PlanWords(
        plan=plan,
        kind=str(gettext(PlanKind(plan.row.kind).label)),
        label=str(gettext(CancelStatus(plan.row.status).label)),
        items=", ".join(f"{quantity_text(item.quantity)} × {item.name}" for item in plan.items),
        reason=", ".join(dict.fromkeys(item.reason for item in plan.items if item.reason)),
        ways=[(way_label(RefundWay(way.way), way.kind), way.amount) for way in plan.ways],
        refunds=[
            refund_words(
                each,
                is_replaced=(
                    each.row.transaction_id,
                    each.row.gateway_item,
                    each.row.way == RefundWay.RELEASE,
                )
                in alive,
            )
            for each in plan.refunds
        ],
    )


def _second(session: Session, group: PlanGroup, currency: str, by: Authority) -> str:
    """Why the opener may not approve it alone; empty when the reader is not the opener or may."""
    opened = any(plan.row.opened_by_id == by.context.staff_id for plan in group.plans)
    limit = limits_in(session, currency).get(by.role.value)
    if not can(Permission.CANCEL_APPROVE) or not opened or not needs_second_person(group.moves, limit):
        return ""
    if limit is None:
        said = gettext(
            "You opened it, and no limit is set for %(currency)s: a second person approves it.",
            currency=currency,
        )
    else:
        said = gettext(
            "You opened it, and it is above your limit of %(limit)s: a second person approves it.",
            limit=f"{amount_text(limit, currency)} {currency}",
        )
    if _approvers(session) < 2:
        said += " " + gettext("Nobody else may approve yet; an administrator can raise the limit.")
    return said


def _approvers(session: Session) -> int:
    query = (
        select(func.count()).select_from(StaffUser).where(StaffUser.is_active, StaffUser.role.in_(APPROVERS))
    )
    return session.scalar(query) or 0


def _can_be_taken_back(group: PlanGroup) -> bool:
    """An approved return of which nothing was sent."""
    refunds = [refund.row for plan in group.plans for refund in plan.refunds]
    return all(
        plan.row.status == CancelStatus.APPROVED and plan.row.kind == PlanKind.REFUND for plan in group.plans
    ) and all(
        row.state in (RefundState.READY, RefundState.MANUAL, RefundState.WITHDRAWN)
        and row.first_sent_at is None
        for row in refunds
    )
