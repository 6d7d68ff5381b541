"""The money of an order before anything is cancelled: pure, dataclasses in, dataclasses out.

distribution: how discounts, shipping and interest fall on the rows (R2 to R5, R7). identity: the rows add up
to the order. splitting: the money of a part of a row (R6). explanation: how each figure came about.
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
