"""`cancel_order` with each of its parameters: what a diagnosis says, opening writes, and nothing else."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import (
    Counter,
    card,
    lines_of,
    plans_of,
    refunds_of,
    ship,
    snapshot,
    tenders_of,
)
from tests.order_drafts import findings, line, payment
from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission, Role
from webapp.channels.push_facts import push_of
from webapp.channels.pushes import CancelPush
from webapp.core.audit import SYSTEM, AuditContext, Origin
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied
from webapp.orders.cancellation import NothingNamed, OverlappingParameters
from webapp.orders.enums import ActionKind, OrderStatus, PlanKind
from webapp.orders.inputs import DiscountDraft
from webapp.orders.models import CancellationReason, IntegrationAction, Order
from webapp.orders.pricing import steps_from_json
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation.asking import GivenReason
from webapp.orders.service.cancellation.refusals import MissingReason

D = Decimal


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def ids(order_id: int) -> list[int]:
    return [item.id for item in items_of_order(order_id)]


# Diagnosis


def test_diagnose_when_called_then_writes_nothing_and_says_what_opening_writes(counter: Counter) -> None:
    order_id = counter.order("99.99", "33.33", "33.33", "12.50", shipping_amount=D("8.50"))
    second, fourth = (ids(order_id)[at] for at in (1, 3))
    before = snapshot()

    told = counter.cancel(order_id, second, fourth, diagnose=True, is_cargo_refund=True)
    assert snapshot() == before
    assert told.plans == ()

    counter.cancel(order_id, second, fourth, is_cargo_refund=True)
    (plan,), (drafted,) = plans_of(order_id), told.draft.plans
    assert (plan.kind, plan.computed_amount, plan.refund_amount, plan.owed_amount, plan.shipping_amount) == (
        drafted.kind,
        drafted.computed_amount,
        drafted.refund_amount,
        drafted.owed,
        drafted.shipping_amount,
    )
    assert plan.shipping_policy == "proportional"
    assert [(row.order_item_id, row.refund_amount) for row in lines_of(plan.id)] == [
        (each.item_key, each.refund) for each in drafted.lines
    ]
    assert tenders_of(plan.id) == [(part.way, part.amount) for part in drafted.tenders]


def test_diagnose_when_somebody_may_not_even_open_then_is_told_all_the_same(counter: Counter) -> None:
    told = counter.cancel(counter.order(), diagnose=True, by=SYSTEM)
    assert told.draft.refund_amount == D("100.00")


# What is named


def test_all_and_items_when_both_are_named_then_they_overlap(counter: Counter) -> None:
    order_id = counter.order()
    with pytest.raises(OverlappingParameters):
        counter.cancel(order_id, ids(order_id)[0], is_all=True)


@pytest.mark.parametrize("is_cargo_refund", [None, True, False])
def test_neither_all_nor_items_then_nothing_is_named(counter: Counter, is_cargo_refund: bool | None) -> None:
    order_id = counter.order()
    with pytest.raises(NothingNamed):
        counter.cancel(order_id, is_all=False, is_cargo_refund=is_cargo_refund)


def test_items_when_they_are_of_another_order_then_refused(counter: Counter) -> None:
    order_id, other = counter.order(), counter.order(number="1002")
    before = snapshot()
    with pytest.raises(InvalidInput, match="The order has no item") as refused:
        counter.cancel(order_id, ids(other)[0])
    assert refused.value.error_code == "item_unknown"
    assert snapshot() == before


def test_items_when_they_stand_in_an_open_plan_then_refused(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    counter.cancel(order_id, ids(order_id)[0])
    with pytest.raises(InvalidInput, match="stands in another open plan") as refused:
        counter.cancel(order_id, *ids(order_id))
    assert refused.value.error_code == "item_in_open_plan"


def test_all_when_some_items_stand_in_an_open_plan_then_takes_the_others(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    counter.cancel(order_id, ids(order_id)[0])
    counter.cancel(order_id)
    assert [plan.refund_amount for plan in plans_of(order_id)] == [D("60.00"), D("40.00")]


def test_all_when_nothing_is_live_then_there_is_nothing_to_cancel(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    counter.approve(order_id)
    with pytest.raises(InvalidInput) as refused:
        counter.cancel(order_id)
    assert refused.value.error_code == "nothing_to_cancel"


# Reasons


def test_reason_when_an_item_has_none_of_its_kind_then_missing(counter: Counter) -> None:
    order_id = counter.order()
    ship(order_id)
    with pytest.raises(MissingReason) as refused:
        counter.cancel(order_id, reasons=[counter.reason(PlanKind.CANCEL)])
    assert refused.value.error_code == "reason_missing"
    assert list(refused.value.fields) == [f"reason-{ids(order_id)[0]}"]


def test_reason_when_it_is_of_the_other_kind_for_this_item_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    item = ids(order_id)[0]
    wrong = replace(counter.reason(PlanKind.REFUND), item_id=item)
    with pytest.raises(MissingReason) as refused:
        counter.cancel(order_id, item, reasons=[wrong])
    assert refused.value.error_code == "reason_wrong_kind"


def test_reason_when_it_is_retired_then_refused_but_open_plans_keep_it(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, second = ids(order_id)
    counter.cancel(order_id, first)
    with unit_of_work() as unit:
        unit.execute(update(CancellationReason).values(is_active=False))
    with pytest.raises(MissingReason) as refused:
        counter.cancel(order_id, second)
    assert refused.value.error_code == "reason_inactive"
    assert counter.approve(order_id).is_approved


@pytest.mark.parametrize(("words", "taken"), [("", False), ("   ", False), ("Wrong colour", True)])
def test_reason_when_it_needs_words_then_only_with_words(counter: Counter, words: str, taken: bool) -> None:
    order_id = counter.order()
    with unit_of_work() as unit:
        unit.execute(update(CancellationReason).values(needs_text=True))
    reasons = [counter.reason(text=words)]
    if taken:
        counter.cancel(order_id, reasons=reasons)
        assert lines_of(plans_of(order_id)[0].id)[0].reason_text == words
        return
    with pytest.raises(MissingReason) as refused:
        counter.cancel(order_id, reasons=reasons)
    assert refused.value.error_code == "reason_text_missing"


def test_reason_when_it_does_not_exist_then_refused(counter: Counter) -> None:
    with pytest.raises(InvalidInput, match="no such reason"):
        counter.cancel(counter.order(), reasons=[GivenReason(404)])


def test_reasons_when_an_item_has_its_own_then_it_outranks_the_common_one(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, second = ids(order_id)
    own = replace(counter.reason(text="its own"), item_id=second)
    counter.cancel(order_id, first, second, reasons=[counter.reason(text="common"), own])
    assert [row.reason_text for row in lines_of(plans_of(order_id)[0].id)] == ["common", "its own"]


# Parts of a row


def test_seven_units_when_taken_as_1_2_and_4_then_every_column_and_step_adds_up(counter: Counter) -> None:
    discount = DiscountDraft(remote_id="d1", scope="order", amount=D("10.00"), name="Ten off")
    lines = (line("1", "100.01", quantity=7), line("2", "50.00"))
    order_id = counter.order_of(
        lines, discounts=(discount,), shipping_amount=D("9.99"), interest_amount=D("3.33")
    )
    whole = items_of_order(order_id)[0]
    columns = ("amount", "discount_amount", "shipping_amount", "installment_interest_amount")
    columns += ("shipping_interest_amount", "rounding_amount", "tax_amount", "quantity", "ordered_quantity")
    was = {name: getattr(whole, name) for name in columns}
    steps = {step.key: step.amount for step in steps_from_json(whole.price_steps)}

    for taken in (1, 2):
        counter.cancel(order_id, cancel_items={ids(order_id)[0]: D(taken)})
    counter.cancel(order_id, cancel_items={ids(order_id)[0]: D(4)})

    rows = [item for item in items_of_order(order_id) if item.position == 1]
    assert [(row.part, row.quantity) for row in rows] == [(0, 4), (1, 1), (2, 2)]
    assert {name: sum(getattr(row, name) for row in rows) for name in columns} == was
    split = [steps_from_json(row.price_steps) for row in rows]
    assert {key: sum(s.amount for each in split for s in each if s.key == key) for key in steps} == steps
    assert [sum((s.amount for s in each), D(0)) for each in split] == [row.discount_amount for row in rows]
    assert all(row.amount >= row.discount_amount >= 0 for row in rows)
    assert findings() == []


def test_part_of_a_row_when_drafted_again_at_approval_then_the_figures_are_the_same(counter: Counter) -> None:
    order_id = counter.order_of((line("1", "100.00", quantity=3),))
    counter.cancel(order_id, cancel_items={ids(order_id)[0]: D(1)})
    assert counter.approve(order_id).is_approved
    assert [(item.quantity, item.status, item.amount) for item in items_of_order(order_id)] == [
        (2, 400, D("66.67")),
        (1, 100, D("33.33")),
    ]


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "4"])
def test_part_of_a_row_when_it_has_no_such_part_then_refused(counter: Counter, quantity: str) -> None:
    order_id = counter.order_of((line("1", "100.00", quantity=3),))
    with pytest.raises(InvalidInput, match="between 1 and 3") as refused:
        counter.cancel(order_id, cancel_items={ids(order_id)[0]: D(quantity)})
    assert refused.value.error_code == "quantity"
    assert len(ids(order_id)) == 1


# Shipped and not shipped in one action


def test_mixed_items_then_two_linked_plans_that_are_decided_together(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    ship(order_id, ids(order_id)[1])

    counter.cancel(order_id)

    cancel, refund = plans_of(order_id)
    assert (cancel.kind, refund.kind) == ("cancel", "refund")
    assert cancel.group_id == refund.group_id
    assert (cancel.refund_amount, refund.refund_amount) == (D("60.00"), D("40.00"))
    assert counter.approve(order_id).is_approved
    assert [item.status for item in items_of_order(order_id)] == [100, 50]
    assert [plan.status for plan in plans_of(order_id)] == ["approved", "approved"]
    assert sorted(refund.amount for refund in refunds_of(order_id)) == [D("40.00"), D("60.00")]


# End status


@pytest.mark.parametrize(
    ("next_status", "ends"), [(None, 100), (OrderStatus.CANCELLED, 100), (OrderStatus.REFUNDED, 600)]
)
def test_next_status_when_it_is_an_end_then_the_items_end_so(
    counter: Counter, next_status: OrderStatus | None, ends: int
) -> None:
    order_id = counter.order("0.00", tenders=(payment("0.00"),))
    counter.cancel(order_id, next_status=next_status)
    counter.approve(order_id)
    assert [item.status for item in items_of_order(order_id)] == [ends]


@pytest.mark.parametrize("next_status", [None, OrderStatus.CANCELLED, OrderStatus.REFUNDED])
def test_next_status_whatever_it_is_then_the_channel_is_told_of_the_plan_s_own_items(
    counter: Counter, next_status: OrderStatus | None
) -> None:
    """An item that ends as refunded waits for its money; no item must not mean all of them."""
    order_id = counter.order("60.00", "40.00")
    gone, stays = items_of_order(order_id)
    counter.cancel(order_id, gone.id, next_status=next_status)
    counter.approve(order_id)
    with unit_of_work() as unit:
        query = select(IntegrationAction).where(IntegrationAction.kind == ActionKind.CANCEL.value)
        action = unit.scalars(query).one()
        push = push_of(unit, action, may_be_there=False)
    assert isinstance(push, CancelPush)
    assert [item.remote_line_id for item in push.items] == [gone.remote_line_id]
    assert items_of_order(order_id)[1].status == stays.status


def test_next_status_when_it_is_no_end_then_refused(counter: Counter) -> None:
    with pytest.raises(InvalidInput) as refused:
        counter.cancel(counter.order(), next_status=OrderStatus.SHIPPED)
    assert refused.value.error_code == "end_status"


# Who


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.FINANCE, Role.OPERATOR)])
def test_opening_when_the_role_may_then_opens(counter: Counter, role: Role) -> None:
    by = counter.desk.authority(role)
    assert Permission.CANCEL_OPEN in by.permissions
    counter.cancel(counter.order(), by=by.context)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.OPERATOR])
def test_opening_when_the_role_may_not_then_refused(counter: Counter, role: Role) -> None:
    order_id = counter.order()
    with pytest.raises(PermissionDenied, match="You may not open a cancellation"):
        counter.cancel(order_id, by=counter.desk.authority(role).context)


@pytest.mark.parametrize("context", [SYSTEM, AuditContext(origin=Origin.PAGE, staff_id=404)])
def test_opening_when_it_is_nobody_then_refused(counter: Counter, context: AuditContext) -> None:
    with pytest.raises(PermissionDenied, match="a member of staff"):
        counter.cancel(counter.order(), by=context)


# Stale forms


def test_version_when_the_order_changed_meanwhile_then_conflict_and_nothing_is_written(
    counter: Counter,
) -> None:
    order_id = counter.order("60.00", "40.00")
    seen = order_now(order_id).version
    counter.cancel(order_id, ids(order_id)[0])
    before = snapshot()
    with pytest.raises(Conflict, match="changed since you opened this form") as refused:
        counter.cancel(order_id, ids(order_id)[1], version=seen)
    assert refused.value.error_code == "stale_form"
    assert snapshot() == before


# What it leaves behind


def test_opening_then_items_wait_with_their_status_stored_and_the_order_says_so(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, _ = ids(order_id)
    counter.cancel(order_id, first, refund_invoice_number="INV-7")
    item = items_of_order(order_id)[0]
    assert (item.status, item.status_before_cancel, item.cancel_status) == (50, 400, "waiting")
    order = order_now(order_id)
    assert (order.status, order.cancel_status, order.has_open_plan) == (400, "waiting", True)
    assert plans_of(order_id)[0].refund_invoice_number == "INV-7"
    assert findings() == []


def test_service_when_a_supervisor_is_disabled_then_may_nothing_any_more(
    counter: Counter, session: Session
) -> None:
    order_id = counter.order()
    gone = counter.supervisor
    with unit_of_work() as unit:
        unit.execute(update(StaffUser).where(StaffUser.id == gone.staff_id).values(is_active=False))
    with pytest.raises(PermissionDenied), unit_of_work() as unit:
        OrderService(unit).cancel_order(unit.get_one(Order, order_id), counter.reasons, gone, is_all=True)


def test_two_cards_when_the_need_fits_one_then_goes_back_over_that_one(counter: Counter) -> None:
    tenders = (card("60.00", remote_id="a"), card("40.00", remote_id="b"))
    order_id = counter.order("60.00", "40.00", tenders=tenders)
    counter.cancel(order_id, ids(order_id)[1])
    assert tenders_of(plans_of(order_id)[0].id) == [("gateway", D("40.00"))]
