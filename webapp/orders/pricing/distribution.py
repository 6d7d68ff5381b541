"""How an order's discounts, shipping and interest fall on its rows, once, at import (rules R2 to R5, R7).

Whole minor units inside, `Decimal` at the edges: the pull calls this for thousands of orders a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from webapp.core.money import (
    InvalidAmount,
    allocate_minor,
    from_minor,
    tax_included_minor,
    to_minor,
)


@dataclass(frozen=True, slots=True)
class LineMoney:
    """One row as the shop sold it. `gross` is the whole row, tax included, before discounts.

    `discount` is the row's own; below 0 it is a surcharge and counts to the gross. `tax` is what the shop
    says the row holds; where it says nothing, `tax_rate` in per cent decides, and None is no tax.
    """

    key: str
    gross: Decimal
    discount: Decimal
    tax: Decimal | None = None
    tax_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DiscountMoney:
    """An order-level discount of `amount` >= 0. `line_keys` names its benefit rows, empty means all."""

    key: str
    amount: Decimal
    line_keys: frozenset[str] = frozenset()
    also_shipping: bool = False


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """What a shop says about the money of one order, all in `currency` and with its decimals.

    `shipping` is before `shipping_discount`; `interest` is the instalment interest of goods and shipping;
    `total` is what the customer is to pay.
    """

    currency: str
    lines: Sequence[LineMoney]
    total: Decimal
    discounts: Sequence[DiscountMoney] = ()
    shipping: Decimal = Decimal(0)
    shipping_discount: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)


class DiscountStage(StrEnum):
    """How a discount came to a row: its own, as one of the benefit rows, or spilled over from them."""

    LINE = "line"
    BENEFIT = "benefit"
    SPILL = "spill"


@dataclass(frozen=True, slots=True)
class DiscountStep:
    """The part of one discount that one row took."""

    key: str
    stage: DiscountStage
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PricedItem:
    """The money columns of one row, named as the columns are; `discount_steps` add up to `discount_amount`."""

    amount: Decimal
    discount_amount: Decimal
    shipping_amount: Decimal
    installment_interest_amount: Decimal
    shipping_interest_amount: Decimal
    rounding_amount: Decimal
    tax_amount: Decimal
    discount_steps: tuple[DiscountStep, ...] = ()


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """The money columns of the order and of its rows, in the order of the input.

    `shipping_discount_amount` holds the shipping's own discount and what order discounts took of it;
    `applied_discounts` what each order discount gave away in all; `money_mismatch` blocks automatic refunds.
    """

    items: tuple[PricedItem, ...]
    amount: Decimal
    discount_amount: Decimal
    shipping_amount: Decimal
    shipping_discount_amount: Decimal
    installment_interest_amount: Decimal
    shipping_interest_amount: Decimal
    rounding_amount: Decimal
    unapplied_discount: Decimal
    money_mismatch: bool
    applied_discounts: tuple[Decimal, ...]


def price_order(order: OrderMoney) -> PricedOrder:
    """Distribute the order's money over its rows. Raises InvalidAmount for a part that is below 0."""
    sheet = _Sheet(order)
    for discount in order.discounts:
        sheet.apply(discount)
    sheet.distribute_shipping()
    sheet.distribute_interest(to_minor(order.interest, order.currency))
    sheet.settle_total(to_minor(order.total, order.currency))
    return sheet.priced()


