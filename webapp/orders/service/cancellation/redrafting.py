"""An open plan as the request it was opened with, so that approval can draft it again."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.orders.cancellation import CancelItem, CancelRequest, PlanDraft, ReasonChoice
from webapp.orders.enums import OrderStatus, PlanKind, RefundWay, ShippingPolicy
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    CancellationReason,
)
from webapp.orders.service.cancellation.opening import write_amounts, write_line_amounts
from webapp.payments.models import Payee


def payees_of(session: Session, plans: Sequence[CancellationPlan]) -> list[Payee]:
    """The accounts that the action named, in their order; linked plans that pay to the same one name it once."""
    ids = [plan.id for plan in plans]
    rows = session.scalars(
        select(Payee)
        .join(CancellationPlanTender, CancellationPlanTender.payee_id == Payee.id)
        .where(CancellationPlanTender.plan_id.in_(ids))
        .distinct()
        .order_by(Payee.id)
    )
    named: dict[tuple[str, str], Payee] = {}
    for payee in rows:
        named.setdefault((payee.iban, payee.holder_name), payee)
    return list(named.values())


def redraft(session: Session, plans: Sequence[CancellationPlan], payees: Sequence[Payee]) -> CancelRequest:
    """The request of one staff action. Its rows were split off at opening, so each is taken whole now."""
    ids = [plan.id for plan in plans]
    first = plans[0]
    lines = session.execute(
        select(CancellationPlanItem, CancellationReason)
        .join(CancellationPlan, CancellationPlan.id == CancellationPlanItem.plan_id)
        .outerjoin(CancellationReason, CancellationReason.id == CancellationPlanItem.reason_id)
        .where(CancellationPlanItem.plan_id.in_(ids), ~CancellationPlanItem.is_shipping_only)
        .order_by(CancellationPlanItem.id)
    ).all()
    return CancelRequest(
        items=tuple(CancelItem(line.order_item_id, reason=_reason(line, reason)) for line, reason in lines),
        shipping=ShippingPolicy(first.shipping_policy),
        forced_refund_amount=first.forced_refund_amount,
        adjustment_reason=first.adjustment_reason,
        next_status=None if first.next_status is None else OrderStatus(first.next_status),
        fallback=RefundWay(first.fallback_way),
        ibans=tuple(payee.iban for payee in payees),
        holder_names=tuple(payee.holder_name for payee in payees),
    )


def is_paid_back_as(session: Session, plan: CancellationPlan, now: PlanDraft) -> bool:
    """Whether the money would still go back over the payments that the plan was opened with."""
    frozen = session.execute(
        select(
            CancellationPlanTender.transaction_id, CancellationPlanTender.way, CancellationPlanTender.amount
        ).where(CancellationPlanTender.plan_id == plan.id)
    )
    return {(row[0], row[1], row[2]) for row in frozen} == {
        (part.tender_key, part.way.value, part.amount) for part in now.tenders
    }


def rewrite(session: Session, plan: CancellationPlan, now: PlanDraft, payees: Sequence[Payee]) -> None:
    """Give the plan today's figures; whoever looks at it next sees them with the difference on the timeline.

    `payees` are the accounts that `now` was drafted with.
    """
    write_amounts(plan, now)
    plan.version += 1
    rows = {
        row.order_item_id: row
        for row in session.scalars(
            select(CancellationPlanItem).where(CancellationPlanItem.plan_id == plan.id)
        )
    }
    for line in (*now.lines, *now.shipping_shares):
        row = rows.pop(line.item_key, None)
        if row is None:
            row = CancellationPlanItem(plan_id=plan.id, order_item_id=line.item_key, quantity=line.quantity)
            session.add(row)
        write_line_amounts(row, line)
    for row in rows.values():
        session.delete(row)
    _rewrite_tenders(session, plan, now, payees)


def _rewrite_tenders(
    session: Session, plan: CancellationPlan, now: PlanDraft, payees: Sequence[Payee]
) -> None:
    session.execute(delete(CancellationPlanTender).where(CancellationPlanTender.plan_id == plan.id))
    for part in now.tenders:
        session.add(
            CancellationPlanTender(
                plan_id=plan.id,
                transaction_id=part.tender_key,
                way=part.way.value,
                amount=part.amount,
                interest_amount=part.interest,
                payee_id=None if part.account is None else payees[part.account].id,
            )
        )


def _reason(line: CancellationPlanItem, reason: CancellationReason | None) -> ReasonChoice | None:
    if reason is None:
        return None
    # A reason that was retired meanwhile still holds for the plan that was opened with it.
    return ReasonChoice(
        reason.id, PlanKind(reason.plan_kind), reason.needs_text, is_active=True, text=line.reason_text
    )
