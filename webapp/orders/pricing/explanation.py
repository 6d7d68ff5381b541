"""The price explanation: how each figure of a row came about, as data for the page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from webapp.orders.pricing.distribution import DiscountStage, DiscountStep
from webapp.orders.pricing.identity import ItemColumns, item_total


class PriceStepKind(StrEnum):
    """What a line of the explanation is about; the page has a sentence for each."""

    GROSS = "gross"
    LINE_DISCOUNT = "line_discount"
    ORDER_DISCOUNT = "order_discount"
    SPILLED_DISCOUNT = "spilled_discount"
    NET = "net"
    SHIPPING = "shipping"
    INTEREST = "interest"
    SHIPPING_INTEREST = "shipping_interest"
    ROUNDING = "rounding"
    TOTAL = "total"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """One line; `amount` is signed, a discount is below 0, and `key` names the discount.

    Where something was shared out, the row got `weight` / `weight_sum` of `of_total`; else the three are None.
    """

    kind: PriceStepKind
    amount: Decimal
    key: str = ""
    of_total: Decimal | None = None
    weight: Decimal | None = None
    weight_sum: Decimal | None = None


_DISCOUNT_KINDS = {
    DiscountStage.LINE: PriceStepKind.LINE_DISCOUNT,
    DiscountStage.BENEFIT: PriceStepKind.ORDER_DISCOUNT,
    DiscountStage.SPILL: PriceStepKind.SPILLED_DISCOUNT,
}


def explain_item(
    items: Sequence[ItemColumns], position: int, steps: Iterable[DiscountStep], tax: Decimal
) -> tuple[PriceStep, ...]:
    """The lines that lead from the row's gross to its total; lines of nothing are left out.

    Gross, discounts, shipping, interest and rounding add up to the total; net, the part of the interest that
    is on shipping, and the tax inside are told beside. `items` are all rows of the order, this one at
    `position`; `steps` are the discounts it took.
    """
    item = items[position]
    net = _net(item)
    lines = [
        PriceStep(PriceStepKind.GROSS, item.amount),
        *(PriceStep(_DISCOUNT_KINDS[step.stage], -step.amount, step.key) for step in steps if step.amount),
        PriceStep(PriceStepKind.NET, net),
        *_shared_lines(items, item),
        PriceStep(PriceStepKind.TOTAL, item_total(item)),
        PriceStep(PriceStepKind.TAX, tax),
    ]
    always = {PriceStepKind.GROSS, PriceStepKind.NET, PriceStepKind.TOTAL}
    return tuple(line for line in lines if line.amount or line.kind in always)


def _shared_lines(items: Sequence[ItemColumns], item: ItemColumns) -> list[PriceStep]:
    """Shipping by net value, interest by net value and shipping, and the order's rounding if it is here."""
    value, value_sum = _net(item), sum(map(_net, items), Decimal(0))
    shipping_sum = sum((each.shipping_amount for each in items), Decimal(0))
    interest_sum = sum(map(_interest, items), Decimal(0))
    burden, burden_sum = value + item.shipping_amount, value_sum + shipping_sum
    return [
        PriceStep(PriceStepKind.SHIPPING, item.shipping_amount, "", shipping_sum, value, value_sum),
        PriceStep(PriceStepKind.INTEREST, _interest(item), "", interest_sum, burden, burden_sum),
        PriceStep(PriceStepKind.SHIPPING_INTEREST, item.shipping_interest_amount),
        PriceStep(PriceStepKind.ROUNDING, item.rounding_amount),
    ]


def _net(item: ItemColumns) -> Decimal:
    return item.amount - item.discount_amount


def _interest(item: ItemColumns) -> Decimal:
    return item.installment_interest_amount + item.shipping_interest_amount


def steps_to_json(steps: Iterable[DiscountStep]) -> list[dict[str, str]]:
    """The discount steps as the column `price_steps` keeps them, amounts as strings."""
    return [{"key": step.key, "stage": step.stage.value, "amount": str(step.amount)} for step in steps]


def steps_from_json(rows: Iterable[dict[str, Any]]) -> tuple[DiscountStep, ...]:
    """The discount steps that `steps_to_json` wrote."""
    return tuple(
        DiscountStep(row["key"], DiscountStage(row["stage"]), Decimal(row["amount"])) for row in rows
    )
