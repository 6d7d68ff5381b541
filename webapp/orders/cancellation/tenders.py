"""Over which payments the money goes back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from webapp.orders.cancellation.facts import CancelRequest, OrderFacts, TenderFacts
from webapp.orders.cancellation.plan import PlanDraft, TenderPart
from webapp.orders.enums import MoneyHolder, RefundWay, TenderKind

ZERO = Decimal(0)


@dataclass(slots=True)
class _Purse:
    """What one payment can still give while the plans of one action are drafted."""

    key: int
    way: RefundWay
    captured: Decimal
    interest: Decimal
    uncaptured: Decimal


def pay_back(plans: Iterable[PlanDraft], order: OrderFacts, request: CancelRequest) -> tuple[PlanDraft, ...]:
    """The plans with their ways back, one after the other, so that two plans never count on the same money.

    What was not captured is not owed: it is let go where it is only reserved, and else was never taken.
    """
    purses = [
        _Purse(
            key=tender.key,
            way=_way(tender, request.fallback, order.money_mismatch),
            captured=max(ZERO, tender.captured - tender.reserved),
            interest=tender.interest,
            uncaptured=tender.uncaptured,
        )
        for tender in order.tenders
    ]
    return tuple(replace(plan, tenders=tuple(_parts(plan, purses, len(request.ibans)))) for plan in plans)


def choose(need: Decimal, available: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """How much of `need` each payment gives.

    The one that matches exactly; else the smallest that is larger; else the largest, and so on with the rest.
    """
    taken = [ZERO] * len(available)
    while need > 0:
        left = [amount - part for amount, part in zip(available, taken, strict=True)]
        at = _best(need, left)
        if at is None:
            break
        part = min(need, left[at])
        taken[at] += part
        need -= part
    return tuple(taken)


def _best(need: Decimal, left: Sequence[Decimal]) -> int | None:
    enough = [at for at, amount in enumerate(left) if amount >= need]
    if enough:
        return min(enough, key=left.__getitem__)
    some = [at for at, amount in enumerate(left) if amount > 0]
    return max(some, key=left.__getitem__, default=None)


def _parts(plan: PlanDraft, purses: Sequence[_Purse], accounts: int) -> Iterable[TenderPart]:
    """Interest first, on the payment that carried it; then the rest; then what is only reserved."""
    owed = min(plan.refund_amount, sum((purse.captured for purse in purses), ZERO))
    interest = _interest_parts(min(plan.interest, owed), purses)
    rest = choose(
        owed - sum(interest, ZERO),
        [purse.captured - part for purse, part in zip(purses, interest, strict=True)],
    )
    released = choose(plan.refund_amount - owed, [purse.uncaptured for purse in purses])
    transfers = 0
    for at, purse in enumerate(purses):
        amount = interest[at] + rest[at]
        purse.captured -= amount
        purse.interest -= interest[at]
        purse.uncaptured -= released[at]
        if amount:
            account = None
            if purse.way is RefundWay.TRANSFER and accounts:
                account = min(transfers, accounts - 1)
                transfers += 1
            yield TenderPart(purse.key, purse.way, amount, interest[at], account)
        if released[at]:
            yield TenderPart(purse.key, RefundWay.RELEASE, released[at])


def _interest_parts(need: Decimal, purses: Sequence[_Purse]) -> tuple[Decimal, ...]:
    parts = []
    for purse in purses:
        part = min(need, purse.interest, purse.captured)
        need -= part
        parts.append(part)
    return tuple(parts)


def _way(tender: TenderFacts, fallback: RefundWay, money_mismatch: bool) -> RefundWay:
    """How this payment pays back; an order that does not add up is paid back by nobody but a person."""
    if tender.holder is MoneyHolder.CHANNEL or tender.kind is TenderKind.MARKETPLACE:
        return RefundWay.MANUAL if money_mismatch else RefundWay.CHANNEL
    if tender.kind is TenderKind.LOYALTY:
        return RefundWay.LOYALTY
    if tender.kind is TenderKind.CASH_REGISTER:
        return RefundWay.STORE
    if tender.kind is TenderKind.CARD and tender.can_refund:
        return RefundWay.MANUAL if money_mismatch else RefundWay.GATEWAY
    return fallback
