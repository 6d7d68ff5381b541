"""Rule R6: the money of a part of a row, so that the part can move alone and nothing is lost or made."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Protocol, Self

from webapp.core.money import slice_amount
from webapp.orders.pricing.distribution import DiscountStep
from webapp.orders.pricing.identity import ItemColumns


class RowColumns(ItemColumns, Protocol):
    """Every money column of a row, as OrderItem and RowMoney have them."""

    @property
    def tax_amount(self) -> Decimal: ...
    @property
    def refund_amount(self) -> Decimal: ...
    @property
    def discount_refund_amount(self) -> Decimal: ...
    @property
    def shipping_refund_amount(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class RowMoney:
    """Every money column of a row that is divided when a part of it is split off; named as the columns are."""

    amount: Decimal
    discount_amount: Decimal
    shipping_amount: Decimal
    installment_interest_amount: Decimal
    shipping_interest_amount: Decimal
    rounding_amount: Decimal
    tax_amount: Decimal
    refund_amount: Decimal = Decimal(0)
    discount_refund_amount: Decimal = Decimal(0)
    shipping_refund_amount: Decimal = Decimal(0)

    @classmethod
    def of(cls, row: RowColumns) -> Self:
        """The money of a row that is stored."""
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def is_divisible(quantity: Decimal | int) -> bool:
    """Whether a part can be taken: two or more whole units. A fractional quantity is one indivisible unit."""
    return quantity == int(quantity) and quantity > 1


def split_row(
    money: RowMoney, quantity: Decimal | int, taken: Decimal | int, currency: str
) -> tuple[RowMoney, RowMoney]:
    """The money of the first `taken` units of the row and that of the rest; together they are the row.

    Net and discount are sliced and the gross is their sum, so neither part is ever below 0. Raises
    ValueError if the row has no such part.
    """
    if not (0 < taken < quantity and is_divisible(quantity)):
        raise ValueError(f"A row of {quantity} has no part of {taken} to split off.")

    def part_of(amount: Decimal) -> Decimal:
        return slice_amount(amount, quantity, 0, taken, currency)

    columns = {field.name: part_of(getattr(money, field.name)) for field in fields(RowMoney)}
    columns["amount"] = part_of(money.amount - money.discount_amount) + columns["discount_amount"]
    part = RowMoney(**columns)
    rest = {field.name: getattr(money, field.name) - getattr(part, field.name) for field in fields(RowMoney)}
    return part, RowMoney(**rest)


def split_steps(
    steps: Sequence[DiscountStep], quantity: Decimal | int, taken: Decimal | int, currency: str
) -> tuple[tuple[DiscountStep, ...], tuple[DiscountStep, ...]]:
    """The discount steps of the part and of the rest; each list adds up to its row's discount.

    The running total is sliced, not each step: slices of single steps would not add up to the discount's slice.
    """
    part, rest = [], []
    running = sliced = Decimal(0)
    for step in steps:
        running += step.amount
        here = slice_amount(running, quantity, 0, taken, currency) - sliced
        sliced += here
        part.append(DiscountStep(step.key, step.stage, here))
        rest.append(DiscountStep(step.key, step.stage, step.amount - here))
    return tuple(part), tuple(rest)
