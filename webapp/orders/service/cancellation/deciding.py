"""Approving and rejecting: exactly one of two who decide at once wins, the other is told who and when.

Each story stands before its steps, and the steps in the order in which they happen. What a status may become and what
it makes of the items says orders/states/plans.py; the money moves later, in service/refunds/machine.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.errors import Conflict, PermissionDenied, TransitionNotAllowed
from webapp.core.money import in_words
from webapp.core.sentences import one_after_another, said
from webapp.core.text import N_
from webapp.orders.cancellation import (
    FigureChange,
    Severity,
    changed_figures,
    draft_cancellation,
    needs_second_person,
)
from webapp.orders.enums import ActionKind, CancelStatus, PlanKind, RefundState, RequestStatus
from webapp.orders.locks import lock_order
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationRequest,
    Order,
    OrderItem,
)
from webapp.orders.service.cancellation.authority import Authority, limits_in
from webapp.orders.service.cancellation.facts import read_facts
from webapp.orders.service.cancellation.opening import refuse_problems
from webapp.orders.service.cancellation.paying import make_refunds
from webapp.orders.service.cancellation.redrafting import is_paid_back_as, payees_of, redraft, rewrite
from webapp.orders.service.cancellation.which_plans import group_to_decide, who_decided
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.labels import cancel_empty_parcels
from webapp.orders.service.news import announce_plan
from webapp.orders.service.refunds.plan_moves import move_items, move_plan
from webapp.orders.service.standing import restate
from webapp.orders.service.stock import add_reservations, reserved_by
from webapp.orders.states import check_cancel_move
from webapp.payments.models import Refund

# What the approver has looked at; should one of these have moved, he must look again.
FIGURES = ("computed_amount", "refund_amount", "shipping_amount", "owed_amount", "released_amount")
APPROVABLE = frozenset({CancelStatus.WAITING, CancelStatus.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Approval:
    """What came of an approval: `changes` not empty means the figures had moved and the plans wait again."""

    plans: tuple[CancellationPlan, ...]
    changes: tuple[FigureChange, ...] = ()

    @property
    def is_approved(self) -> bool:
        """Whether the plans were approved; else they went back with new figures."""
        return not self.changes


def approved_order_cancel(
    session: Session,
    order_id: int,
    by: Authority,
    *,
    invoice_number: str | None = None,
    plan_id: int | None = None,
    expected_version: int | None = None,
) -> Approval:
    """Approve the order's open plans: items end or wait for their money, refunds are made, the channel is told.

    All in one transaction under the order's lock; a worker sends the refunds after it. Figures that have changed since
    the opening are written and wait for another look instead.

    Raises PermissionDenied (also to the opener above the limit), Conflict when somebody has decided already.
    """
    by.require(Permission.CANCEL_APPROVE)
    order = lock_order(session, order_id, acting=by.context)
    plans = group_to_decide(session, order, plan_id, expected_version)
    for plan in plans:
        _refuse_unless_it_waits(session, plan)
    _require_second_person(session, order, plans, by)
    changes = _draft_again(session, order, plans)
    if changes:
        return Approval(tuple(plans), changes)
    for plan in plans:
        _approve(session, order, plan, by, invoice_number)
    restate(session, order)
    return Approval(tuple(plans))


def _refuse_unless_it_waits(session: Session, plan: CancellationPlan) -> None:
    """Raises Conflict with who has decided, TransitionNotAllowed where the goods are to be checked first."""
    status = CancelStatus(plan.status)
    if status in APPROVABLE:
        return
    decided = who_decided(session, plan)
    if decided:
        raise Conflict(decided, code="already_decided", details={"status": plan.status})
    check_cancel_move(status, CancelStatus.APPROVED, kind=PlanKind(plan.kind))


def _require_second_person(
    session: Session, order: Order, plans: Sequence[CancellationPlan], by: Authority
) -> None:
    """Above the approver's limit it must be another person than the opener. Raises PermissionDenied."""
    moves = sum((plan.owed_amount + plan.released_amount for plan in plans), Decimal(0))
    limit = limits_in(session, order.currency).get(by.role.value)
    opened_by_same = any(plan.opened_by_id == by.context.staff_id for plan in plans)
    if opened_by_same and needs_second_person(moves, limit):
        up_to = (
            said(N_("no limit is set for this currency"))
            if limit is None
            else said(N_("your limit is %(limit)s"), limit=in_words(limit, order.currency))
        )
        raise PermissionDenied(
            said(
                N_(
                    "You opened this plan, and %(amount)s goes back: a second person must approve it (%(limit)s)."
                ),
                amount=in_words(moves, order.currency),
                limit=up_to,
            ),
            code="second_person_needed",
        )


