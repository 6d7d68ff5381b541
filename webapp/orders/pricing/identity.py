"""Rule R5: what an order costs is the sum of what its rows carry, in every column."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from webapp.core.money import minor_unit, zero


class ItemColumns(Protocol):
    """The money columns of a row, as OrderItem, PricedItem and an item view have them."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def discount_amount(self) -> Decimal: ...
    @property
    def shipping_amount(self) -> Decimal: ...
    @property
    def installment_interest_amount(self) -> Decimal: ...
    @property
    def shipping_interest_amount(self) -> Decimal: ...
    @property
    def rounding_amount(self) -> Decimal: ...


class OrderColumns(Protocol):
    """The money columns of an order, as Order and PricedOrder have them."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def discount_amount(self) -> Decimal: ...
    @property
    def shipping_amount(self) -> Decimal: ...
    @property
    def shipping_discount_amount(self) -> Decimal: ...
    @property
    def installment_interest_amount(self) -> Decimal: ...
    @property
    def shipping_interest_amount(self) -> Decimal: ...
    @property
    def rounding_amount(self) -> Decimal: ...
    @property
    def unapplied_discount(self) -> Decimal: ...
    @property
    def money_mismatch(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class IdentityBreak:
    """A column in which the order and its rows disagree."""

    column: str
    order_says: Decimal
    rows_say: Decimal


def item_total(item: ItemColumns) -> Decimal:
    """What the row costs in all: its net, its shares of shipping and interest, and the order's rounding."""
    return (
        item.amount
        - item.discount_amount
        + item.shipping_amount
        + item.installment_interest_amount
        + item.shipping_interest_amount
        + item.rounding_amount
    )


_COLUMNS: Final[
    tuple[tuple[str, Callable[[OrderColumns], Decimal], Callable[[ItemColumns], Decimal]], ...]
] = (
    ("discount_amount", lambda order: order.discount_amount, lambda item: item.discount_amount),
    (
        "net_shipping_amount",
        lambda order: order.shipping_amount - order.shipping_discount_amount,
        lambda item: item.shipping_amount,
    ),
    (
        "installment_interest_amount",
        lambda order: order.installment_interest_amount,
        lambda item: item.installment_interest_amount,
    ),
    (
        "shipping_interest_amount",
        lambda order: order.shipping_interest_amount,
        lambda item: item.shipping_interest_amount,
    ),
    ("rounding_amount", lambda order: order.rounding_amount, lambda item: item.rounding_amount),
)


def check_identity(
    order: OrderColumns, items: Iterable[ItemColumns], currency: str
) -> tuple[IdentityBreak, ...]:
    """Every column in which the order is not the sum of its rows; empty when R5 holds.

    An order flagged `money_mismatch` is known not to add up to its amount; its other columns must all the same.
    """
    rows = list(items)
    nothing = zero(currency)
    breaks = []
    for column, of_order, of_item in _COLUMNS:
        says, sums = of_order(order), sum(map(of_item, rows), nothing)
        if says != sums and (rows or not order.money_mismatch):
            breaks.append(IdentityBreak(column, says, sums))
    total = sum(map(item_total, rows), nothing)
    if not order.money_mismatch and not _total_holds(order, total, minor_unit(currency) * len(rows)):
        breaks.append(IdentityBreak("amount", order.amount, total))
    return tuple(breaks)


def _total_holds(order: OrderColumns, rows_say: Decimal, tolerance: Decimal) -> bool:
    if order.amount < 0:  # Taken as it is: rows stop at 0, so the unapplied discount is what goes below.
        return abs(order.amount + order.unapplied_discount - rows_say) <= tolerance
    return order.amount == rows_say
