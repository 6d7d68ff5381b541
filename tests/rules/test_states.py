"""Every transition table, cell by cell: what is listed is allowed, and nothing else is."""

from decimal import Decimal
from itertools import combinations_with_replacement, permutations

import pytest

from webapp.core.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from webapp.orders import states
from webapp.orders.enums import CancelStatus, OrderStatus, PlanKind, RefundState, RequestStatus
from webapp.orders.states import MoveTerms, PulledMove, PullVerdict

# Written out from the rules, code by code, so that the table is checked against another hand.
FORWARD = {
    50: [],
    100: [],
    200: [300, 350, 400, 450, 500, 510, 540, 550],
    300: [350, 400, 450, 500, 510, 540, 550],
    350: [400, 450, 500, 510, 540, 550],
    400: [450, 500, 510, 540, 550],
    450: [500, 510, 540, 550],
    500: [510, 540, 544, 545, 550],
    510: [540, 544, 545, 550],
    520: [550],
    540: [500, 544, 545, 550, 600],
    544: [545, 550, 600],
    545: [544, 550, 600],
    550: [544, 545],
    600: [],
}
PICKUP = {200, 300, 350, 400, 450}
BACKWARD = {(450, 400), (520, 450)}
EVERY_PAIR = [(current, target) for current in OrderStatus for target in OrderStatus]


def is_allowed(current: OrderStatus, target: OrderStatus, terms: MoveTerms) -> bool:
    try:
        states.check_item_move(current, target, terms)
    except (TransitionNotAllowed, PermissionDenied, InvalidInput):
        return False
    return True


@pytest.mark.parametrize(("current", "target"), EVERY_PAIR)
def test_item_move_by_anyone_is_allowed_only_forward(current: OrderStatus, target: OrderStatus) -> None:
    assert is_allowed(current, target, MoveTerms()) == (target in FORWARD[current])


@pytest.mark.parametrize(("current", "target"), EVERY_PAIR)
def test_item_move_with_every_right_adds_pickup_and_two_steps_back(
    current: OrderStatus, target: OrderStatus
) -> None:
    terms = MoveTerms(store_pickup=True, may_go_back=True, reason="Wrong shelf")
    to_the_store = current in PICKUP and target == 520
    expected = target in FORWARD[current] or to_the_store or (current, target) in BACKWARD
    assert is_allowed(current, target, terms) == expected


@pytest.mark.parametrize(("current", "target"), sorted(BACKWARD))
def test_item_step_back_needs_its_permission_and_a_reason(current: int, target: int) -> None:
    source, goal = OrderStatus(current), OrderStatus(target)
    with pytest.raises(PermissionDenied, match=f"{current}.*{target}"):
        states.check_item_move(source, goal, MoveTerms(reason="Wrong shelf"))
    with pytest.raises(InvalidInput) as refusal:
        states.check_item_move(source, goal, MoveTerms(may_go_back=True, reason="  "))
    assert refusal.value.fields == {"reason": ["Say why the item goes back."]}


@pytest.mark.parametrize("current", [OrderStatus.ATTEMPTED_DELIVERY, OrderStatus.REVIEW_WAITING])
def test_item_with_captured_money_is_refunded_by_settling_only(current: OrderStatus) -> None:
    states.check_item_move(current, OrderStatus.REFUNDED)
    with pytest.raises(TransitionNotAllowed, match="It is paid: open a return"):
        states.check_item_move(current, OrderStatus.REFUNDED, MoveTerms(is_paid=True))


def test_refused_item_move_says_what_it_is_and_what_would_be_allowed() -> None:
    with pytest.raises(TransitionNotAllowed) as refusal:
        states.check_item_move(OrderStatus.DELIVERED, OrderStatus.PREPARING, subject="Item 3")
    assert refusal.value.message == (
        "Item 3 is delivered (550) and cannot become preparing (450). "
        "It can become return being reviewed (544) or return waiting for review (545)."
    )
    assert refusal.value.details == {"current": 550, "target": 450, "allowed": [544, 545]}