def _draft_again(
    session: Session, order: Order, plans: Sequence[CancellationPlan]
) -> tuple[FigureChange, ...]:
    """The plans' figures as the order stands now: what has changed is written, and given to whoever approves."""
    facts = read_facts(session, order, without=[plan.id for plan in plans])
    payees = payees_of(session, plans)
    request = redraft(session, plans, payees)
    draft = draft_cancellation(facts, request, limits_in(session, order.currency))
    refuse_problems(draft.problems, stops=(Severity.OPENING, Severity.APPROVAL))
    changes: list[FigureChange] = []
    for plan in plans:
        now = next((each for each in draft.plans if each.kind == plan.kind), None)
        if now is None:
            raise Conflict(
                N_("The items of this plan moved on. Reject it and open a new one."), code="plan_outdated"
            )
        changed = changed_figures({name: getattr(plan, name) for name in FIGURES}, now)
        if changed or not is_paid_back_as(session, plan, now):
            rewrite(session, plan, now, payees)
        changes += changed
    return tuple(changes)


def _approve(
    session: Session, order: Order, plan: CancellationPlan, by: Authority, invoice_number: str | None
) -> None:
    """What follows for one plan: its items, its refunds with their keys, the wishes it answers, the goods, the channel."""
    before = plan.status
    plan.status = CancelStatus.APPROVED.value
    plan.refund_invoice_number = invoice_number or plan.refund_invoice_number
    _note_decision(session, plan, by, "cancellation_plan.approved", before, "")
    announce_plan(session, order, plan)
    freed = _reservations(session, plan)
    move_items(session, plan, CancelStatus.APPROVED)
    refunds = make_refunds(session, order, plan, requested_by_id=by.context.staff_id)
    _move_requests(session, plan, RequestStatus.APPROVED)
    if not any(refund.state == RefundState.READY for refund in refunds):
        # Nothing for the machine: done already, or waiting for a person.
        move_plan(session, order, plan.id)
    if plan.kind == PlanKind.CANCEL:
        add_reservations(session, freed)
        _tell_channel(session, order, plan, by)
        cancel_empty_parcels(session, order, by.context)


def _reservations(session: Session, plan: CancellationPlan) -> dict[tuple[int, int], Decimal]:
    """What its items have reserved, as negative differences: the goods are free again."""
    freed: dict[tuple[int, int], Decimal] = {}
    for item in _items(session, plan):
        reserved = reserved_by(
            item.product_id, item.stock_list_id, item.status, item.status_before_cancel, item.quantity
        )
        if reserved is not None:
            key, quantity = reserved
            freed[key] = freed.get(key, Decimal(0)) - quantity
    return freed


def _tell_channel(session: Session, order: Order, plan: CancellationPlan, by: Authority) -> None:
    """Leave word in the outbox; channels/delivering.py carries it."""
    if order.remote_id is None:
        return  # An order that was made here: no channel knows it.
    # Whatever they end as: those that end as refunded wait for their money, and their goods are free all the same.
    facts = {
        "plan_id": plan.id,
        "items": [item.id for item in _items(session, plan)],
        "is_all": plan.is_all,
    }
    IntegrationActionService(session).create(order, ActionKind.CANCEL, facts, by.context)


