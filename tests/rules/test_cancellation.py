"""Section 4: which rows, how much, over which payments, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.rules.cancel_world import (
    CHANGED_MIND,
    REASONS,
    SENT_BACK,
    World,
    cancel,
    cancel_all,
    order_facts,
)
from webapp.core.errors import InvalidInput
from webapp.core.iban import compact_iban, is_iban
from webapp.orders.cancellation import (
    CancelItem,
    CancellationDraft,
    CancelRequest,
    FigureChange,
    Need,
    NothingNamed,
    OrderFacts,
    OverlappingParameters,
    ReasonChoice,
    Severity,
    TenderFacts,
    TenderPart,
    changed_figures,
    draft_cancellation,
    needs_second_person,
    roles_that_approve_alone,
    shipping_policy,
)
from webapp.orders.enums import MoneyHolder, OrderStatus, PlanKind, RefundWay, ShippingPolicy, TenderKind
from webapp.orders.pricing import DiscountMoney, LineMoney, OrderMoney, price_order

GOOD_IBAN = "DE89 3704 0044 0532 0130 00"


def priced(
    *gross: str,
    total: str,
    discount: str = "0",
    shipping: str = "0",
    interest: str = "0",
    currency: str = "TRY",
) -> OrderMoney:
    return OrderMoney(
        currency=currency,
        lines=[LineMoney(str(at), Decimal(amount), Decimal(0)) for at, amount in enumerate(gross)],
        total=Decimal(total),
        discounts=[DiscountMoney("coupon", Decimal(discount))],
        shipping=Decimal(shipping),
        interest=Decimal(interest),
    )


def worked_example() -> OrderFacts:
    return order_facts(
        price_order(
            priced(
                "99.99",
                "33.33",
                "33.33",
                "12.50",
                total="174.99",
                discount="25.00",
                shipping="8.50",
                interest="12.34",
            )
        )
    )


def plain(*gross: str, statuses: Sequence[int] = (), shipping: str = "0", **facts: object) -> OrderFacts:
    total = sum(map(Decimal, gross), Decimal(shipping))
    money = price_order(priced(*gross, total=str(total), shipping=shipping))
    facts["statuses"] = [OrderStatus(code) for code in statuses]
    return order_facts(money, **facts)  # type: ignore[arg-type]


def codes(draft: CancellationDraft) -> list[str]:
    return [problem.code.value for problem in draft.problems]


def card(captured: str, key: int = 1, **facts: object) -> TenderFacts:
    return replace(TenderFacts(key, TenderKind.CARD, Decimal(captured)), **facts)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------ amounts


def test_cancelling_two_of_four_rows_gives_the_worked_example_to_the_cent() -> None:
    draft = draft_cancellation(worked_example(), cancel(2, 4))
    assert (str(draft.computed_amount), str(draft.left_after)) == ("42.43", "132.56")
    assert [str(line.computed) for line in draft.plans[0].lines] == ["30.86", "11.57"]
    assert draft.plans[0].shipping_policy is ShippingPolicy.NONE


def test_cancelling_two_of_four_rows_with_their_shipping_gives_the_worked_example_to_the_cent() -> None:
    draft = draft_cancellation(worked_example(), cancel(2, 4, shipping=ShippingPolicy.PROPORTIONAL))
    assert (str(draft.computed_amount), str(draft.left_after)) == ("44.76", "130.23")
    assert str(draft.plans[0].shipping_amount) == "2.33"


@pytest.mark.parametrize(
    "first_policy", [ShippingPolicy.NONE, ShippingPolicy.PROPORTIONAL, ShippingPolicy.FULL]
)
def test_cancelling_the_rest_with_all_shipping_empties_the_order_to_the_cent(
    first_policy: ShippingPolicy,
) -> None:
    world = World(worked_example())
    world.run(cancel(2, 4, shipping=first_policy))
    last = world.run(cancel_all())
    assert last.plans[0].shipping_policy is ShippingPolicy.REMAINING_IF_LAST
    assert (world.computed, world.paid_back) == (Decimal("174.99"), Decimal("174.99"))
    assert last.left_after == 0
    assert all(line.difference == 0 for line in world.lines)


def test_shipping_of_rows_cancelled_without_it_goes_back_with_the_last_row() -> None:
    world = World(plain("10.00", "10.00", shipping="4.00"))
    world.run(cancel(1))
    last = world.run(cancel(2))
    assert [(line.item_key, line.shipping) for line in last.plans[0].shipping_shares] == [
        (1, Decimal("2.00"))
    ]
    assert last.computed_amount == Decimal("14.00")


def test_full_shipping_goes_back_once_per_order() -> None:
    world = World(plain("10.00", "10.00", shipping="4.00"))
    assert world.run(cancel(1, shipping=ShippingPolicy.FULL)).computed_amount == Decimal("14.00")
    assert world.run(cancel(2, shipping=ShippingPolicy.FULL)).computed_amount == Decimal("10.00")


def test_row_waiting_in_another_plan_keeps_the_shipping_default_from_giving_it_back() -> None:
    order = plain("10.00", "10.00", statuses=[400, 50], shipping="4.00")
    draft = draft_cancellation(order, cancel_all())
    assert draft.computed_amount == Decimal("10.00")
    assert draft.plans[0].shipping_policy is ShippingPolicy.NONE


def test_no_shipping_keeps_it_even_with_the_last_row() -> None:
    draft = draft_cancellation(plain("10.00", shipping="4.00"), cancel_all(shipping=ShippingPolicy.NONE))
    assert (draft.computed_amount, draft.left_after) == (Decimal("10.00"), Decimal("4.00"))


def test_last_plan_gives_exactly_what_is_left_after_a_refund_made_elsewhere() -> None:
    order = replace(plain("10.00", "10.00"), consumed=Decimal("3.00"))
    draft = draft_cancellation(order, cancel_all())
    assert draft.computed_amount == Decimal("17.00")
    assert [line.difference for line in draft.plans[0].lines] == [Decimal("-1.50"), Decimal("-1.50")]


def test_part_never_gives_more_than_is_left_of_the_order() -> None:
    order = replace(plain("10.00", "10.00"), consumed=Decimal("15.00"))
    assert draft_cancellation(order, cancel(1)).computed_amount == Decimal("5.00")


def test_negative_order_is_never_refunded() -> None:
    money = priced("10.00", total="-5.00", discount="15.00")
    draft = draft_cancellation(order_facts(price_order(money)), cancel_all())
    assert draft.computed_amount == draft.owed == 0
    assert draft.plans[0].tenders == ()


def test_quantity_of_seven_cancelled_as_one_two_and_four_adds_up() -> None:
    order = order_facts(price_order(priced("100.00", total="109.99", shipping="9.99")), quantities=[7])
    world = World(order)
    for units in (1, 2):
        world.run(replace(cancel(1), items=(CancelItem(1, Decimal(units)),)))
    world.run(cancel(1))
    assert [str(draft.computed_amount) for draft in world.done] == ["14.28", "28.57", "67.14"]
    assert world.paid_back == Decimal("109.99")


def test_part_of_a_row_is_drafted_with_what_the_row_keeps() -> None:
    order = order_facts(price_order(priced("100.00", total="100.00")), quantities=[3])
    draft = draft_cancellation(order, replace(cancel(1), items=(CancelItem(1, Decimal(2)),)))
    line = draft.plans[0].lines[0]
    assert line.split is not None and line.quantity == 2
    assert (line.split.part.amount, line.split.rest.amount) == (Decimal("66.66"), Decimal("33.34"))
    assert (line.money, draft.left_after) == (line.split.part, Decimal("33.34"))


def test_three_decimals_of_a_dinar_go_back_to_the_fils() -> None:
    money = priced("1.000", "2.000", total="3.250", shipping="0.250", currency="IQD")
    world = World(order_facts(price_order(money), currency="IQD"))
    assert str(world.run(cancel(1, shipping=ShippingPolicy.PROPORTIONAL)).computed_amount) == "1.083"
    assert str(world.run(cancel_all()).computed_amount) == "2.167"


def test_rounding_of_the_shop_goes_back_with_its_row() -> None:
    order = order_facts(price_order(priced("33.33", "66.66", total="99.98")))
    assert draft_cancellation(order, cancel(2)).computed_amount == Decimal("66.65")


# --------------------------------------------------------------------------------- forced amounts


def test_forced_amount_is_spread_over_the_rows_as_an_adjustment() -> None:
    draft = draft_cancellation(
        plain("10.00", "20.00", "5.00"),
        cancel(1, 2, forced_refund_amount=Decimal("27.00"), adjustment_reason="Box was opened"),
    )
    plan = draft.plans[0]
    assert [line.adjustment for line in plan.lines] == [Decimal("-1.00"), Decimal("-2.00")]
    assert [str(plan.computed_amount), str(plan.adjustment), str(plan.refund_amount)] == [
        "30.00",
        "-3.00",
        "27.00",
    ]
    assert (draft.owed, draft.left_after) == (Decimal("27.00"), Decimal("5.00"))
    assert draft.needs == {Need.FORCE_AMOUNT} and draft.can_open


def test_forced_amount_may_be_more_than_computed_up_to_what_is_left_of_the_order() -> None:
    order = plain("10.00", "20.00")
    terms = {"adjustment_reason": "Goodwill"}
    most = draft_cancellation(order, cancel(1, forced_refund_amount=Decimal("30.00"), **terms))
    assert (most.owed, most.can_open) == (Decimal("30.00"), True)
    for forced in ("30.01", "-0.01", "1.005"):
        refused = draft_cancellation(order, cancel(1, forced_refund_amount=Decimal(forced), **terms))
        assert codes(refused) == ["forced_amount"] and not refused.can_open
        assert "from 0 to 30.00 TRY" in refused.problems[0].message
        assert refused.refund_amount == Decimal("10.00")


def test_withheld_money_counts_as_consumed_and_cannot_come_back_later() -> None:
    world = World(plain("10.00", "20.00"))
    world.run(cancel(1, forced_refund_amount=Decimal("4.00"), adjustment_reason="Worn"))
    last = world.run(cancel_all())
    assert (last.left_before, last.owed) == (Decimal("20.00"), Decimal("20.00"))
    assert world.paid_back == Decimal("24.00")


def test_goodwill_paid_earlier_shortens_what_is_owed_at_the_end() -> None:
    world = World(plain("10.00", "20.00"))
    world.run(cancel(1, forced_refund_amount=Decimal("15.00"), adjustment_reason="Goodwill"))
    last = world.run(cancel_all())
    assert (last.computed_amount, last.owed) == (Decimal("20.00"), Decimal("15.00"))
    assert codes(last) == ["more_than_captured"]
    assert last.problems[0].message == "Only 15.00 of 20.00 TRY was paid and can go back."


def test_forced_amount_without_a_reason_cannot_be_opened() -> None:
    draft = draft_cancellation(plain("10.00"), cancel_all(forced_refund_amount=Decimal("9.00")))
    assert codes(draft) == ["adjustment_reason_missing"] and not draft.can_open
    same = draft_cancellation(plain("10.00"), cancel_all(forced_refund_amount=Decimal("10.00")))
    assert same.can_open and same.needs == frozenset()


# ------------------------------------------------------------------------------------- the plans


def test_shipped_and_unshipped_rows_make_two_plans_decided_together() -> None:
    order = plain("10.00", "20.00", "5.00", statuses=[550, 400, 520])
    draft = draft_cancellation(order, cancel_all())
    cancels, refunds = draft.plans
    assert (cancels.kind, [line.item_key for line in cancels.lines]) == (PlanKind.CANCEL, [2, 3])
    assert (refunds.kind, [line.item_key for line in refunds.lines]) == (PlanKind.REFUND, [1])
    assert (cancels.end_status, refunds.end_status) == (100, 600)
    assert [line.reason for plan in draft.plans for line in plan.lines] == [
        CHANGED_MIND,
        CHANGED_MIND,
        SENT_BACK,
    ]
    assert draft.owed == Decimal("35.00")


def test_two_plans_never_count_on_the_same_money() -> None:
    order = plain("10.00", "20.00", statuses=[550, 400], tenders=[card("25.00")])
    draft = draft_cancellation(order, cancel_all())
    assert [plan.owed for plan in draft.plans] == [Decimal("20.00"), Decimal("5.00")]


def test_two_plans_never_release_the_same_reserved_money() -> None:
    reserved = card("0", uncaptured=Decimal("25.00"))
    order = plain("10.00", "20.00", statuses=[550, 400], tenders=[reserved])
    draft = draft_cancellation(order, cancel_all())
    assert [plan.released for plan in draft.plans] == [Decimal("20.00"), Decimal("5.00")]
    assert codes(draft) == ["more_than_captured"]


def test_next_status_overrides_the_end_within_the_legal_moves() -> None:
    done = draft_cancellation(plain("10.00"), cancel_all(next_status=OrderStatus.REFUNDED))
    assert done.plans[0].end_status is OrderStatus.REFUNDED and done.can_open
    refused = draft_cancellation(plain("10.00"), cancel_all(next_status=OrderStatus.SHIPPED))
    assert codes(refused) == ["end_status"] and not refused.can_open
    assert refused.plans[0].end_status is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    ("item", "statuses", "quantity", "code"),
    [
        (CancelItem(9), [400], "2", "item_unknown"),
        (CancelItem(1), [100], "2", "item_ended"),
        (CancelItem(1), [600], "2", "item_ended"),
        (CancelItem(1), [50], "2", "item_in_open_plan"),
        (CancelItem(1, Decimal(3)), [400], "2", "quantity"),
        (CancelItem(1, Decimal(0)), [400], "2", "quantity"),
        (CancelItem(1, Decimal("0.5")), [400], "2", "quantity"),
        (CancelItem(1, Decimal(1)), [400], "1.5", "quantity"),
    ],
)
def test_row_that_cannot_be_taken_is_a_problem_at_that_row(
    item: CancelItem, statuses: list[int], quantity: str, code: str
) -> None:
    order = plain("10.00", statuses=statuses, quantities=[quantity])
    draft = draft_cancellation(order, replace(cancel(1), items=(item,)))
    assert [(problem.code.value, problem.item_key) for problem in draft.problems] == [(code, item.key)]
    assert not draft.can_open and draft.plans == ()


def test_row_of_a_fractional_quantity_is_cancelled_whole() -> None:
    order = plain("10.00", quantities=["1.5"])
    draft = draft_cancellation(order, replace(cancel(1), items=(CancelItem(1, Decimal("1.5")),)))
    assert draft.computed_amount == Decimal("10.00") and draft.can_open


def test_row_named_twice_is_a_problem_and_taken_once() -> None:
    draft = draft_cancellation(plain("10.00", "10.00"), cancel(1, 1))
    assert codes(draft) == ["item_repeated"] and draft.computed_amount == Decimal("10.00")


def test_order_with_nothing_live_has_nothing_to_cancel() -> None:
    draft = draft_cancellation(plain("10.00", "10.00", statuses=[100, 50]), cancel_all())
    assert codes(draft) == ["nothing_to_cancel"] and not draft.can_open
    assert draft.plans == () and draft.owed == 0


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (None, "reason_missing"),
        (replace(CHANGED_MIND, is_active=False), "reason_inactive"),
        (SENT_BACK, "reason_wrong_kind"),
        (replace(CHANGED_MIND, needs_text=True, text=" "), "reason_text_missing"),
    ],
)
def test_every_row_needs_an_active_reason_of_its_kind_with_words_where_asked(
    reason: ReasonChoice | None, code: str
) -> None:
    request = CancelRequest(items=(CancelItem(1, reason=reason),))
    draft = draft_cancellation(plain("10.00"), request)
    assert codes(draft) == [code] and not draft.can_open
    assert (draft.problems[0].item_key, draft.problems[0].field) == (1, "reason")


def test_request_must_name_items_or_all_and_not_both() -> None:
    with pytest.raises(OverlappingParameters):
        CancelRequest(items=(CancelItem(1),), is_all=True)
    with pytest.raises(NothingNamed):
        CancelRequest(reasons=REASONS)
    with pytest.raises(InvalidInput, match="bank transfer or as loyalty"):
        CancelRequest(is_all=True, fallback=RefundWay.GATEWAY)


@pytest.mark.parametrize(
    ("is_cargo_refund", "is_all", "policy"),
    [
        (None, True, None),
        (False, True, ShippingPolicy.NONE),
        (True, False, ShippingPolicy.PROPORTIONAL),
        (True, True, ShippingPolicy.FULL),
    ],
)
def test_is_cargo_refund_of_the_reference_is_a_shipping_policy(
    is_cargo_refund: bool | None, is_all: bool, policy: ShippingPolicy | None
) -> None:
    assert shipping_policy(is_cargo_refund, is_all=is_all) is policy


# ------------------------------------------------------------------------------------ ways back


@pytest.mark.parametrize(
    ("tenders", "need", "parts"),
    [
        (["60", "20", "40"], "20", [("2", "20")]),  # The one that matches exactly,
        (["60", "20", "40"], "30", [("3", "30")]),  # else the smallest that is larger,
        (["60", "20", "40"], "70", [("1", "60"), ("2", "10")]),  # else the largest, and so on.
        (["60", "20", "40"], "120", [("1", "60"), ("2", "20"), ("3", "40")]),
        (["30", "30"], "30", [("1", "30")]),
    ],
)
def test_money_goes_back_over_the_payment_that_fits_best(
    tenders: list[str], need: str, parts: list[tuple[str, str]]
) -> None:
    cards = [card(amount, key) for key, amount in enumerate(tenders, 1)]
    draft = draft_cancellation(plain(need, "1000.00", tenders=cards), cancel(1))
    found = [
        (str(part.tender_key), str(part.amount.normalize().__format__("f")))
        for part in draft.plans[0].tenders
    ]
    assert found == parts


def test_interest_goes_back_on_the_card_that_carried_it() -> None:
    money = price_order(priced("100.00", "100.00", total="210.00", interest="10.00"))
    tenders = [
        TenderFacts(1, TenderKind.LOYALTY, Decimal("100.00")),
        card("110.00", 2, interest=Decimal("10.00")),
    ]
    draft = draft_cancellation(order_facts(money, tenders=tenders), cancel(1))
    assert draft.plans[0].tenders == (
        TenderPart(1, RefundWay.LOYALTY, Decimal("100.00")),
        TenderPart(2, RefundWay.GATEWAY, Decimal("5.00"), Decimal("5.00")),
    )


@pytest.mark.parametrize(
    ("tender", "way"),
    [
        (card("10.00"), RefundWay.GATEWAY),
        (card("10.00", can_refund=False), RefundWay.TRANSFER),
        (card("10.00", holder=MoneyHolder.CHANNEL), RefundWay.CHANNEL),
        (TenderFacts(1, TenderKind.MARKETPLACE, Decimal("10.00")), RefundWay.CHANNEL),
        (TenderFacts(1, TenderKind.FUNDS_TRANSFER, Decimal("10.00")), RefundWay.TRANSFER),
        (TenderFacts(1, TenderKind.PAY_ON_DELIVERY, Decimal("10.00")), RefundWay.TRANSFER),
        (TenderFacts(1, TenderKind.LOYALTY, Decimal("10.00")), RefundWay.LOYALTY),
        (TenderFacts(1, TenderKind.CASH_REGISTER, Decimal("10.00")), RefundWay.STORE),
    ],
)
def test_each_payment_has_its_way_back(tender: TenderFacts, way: RefundWay) -> None:
    draft = draft_cancellation(plain("10.00", tenders=[tender]), cancel_all())
    assert [part.way for part in draft.plans[0].tenders] == [way]


def test_staff_may_send_what_a_payment_cannot_carry_as_loyalty_credit() -> None:
    cash = TenderFacts(1, TenderKind.PAY_ON_DELIVERY, Decimal("10.00"))
    draft = draft_cancellation(plain("10.00", tenders=[cash]), cancel_all(fallback=RefundWay.LOYALTY))
    assert [part.way for part in draft.plans[0].tenders] == [RefundWay.LOYALTY]
    assert draft.needs == {Need.REFUND_TO_LOYALTY}


def test_pay_on_delivery_not_yet_collected_owes_nothing() -> None:
    uncollected = TenderFacts(1, TenderKind.PAY_ON_DELIVERY, Decimal(0))
    draft = draft_cancellation(plain("10.00", tenders=[uncollected]), cancel_all())
    assert draft.computed_amount == Decimal("10.00")
    assert draft.owed == 0 and draft.plans[0].tenders == ()
    assert [problem.severity for problem in draft.problems] == [Severity.NOTICE] and draft.can_approve


def test_partial_plan_on_an_uncaptured_payment_reduces_the_capture() -> None:
    reserved = card("0", uncaptured=Decimal("30.00"))
    draft = draft_cancellation(plain("10.00", "20.00", tenders=[reserved]), cancel(1))
    assert draft.plans[0].tenders == (TenderPart(1, RefundWay.RELEASE, Decimal("10.00")),)
    assert draft.owed == 0 and draft.plans[0].released == Decimal("10.00")
    assert codes(draft) == []


def test_refunds_under_way_count_against_their_payment() -> None:
    order = plain("10.00", "20.00", tenders=[card("30.00", reserved=Decimal("25.00"))])
    assert draft_cancellation(order, cancel(1)).owed == Decimal("5.00")


def test_order_that_does_not_add_up_is_paid_back_by_hand() -> None:
    money = price_order(priced("10.00", "20.00", total="99.00"))
    draft = draft_cancellation(order_facts(money), cancel(1))
    assert [part.way for part in draft.plans[0].tenders] == [RefundWay.MANUAL]
    assert codes(draft) == ["money_mismatch"] and draft.can_open


def test_bank_transfer_needs_an_account_and_its_holder_before_approval() -> None:
    order = plain("10.00", tenders=[TenderFacts(1, TenderKind.FUNDS_TRANSFER, Decimal("10.00"))])
    without = draft_cancellation(order, cancel_all())
    assert codes(without) == ["iban_missing"] and without.can_open and not without.can_approve
    nameless = draft_cancellation(order, cancel_all(ibans=(GOOD_IBAN,), holder_names=(" ",)))
    assert codes(nameless) == ["iban_missing"]
    wrong = draft_cancellation(
        order, cancel_all(ibans=("DE89370400440532013001",), holder_names=("A. Holder",))
    )
    assert codes(wrong) == ["iban_invalid"] and not wrong.can_open
    right = draft_cancellation(order, cancel_all(ibans=(GOOD_IBAN,), holder_names=("A. Holder",)))
    assert right.can_approve and right.plans[0].tenders[0].account == 0


def test_account_for_money_that_goes_back_otherwise_is_not_kept() -> None:
    draft = draft_cancellation(plain("10.00"), cancel_all(ibans=(GOOD_IBAN,), holder_names=("A. Holder",)))
    assert codes(draft) == ["iban_not_needed"] and draft.can_approve
    assert draft.plans[0].tenders[0].account is None


# ------------------------------------------------------------------------------------- approval


@pytest.mark.parametrize(
    ("amount", "limit", "needs"),
    [("10.00", "10.00", False), ("10.01", "10.00", True), ("0.01", None, True), ("0.00", None, False)],
)
def test_second_person_is_needed_above_the_limit_and_without_one(
    amount: str, limit: str | None, needs: bool
) -> None:
    assert needs_second_person(Decimal(amount), None if limit is None else Decimal(limit)) == needs


def test_draft_names_the_roles_that_approve_alone() -> None:
    limits = {"supervisor": Decimal("100.00"), "finance": Decimal("5000.00"), "operator": None}
    draft = draft_cancellation(worked_example(), cancel_all(), limits)
    assert draft.alone == {"finance"}
    assert roles_that_approve_alone(Decimal("0"), limits) == {"supervisor", "finance", "operator"}


def test_plan_whose_figures_changed_since_opening_goes_back_with_the_difference() -> None:
    order = plain("10.00", "20.00", shipping="3.00")
    opened = draft_cancellation(order, cancel_all()).plans[0]
    stored = {
        "computed_amount": opened.computed_amount,
        "refund_amount": opened.refund_amount,
        "shipping_amount": opened.shipping_amount,
    }
    assert changed_figures(stored, opened) == ()
    now = draft_cancellation(replace(order, consumed=Decimal("5.00")), cancel_all()).plans[0]
    assert changed_figures(stored, now) == (
        FigureChange("computed_amount", Decimal("33.00"), Decimal("28.00")),
        FigureChange("refund_amount", Decimal("33.00"), Decimal("28.00")),
    )


# ----------------------------------------------------------------------------------------- IBAN


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (GOOD_IBAN, True),
        ("tr33 0006 1005 1978 6457 8413 26", True),
        ("GB29 NWBK 6016 1331 9268 19", True),
        ("DE89 3704 0044 0532 0130 01", False),
        ("DE89 3704 0044 0532 0130", False),
        ("TR33 0006 1005 1978 6457 8413 2", False),
        ("", False),
        ("1234567890123456", False),
    ],
)
def test_iban_has_its_countrys_length_and_right_check_digits(text: str, valid: bool) -> None:
    assert is_iban(text) == valid


def test_iban_is_kept_as_machines_write_it() -> None:
    assert compact_iban(" tr33 0006 ") == "TR330006"