@pytest.mark.parametrize(
    ("current", "target", "hint"),
    [
        (50, 400, "approve or reject the plan"),
        (100, 400, "That is final"),
        (400, 100, "Open a cancellation"),
        (550, 600, "Open a return"),
        (400, 520, "not picked up in a store"),
    ],
)
def test_refused_item_move_says_what_to_do_instead(current: int, target: int, hint: str) -> None:
    with pytest.raises(TransitionNotAllowed, match=hint):
        states.check_item_move(OrderStatus(current), OrderStatus(target))


def test_order_move_takes_live_items_and_leaves_ended_pending_and_arrived_ones() -> None:
    items = [(f"Item {n}", OrderStatus(code)) for n, code in enumerate([400, 100, 50, 450, 500, 600], 1)]
    move = states.check_order_move(items, OrderStatus.SHIPPED)
    assert (move.moving, move.staying) == ((0, 3), (1, 2, 4, 5))


def test_order_move_is_all_or_nothing_and_names_every_item_that_cannot() -> None:
    items = [
        ("Item 1", OrderStatus.APPROVED),
        ("Item 2", OrderStatus.DELIVERED),
        ("Item 3", OrderStatus.SHIPPED),
    ]
    with pytest.raises(TransitionNotAllowed) as refusal:
        states.check_order_move(items, OrderStatus.PREPARING)
    assert refusal.value.message.startswith("Nothing was moved. Item 2 is delivered (550)")
    assert "Item 3 is shipped (500)" in refusal.value.message
    assert refusal.value.details["items"] == [1, 2]


def test_order_move_with_nothing_to_move_is_refused() -> None:
    with pytest.raises(TransitionNotAllowed, match="nothing to move"):
        states.check_order_move([("Item 1", OrderStatus.CANCELLED)], OrderStatus.SHIPPED)


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ([400], 400),
        ([400, 450, 500], 400),
        ([500, 100, 600, 50], 500),
        ([100, 50], 50),
        ([50, 600], 50),
        ([100, 100], 100),
        ([100, 600], 600),
        ([600], 600),
    ],
)
def test_order_status_is_the_lowest_of_its_active_items(codes: list[int], status: int) -> None:
    assert states.order_status(OrderStatus(code) for code in codes) == status


def test_order_status_without_items_is_left_alone() -> None:
    assert states.order_status([]) is None


@pytest.mark.parametrize("codes", list(combinations_with_replacement(OrderStatus, 3)))
def test_order_status_follows_the_four_rules_for_every_three_items(codes: tuple[OrderStatus, ...]) -> None:
    active = [code for code in codes if code not in (50, 100, 600)]
    if active:
        expected = min(active)
    elif 50 in codes:
        expected = OrderStatus.CANCELLATION_WAITING
    else:
        expected = OrderStatus.CANCELLED if set(codes) == {100} else OrderStatus.REFUNDED
    assert states.order_status(codes) is expected


@pytest.mark.parametrize(
    ("codes", "flags"),
    [
        ([400, 400], (False, False, False)),
        ([400, 100], (True, False, False)),
        ([100, 100], (False, False, False)),
        ([100, 600], (True, True, False)),
        ([550, 600], (False, True, False)),
        ([400, 500], (False, False, True)),
        ([520, 510], (False, False, True)),
        ([500, 100], (True, False, False)),
        ([500, 50], (False, False, False)),
    ],
)
def test_order_flags_say_what_the_status_cannot(codes: list[int], flags: tuple[bool, bool, bool]) -> None:
    found = states.order_flags([OrderStatus(code) for code in codes], [CancelStatus.REJECTED])
    assert (found.partially_cancelled, found.partially_refunded, found.partially_shipped) == flags
    assert not found.has_open_plan


@pytest.mark.parametrize("status", CancelStatus)
def test_order_has_an_open_plan_until_each_is_rejected_or_completed(status: CancelStatus) -> None:
    found = states.order_flags([OrderStatus.APPROVED], [CancelStatus.COMPLETED, status])
    assert found.has_open_plan == (status.value not in ("rejected", "completed"))


CANCEL_TABLE = {
    None: "waiting confirmation_waiting",
    "waiting": "confirmation_waiting approved rejected",
    "confirmation_waiting": "confirmed rejected",
    "confirmed": "approved rejected",
    "approved": "waiting_for_payment manuel_refund_need completed rejected",
    "waiting_for_payment": "completed manuel_refund_need",
    "manuel_refund_need": "completed waiting_for_payment",
    "rejected": "",
    "completed": "",
}


