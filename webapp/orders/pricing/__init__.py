"""The money of an order before anything is cancelled: pure, dataclasses in, dataclasses out.

distribution: how discounts, shipping and interest fall on the rows (R2 to R5, R7). identity: the rows add up
to the order. splitting: the money of a part of a row (R6). explanation: how each figure came about.

The rules, all in minor units:
R1  A total falls by weights with caps: floors first, then one by one to the largest remainder.
R2  A discount falls on the rows it is for, then on the others, then on shipping if it says so; the rest is kept unapplied.
R3  Net shipping falls by each row's value after discounts.
R4  Interest falls by value and share of shipping, and within a row between the two likewise.
R5  The order is the sum of its rows in every column; a unit per row of a shop's own rounding is kept as such.
R6  A part of a row takes the slice of its units in every column, so that parts always add up to the row.
R7  Tax is computed from the net only where the shop gave none.
"""

from webapp.orders.pricing.distribution import (
    DiscountMoney,
    DiscountStage,
    DiscountStep,
    LineMoney,
    OrderMoney,
    PricedItem,
    PricedOrder,
    price_order,
)
from webapp.orders.pricing.explanation import (
    PriceStep,
    PriceStepKind,
    explain_item,
    steps_from_json,
    steps_to_json,
)
from webapp.orders.pricing.identity import (
    IdentityBreak,
    ItemColumns,
    OrderColumns,
    check_identity,
    item_total,
)
from webapp.orders.pricing.splitting import RowColumns, RowMoney, is_divisible, split_row, split_steps

__all__ = [
    "DiscountMoney",
    "DiscountStage",
    "DiscountStep",
    "IdentityBreak",
    "ItemColumns",
    "LineMoney",
    "OrderColumns",
    "OrderMoney",
    "PriceStep",
    "PriceStepKind",
    "PricedItem",
    "PricedOrder",
    "RowColumns",
    "RowMoney",
    "check_identity",
    "explain_item",
    "is_divisible",
    "item_total",
    "price_order",
    "split_row",
    "split_steps",
    "steps_from_json",
    "steps_to_json",
]
