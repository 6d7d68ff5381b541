"""F21: one order, any sequence of openings, decisions and answers of the bank. What must always hold, holds after each.

2,000 walks of 50 steps; tests/services/test_order_walks.py walks the services on a database and a bank.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.rules.cancel_world import REASONS, carry_out, order_facts
from tests.rules.random_orders import order_moneys
from webapp.orders.cancellation import CancelItem, CancelRequest, OrderFacts, PlanDraft, draft_cancellation
from webapp.orders.enums import (
    ENDED_STATUSES,
    LIVE_STATUSES,
    RELEASED_REFUND_STATES,
    UNDECIDED_CANCEL_STATUSES,
    CancelStatus,
    OrderStatus,
    PlanKind,
    RefundState,
    RefundWay,
)
from webapp.orders.pricing import OrderMoney, price_order
from webapp.orders.states import (
    check_cancel_move,
    check_refund_move,
    item_status_in_plan,
    order_status,
    plan_status_after_refunds,
)

ZERO = Decimal(0)
WAITING = OrderStatus.CANCELLATION_WAITING
ANSWERS = (RefundState.SUCCEEDED, RefundState.DECLINED, RefundState.UNKNOWN, RefundState.PENDING)


@dataclass
class Back:
    """One movement of money back, as the machine keeps it."""

    tender: int
    amount: Decimal
    state: RefundState = RefundState.READY


@dataclass
class Plan:
    """An opened plan: its draft, the status its items had, and its refunds once approved."""

    draft: PlanDraft
    stored: dict[int, OrderStatus]
    gave_shipping: set[int]
    status: CancelStatus = CancelStatus.WAITING
    refunds: list[Back] = field(default_factory=list)


class OneOrder(RuleBasedStateMachine):
    """The rules carried out in memory, as the services carry them out under the order's lock."""

    order: OrderFacts
    plans: list[Plan]
    ledger: list[Decimal]

    @initialize(money=order_moneys(), shipped=st.lists(st.booleans(), min_size=6, max_size=6))
    def take_an_order(self, money: OrderMoney, shipped: list[bool]) -> None:
        priced = price_order(money)
        statuses = [OrderStatus.SHIPPED if each else OrderStatus.APPROVED for each in shipped]
        self.order = order_facts(
            priced, currency=money.currency, quantities=[3] * len(priced.items), statuses=statuses
        )
        self.captured = sum((tender.captured for tender in self.order.tenders), ZERO)
        self.plans, self.ledger = [], []

    @property
    def live(self) -> list[int]:
        return [item.key for item in self.order.items if item.status in LIVE_STATUSES]

    @precondition(lambda self: self.live)
    @rule(data=st.data(), units=st.sampled_from([None, 1]))
    def open_a_plan(self, data: st.DataObject, units: int | None) -> None:
        key = data.draw(st.sampled_from(self.live))
        item = next(item for item in self.order.items if item.key == key)
        quantity = None if units is None or item.quantity == 1 else Decimal(units)
        request = CancelRequest(items=(CancelItem(key, quantity),), reasons=REASONS)
        draft = draft_cancellation(self.order, request)
        assert draft.can_open, draft.problems
        before = {each.key: each for each in self.order.items}
        waiting = tuple(replace(plan, end_status=WAITING) for plan in draft.plans)
        self.order = carry_out(self.order, replace(draft, plans=waiting))
        now = {each.key: each for each in self.order.items}
        taken = {
            k
            for k in now
            if now[k].status is WAITING and (k not in before or before[k].status is not WAITING)
        }
        gave = {k for k in now if now[k].shipping_taken and not (k in before and before[k].shipping_taken)}
        for plan in draft.plans:
            self.plans.append(Plan(plan, dict.fromkeys(taken, item.status), gave))

    @rule()
    def look_at_what_cancelling_the_rest_would_do(self) -> None:
        """Possible at every moment, and never more than is left."""
        draft = draft_cancellation(self.order, CancelRequest(is_all=True, reasons=REASONS))
        assert draft.can_open is bool(self.live)
        assert 0 <= draft.refund_amount <= self.order.left

    def _some(self, data: st.DataObject, *statuses: CancelStatus) -> Plan:
        return data.draw(st.sampled_from([plan for plan in self.plans if plan.status in statuses]))

    @precondition(lambda self: any(plan.status in UNDECIDED_CANCEL_STATUSES for plan in self.plans))
    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        plan = self._some(data, *UNDECIDED_CANCEL_STATUSES)
        check_cancel_move(plan.status, CancelStatus.APPROVED, kind=plan.draft.kind)
        plan.status = CancelStatus.APPROVED
        parts = [part for part in plan.draft.tenders if part.way is not RefundWay.RELEASE]
        plan.refunds = [Back(part.tender_key, part.amount) for part in parts]
        self._restate(plan)
        if not plan.refunds:
            self._follow(plan)

    @precondition(lambda self: any(plan.status in UNDECIDED_CANCEL_STATUSES for plan in self.plans))
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        plan = self._some(data, *UNDECIDED_CANCEL_STATUSES)
        check_cancel_move(plan.status, CancelStatus.REJECTED, kind=plan.draft.kind)
        plan.status = CancelStatus.REJECTED
        for part in plan.draft.tenders:
            self._reserve(part.tender_key, -part.amount, part.interest)
        self.order = replace(
            self.order,
            consumed=self.order.consumed - plan.draft.computed_amount,
            items=tuple(
                replace(item, shipping_taken=item.shipping_taken and item.key not in plan.gave_shipping)
                for item in self.order.items
            ),
        )
        self._restate(plan)
        status = {item.key: item.status for item in self.order.items}
        assert all(status[key] is stored for key, stored in plan.stored.items())

    @precondition(lambda self: self._open_refunds())
    @rule(data=st.data(), answer=st.sampled_from(ANSWERS))
    def the_bank_answers(self, data: st.DataObject, answer: RefundState) -> None:
        plan, refund = data.draw(st.sampled_from(self._open_refunds()))
        check_refund_move(refund.state, RefundState.SENDING)
        check_refund_move(RefundState.SENDING, answer)
        refund.state = answer
        if answer is RefundState.SUCCEEDED:
            self.ledger.append(refund.amount)
        if answer is RefundState.DECLINED:
            self._reserve(refund.tender, -refund.amount)
        self._follow(plan)

    @precondition(lambda self: self._ended(RefundState.SUCCEEDED))
    @rule(data=st.data())
    def the_bank_takes_one_back(self, data: st.DataObject) -> None:
        plan, refund = data.draw(st.sampled_from(self._ended(RefundState.SUCCEEDED)))
        check_refund_move(refund.state, RefundState.DECLINED, refund_reversed=True)
        refund.state = RefundState.DECLINED
        self.ledger.append(-refund.amount)
        self._reserve(refund.tender, -refund.amount)
        self._follow(plan, refund_reversed=True)

    @precondition(lambda self: self._ended(RefundState.DECLINED))
    @rule(data=st.data())
    def try_again(self, data: st.DataObject) -> None:
        plan, declined = data.draw(st.sampled_from(self._ended(RefundState.DECLINED)))
        tender = next(each for each in self.order.tenders if each.key == declined.tender)
        owed = plan.draft.owed - sum(
            (each.amount for each in plan.refunds if each.state not in RELEASED_REFUND_STATES), ZERO
        )
        if declined.amount > min(owed, tender.captured - tender.reserved):
            return
        plan.refunds.append(Back(declined.tender, declined.amount))
        self._reserve(declined.tender, declined.amount)
        self._follow(plan)

    def _open_refunds(self) -> list[tuple[Plan, Back]]:
        states = (RefundState.READY, RefundState.UNKNOWN, RefundState.PENDING)
        return [(plan, each) for plan in self.plans for each in plan.refunds if each.state in states]

    def _ended(self, state: RefundState) -> list[tuple[Plan, Back]]:
        return [(plan, each) for plan in self.plans for each in plan.refunds if each.state is state]

    def _reserve(self, key: int, amount: Decimal, interest: Decimal = ZERO) -> None:
        tenders = tuple(
            replace(each, reserved=each.reserved + amount, interest=each.interest + interest)
            if each.key == key
            else each
            for each in self.order.tenders
        )
        self.order = replace(self.order, tenders=tenders)

    def _follow(self, plan: Plan, *, refund_reversed: bool = False) -> None:
        status = plan_status_after_refunds(
            plan.draft.owed, [(each.state, each.amount) for each in plan.refunds]
        )
        if status is not plan.status:
            check_cancel_move(
                plan.status, status, kind=plan.draft.kind, refund_sent=True, refund_reversed=refund_reversed
            )
            plan.status = status
            self._restate(plan)

    def _restate(self, plan: Plan) -> None:
        items = []
        for item in self.order.items:
            if item.key in plan.stored and item.status not in ENDED_STATUSES:
                status = item_status_in_plan(plan.draft.kind, plan.status, plan.stored[item.key], None)
                item = replace(item, status=status)
            items.append(item)
        self.order = replace(self.order, items=tuple(items))

    @invariant()
    def no_more_goes_back_than_was_captured(self) -> None:
        for tender in self.order.tenders:
            moving = [
                each.amount
                for plan in self.plans
                for each in plan.refunds
                if each.tender == tender.key and each.state not in RELEASED_REFUND_STATES
            ]
            assert 0 <= sum(moving, ZERO) <= tender.reserved <= tender.captured
        assert 0 <= sum(self.ledger, ZERO) <= self.captured

    @invariant()
    def the_ledger_is_what_succeeded(self) -> None:
        succeeded = [refund.amount for _, refund in self._ended(RefundState.SUCCEEDED)]
        assert sum(self.ledger, ZERO) == sum(succeeded, ZERO)

    @invariant()
    def the_status_is_the_lowest_of_the_active_items(self) -> None:
        statuses = {item.status for item in self.order.items}
        active = statuses - ENDED_STATUSES - {WAITING}
        expected = min(active) if active else WAITING if WAITING in statuses else max(statuses)
        assert order_status([item.status for item in self.order.items]) is expected

    @invariant()
    def items_wait_only_in_a_plan_that_is_open(self) -> None:
        undone = (CancelStatus.REJECTED, CancelStatus.COMPLETED)
        held = {key for plan in self.plans if plan.status not in undone for key in plan.stored}
        waiting = {item.key for item in self.order.items if item.status is WAITING}
        assert waiting <= held
        for plan in self.plans:
            if plan.status is CancelStatus.COMPLETED:
                ends = OrderStatus.CANCELLED if plan.draft.kind is PlanKind.CANCEL else OrderStatus.REFUNDED
                assert all(item.status is ends for item in self.order.items if item.key in plan.stored)


TestOneOrder = OneOrder.TestCase
TestOneOrder.settings = settings(settings(), max_examples=2_000, stateful_step_count=50)
