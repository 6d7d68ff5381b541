"""The draft of a cancellation: the order as it stands and a request in, plans and problems out; nothing is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from webapp.core.iban import is_iban
from webapp.core.money import in_words, quantise
from webapp.core.sentences import mid_sentence, said
from webapp.core.text import N_
from webapp.orders.cancellation.amounts import adjusted_lines, computed_lines, effective_policy
from webapp.orders.cancellation.approval import roles_that_approve_alone
from webapp.orders.cancellation.facts import CancelRequest, OrderFacts
from webapp.orders.cancellation.plan import (
    CancellationDraft,
    Need,
    PlanDraft,
    PlanLine,
    Problem,
    ProblemCode,
    Severity,
)
from webapp.orders.cancellation.selection import select_rows
from webapp.orders.cancellation.tenders import pay_back
from webapp.orders.enums import (
    ENDED_STATUSES,
    OrderStatus,
    PlanKind,
    RefundWay,
    ShippingPolicy,
    TenderKind,
)
from webapp.orders.states import END_STATUS

# Columns of a plan that its draft calls otherwise.
_DRAFTED_AS: Mapping[str, str] = {"owed_amount": "owed", "released_amount": "released"}
_NO_LIMITS: Mapping[str, Decimal | None] = {}


def draft_cancellation(
    order: OrderFacts, request: CancelRequest, limits: Mapping[str, Decimal | None] = _NO_LIMITS
) -> CancellationDraft:
    """What the request would do. `limits`: for each role that may approve, its limit in the order's currency.

    The cancel dialog shows exactly this, opening writes exactly this, and approval drafts it again.
    """
    selection = select_rows(order, request)
    policy = effective_policy(request, stays=selection.stays)
    lines = computed_lines(order, selection, policy)
    problems = [*selection.problems, *_request_problems(order, request, lines)]
    forced_is_wrong = any(problem.code is ProblemCode.FORCED_AMOUNT for problem in problems)
    if request.forced_refund_amount is not None and not forced_is_wrong:
        lines = adjusted_lines(lines, request.forced_refund_amount, order.currency)
    plans = pay_back(_plans(lines, policy, request), order, request)
    problems += _money_problems(order, request, plans)
    moves = sum((plan.owed + plan.released for plan in plans), Decimal(0))
    return CancellationDraft(
        plans=plans,
        problems=tuple(problems),
        needs=frozenset(_needs(order, plans)),
        alone=roles_that_approve_alone(moves, limits),
        left_before=order.left,
        left_after=order.left - sum((plan.computed_amount for plan in plans), Decimal(0)),
    )


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of an open plan that is no longer what it was when the plan was opened."""

    figure: str
    opened_with: Decimal
    now: Decimal


def changed_figures(opened_with: Mapping[str, Decimal], now: PlanDraft) -> tuple[FigureChange, ...]:
    """What changed since opening; approval sends the plan back with these.

    `opened_with` holds the plan's stored columns by name: computed_amount, refund_amount, shipping_amount,
    owed_amount, released_amount.
    """
    changes = (
        FigureChange(name, amount, getattr(now, _DRAFTED_AS.get(name, name)))
        for name, amount in opened_with.items()
    )
    return tuple(change for change in changes if change.opened_with != change.now)


def _plans(lines: Sequence[PlanLine], policy: ShippingPolicy, request: CancelRequest) -> Iterator[PlanDraft]:
    for kind in PlanKind:
        own = [line for line in lines if line.kind is kind]
        if own:
            yield PlanDraft(
                kind=kind,
                end_status=_end_status(request.next_status, kind),
                lines=tuple(line for line in own if not line.is_shipping_only),
                shipping_shares=tuple(line for line in own if line.is_shipping_only),
                shipping_policy=policy,
            )


def _end_status(wanted: OrderStatus | None, kind: PlanKind) -> OrderStatus:
    return wanted if wanted in ENDED_STATUSES else END_STATUS[kind]


def _needs(order: OrderFacts, plans: Sequence[PlanDraft]) -> Iterator[Need]:
    if any(plan.adjustment for plan in plans):
        yield Need.FORCE_AMOUNT
    loyalty = {tender.key for tender in order.tenders if tender.kind is TenderKind.LOYALTY}
    parts = [part for plan in plans for part in plan.tenders]
    if any(part.way is RefundWay.LOYALTY and part.tender_key not in loyalty for part in parts):
        yield Need.REFUND_TO_LOYALTY


def _request_problems(
    order: OrderFacts, request: CancelRequest, lines: Sequence[PlanLine]
) -> Iterator[Problem]:
    """What is wrong with the request as a whole, before any money is looked for."""
    if request.next_status is not None and request.next_status not in ENDED_STATUSES:
        message = said(
            N_("A plan cannot end its items as %(status)s."), status=mid_sentence(request.next_status.label)
        )
        yield Problem(ProblemCode.END_STATUS, Severity.OPENING, message, field="next_status")
    forced = request.forced_refund_amount
    if forced is None:
        return
    if not 0 <= forced <= order.left or forced != quantise(forced, order.currency):
        message = said(N_("Enter an amount from 0 to %(most)s."), most=in_words(order.left, order.currency))
        yield Problem(ProblemCode.FORCED_AMOUNT, Severity.OPENING, message, field="forced_refund_amount")
    elif (
        forced != sum((line.computed for line in lines), Decimal(0)) and not request.adjustment_reason.strip()
    ):
        message = said(N_("Say why another amount than the computed one goes back."))
        yield Problem(
            ProblemCode.ADJUSTMENT_REASON_MISSING, Severity.OPENING, message, field="adjustment_reason"
        )


def _money_problems(
    order: OrderFacts, request: CancelRequest, plans: Sequence[PlanDraft]
) -> Iterator[Problem]:
    """What stands in the way of the money, or is only worth knowing."""
    if order.money_mismatch:
        message = said(N_("The shop's total is not the sum of its parts: nothing is paid back by itself."))
        yield Problem(ProblemCode.MONEY_MISMATCH, Severity.NOTICE, message)
    wanted = sum((plan.refund_amount for plan in plans), Decimal(0))
    moves = sum((plan.owed + plan.released for plan in plans), Decimal(0))
    if moves < wanted:
        message = said(
            N_("Only %(moves)s of %(wanted)s was paid and can go back."),
            moves=moves,
            wanted=f"{wanted} {order.currency}",
        )
        yield Problem(ProblemCode.MORE_THAN_CAPTURED, Severity.NOTICE, message)
    yield from _bank_problems(request, plans)


def _bank_problems(request: CancelRequest, plans: Sequence[PlanDraft]) -> Iterator[Problem]:
    """An account and its holder where money goes back by bank, and only there."""
    transfers = any(part.way is RefundWay.TRANSFER for plan in plans for part in plan.tenders)
    if not transfers:
        if request.ibans or request.holder_names:
            message = N_("No money goes back by bank, so the account is not kept.")
            yield Problem(ProblemCode.IBAN_NOT_NEEDED, Severity.NOTICE, message, field="ibans")
        return
    wrong = [iban for iban in request.ibans if not is_iban(iban)]
    if wrong:
        message = N_("The IBAN is not valid: check it digit by digit.")
        yield Problem(ProblemCode.IBAN_INVALID, Severity.OPENING, message, field="ibans")
    names = [name for name in request.holder_names if name.strip()]
    if not request.ibans or len(names) != len(request.ibans):
        message = N_("Enter the IBAN and its holder before the plan is approved: money goes back by bank.")
        yield Problem(ProblemCode.IBAN_MISSING, Severity.APPROVAL, message, field="ibans")
