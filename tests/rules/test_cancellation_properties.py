"""Whatever is cancelled, in whatever parts and order, adds up to the cent.

`make test-long` tries 100,000 orders for each property.
"""

from dataclasses import fields, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.rules.cancel_world import REASONS, World, cancel_all, order_facts
from tests.rules.random_orders import order_moneys
from webapp.core.money import from_minor
from webapp.orders.cancellation import CancelItem, CancelRequest, OrderFacts, TenderFacts
from webapp.orders.enums import (
    ENDED_STATUSES,
    LIVE_STATUSES,
    MoneyHolder,
    OrderStatus,
    ShippingPolicy,
    TenderKind,
)
from webapp.orders.pricing import OrderMoney, RowMoney, check_identity, is_divisible, price_order

ZERO = Decimal(0)
MONEY_COLUMNS = [field.name for field in fields(RowMoney)]


@st.composite
def tenders(
    draw: st.DrawFn, money: OrderMoney, interest: Decimal, *, captured_only: bool
) -> list[TenderFacts]:
    """One to three payments that come to the order's total; some not captured unless told otherwise."""
    step = from_minor(1, money.currency)
    total = int(max(ZERO, money.total) / step)
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=2)))
    amounts = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    payments = []
    for key, units in enumerate(amounts, 1):
        amount = units * step
        is_captured = captured_only or draw(st.booleans())
        carried = min(interest, amount)
        interest -= carried
        payments.append(
            TenderFacts(
                key=key,
                kind=draw(st.sampled_from(TenderKind)),
                captured=amount if is_captured else ZERO * step,
                uncaptured=ZERO * step if is_captured or draw(st.booleans()) else amount,
                interest=carried,
                holder=draw(st.sampled_from(MoneyHolder)),
                can_refund=draw(st.booleans()),
            )
        )
    return payments


@st.composite
def orders(draw: st.DrawFn, *, captured_only: bool = True, adds_up: bool = True) -> OrderFacts:
    """An imported order with rows of several units in any live status."""
    money = draw(order_moneys(adds_up=adds_up))
    priced = price_order(money)
    interest = priced.installment_interest_amount + priced.shipping_interest_amount
    rows = len(priced.items)
    return order_facts(
        priced,
        currency=money.currency,
        quantities=draw(st.lists(st.sampled_from([1, 2, 3, 7, "1.5"]), min_size=rows, max_size=rows)),
        statuses=draw(st.lists(st.sampled_from(sorted(LIVE_STATUSES)), min_size=rows, max_size=rows)),
        tenders=draw(tenders(money, interest, captured_only=captured_only)),
    )


@st.composite
def part_requests(draw: st.DrawFn, order: OrderFacts, *, may_force: bool) -> CancelRequest | None:
    """Some live rows or parts of rows, by any shipping policy; None when nothing is live any more."""
    live = [item for item in order.items if item.status in LIVE_STATUSES]
    if not live:
        return None
    items = []
    for item in draw(
        st.lists(st.sampled_from(live), min_size=1, max_size=3, unique_by=lambda item: item.key)
    ):
        units = None
        if is_divisible(item.quantity) and draw(st.booleans()):
            units = Decimal(draw(st.integers(1, int(item.quantity))))
        items.append(CancelItem(item.key, units))
    forced = None
    if may_force and draw(st.booleans()):
        step = from_minor(1, order.currency)
        forced = draw(st.integers(0, int(order.left / step))) * step
    return CancelRequest(
        items=tuple(items),
        reasons=REASONS,
        shipping=draw(st.sampled_from([None, *ShippingPolicy])),
        forced_refund_amount=forced,
        adjustment_reason="As agreed",
    )


def cancel_everything(data: st.DataObject, order: OrderFacts, *, may_force: bool = False) -> World:
    """Some partial cancels, then all that is left with all shipping."""
    world = World(order)
    for _ in range(data.draw(st.integers(0, 4))):
        request = data.draw(part_requests(world.order, may_force=may_force))
        if request is not None:
            world.run(request)
    if any(item.status in LIVE_STATUSES for item in world.order.items):
        world.run(cancel_all(shipping=ShippingPolicy.FULL))
    return world


@given(st.data(), orders())
def test_partial_cancels_in_any_order_pay_back_exactly_what_was_paid(
    data: st.DataObject, order: OrderFacts
) -> None:
    world = cancel_everything(data, order)
    assert {item.status for item in world.order.items} <= ENDED_STATUSES
    kept_shipping = [
        item.money.shipping_amount + item.money.shipping_interest_amount
        for item in world.order.items
        if not item.shipping_taken
    ]
    assert world.paid_back == world.computed == order.amount - sum(kept_shipping, ZERO)
    assert all(tender.reserved <= tender.captured for tender in world.order.tenders)


@given(st.data(), orders())
def test_splitting_rows_for_partial_cancels_loses_nothing_in_any_column(
    data: st.DataObject, order: OrderFacts
) -> None:
    world = cancel_everything(data, order)
    for column in MONEY_COLUMNS:
        before = sum((getattr(item.money, column) for item in order.items), ZERO)
        assert sum((getattr(item.money, column) for item in world.order.items), ZERO) == before
    quantity = sum((item.quantity for item in order.items), ZERO)
    assert sum((item.quantity for item in world.order.items), ZERO) == quantity


@given(st.data(), st.one_of(orders(captured_only=False), orders(captured_only=False, adds_up=False)))
def test_refunds_never_pass_what_was_captured_whatever_is_forced(
    data: st.DataObject, order: OrderFacts
) -> None:
    world = cancel_everything(data, order, may_force=True)
    captured = sum((tender.captured for tender in order.tenders), ZERO)
    assert 0 <= world.paid_back <= captured
    assert 0 <= world.computed <= max(ZERO, order.amount)
    for tender in world.order.tenders:
        assert 0 <= tender.reserved <= tender.captured
        assert tender.uncaptured >= 0 and tender.interest >= 0


@given(st.data(), orders())
def test_order_of_cancelling_whole_rows_does_not_matter_once_all_are_cancelled(
    data: st.DataObject, order: OrderFacts
) -> None:
    policy = data.draw(st.sampled_from([ShippingPolicy.PROPORTIONAL, ShippingPolicy.REMAINING_IF_LAST, None]))
    results = []
    for keys in (data.draw(st.permutations([item.key for item in order.items])) for _ in range(2)):
        world = World(order)
        for key in keys:
            world.run(CancelRequest(items=(CancelItem(key),), reasons=REASONS, shipping=policy))
        by_row: dict[int, Decimal] = {}
        for line in world.lines:
            by_row[line.item_key] = by_row.get(line.item_key, ZERO) + line.refund
        results.append((world.paid_back, by_row))
    assert results[0] == results[1]
    assert results[0][0] == order.amount


@given(orders())
def test_cancelling_all_at_once_gives_every_row_its_own_total(order: OrderFacts) -> None:
    world = World(order)
    draft = world.run(cancel_all())
    assert draft.owed == order.amount
    assert all(line.difference == 0 and line.adjustment == 0 for line in world.lines)


@given(order_moneys(), st.sampled_from([OrderStatus.APPROVED, OrderStatus.DELIVERED]))
def test_drafting_changes_nothing_of_the_order(money: OrderMoney, status: OrderStatus) -> None:
    priced = price_order(money)
    order = order_facts(priced, currency=money.currency, statuses=[status] * len(priced.items))
    first, second = World(order).run(cancel_all()), World(replace(order)).run(cancel_all())
    assert first == second
    assert check_identity(priced, priced.items, money.currency) == ()