def reject_order_cancel(
    session: Session,
    order_id: int,
    by: Authority,
    *,
    words: str = "",
    plan_id: int | None = None,
    expected_version: int | None = None,
) -> list[CancellationPlan]:
    """Put every item of the open plans back to its stored status.

    An approved refund plan can still be rejected while nothing was sent. Raises Conflict else.
    """
    by.require(Permission.CANCEL_APPROVE)
    order = lock_order(session, order_id, acting=by.context)
    plans = group_to_decide(session, order, plan_id, expected_version)
    for plan in plans:
        _reject(session, order, plan, by, words)
    restate(session, order)
    return plans


def _reject(session: Session, order: Order, plan: CancellationPlan, by: Authority, words: str) -> None:
    """What follows for one plan: refunds that nobody has sent are taken back, items and wishes are given back."""
    status = CancelStatus(plan.status)
    _refuse_unless_it_can_be_rejected(session, plan)
    if status is CancelStatus.APPROVED:
        _withdraw(session, plan)
    plan.status = CancelStatus.REJECTED.value
    plan.closed_at = func.clock_timestamp()
    _note_decision(session, plan, by, "cancellation_plan.rejected", status.value, words)
    announce_plan(session, order, plan)
    move_items(session, plan, CancelStatus.REJECTED)
    _move_requests(session, plan, RequestStatus.REJECTED)


def _refuse_unless_it_can_be_rejected(session: Session, plan: CancellationPlan) -> None:
    """Raises Conflict with who has decided and why that cannot be taken back."""
    try:
        check_cancel_move(CancelStatus(plan.status), CancelStatus.REJECTED, kind=PlanKind(plan.kind))
    except TransitionNotAllowed as refused:
        words = one_after_another([who_decided(session, plan), refused.message])
        raise Conflict(words, code="already_decided", details={"status": plan.status}) from refused


def _withdraw(session: Session, plan: CancellationPlan) -> None:
    """Take back refunds that were not sent; a worker that claims one at this moment wins."""
    session.execute(
        update(Refund)
        .where(
            Refund.plan_id == plan.id,
            Refund.state.in_([RefundState.READY.value, RefundState.MANUAL.value]),
            # In a batch it may be at the bank.
            Refund.transfer_batch_id.is_(None),
        )
        .values(state=RefundState.WITHDRAWN.value)
    )
    sent = session.scalar(
        select(func.count()).where(Refund.plan_id == plan.id, Refund.state != RefundState.WITHDRAWN.value)
    )
    if sent:
        raise Conflict(
            N_("The plan cannot be rejected any more: its refund was sent already."), code="refund_sent"
        )


def _note_decision(
    session: Session, plan: CancellationPlan, by: Authority, tag: str, before: str, words: str
) -> None:
    plan.decided_by_id = by.context.staff_id
    plan.decided_at = func.clock_timestamp()
    plan.decision_words = words.strip() or None
    plan.version += 1
    record(
        session,
        by.context,
        tag,
        subject=("cancellation_plan", plan.id),
        order_id=plan.order_id,
        summary="" if words.strip() else in_words(plan.refund_amount, plan.currency),
        words=words.strip(),
        changes={"status": [before, plan.status]},
    )


def _move_requests(session: Session, plan: CancellationPlan, status: RequestStatus) -> None:
    session.execute(
        update(CancellationRequest)
        .where(
            CancellationRequest.plan_id == plan.id,
            CancellationRequest.status.in_(
                [RequestStatus.WAITING_APPROVAL, RequestStatus.CONFIRMED, RequestStatus.APPROVED]
            ),
        )
        .values(
            status=status.value, decided_at=func.clock_timestamp(), version=CancellationRequest.version + 1
        )
    )


def _items(session: Session, plan: CancellationPlan) -> list[OrderItem]:
    return list(
        session.scalars(
            select(OrderItem)
            .join(CancellationPlanItem, CancellationPlanItem.order_item_id == OrderItem.id)
            .where(CancellationPlanItem.plan_id == plan.id, ~CancellationPlanItem.is_shipping_only)
            .order_by(OrderItem.id)
        )
    )
