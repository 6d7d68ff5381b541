"""Diagnosing and opening: what staff see before is exactly what is written after."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, object_session

from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.money import in_words
from webapp.core.overtaken import told_change
from webapp.core.sentences import one_after_another, said
from webapp.core.text import N_
from webapp.orders.cancellation import (
    CancellationDraft,
    CancelRequest,
    Need,
    PlanDraft,
    PlanLine,
    Problem,
    Severity,
    draft_cancellation,
)
from webapp.orders.enums import CancelStatus, OrderStatus, RequestStatus
from webapp.orders.locks import lock_order
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    CancellationRequest,
    Order,
    OrderItem,
)
from webapp.orders.service.cancellation.authority import Authority, limits_in
from webapp.orders.service.cancellation.facts import read_facts
from webapp.orders.service.cancellation.refusals import BY_PROBLEM, PurchaseTransactionNotFound
from webapp.orders.service.editing import latest_change
from webapp.orders.service.news import announce_opened
from webapp.orders.service.splitting import split_off
from webapp.orders.service.standing import restate
from webapp.payments.history import ask_for_baskets
from webapp.payments.models import Payee

_NEEDS: Final = {
    Need.FORCE_AMOUNT: Permission.CANCEL_FORCE_AMOUNT,
    Need.REFUND_TO_LOYALTY: Permission.REFUND_LOYALTY,
}


@dataclass(frozen=True, slots=True)
class OpenedPlans:
    """The plans of one staff action, and the draft they were written from."""

    plans: tuple[CancellationPlan, ...]
    draft: CancellationDraft


def diagnose(session: Session, order: Order, request: CancelRequest) -> CancellationDraft:
    """What the request would do; reads only and takes no lock."""
    return draft_cancellation(read_facts(session, order), request, limits_in(session, order.currency))


def open_plans(
    session: Session,
    order_id: int,
    request: CancelRequest,
    by: Authority,
    *,
    refund_invoice_number: str | None = None,
    expected_version: int | None = None,
    waits_for_confirmation: bool = False,
) -> OpenedPlans:
    """Open one plan, or two linked ones where some items are shipped and some are not.

    Raises PermissionDenied, InvalidInput with the draft's problems, PurchaseTransactionNotFound for a forced amount
    that nothing can carry, Conflict when the order changed meanwhile.
    """
    by.require(Permission.CANCEL_OPEN)
    order = lock_order(session, order_id, acting=by.context)
    check_version(order, expected_version)
    draft = diagnose(session, order, request)
    refuse_problems(draft.problems, stops=(Severity.OPENING,))
    _refuse_amount_that_nothing_carries(order, request, draft)
    for need in draft.needs:
        by.require(_NEEDS[need])
    group_id = uuid.uuid4()
    status = CancelStatus.CONFIRMATION_WAITING if waits_for_confirmation else CancelStatus.WAITING
    plans = []
    for plan_draft in draft.plans:
        plan = _write_plan(session, order, plan_draft, request, by, group_id, status)
        plan.refund_invoice_number = refund_invoice_number
        plans.append(plan)
    _join_wishes(session, plans, by)
    restate(session, order)
    ask_for_baskets(session, order.id, by.context)
    for plan in plans:
        _tell_of(session, order, plan, by)
    return OpenedPlans(tuple(plans), draft)


def _refuse_amount_that_nothing_carries(
    order: Order, request: CancelRequest, draft: CancellationDraft
) -> None:
    if request.forced_refund_amount and not any(plan.owed + plan.released for plan in draft.plans):
        raise PurchaseTransactionNotFound(
            said(
                N_("Order %(number)s has no payment that %(amount)s could go back by."),
                number=order.number,
                amount=in_words(request.forced_refund_amount, order.currency),
            )
        )


def _tell_of(session: Session, order: Order, plan: CancellationPlan, by: Authority) -> None:
    """The log and other systems hear of an opened plan."""
    record(
        session,
        by.context,
        "cancellation_plan.opened",
        subject=("cancellation_plan", plan.id),
        order_id=order.id,
        summary=in_words(plan.refund_amount, plan.currency),
        changes={"status": [None, plan.status]},
    )
    announce_opened(session, order, plan)


def _join_wishes(session: Session, plans: Sequence[CancellationPlan], by: Authority) -> None:
    """Wishes for the plans' items are granted with them: whoever wished hears of one decision."""
    rows = session.execute(
        select(CancellationRequest, CancellationPlanItem.plan_id)
        .join(CancellationPlanItem, CancellationPlanItem.order_item_id == CancellationRequest.order_item_id)
        .where(
            CancellationPlanItem.plan_id.in_([plan.id for plan in plans]),
            ~CancellationPlanItem.is_shipping_only,
            CancellationRequest.status.in_([RequestStatus.WAITING_APPROVAL, RequestStatus.CONFIRMED]),
        )
    )
    for wish, plan_id in rows.all():
        grant(session, wish, plan_id, by)


def grant(session: Session, wish: CancellationRequest, plan_id: int | None, by: Authority) -> None:
    """Note that the wish is approved by this plan."""
    before, wish.status, wish.plan_id = wish.status, RequestStatus.APPROVED.value, plan_id
    wish.decided_at = func.clock_timestamp()
    wish.version += 1
    record(
        session,
        by.context,
        "cancellation_request.approved",
        subject=("cancellation_request", wish.id),
        order_id=wish.order_id,
        changes={"status": [before, wish.status]},
    )


