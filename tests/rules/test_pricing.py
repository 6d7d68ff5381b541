"""Rules R2 to R7: how an order's money falls on its rows, and that it always adds up."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.random_orders import order_moneys, sum_of_parts
from webapp.core.money import InvalidAmount, minor_unit
from webapp.orders.pricing import (
    DiscountMoney,
    DiscountStage,
    DiscountStep,
    IdentityBreak,
    LineMoney,
    OrderMoney,
    PricedItem,
    PricedOrder,
    PriceStepKind,
    RowMoney,
    check_identity,
    explain_item,
    is_divisible,
    item_total,
    price_order,
    split_row,
    split_steps,
    steps_from_json,
    steps_to_json,
)


def order(
    *gross: str,
    total: str,
    discounts: Sequence[DiscountMoney] = (),
    own: Sequence[str] = (),
    shipping: str = "0.00",
    shipping_discount: str = "0.00",
    interest: str = "0.00",
    currency: str = "TRY",
) -> OrderMoney:
    own = list(own) + ["0"] * (len(gross) - len(own))
    lines = [
        LineMoney(str(number), Decimal(amount), Decimal(discount))
        for number, (amount, discount) in enumerate(zip(gross, own, strict=True), 1)
    ]
    return OrderMoney(
        currency=currency,
        lines=lines,
        total=Decimal(total),
        discounts=discounts,
        shipping=Decimal(shipping),
        shipping_discount=Decimal(shipping_discount),
        interest=Decimal(interest),
    )


def coupon(amount: str, *line_keys: str, also_shipping: bool = False, key: str = "coupon") -> DiscountMoney:
    return DiscountMoney(key, Decimal(amount), frozenset(line_keys), also_shipping)


WORKED_EXAMPLE = order(
    "99.99",
    "33.33",
    "33.33",
    "12.50",
    total="174.99",
    discounts=[coupon("25.00")],
    shipping="8.50",
    interest="12.34",
)


def column(priced: PricedOrder, name: str) -> list[str]:
    return [str(getattr(item, name)) for item in priced.items]


def test_price_order_reproduces_the_worked_example_to_the_cent() -> None:
    priced = price_order(WORKED_EXAMPLE)
    assert column(priced, "discount_amount") == ["13.95", "4.65", "4.65", "1.75"]
    assert column(priced, "shipping_amount") == ["4.75", "1.58", "1.58", "0.59"]
    interest = [str(i.installment_interest_amount + i.shipping_interest_amount) for i in priced.items]
    assert interest == ["6.89", "2.30", "2.29", "0.86"]
    assert column(priced, "shipping_interest_amount") == ["0.36", "0.12", "0.12", "0.04"]
    assert sum(map(item_total, priced.items)) == Decimal("174.99")
    assert str(priced.installment_interest_amount + priced.shipping_interest_amount) == "12.34"
    assert not priced.money_mismatch and priced.rounding_amount == 0


def test_discount_larger_than_its_benefit_row_spills_over_by_remaining_value() -> None:
    coupons = [coupon("25.00"), coupon("50.00", "4", key="gift")]
    priced = price_order(
        order(
            "99.99", "33.33", "33.33", "12.50", total="104.15", discounts=[coupon("50.00", "4", key="gift")]
        )
    )
    spilled = order("99.99", "33.33", "33.33", "12.50", total="129.15", discounts=coupons[1:])
    assert column(priced, "discount_amount") == ["22.50", "7.50", "7.50", "12.50"]
    assert column(price_order(spilled), "discount_amount") == ["22.50", "7.50", "7.50", "12.50"]
    assert priced.items[3].discount_steps == (DiscountStep("gift", DiscountStage.BENEFIT, Decimal("12.50")),)
    assert priced.items[0].discount_steps == (DiscountStep("gift", DiscountStage.SPILL, Decimal("22.50")),)
    assert priced.money_mismatch and not price_order(spilled).money_mismatch


def test_own_discounts_come_first_then_order_discounts_over_what_is_left() -> None:
    priced = price_order(order("10.00", "10.00", own=["8.00"], total="6.00", discounts=[coupon("6.00")]))
    assert column(priced, "discount_amount") == ["9.00", "5.00"]
    assert [(step.key, step.stage.value) for step in priced.items[0].discount_steps] == [
        ("1", "line"),
        ("coupon", "benefit"),
    ]


def test_discount_takes_from_shipping_only_if_it_says_so() -> None:
    stays = price_order(order("10.00", total="5.00", shipping="5.00", discounts=[coupon("12.00")]))
    assert (str(stays.unapplied_discount), str(stays.shipping_discount_amount)) == ("2.00", "0.00")
    assert column(stays, "shipping_amount") == ["5.00"]
    goes = price_order(
        order("10.00", total="3.00", shipping="5.00", discounts=[coupon("12.00", also_shipping=True)])
    )
    assert (str(goes.unapplied_discount), str(goes.shipping_discount_amount)) == ("0.00", "2.00")
    assert column(goes, "shipping_amount") == ["3.00"]
    assert [str(amount) for amount in goes.applied_discounts] == ["12.00"]
    assert not stays.money_mismatch and not goes.money_mismatch


def test_discounts_larger_than_everything_leave_rows_at_zero_and_the_rest_unapplied() -> None:
    priced = price_order(
        order(
            "10.00",
            "0.00",
            own=["12.00"],
            total="0.00",
            shipping="1.00",
            shipping_discount="4.00",
            discounts=[coupon("3.00", "1")],
        )
    )
    assert column(priced, "discount_amount") == ["10.00", "0.00"]
    assert column(priced, "shipping_amount") == ["0.00", "0.00"]
    assert (
        str(priced.unapplied_discount) == "8.00"
    )  # 2 of the row's own, 3 of the shipping's, 3 of the coupon.
    assert not priced.money_mismatch


def test_discount_that_names_a_row_the_order_does_not_have_goes_over_all() -> None:
    priced = price_order(order("30.00", "10.00", total="36.00", discounts=[coupon("4.00", "gone")]))
    assert column(priced, "discount_amount") == ["3.00", "1.00"]


def test_negative_own_discount_is_a_surcharge_and_counts_to_the_gross() -> None:
    priced = price_order(order("10.00", own=["-1.50"], total="11.50"))
    assert (column(priced, "amount"), column(priced, "discount_amount")) == (["11.50"], ["0.00"])
    assert not priced.money_mismatch


def test_shipping_over_rows_without_value_is_shared_evenly() -> None:
    priced = price_order(order("0.00", "0.00", "0.00", total="10.00", shipping="10.00"))
    assert column(priced, "shipping_amount") == ["3.34", "3.33", "3.33"]


def test_interest_on_a_free_row_without_shipping_is_none() -> None:
    priced = price_order(order("50.00", "0.00", total="51.00", interest="1.00"))
    assert column(priced, "installment_interest_amount") == ["1.00", "0.00"]


@pytest.mark.parametrize(
    ("total", "rounding"), [("133.32", "0.00"), ("133.35", "0.03"), ("133.29", "-0.03"), ("133.31", "-0.01")]
)
def test_difference_of_a_minor_unit_per_row_is_the_rounding_of_the_largest_row(
    total: str, rounding: str
) -> None:
    priced = price_order(order("33.33", "66.66", "33.33", total=total))
    assert column(priced, "rounding_amount") == ["0.00", rounding, "0.00"]
    assert (str(priced.rounding_amount), priced.money_mismatch) == (rounding, False)
    assert str(sum(map(item_total, priced.items))) == total


def test_rounding_falls_on_the_first_of_equally_large_rows() -> None:
    assert column(price_order(order("5.00", "5.00", total="10.01")), "rounding_amount") == ["0.01", "0.00"]


@pytest.mark.parametrize("total", ["133.36", "133.28", "0.00", "1000.00"])
def test_larger_difference_is_a_mismatch_and_not_dropped(total: str) -> None:
    priced = price_order(order("33.33", "66.66", "33.33", total=total))
    assert priced.money_mismatch and priced.rounding_amount == 0
    assert str(priced.amount) == total


def test_rounding_never_takes_a_row_below_zero() -> None:
    assert price_order(order("0.01", "0.01", total="0.00")).money_mismatch


def test_negative_total_is_taken_as_it_is() -> None:
    priced = price_order(order("10.00", total="-5.00", discounts=[coupon("15.00")]))
    assert (str(priced.amount), str(priced.unapplied_discount)) == ("-5.00", "5.00")
    assert not priced.money_mismatch and priced.rounding_amount == 0
    assert check_identity(priced, priced.items, "TRY") == ()
    assert price_order(order("10.00", total="-5.00", discounts=[coupon("11.00")])).money_mismatch


def test_order_without_rows_has_nothing_to_pay_back_from() -> None:
    assert not price_order(order(total="0.00")).money_mismatch
    assert price_order(order(total="5.00", shipping="5.00")).money_mismatch


@pytest.mark.parametrize(
    "broken",
    [
        order("-1.00", total="0.00"),
        order("1.00", total="0.00", shipping="-1.00"),
        order("1.00", total="0.00", shipping_discount="-1.00"),
        order("1.00", total="0.00", interest="-1.00"),
        order("1.00", total="0.00", discounts=[coupon("-1.00")]),
    ],
)
def test_part_below_zero_is_refused(broken: OrderMoney) -> None:
    with pytest.raises(InvalidAmount, match="below zero"):
        price_order(broken)


def test_amount_with_more_decimals_than_its_currency_is_refused() -> None:
    with pytest.raises(InvalidAmount, match="more decimals"):
        price_order(order("1.005", total="1.00"))


def test_three_decimals_of_a_dinar_are_kept() -> None:
    priced = price_order(
        order("1.000", "2.000", total="3.251", shipping="0.250", currency="IQD", discounts=[coupon("0.000")])
    )
    assert column(priced, "shipping_amount") == ["0.083", "0.167"]
    assert str(priced.rounding_amount) == "0.001"


def test_tax_is_the_shops_and_by_the_rate_only_where_the_shop_says_none() -> None:
    lines = [
        LineMoney("1", Decimal("118.00"), Decimal(0), tax=Decimal("17.99"), tax_rate=Decimal(18)),
        LineMoney("2", Decimal("118.00"), Decimal(0), tax_rate=Decimal(18)),
        LineMoney("3", Decimal("118.00"), Decimal(0)),
    ]
    priced = price_order(OrderMoney("TRY", lines, Decimal("354.00")))
    assert column(priced, "tax_amount") == ["17.99", "18.00", "0.00"]


@given(order_moneys())
def test_every_order_adds_up_in_every_column_and_no_row_is_below_zero(money: OrderMoney) -> None:
    priced = price_order(money)
    assert check_identity(priced, priced.items, money.currency) == ()
    for item in priced.items:
        assert 0 <= item.discount_amount <= item.amount
        assert item.shipping_amount >= 0 and item_total(item) >= 0
        assert sum((step.amount for step in item.discount_steps), Decimal(0)) == item.discount_amount
    given_away = sum((discount.amount for discount in money.discounts), Decimal(0))
    own = sum((line.discount for line in money.lines), money.shipping_discount)
    taken = priced.discount_amount + priced.shipping_discount_amount
    assert taken + priced.unapplied_discount == given_away + own
    assert not priced.money_mismatch
    assert sum(map(item_total, priced.items)) == money.total


@given(order_moneys(adds_up=False))
def test_every_order_with_a_total_of_its_own_still_adds_up_in_every_other_column(money: OrderMoney) -> None:
    priced = price_order(money)
    assert check_identity(priced, priced.items, money.currency) == ()
    assert priced.amount == money.total


@given(order_moneys(), st.integers(2, 1000))
def test_total_further_off_than_the_rows_can_round_is_always_a_mismatch(
    money: OrderMoney, times: int
) -> None:
    too_far = minor_unit(money.currency) * (len(money.lines) + times)
    assert price_order(replace(money, total=sum_of_parts(money) + too_far)).money_mismatch


def test_check_identity_names_each_column_that_disagrees() -> None:
    priced = price_order(WORKED_EXAMPLE)
    shifted = replace(priced.items[0], shipping_amount=Decimal("4.76"))
    assert check_identity(priced, [shifted, *priced.items[1:]], "TRY") == (
        IdentityBreak("net_shipping_amount", Decimal("8.50"), Decimal("8.51")),
        IdentityBreak("amount", Decimal("174.99"), Decimal("175.00")),
    )


def test_check_identity_of_a_known_mismatch_spares_the_total_only() -> None:
    priced = price_order(order("10.00", total="99.00"))
    assert check_identity(priced, priced.items, "TRY") == ()
    assert [
        b.column for b in check_identity(replace(priced, discount_amount=Decimal(1)), priced.items, "TRY")
    ] == ["discount_amount"]


# ------------------------------------------------------------------------------------------------ R6


def row_money(item: PricedItem) -> RowMoney:
    return RowMoney(
        amount=item.amount,
        discount_amount=item.discount_amount,
        shipping_amount=item.shipping_amount,
        installment_interest_amount=item.installment_interest_amount,
        shipping_interest_amount=item.shipping_interest_amount,
        rounding_amount=item.rounding_amount,
        tax_amount=item.tax_amount,
    )


def test_split_of_seven_units_as_one_two_and_four_adds_up_in_every_column() -> None:
    whole = row_money(price_order(order("100.00", total="106.66", own=["3.33"], shipping="9.99")).items[0])
    first, rest = split_row(whole, 7, 1, "TRY")
    second, third = split_row(rest, 6, 2, "TRY")
    assert (str(first.amount), str(second.amount), str(third.amount)) == ("14.28", "28.57", "57.15")
    assert [str(part.discount_amount) for part in (first, second, third)] == ["0.47", "0.95", "1.91"]
    assert [str(part.shipping_amount) for part in (first, second, third)] == ["1.42", "2.85", "5.72"]


@pytest.mark.parametrize(
    ("quantity", "taken"),
    [("1", "1"), ("1.5", "1"), ("0", "0"), ("3", "3"), ("3", "0"), ("3", "1.5"), ("3", "-1")],
)
def test_split_of_a_part_that_does_not_exist_is_a_bug(quantity: str, taken: str) -> None:
    whole = row_money(price_order(order("10.00", total="10.00")).items[0])
    with pytest.raises(ValueError, match="row of"):
        split_row(whole, Decimal(quantity), Decimal(taken), "TRY")


def test_split_slices_net_and_discount_and_never_the_gross() -> None:
    whole = row_money(price_order(order("0.02", own=["0.01"], total="0.01")).items[0])
    part, rest = split_row(whole, 2, 1, "TRY")
    assert [str(part.amount), str(part.discount_amount)] == ["0.00", "0.00"]
    assert [str(rest.amount), str(rest.discount_amount)] == ["0.02", "0.01"]


def test_split_of_a_rounding_below_zero_takes_no_part_below_zero() -> None:
    whole = row_money(price_order(order("0.01", "0.01", total="0.01")).items[0])
    part, rest = split_row(whole, 3, 1, "TRY")
    assert [part.amount + part.rounding_amount, rest.amount + rest.rounding_amount] == [0, 0]


@pytest.mark.parametrize(
    ("quantity", "divisible"), [("2", True), ("2.000", True), ("1", False), ("1.5", False)]
)
def test_row_is_divisible_into_whole_units_only(quantity: str, divisible: bool) -> None:
    assert is_divisible(Decimal(quantity)) == divisible


@given(order_moneys(), st.integers(2, 9), st.data())
def test_parts_of_a_row_add_up_to_it_and_are_never_below_zero(
    money: OrderMoney, quantity: int, data: st.DataObject
) -> None:
    item = price_order(money).items[0]
    whole = row_money(item)
    parts, rest, left = [], whole, quantity
    while left > 1 and data.draw(st.booleans()):
        taken = data.draw(st.integers(1, left - 1))
        part, rest = split_row(rest, left, taken, money.currency)
        parts.append(part)
        left -= taken
    parts.append(rest)
    for name in RowMoney.__dataclass_fields__:
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    for part in parts:
        assert 0 <= part.discount_amount <= part.amount
        assert part.amount - part.discount_amount + part.rounding_amount >= 0
        assert min(part.shipping_amount, part.installment_interest_amount, part.shipping_interest_amount) >= 0


@given(order_moneys(), st.integers(2, 9), st.data())
def test_discount_steps_of_the_parts_add_up_to_the_discounts_of_the_parts(
    money: OrderMoney, quantity: int, data: st.DataObject
) -> None:
    item = price_order(money).items[0]
    taken = data.draw(st.integers(1, quantity - 1))
    part, rest = split_row(row_money(item), quantity, taken, money.currency)
    part_steps, rest_steps = split_steps(item.discount_steps, quantity, taken, money.currency)
    assert sum((step.amount for step in part_steps), Decimal(0)) == part.discount_amount
    assert sum((step.amount for step in rest_steps), Decimal(0)) == rest.discount_amount
    assert all(step.amount >= 0 for step in (*part_steps, *rest_steps))


# ------------------------------------------------------------------------------- the price explanation


def test_explanation_leads_from_the_gross_to_the_total_of_the_row() -> None:
    priced = price_order(WORKED_EXAMPLE)
    steps = explain_item(priced.items, 1, priced.items[1].discount_steps, Decimal("4.78"))
    assert [(step.kind.value, str(step.amount)) for step in steps] == [
        ("gross", "33.33"),
        ("order_discount", "-4.65"),
        ("net", "28.68"),
        ("shipping", "1.58"),
        ("interest", "2.30"),
        ("shipping_interest", "0.12"),
        ("total", "32.56"),
        ("tax", "4.78"),
    ]
    shipping = steps[3]
    assert (shipping.of_total, shipping.weight, shipping.weight_sum) == (
        Decimal("8.50"),
        Decimal("28.68"),
        Decimal("154.15"),
    )


def test_explanation_of_a_plain_row_is_three_lines() -> None:
    priced = price_order(order("10.00", total="10.00"))
    kinds = [step.kind for step in explain_item(priced.items, 0, (), Decimal(0))]
    assert kinds == [PriceStepKind.GROSS, PriceStepKind.NET, PriceStepKind.TOTAL]


@given(order_moneys())
def test_explanation_always_adds_up_to_the_total_of_its_row(money: OrderMoney) -> None:
    priced = price_order(money)
    beside = {PriceStepKind.NET, PriceStepKind.SHIPPING_INTEREST, PriceStepKind.TOTAL, PriceStepKind.TAX}
    for position, item in enumerate(priced.items):
        steps = explain_item(priced.items, position, item.discount_steps, item.tax_amount)
        added = sum((step.amount for step in steps if step.kind not in beside), Decimal(0))
        assert [step.amount for step in steps if step.kind is PriceStepKind.TOTAL] == [added]


def test_discount_steps_survive_the_column_they_are_kept_in() -> None:
    steps = price_order(WORKED_EXAMPLE).items[0].discount_steps
    assert steps_to_json(steps) == [{"key": "coupon", "stage": "benefit", "amount": "13.95"}]
    assert steps_from_json(steps_to_json(steps)) == steps
