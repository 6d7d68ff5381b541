"""Moving plans along by name of the target status; every target goes through the method that guards it."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.errors import Conflict, NotFound
from webapp.core.text import N_
from webapp.core.worklist import Subject
from webapp.orders.enums import CLOSED_CANCEL_STATUSES, CancelStatus, PlanKind
from webapp.orders.locks import lock_order
from webapp.orders.models import CancellationPlan, CancellationPlanItem, Order
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.deciding import approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.refusals import FiguresChanged, UpdateCancelStatusRefused
from webapp.orders.service.cancellation.which_plans import group_to_decide
from webapp.orders.service.refunds.manual import settle_plan_by_hand, try_plan_again
from webapp.orders.service.refunds.plan_moves import move_items
from webapp.orders.service.standing import restate
from webapp.orders.states import check_cancel_move

Mover = Callable[[Session, int, int, Authority, str], object]


def update_cancel_status(
    session: Session,
    order_id: int,
    item_ids: Collection[int],
    cancel_status: CancelStatus,
    by: Authority,
    *,
    words: str = "",
) -> list[CancellationPlan]:
    """Move the plan that holds exactly these items (none named: the order's open one) to that status.

    Whoever approves one whose figures have changed gets it back waiting, with the new ones (`came_back`). Raises UpdateCancelStatusRefused for a part of a plan or items of several, and whatever the target's own
    method refuses.
    """
    order = lock_order(session, order_id, acting=by.context)
    plan = _plan_of(session, order, item_ids)
    _MOVERS[cancel_status](session, order.id, plan.id, by, words)
    return group_to_decide(session, order, plan.id)


def update_cancellation_plan(
    session: Session,
    plan_id: int,
    by: Authority,
    *,
    cancel_status: CancelStatus | None = None,
    words: str = "",
    refund_invoice_number: str | None = None,
) -> CancellationPlan:
    """Move a plan, with the others of its action, and write its invoice number; what is not given stays.

    Whoever approves one whose figures have changed gets it back waiting, with the new ones (`came_back`).
    Raises NotFound, and whatever the target's own method refuses.
    """
    found = session.get(CancellationPlan, plan_id)
    if found is None:
        raise NotFound(N_("There is no such cancellation plan."))
    order = lock_order(session, found.order_id, acting=by.context)
    if cancel_status is not None:
        _MOVERS[cancel_status](session, order.id, plan_id, by, words)
    plan = session.get_one(CancellationPlan, plan_id, populate_existing=True)
    if refund_invoice_number is not None and refund_invoice_number != plan.refund_invoice_number:
        _write_invoice_number(session, plan, by, refund_invoice_number)
    return plan


def came_back(plans: Iterable[CancellationPlan], wanted: CancelStatus | None) -> FiguresChanged | None:
    """What to say of an approval that sent its plans back with new figures; they are written and to be kept."""
    if wanted is not CancelStatus.APPROVED or all(plan.status != CancelStatus.WAITING for plan in plans):
        return None
    return FiguresChanged(
        N_("The figures have changed since the plan was opened. Look at them and decide again.")
    )


def _write_invoice_number(
    session: Session, plan: CancellationPlan, by: Authority, refund_invoice_number: str
) -> None:
    by.require(Permission.CANCEL_OPEN)
    changes = {"refund_invoice_number": [plan.refund_invoice_number, refund_invoice_number]}
    plan.refund_invoice_number = refund_invoice_number
    plan.version += 1
    record(
        session,
        by.context,
        "cancellation_plan.edited",
        subject=("cancellation_plan", plan.id),
        order_id=plan.order_id,
        changes=changes,
    )


def _plan_of(session: Session, order: Order, item_ids: Collection[int]) -> CancellationPlan:
    if not item_ids:
        return group_to_decide(session, order, None)[0]
    held = session.execute(
        select(CancellationPlanItem.order_item_id, CancellationPlan)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
        .where(
            CancellationPlan.order_id == order.id,
            CancellationPlan.status.not_in([status.value for status in CLOSED_CANCEL_STATUSES]),
            ~CancellationPlanItem.is_shipping_only,
        )
    ).all()
    groups = {plan.group_id for item_id, plan in held if item_id in set(item_ids)}
    if not groups:
        raise Conflict(N_("None of these items stands in an open cancellation plan."), code="no_open_plan")
    if len(groups) > 1:
        raise UpdateCancelStatusRefused(
            "These items stand in several plans; move one plan at a time.", code="several_plans"
        )
    group = groups.pop()
    whole = {item_id for item_id, plan in held if plan.group_id == group}
    if whole != set(item_ids):
        raise UpdateCancelStatusRefused(
            "A plan moves as a whole: name all of its items.",
            code="part_of_a_plan",
            details={"items": sorted(whole)},
        )
    return next(plan for _, plan in held if plan.group_id == group)


def _approve(session: Session, order_id: int, plan_id: int, by: Authority, words: str) -> None:
    """Figures that have changed since the opening send the plan back to waiting: see `came_back`."""
    approved_order_cancel(session, order_id, by, plan_id=plan_id)


def _reject(session: Session, order_id: int, plan_id: int, by: Authority, words: str) -> None:
    reject_order_cancel(session, order_id, by, plan_id=plan_id, words=words)


def _confirm(target: CancelStatus) -> Mover:
    def move(session: Session, order_id: int, plan_id: int, by: Authority, words: str) -> None:
        """Goods or store are to be checked, or have been."""
        by.require(Permission.CANCEL_OPEN)
        order = lock_order(session, order_id, acting=by.context)
        for plan in group_to_decide(session, order, plan_id):
            before = plan.status
            check_cancel_move(CancelStatus(before), target, kind=PlanKind(plan.kind))
            plan.status = target.value
            plan.version += 1
            move_items(session, plan, target)
            record(
                session,
                by.context,
                f"cancellation_plan.{target.value}",
                subject=("cancellation_plan", plan.id),
                order_id=order.id,
                words=words.strip(),
                changes={"status": [before, target.value]},
            )
        restate(session, order)

    return move


def _derived(target: CancelStatus) -> Mover:
    def refuse(session: Session, order_id: int, plan_id: int, by: Authority, words: str) -> None:
        plan = session.get_one(CancellationPlan, plan_id)
        check_cancel_move(CancelStatus(plan.status), target, kind=PlanKind(plan.kind))
        raise Conflict(N_("A plan comes to this status by its refunds alone."), code="derived_status")

    return refuse


_MOVERS: Final[dict[CancelStatus, Mover]] = {
    CancelStatus.WAITING: _derived(CancelStatus.WAITING),
    CancelStatus.CONFIRMATION_WAITING: _confirm(CancelStatus.CONFIRMATION_WAITING),
    CancelStatus.CONFIRMED: _confirm(CancelStatus.CONFIRMED),
    CancelStatus.APPROVED: _approve,
    CancelStatus.REJECTED: _reject,
    CancelStatus.WAITING_FOR_PAYMENT: lambda session, order_id, plan_id, by, words: try_plan_again(
        session, order_id, plan_id, by
    ),
    CancelStatus.MANUEL_REFUND_NEED: _derived(CancelStatus.MANUEL_REFUND_NEED),
    CancelStatus.COMPLETED: lambda session, order_id, plan_id, by, words: settle_plan_by_hand(
        session, order_id, plan_id, by, evidence=words
    ),
}


def move_group(
    session: Session, plan_id: int, cancel_status: CancelStatus, by: Authority, *, words: str = ""
) -> list[CancellationPlan]:
    """Move the action that this plan stands for; its plans as they then are (`came_back`).

    Raises NotFound and whatever the target's own method refuses.
    """
    plan = session.get(CancellationPlan, plan_id)
    if plan is None:
        raise NotFound(N_("There is no such cancellation plan."))
    order = lock_order(session, plan.order_id, acting=by.context)
    _MOVERS[cancel_status](session, order.id, plan_id, by, words)
    return group_to_decide(session, order, plan_id)


def plans_of_payment_type(session: Session, payment_type: str) -> list[Subject]:
    """Open plans of orders that were paid so; the first of each action. `payment_type` is a payment option's slug."""
    query = (
        select(CancellationPlan.id, CancellationPlan.order_id, CancellationPlan.group_id)
        .join(Order, Order.id == CancellationPlan.order_id)
        .where(
            Order.payment_option_slug == payment_type,
            CancellationPlan.status.not_in([status.value for status in CLOSED_CANCEL_STATUSES]),
        )
        .order_by(CancellationPlan.id)
    )
    first: dict[object, Subject] = {}
    for plan_id, order_id, group_id in session.execute(query):
        first.setdefault(group_id, Subject(plan_id, order_id))
    return list(first.values())