@pytest.mark.parametrize("current", [None, *CancelStatus])
@pytest.mark.parametrize("target", CancelStatus)
def test_plan_moves_along_the_table_and_nowhere_else(
    current: CancelStatus | None, target: CancelStatus
) -> None:
    listed = target.value in CANCEL_TABLE[current.value if current else None].split()
    if listed:
        states.check_cancel_move(current, target, kind=PlanKind.REFUND)
    else:
        with pytest.raises(TransitionNotAllowed, match="The plan is"):
            states.check_cancel_move(current, target, kind=PlanKind.REFUND)


def test_approved_plan_is_rejected_only_if_it_refunds_and_nothing_was_sent() -> None:
    approved, rejected = CancelStatus.APPROVED, CancelStatus.REJECTED
    states.check_cancel_move(approved, rejected, kind=PlanKind.REFUND)
    with pytest.raises(TransitionNotAllowed, match="Its goods are free already"):
        states.check_cancel_move(approved, rejected, kind=PlanKind.CANCEL)
    with pytest.raises(TransitionNotAllowed, match="Its refund was sent already"):
        states.check_cancel_move(approved, rejected, kind=PlanKind.REFUND, refund_sent=True)


def test_completed_plan_opens_again_only_when_the_bank_took_the_refund_back() -> None:
    completed, manual = CancelStatus.COMPLETED, CancelStatus.MANUEL_REFUND_NEED
    with pytest.raises(TransitionNotAllowed, match="That is final"):
        states.check_cancel_move(completed, manual)
    states.check_cancel_move(completed, manual, refund_reversed=True)


REFUND_TABLE = {
    "ready": "sending withdrawn",
    "sending": "sending succeeded pending declined unknown manual",
    "pending": "sending manual",
    "unknown": "sending manual",
    "manual": "succeeded declined",
    "succeeded": "",
    "declined": "",
    "withdrawn": "",
}


@pytest.mark.parametrize("current", RefundState)
@pytest.mark.parametrize("target", RefundState)
def test_refund_moves_along_the_table_and_nowhere_else(current: RefundState, target: RefundState) -> None:
    if target.value in REFUND_TABLE[current.value].split():
        states.check_refund_move(current, target, evidence="Bank letter 17")
    else:
        with pytest.raises(TransitionNotAllowed, match="The refund is"):
            states.check_refund_move(current, target, evidence="Bank letter 17")


def test_manual_refund_is_ended_by_evidence_only() -> None:
    with pytest.raises(InvalidInput) as refusal:
        states.check_refund_move(RefundState.MANUAL, RefundState.SUCCEEDED, evidence=" ")
    assert "evidence" in refusal.value.fields


REQUEST_TABLE = {
    "waiting_approval": "confirmed approved rejected",
    "confirmed": "approved rejected",
    "approved": "completed rejected",
    "rejected": "completed",
    "completed": "",
}


@pytest.mark.parametrize("current", RequestStatus)
@pytest.mark.parametrize("target", RequestStatus)
def test_request_moves_along_the_table_and_nowhere_else(
    current: RequestStatus, target: RequestStatus
) -> None:
    if target.value in REQUEST_TABLE[current.value].split():
        states.check_request_move(current, target)
    else:
        with pytest.raises(TransitionNotAllowed, match="The cancellation request is"):
            states.check_request_move(current, target)


@pytest.mark.parametrize("status", OrderStatus)
def test_plan_kind_is_refund_from_shipped_on_but_not_in_our_own_store(status: OrderStatus) -> None:
    expected = PlanKind.REFUND if status in (500, 510, 540, 544, 545, 550) else PlanKind.CANCEL
    assert states.plan_kind(status) is expected