def check_version(order: Order, expected: int | None) -> None:
    """Refuse a form that was opened on an older state of the order. Raises Conflict."""
    if expected is not None and order.version != expected:
        session = object_session(order)
        latest = latest_change(session, order) if session is not None else None
        raise Conflict(
            N_("The order was changed since you opened this form. Look at what changed, then send it again."),
            code="stale_form",
            details={"version": order.version, "expected": expected, **told_change(latest)},
        )


def refuse_problems(problems: tuple[Problem, ...], *, stops: tuple[Severity, ...]) -> None:
    """Raises InvalidInput with every problem that stops here, at its field or item."""
    stopping = [problem for problem in problems if problem.severity in stops]
    if not stopping:
        return
    by_field: dict[str, list[str]] = {}
    for problem in stopping:
        by_field.setdefault(_field(problem), []).append(problem.message)
    refused = BY_PROBLEM.get(stopping[0].code, InvalidInput)
    raise refused(
        one_after_another(problem.message for problem in stopping),
        fields=by_field,
        code=stopping[0].code.value,
        details={"problems": [problem.code.value for problem in stopping]},
    )


def _field(problem: Problem) -> str:
    if problem.item_key is not None:
        return f"{problem.field or 'items'}-{problem.item_key}"
    return problem.field or "items"


def _write_plan(
    session: Session,
    order: Order,
    draft: PlanDraft,
    request: CancelRequest,
    by: Authority,
    group_id: uuid.UUID,
    status: CancelStatus,
) -> CancellationPlan:
    plan = CancellationPlan(
        order_id=order.id,
        group_id=group_id,
        kind=draft.kind.value,
        status=status.value,
        is_all=request.is_all,
        next_status=None if request.next_status is None else int(request.next_status),
        forced_refund_amount=request.forced_refund_amount,
        adjustment_reason=request.adjustment_reason.strip(),
        fallback_way=request.fallback.value,
        opened_by_id=by.context.staff_id,
        currency=order.currency,
    )
    write_amounts(plan, draft)
    session.add(plan)
    session.flush()
    for line in (*draft.lines, *draft.shipping_shares):
        _write_line(session, plan, line)
    _write_tenders(session, plan, draft, request)
    return plan


def write_amounts(plan: CancellationPlan, draft: PlanDraft) -> None:
    """The plan's own figures, as drafted."""
    plan.computed_amount = draft.computed_amount
    plan.adjustment_amount = draft.adjustment
    plan.refund_amount = draft.refund_amount
    plan.owed_amount = draft.owed
    plan.released_amount = draft.released
    plan.shipping_policy = draft.shipping_policy.value
    plan.shipping_amount = draft.shipping_amount


def _write_line(session: Session, plan: CancellationPlan, line: PlanLine) -> None:
    item = session.get_one(OrderItem, line.item_key)
    if line.split is not None:
        item = split_off(session, item, line.quantity, (line.split.part, line.split.rest), plan.currency)
    row = CancellationPlanItem(plan_id=plan.id, order_item_id=item.id, quantity=line.quantity)
    write_line_amounts(row, line)
    session.add(row)
    if not line.is_shipping_only:
        if item.status != OrderStatus.CANCELLATION_WAITING:  # else a wish has stored it already
            item.status_before_cancel = item.status
        item.status = int(OrderStatus.CANCELLATION_WAITING)
        item.cancel_status = plan.status
        item.forced_refund = plan.forced_refund_amount is not None
        item.version += 1


def write_line_amounts(row: CancellationPlanItem, line: PlanLine) -> None:
    """The line's frozen shares, as drafted; shipping only where it goes back with this plan."""
    money = line.money
    whole = not line.is_shipping_only
    row.reason_id = line.reason.key if line.reason else None
    row.reason_text = line.reason.text.strip() if line.reason else ""
    row.amount = money.amount if whole else money.amount * 0
    row.discount_amount = money.discount_amount if whole else money.amount * 0
    row.interest_amount = money.installment_interest_amount if whole else money.amount * 0
    row.rounding_amount = money.rounding_amount if whole else money.amount * 0
    row.tax_amount = money.tax_amount if whole else money.amount * 0
    row.shipping_amount = line.shipping
    row.shipping_interest_amount = line.shipping_interest
    row.difference_amount = line.difference
    row.adjustment_amount = line.adjustment
    row.refund_amount = line.refund
    row.is_shipping_only = line.is_shipping_only


def _write_tenders(
    session: Session, plan: CancellationPlan, draft: PlanDraft, request: CancelRequest
) -> None:
    payees = _write_payees(session, plan, draft, request)
    for part in draft.tenders:
        session.add(
            CancellationPlanTender(
                plan_id=plan.id,
                transaction_id=part.tender_key,
                way=part.way.value,
                amount=part.amount,
                interest_amount=part.interest,
                payee_id=None if part.account is None else payees.get(part.account),
            )
        )


def _write_payees(
    session: Session, plan: CancellationPlan, draft: PlanDraft, request: CancelRequest
) -> dict[int, int]:
    """The accounts that this plan pays to, by their place in the request; others are not kept."""
    used = {part.account for part in draft.tenders}
    payees = {
        at: Payee(order_id=plan.order_id, iban=iban.replace(" ", "").upper(), holder_name=name.strip())
        for at, (iban, name) in enumerate(zip(request.ibans, request.holder_names, strict=False))
        if at in used
    }
    session.add_all(payees.values())
    session.flush()
    return {at: payee.id for at, payee in payees.items()}
