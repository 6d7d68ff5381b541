"""Cancellation plans: their kind, their moves, what they make of their items, and the order's cancel status."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from webapp.core.errors import TransitionNotAllowed
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import (
    ENDED_STATUSES,
    LEFT_STATUSES,
    UNDER_WAY_REFUND_STATES,
    CancelStatus,
    OrderStatus,
    PlanKind,
    RefundState,
)
from webapp.orders.states.items import PENDING
from webapp.orders.states.wording import either, refusal, words

_SUBJECT: Final = said(N_("The plan"))
CANCEL_MOVES: Final[Mapping[CancelStatus | None, frozenset[CancelStatus]]] = {
    None: frozenset({CancelStatus.WAITING, CancelStatus.CONFIRMATION_WAITING}),
    CancelStatus.WAITING: frozenset(
        {CancelStatus.CONFIRMATION_WAITING, CancelStatus.APPROVED, CancelStatus.REJECTED}
    ),
    CancelStatus.CONFIRMATION_WAITING: frozenset({CancelStatus.CONFIRMED, CancelStatus.REJECTED}),
    CancelStatus.CONFIRMED: frozenset({CancelStatus.APPROVED, CancelStatus.REJECTED}),
    CancelStatus.APPROVED: frozenset(
        {
            CancelStatus.WAITING_FOR_PAYMENT,
            CancelStatus.MANUEL_REFUND_NEED,
            CancelStatus.COMPLETED,
            CancelStatus.REJECTED,
        }
    ),
    CancelStatus.WAITING_FOR_PAYMENT: frozenset({CancelStatus.COMPLETED, CancelStatus.MANUEL_REFUND_NEED}),
    CancelStatus.MANUEL_REFUND_NEED: frozenset({CancelStatus.COMPLETED, CancelStatus.WAITING_FOR_PAYMENT}),
    CancelStatus.REJECTED: frozenset(),
    CancelStatus.COMPLETED: frozenset(),
}
_DECIDED: Final = frozenset(
    {
        CancelStatus.APPROVED,
        CancelStatus.WAITING_FOR_PAYMENT,
        CancelStatus.MANUEL_REFUND_NEED,
        CancelStatus.COMPLETED,
    }
)
# Attention first: what somebody must do outranks what merely takes its time.
_CANCEL_STATUS_RANK: Final = (
    CancelStatus.MANUEL_REFUND_NEED,
    CancelStatus.WAITING,
    CancelStatus.CONFIRMATION_WAITING,
    CancelStatus.CONFIRMED,
    CancelStatus.APPROVED,
    CancelStatus.WAITING_FOR_PAYMENT,
)


def check_cancel_move(
    current: CancelStatus | None,
    target: CancelStatus,
    *,
    kind: PlanKind = PlanKind.CANCEL,
    refund_sent: bool = False,
    refund_reversed: bool = False,
    subject: str = _SUBJECT,
) -> None:
    """Refuse a move of a plan that the table does not know. Raises TransitionNotAllowed.

    An approved plan is rejected only if it is a refund plan and nothing was sent; a completed one
    opens again only because the bank took a refund back.
    """
    if current is CancelStatus.COMPLETED and refund_reversed and target is CancelStatus.MANUEL_REFUND_NEED:
        return
    allowed = CANCEL_MOVES[current]
    if target not in allowed:
        raise refusal(subject, current, target, allowed)
    if current is CancelStatus.APPROVED and target is CancelStatus.REJECTED:
        others = allowed - {target}
        if kind is PlanKind.CANCEL:
            raise refusal(subject, current, target, others, said(N_("Its goods are free already.")))
        if refund_sent:
            raise refusal(subject, current, target, others, said(N_("Its refund was sent already.")))


def plan_status_after_refunds(owed: Decimal, refunds: Iterable[tuple[RefundState, Decimal]]) -> CancelStatus:
    """Where an approved plan stands by its refunds (state, amount): the first that holds of

    under way or unknown: waiting_for_payment; paid back what it owes: completed; else manuel_refund_need.
    A refund that the bank took back is declined and counts no more.
    """
    rows = list(refunds)
    if any(state in UNDER_WAY_REFUND_STATES for state, _ in rows):
        return CancelStatus.WAITING_FOR_PAYMENT
    paid_back = sum((amount for state, amount in rows if state is RefundState.SUCCEEDED), Decimal(0))
    if paid_back >= owed:
        return CancelStatus.COMPLETED
    return CancelStatus.MANUEL_REFUND_NEED


def order_cancel_status(plan_statuses: Sequence[CancelStatus]) -> CancelStatus | None:
    """The order's cancel status: of its open plans the one that needs somebody most, else the last closed.

    `plan_statuses` come in the order in which the plans were closed; where open ones stand does not matter.
    """
    for status in _CANCEL_STATUS_RANK:
        if status in plan_statuses:
            return status
    return plan_statuses[-1] if plan_statuses else None


def plan_kind(status: OrderStatus) -> PlanKind:
    """Goods that have not left are cancelled, goods that have are refunded; 520 still lies in our store."""
    return PlanKind.REFUND if status in LEFT_STATUSES else PlanKind.CANCEL


END_STATUS: Final = {PlanKind.CANCEL: OrderStatus.CANCELLED, PlanKind.REFUND: OrderStatus.REFUNDED}


def item_status_in_plan(
    kind: PlanKind, plan_status: CancelStatus, stored: OrderStatus, end_status: OrderStatus | None = None
) -> OrderStatus:
    """What a plan makes of its items: 50 while open, the stored status when rejected, its end status when done.

    A cancel plan frees the goods (100) at approval; everything else ends when its last refund has succeeded.
    `end_status` is the plan's override, one of 100 and 600.
    """
    end = end_status or END_STATUS[kind]
    if end not in ENDED_STATUSES:
        raise TransitionNotAllowed(
            said(
                N_("A plan ends its items as %(ends)s, not as %(end)s."),
                ends=either(ENDED_STATUSES),
                end=words(end),
            )
        )
    if plan_status is CancelStatus.REJECTED:
        return stored
    frees_goods_at_once = kind is PlanKind.CANCEL and end is OrderStatus.CANCELLED
    decided = plan_status in _DECIDED if frees_goods_at_once else plan_status is CancelStatus.COMPLETED
    return end if decided else PENDING