@pytest.mark.parametrize("plan_status", CancelStatus)
def test_items_of_a_plan_wait_until_it_is_decided_and_go_back_when_it_is_rejected(
    plan_status: CancelStatus,
) -> None:
    cancel = states.item_status_in_plan(PlanKind.CANCEL, plan_status, OrderStatus.APPROVED)
    refund = states.item_status_in_plan(PlanKind.REFUND, plan_status, OrderStatus.DELIVERED)
    if plan_status is CancelStatus.REJECTED:
        assert (cancel, refund) == (400, 550)
        return
    undecided = plan_status.value in ("waiting", "confirmation_waiting", "confirmed")
    assert cancel == (50 if undecided else 100)
    assert refund == (600 if plan_status is CancelStatus.COMPLETED else 50)


def test_plan_with_another_end_status_writes_it_when_the_money_has_moved() -> None:
    refunded = OrderStatus.REFUNDED
    approved, completed = CancelStatus.APPROVED, CancelStatus.COMPLETED
    assert states.item_status_in_plan(PlanKind.CANCEL, approved, OrderStatus.APPROVED, refunded) == 50
    assert states.item_status_in_plan(PlanKind.CANCEL, completed, OrderStatus.APPROVED, refunded) == 600
    with pytest.raises(TransitionNotAllowed, match=r"cancelled \(100\) or refunded \(600\), not as shipped"):
        states.item_status_in_plan(PlanKind.CANCEL, approved, OrderStatus.APPROVED, OrderStatus.SHIPPED)


@pytest.mark.parametrize(
    ("refunds", "status"),
    [
        ([], "manuel_refund_need"),
        ([("ready", 10)], "waiting_for_payment"),
        ([("unknown", 10)], "waiting_for_payment"),
        ([("succeeded", 6), ("pending", 4)], "waiting_for_payment"),
        ([("succeeded", 6), ("declined", 4)], "manuel_refund_need"),
        ([("succeeded", 6), ("manual", 4)], "manuel_refund_need"),
        ([("succeeded", 6), ("declined", 4), ("succeeded", 4)], "completed"),
    ],
)
def test_approved_plan_stands_where_its_refunds_stand(refunds: list[tuple[str, int]], status: str) -> None:
    rows = [(RefundState(state), Decimal(amount)) for state, amount in refunds]
    assert states.plan_status_after_refunds(Decimal(10), rows).value == status


def test_approved_plan_that_owes_nothing_is_completed_until_the_bank_takes_money_back() -> None:
    assert states.plan_status_after_refunds(Decimal(0), []) is CancelStatus.COMPLETED
    taken_back = [(RefundState.DECLINED, Decimal(10))]
    assert states.plan_status_after_refunds(Decimal(10), taken_back) is CancelStatus.MANUEL_REFUND_NEED


def test_refund_that_succeeded_fails_only_because_the_bank_took_it_back() -> None:
    succeeded, declined = RefundState.SUCCEEDED, RefundState.DECLINED
    with pytest.raises(TransitionNotAllowed):
        states.check_refund_move(succeeded, declined, evidence="Bank letter 17")
    states.check_refund_move(succeeded, declined, refund_reversed=True)
    with pytest.raises(TransitionNotAllowed):
        states.check_refund_move(declined, succeeded, refund_reversed=True)


RANK = [
    "manuel_refund_need",
    "waiting",
    "confirmation_waiting",
    "confirmed",
    "approved",
    "waiting_for_payment",
]


@pytest.mark.parametrize(("first", "second"), list(permutations(CancelStatus, 2)))
def test_order_cancel_status_is_the_open_plan_that_needs_somebody_most(
    first: CancelStatus, second: CancelStatus
) -> None:
    opened = [status for status in RANK if status in (first.value, second.value)]
    expected = opened[0] if opened else second.value
    found = states.order_cancel_status([first, second])
    assert found is not None and found.value == expected


def test_order_without_plans_has_no_cancel_status() -> None:
    assert states.order_cancel_status([]) is None


def pulled(
    current: int,
    remote: int,
    *,
    stored: int | None = None,
    has_own_plan: bool = False,
    we_hold_money: bool = False,
) -> tuple[str, int, bool]:
    move: PulledMove = states.pulled_item_status(
        OrderStatus(current),
        OrderStatus(remote),
        stored=None if stored is None else OrderStatus(stored),
        has_own_plan=has_own_plan,
        we_hold_money=we_hold_money,
    )
    return move.verdict.value, move.status.value, move.needs_attention


