"""Which plans somebody means to decide, whether they still look as they were seen, and who has decided on them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.errors import Conflict, NotFound
from webapp.core.overtaken import overtaken
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import CancelStatus
from webapp.orders.locks import lock_order
from webapp.orders.models import CancellationPlan, Order
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.refusals import MoreThanOneOpenPlan


def group_to_decide(
    session: Session, order: Order, plan_id: int | None, expected_version: int | None = None
) -> list[CancellationPlan]:
    """The plans of the named plan's action, or of the order's only open one.

    Raises NotFound without an open plan, Conflict with more than one action open or a stale `expected_version`.
    """
    plans = list(
        session.scalars(
            select(CancellationPlan)
            .where(CancellationPlan.order_id == order.id)
            .order_by(CancellationPlan.id)
            .execution_options(populate_existing=True)
        )
    )
    if plan_id is not None:
        named = next((plan for plan in plans if plan.id == plan_id), None)
        if named is None:
            raise NotFound(N_("There is no such cancellation plan."))
        group = [plan for plan in plans if plan.group_id == named.group_id]
    else:
        open_plans = [
            plan for plan in plans if plan.status not in (CancelStatus.REJECTED, CancelStatus.COMPLETED)
        ]
        group = _only_group(session, order, plans, open_plans)
    if expected_version is not None and max(plan.version for plan in group) != expected_version:
        decided = who_decided(session, group[0])
        template = N_("%(who)s has changed this plan since you looked at it. Look at it and decide again.")
        if decided:
            raise Conflict(decided, code="stale_form")
        raise overtaken(session, ("cancellation_plan", group[0].id), template)
    return group


def _only_group(
    session: Session, order: Order, plans: Sequence[CancellationPlan], open_plans: Sequence[CancellationPlan]
) -> list[CancellationPlan]:
    groups = {plan.group_id for plan in open_plans}
    if len(groups) > 1:
        raise MoreThanOneOpenPlan(
            said(
                N_("Order %(number)s has %(count)s open cancellations. Name the plan that you mean."),
                number=order.number,
                count=len(groups),
            ),
            details={"plans": [plan.id for plan in open_plans]},
        )
    if not groups:
        words = who_decided(session, plans[-1]) if plans else ""
        raise Conflict(
            words or said(N_("Order %(number)s has no open cancellation."), number=order.number),
            code="no_open_plan",
        )
    return list(open_plans)


def check_plan_seen(
    session: Session, order_id: int, plan_id: int, version: int | None, by: Authority
) -> None:
    """Refuse whoever decides on what they saw before a colleague was faster. Raises Conflict, and keeps the order locked."""
    order = lock_order(session, order_id, acting=by.context)
    group_to_decide(session, order, plan_id, version)


def who_decided(session: Session, plan: CancellationPlan) -> str:
    """Who has approved or rejected the plan, and when; empty while nobody has."""
    if plan.decided_at is None:
        return ""
    who = session.scalar(select(StaffUser.name).where(StaffUser.id == plan.decided_by_id)) or "Kontor"
    is_rejected = plan.status == CancelStatus.REJECTED
    template = (
        N_("%(who)s has rejected this plan on %(at)s UTC.")
        if is_rejected
        else N_("%(who)s has approved this plan on %(at)s UTC.")
    )
    return said(template, who=who, at=f"{plan.decided_at:%d %b %Y at %H:%M:%S}")