class _Sheet:
    """The calculation of one order in minor units, step by step; each list has one entry per row."""

    def __init__(self, order: OrderMoney) -> None:
        currency = order.currency
        self.order = order
        self.gross: list[int] = []
        self.net: list[int] = []
        self.unapplied = 0
        self.applied: list[int] = []
        self.steps: dict[int, list[DiscountStep]] = {}
        for row, line in enumerate(order.lines):
            self._take_line(row, line)
        self.shipping_shares: list[int] = []
        self.goods_interest: list[int] = []
        self.shipping_interest: list[int] = []
        self.rounding, self.rounding_row = 0, -1
        self.mismatch = False
        self.shipping = to_minor(order.shipping, currency)
        own_discount = to_minor(order.shipping_discount, currency)
        if self.shipping < 0 or own_discount < 0 or order.interest < 0:
            raise _negative("shipping")
        self.net_shipping = max(0, self.shipping - own_discount)
        self.unapplied += max(0, own_discount - self.shipping)

    def _take_line(self, row: int, line: LineMoney) -> None:
        gross, discount = (
            to_minor(line.gross, self.order.currency),
            to_minor(line.discount, self.order.currency),
        )
        if discount < 0:
            gross, discount = gross - discount, 0
        if gross < 0:
            raise _negative(f"line {line.key}")
        taken = min(discount, gross)
        self.unapplied += discount - taken
        self.gross.append(gross)
        self.net.append(gross - taken)
        if taken:
            self._note(row, line.key, DiscountStage.LINE, taken)

    def apply(self, discount: DiscountMoney) -> None:
        """R2: over the benefit rows, then the others, then shipping if it says so; the rest is unapplied."""
        amount = to_minor(discount.amount, self.order.currency)
        if amount < 0:
            raise _negative(f"discount {discount.key}")
        rows = range(len(self.net))
        named = discount.line_keys
        benefit = [row for row in rows if self.order.lines[row].key in named] if named else list(rows)
        left = self._take_off(amount, benefit, discount.key, DiscountStage.BENEFIT)
        if left and named:
            others = [row for row in rows if row not in benefit]
            left = self._take_off(left, others, discount.key, DiscountStage.SPILL)
        if left and discount.also_shipping:
            off_shipping = min(left, self.net_shipping)
            self.net_shipping -= off_shipping
            left -= off_shipping
        self.unapplied += left
        self.applied.append(amount - left)

    def _take_off(self, amount: int, rows: list[int], key: str, stage: DiscountStage) -> int:
        """Take up to `amount` off the rows by the value left on each; gives what none could take."""
        values = [self.net[row] for row in rows]
        shares, unplaced = allocate_minor(amount, values, values)
        for row, share in zip(rows, shares, strict=True):
            if share:
                self.net[row] -= share
                self._note(row, key, stage, share)
        return unplaced

    def _note(self, row: int, key: str, stage: DiscountStage, amount: int) -> None:
        step = DiscountStep(key, stage, from_minor(amount, self.order.currency))
        self.steps.setdefault(row, []).append(step)

    def distribute_shipping(self) -> None:
        """R3: the net shipping by the value of each row after its discounts."""
        self.shipping_shares = _shares(self.net_shipping, self.net)

    def distribute_interest(self, interest: int) -> None:
        """R4: the interest by value and shipping share, and in each row between the two by the same rule."""
        if not interest:  # Most orders carry none.
            self.goods_interest = self.shipping_interest = [0] * len(self.net)
            return
        burdens = list(map(sum, zip(self.net, self.shipping_shares, strict=True)))
        for row, share in enumerate(_shares(interest, burdens)):
            goods, shipping = (
                allocate_minor(share, (self.net[row], self.shipping_shares[row]))[0] if share else (0, 0)
            )
            self.goods_interest.append(goods)
            self.shipping_interest.append(shipping)

    def settle_total(self, total: int) -> None:
        """R5: a small difference to the shop's total is the largest row's rounding, a larger one a mismatch.

        A total below 0 is taken as it is: rows stop at 0, so what is missing must be unapplied discount.
        """
        if not self.net:  # Nothing can carry the money, so nothing can be paid back by itself.
            self.mismatch = bool(total or self.net_shipping)
            return
        parts = (
            sum(self.net) + sum(self.shipping_shares) + sum(self.goods_interest) + sum(self.shipping_interest)
        )
        allowed = len(self.net)  # One minor unit per row.
        if total < 0:
            self.mismatch = abs(total + self.unapplied - parts) > allowed
            return
        difference = total - parts
        largest = self.net.index(max(self.net))
        if abs(difference) > allowed or self.net[largest] + difference < 0:
            self.mismatch = True
        elif difference:
            self.rounding, self.rounding_row = difference, largest

    def priced(self) -> PricedOrder:
        """The finished sheet as amounts."""
        currency = self.order.currency

        def amount(minor: int) -> Decimal:
            return from_minor(minor, currency)

        return PricedOrder(
            items=tuple(self._priced_item(row) for row in range(len(self.net))),
            amount=amount(to_minor(self.order.total, currency)),
            discount_amount=amount(sum(self.gross) - sum(self.net)),
            shipping_amount=amount(self.shipping),
            shipping_discount_amount=amount(self.shipping - self.net_shipping),
            installment_interest_amount=amount(sum(self.goods_interest)),
            shipping_interest_amount=amount(sum(self.shipping_interest)),
            rounding_amount=amount(self.rounding),
            unapplied_discount=amount(self.unapplied),
            money_mismatch=self.mismatch,
            applied_discounts=tuple(map(amount, self.applied)),
        )

    def _priced_item(self, row: int) -> PricedItem:
        currency = self.order.currency
        return PricedItem(
            amount=from_minor(self.gross[row], currency),
            discount_amount=from_minor(self.gross[row] - self.net[row], currency),
            shipping_amount=from_minor(self.shipping_shares[row], currency),
            installment_interest_amount=from_minor(self.goods_interest[row], currency),
            shipping_interest_amount=from_minor(self.shipping_interest[row], currency),
            rounding_amount=from_minor(self.rounding if row == self.rounding_row else 0, currency),
            tax_amount=self._tax(row),
            discount_steps=tuple(self.steps.get(row, ())),
        )

    def _tax(self, row: int) -> Decimal:
        """R7 only where the shop gave no tax."""
        line, currency = self.order.lines[row], self.order.currency
        if line.tax is not None:
            return from_minor(to_minor(line.tax, currency), currency)
        rate = line.tax_rate
        return from_minor(tax_included_minor(self.net[row], rate) if rate else 0, currency)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    return allocate_minor(total, weights)[0] if total else [0] * len(weights)


def _negative(what: str) -> InvalidAmount:
    return InvalidAmount(f"The amount of {what} is below zero; a negative row is a discount of the order.")