@pytest.mark.parametrize(("current", "remote"), EVERY_PAIR)
def test_pulled_status_never_moves_a_live_item_backwards(current: OrderStatus, remote: OrderStatus) -> None:
    move = states.pulled_item_status(current, remote)
    if current in (50, 100, 600) or remote in (50, 100, 600):
        return
    onward = remote in FORWARD[current] or (current in PICKUP and remote == 520)
    assert move.status is (remote if onward else current)
    expected = PullVerdict.MOVE if onward else PullVerdict.OLDER
    assert move.verdict is (PullVerdict.UNCHANGED if current is remote else expected)
    assert not move.needs_attention


@pytest.mark.parametrize("remote", OrderStatus)
@pytest.mark.parametrize("current", [100, 600])
def test_pulled_status_never_revives_an_ended_item(current: int, remote: OrderStatus) -> None:
    verdict, status, attention = pulled(current, remote)
    assert status == current
    assert verdict == ("unchanged" if current == remote else "older")
    assert attention == (remote in (500, 510, 540, 544, 545, 550))


def test_pulled_end_without_money_of_ours_closes_the_item_by_the_channel() -> None:
    assert pulled(400, 100) == ("closed_by_channel", 100, False)
    assert pulled(550, 600) == ("closed_by_channel", 600, False)
    assert pulled(50, 600, stored=400) == ("closed_by_channel", 600, False)


def test_pulled_end_while_we_hold_the_money_waits_for_staff() -> None:
    assert pulled(400, 100, we_hold_money=True) == ("requested", 50, True)
    assert pulled(550, 600, we_hold_money=True) == ("requested", 50, True)


def test_pulled_wish_to_cancel_becomes_a_request_and_its_end_restores_the_status() -> None:
    assert pulled(400, 50) == ("requested", 50, False)
    assert pulled(50, 400, stored=400) == ("request_withdrawn", 400, False)
    assert pulled(50, 500, stored=400) == ("request_withdrawn", 500, False)
    assert pulled(50, 300, stored=400) == ("request_withdrawn", 400, False)


def test_pulled_progress_of_an_item_in_our_plan_is_parked_and_raised() -> None:
    assert pulled(50, 500, stored=400, has_own_plan=True) == ("parked", 50, True)
    assert pulled(50, 400, stored=400, has_own_plan=True) == ("older", 50, False)
    assert pulled(50, 100, stored=400, has_own_plan=True) == ("unchanged", 50, False)
    assert pulled(50, 50, stored=400, has_own_plan=True) == ("unchanged", 50, False)


def test_chosen_items_move_together_or_not_at_all() -> None:
    items = [("Scarf", OrderStatus.APPROVED), ("Hat", OrderStatus.PREPARING), ("Belt", OrderStatus.SHIPPED)]
    move = states.check_chosen_move(items, OrderStatus.SHIPPED)
    assert (move.moving, move.staying) == ((0, 1), (2,))
    with pytest.raises(TransitionNotAllowed) as refusal:
        states.check_chosen_move([*items, ("Bag", OrderStatus.CANCELLED)], OrderStatus.SHIPPED)
    assert refusal.value.details["items"] == [3]
    assert refusal.value.message == (
        "Nothing was moved. Bag is cancelled (100) and cannot become shipped (500). That is final."
    )
    with pytest.raises(TransitionNotAllowed, match="there is nothing to move"):
        states.check_chosen_move(items[2:], OrderStatus.SHIPPED)


@pytest.mark.parametrize(
    ("held", "offered"),
    [
        ([400], [450, 500, 510, 540, 550]),
        ([400, 450], [450, 500, 510, 540, 550]),
        ([450, 50, 600], [500, 510, 540, 550]),
        ([500, 520], [550]),
        ([50, 100], []),
        ([], []),
    ],
)
def test_what_is_offered_for_an_order_is_what_the_check_allows(held: list[int], offered: list[int]) -> None:
    found = states.offered_moves([OrderStatus(status) for status in held])
    assert sorted(found) == offered
    named = [(str(status), OrderStatus(status)) for status in held]
    for target in OrderStatus:
        try:
            states.check_order_move(named, target)
            allowed = True
        except (TransitionNotAllowed, PermissionDenied):
            allowed = False
        assert (target in found) == allowed
