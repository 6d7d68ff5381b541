"""A gateway's list against our books, from facts alone. It is the only check that sees what was done outside them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from webapp.payments.gateway import FoundRefund, Outcome


class BreakKind(StrEnum):
    """How the two lists differ."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    CURRENCY = "currency"
    DOUBLE = "double"


@dataclass(frozen=True, slots=True)
class OurRefund:
    """A refund in our books. `is_booked`: the ledger has it; `is_open`: the machine still works on it.

    `is_external`: it was made at the channel, so the gateway has it without our reference.
    """

    reference: str
    order_id: int
    payment_ref: str
    amount: Decimal
    currency: str
    is_booked: bool
    is_open: bool
    gateway_ref: str = ""
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """One difference; `subject` names it so that tomorrow's run knows it again."""

    kind: BreakKind
    subject: str
    reference: str = ""
    order_id: int | None = None
    our_amount: Decimal | None = None
    their_amount: Decimal | None = None
    our_currency: str | None = None
    their_currency: str | None = None


def compare(ours: Iterable[OurRefund], theirs: Iterable[FoundRefund]) -> list[Break]:
    """Every difference between our booked refunds and what moved at the gateway, oldest of theirs first.

    A refund that we are still working on is no break: the machine will find it. What failed there moved nothing.
    """
    books = _Books(list(ours))
    moved = [found for found in theirs if found.outcome in (Outcome.SUCCEEDED, Outcome.PENDING)]
    breaks = [found for each in moved for found in books.judge(each)]
    return [*breaks, *books.left_over()]


class _Books:
    def __init__(self, ours: list[OurRefund]) -> None:
        self._by_reference = {each.reference: each for each in ours}
        self._by_gateway_ref = {each.gateway_ref: each for each in ours if each.gateway_ref}
        self._external: dict[tuple[str, Decimal], list[OurRefund]] = defaultdict(list)
        for each in ours:
            if each.is_external:
                self._external[each.payment_ref, each.amount].append(each)
        self._seen: Counter[str] = Counter()

    def judge(self, found: FoundRefund) -> Iterator[Break]:
        """What is wrong with one movement of theirs."""
        own = self._own(found)
        if own is None:
            yield Break(
                BreakKind.MISSING_HERE,
                found.gateway_ref,
                their_amount=found.amount,
                their_currency=found.currency,
            )
            return
        self._seen[own.reference] += 1
        if self._seen[own.reference] > 1:
            yield _difference(BreakKind.DOUBLE, own, found)
        elif not own.is_booked and not own.is_open:
            yield _difference(BreakKind.MISSING_HERE, own, found)
        elif own.currency != found.currency:
            yield _difference(BreakKind.CURRENCY, own, found)
        elif own.amount != found.amount:
            yield _difference(BreakKind.AMOUNT, own, found)

    def left_over(self) -> Iterator[Break]:
        """What our ledger says went back and the gateway does not know."""
        for own in self._by_reference.values():
            if own.is_booked and not own.is_external and not self._seen[own.reference]:
                yield Break(
                    BreakKind.MISSING_THERE,
                    own.reference,
                    own.reference,
                    own.order_id,
                    our_amount=own.amount,
                    our_currency=own.currency,
                )

    def _own(self, found: FoundRefund) -> OurRefund | None:
        if found.reference:
            return self._by_reference.get(found.reference)
        if found.gateway_ref in self._by_gateway_ref:
            return self._by_gateway_ref[found.gateway_ref]
        # Made at the channel: it has no name of ours, so payment and amount are all there is to know it by.
        waiting = self._external.get((found.payment_ref, found.amount))
        return waiting.pop() if waiting else None


def _difference(kind: BreakKind, own: OurRefund, found: FoundRefund) -> Break:
    return Break(
        kind,
        found.gateway_ref,
        own.reference,
        own.order_id,
        our_amount=own.amount,
        their_amount=found.amount,
        our_currency=own.currency,
        their_currency=found.currency,
    )
