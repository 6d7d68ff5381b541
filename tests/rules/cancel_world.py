"""An order in memory on which drafts are carried out, as the services carry them out in the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from webapp.orders.cancellation import (
    CancelItem,
    CancellationDraft,
    CancelRequest,
    ItemFacts,
    OrderFacts,
    PlanDraft,
    PlanLine,
    ReasonChoice,
    TenderFacts,
    draft_cancellation,
)
from webapp.orders.enums import OrderStatus, PlanKind, RefundWay, TenderKind
from webapp.orders.pricing import PricedItem, PricedOrder, RowMoney

ZERO = Decimal(0)
CHANGED_MIND = ReasonChoice(1, PlanKind.CANCEL)
SENT_BACK = ReasonChoice(2, PlanKind.REFUND)
REASONS = (CHANGED_MIND, SENT_BACK)


def row_money(item: PricedItem) -> RowMoney:
    """The columns of a row as they are stored at import."""
    return RowMoney(
        amount=item.amount,
        discount_amount=item.discount_amount,
        shipping_amount=item.shipping_amount,
        installment_interest_amount=item.installment_interest_amount,
        shipping_interest_amount=item.shipping_interest_amount,
        rounding_amount=item.rounding_amount,
        tax_amount=item.tax_amount,
    )


def order_facts(
    priced: PricedOrder,
    *,
    currency: str = "TRY",
    quantities: Sequence[int | str] = (),
    statuses: Sequence[OrderStatus] = (),
    tenders: Sequence[TenderFacts] | None = None,
) -> OrderFacts:
    """The order as imported: approved rows of one unit and one captured card, unless told otherwise."""
    rows = range(len(priced.items))
    card = TenderFacts(
        key=1,
        kind=TenderKind.CARD,
        captured=max(ZERO, priced.amount),
        interest=priced.installment_interest_amount + priced.shipping_interest_amount,
    )
    return OrderFacts(
        currency=currency,
        amount=priced.amount,
        items=tuple(
            ItemFacts(
                key=row + 1,
                name=f"Item {row + 1}",
                status=statuses[row] if statuses else OrderStatus.APPROVED,
                quantity=Decimal(quantities[row] if quantities else 1),
                money=row_money(priced.items[row]),
            )
            for row in rows
        ),
        tenders=(card,) if tenders is None else tuple(tenders),
        money_mismatch=priced.money_mismatch,
    )


def cancel(*keys: int, **terms: object) -> CancelRequest:
    """A request for whole rows, with a reason for each kind."""
    return replace(CancelRequest(items=tuple(map(CancelItem, keys)), reasons=REASONS), **terms)  # type: ignore[arg-type]


def cancel_all(**terms: object) -> CancelRequest:
    """A request for everything that is live, with a reason for each kind."""
    return replace(CancelRequest(is_all=True, reasons=REASONS), **terms)  # type: ignore[arg-type]


@dataclass
class World:
    """The order as it stands now, and everything that was drafted and carried out on it."""

    order: OrderFacts
    done: list[CancellationDraft] = field(default_factory=list)

    def run(self, request: CancelRequest) -> CancellationDraft:
        """Draft, check what must always hold, and carry out as if approved and paid."""
        draft = draft_cancellation(self.order, request)
        assert draft.can_open, draft.problems
        check_draft(self.order, draft)
        self.order = carry_out(self.order, draft)
        self.done.append(draft)
        return draft

    @property
    def computed(self) -> Decimal:
        """What the rules gave, over all drafts."""
        return sum((draft.computed_amount for draft in self.done), ZERO)

    @property
    def paid_back(self) -> Decimal:
        """Captured money that went back."""
        return sum((draft.owed for draft in self.done), ZERO)

    @property
    def lines(self) -> list[PlanLine]:
        """Every line of every plan, shipping shares included."""
        plans = [plan for draft in self.done for plan in draft.plans]
        return [line for plan in plans for line in (*plan.lines, *plan.shipping_shares)]


def check_draft(order: OrderFacts, draft: CancellationDraft) -> None:
    """What holds for every draft: nothing below zero, nothing over a cap, every sum the sum of its parts."""
    captured = {tender.key: tender.captured - tender.reserved for tender in order.tenders}
    uncaptured = {tender.key: tender.uncaptured for tender in order.tenders}
    for plan in draft.plans:
        for line in (*plan.lines, *plan.shipping_shares):
            assert min(line.share, line.computed, line.refund, line.shipping, line.shipping_interest) >= 0
        for part in plan.tenders:
            assert part.amount > 0 and 0 <= part.interest <= part.amount
            (uncaptured if part.way is RefundWay.RELEASE else captured)[part.tender_key] -= part.amount
        assert plan.owed + plan.released <= plan.refund_amount
    assert all(left >= 0 for left in (*captured.values(), *uncaptured.values()))
    assert 0 <= draft.computed_amount <= order.left
    assert 0 <= draft.refund_amount <= order.left
    assert draft.left_after == order.left - draft.computed_amount
    reachable = sum(captured.values(), ZERO) + sum(uncaptured.values(), ZERO)
    moved = sum((plan.owed + plan.released for plan in draft.plans), ZERO)
    assert moved == min(draft.refund_amount, moved + reachable)


def carry_out(order: OrderFacts, draft: CancellationDraft) -> OrderFacts:
    """The order after every plan of the draft was approved and paid back."""
    items = {item.key: item for item in order.items}
    for plan in draft.plans:
        for line in plan.lines:
            _end_line(items, line, plan)
        for line in plan.shipping_shares:
            items[line.item_key] = replace(items[line.item_key], shipping_taken=True)
    parts = [part for plan in draft.plans for part in plan.tenders]
    tenders = []
    for tender in order.tenders:
        mine = [part for part in parts if part.tender_key == tender.key]
        refunds = [part for part in mine if part.way is not RefundWay.RELEASE]
        released = [part for part in mine if part.way is RefundWay.RELEASE]
        tenders.append(
            replace(
                tender,
                reserved=tender.reserved + sum((part.amount for part in refunds), ZERO),
                interest=tender.interest - sum((part.interest for part in refunds), ZERO),
                uncaptured=tender.uncaptured - sum((part.amount for part in released), ZERO),
            )
        )
    consumed = order.consumed + draft.computed_amount
    return replace(order, items=tuple(items.values()), tenders=tuple(tenders), consumed=consumed)


def _end_line(items: dict[int, ItemFacts], line: PlanLine, plan: PlanDraft) -> None:
    item = items[line.item_key]
    gave_shipping = bool(line.shipping + line.shipping_interest)
    key = item.key
    if line.split is not None:
        items[key] = replace(item, quantity=item.quantity - line.quantity, money=line.split.rest)
        key = max(items) + 1
    items[key] = replace(
        item,
        key=key,
        quantity=line.quantity,
        money=line.money,
        status=plan.end_status,
        shipping_taken=item.shipping_taken or gave_shipping,
    )
