"""How much goes back for each row: shipping by policy, what is left of the order, and a forced amount."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from webapp.core.money import allocate
from webapp.orders.cancellation.facts import CancelRequest, OrderFacts
from webapp.orders.cancellation.plan import PlanLine
from webapp.orders.cancellation.selection import Selection
from webapp.orders.enums import ShippingPolicy
from webapp.orders.pricing import RowMoney

ZERO = Decimal(0)


def effective_policy(request: CancelRequest, *, stays: bool) -> ShippingPolicy:
    """The policy asked for, else by default all remaining shipping once nothing stays, and none before."""
    if request.shipping is not None:
        return request.shipping
    return ShippingPolicy.NONE if stays else ShippingPolicy.REMAINING_IF_LAST


def computed_lines(order: OrderFacts, selection: Selection, policy: ShippingPolicy) -> tuple[PlanLine, ...]:
    """The selected rows with what the rules give for them, and rows outside whose shipping goes back with them.

    Never more than is left of the order. Where nothing stays and all shipping has gone back, exactly what is
    left, so that the last plan empties the order.
    """
    gives_all = policy is ShippingPolicy.FULL or (
        policy is ShippingPolicy.REMAINING_IF_LAST and not selection.stays
    )
    gives_own = gives_all or policy is ShippingPolicy.PROPORTIONAL
    held = {item.key for item in order.items if item.shipping_taken}
    lines = [
        _with_shipping(line) if gives_own and line.item_key not in held else line for line in selection.lines
    ]
    outside = _shipping_outside(order, selection)
    if gives_all:
        lines += [_with_shipping(line) for line in outside]
    total = sum((line.share for line in lines), ZERO)
    empties = not selection.stays and (gives_all or not _keeps_shipping(lines, outside, held))
    goal = order.left if empties else min(total, order.left)
    return _spread_difference(lines, goal - total, order.currency)


def adjusted_lines(
    lines: Sequence[PlanLine], forced_refund_amount: Decimal, currency: str
) -> tuple[PlanLine, ...]:
    """The lines with the forced amount's adjustment spread over them by what the rules gave each."""
    adjustment = forced_refund_amount - sum((line.computed for line in lines), ZERO)
    parts = _spread(adjustment, [line.computed for line in lines], currency)
    return tuple(replace(line, adjustment=part) for line, part in zip(lines, parts, strict=True))


def _with_shipping(line: PlanLine) -> PlanLine:
    money = line.money
    return replace(line, shipping=money.shipping_amount, shipping_interest=money.shipping_interest_amount)


def _shipping_outside(order: OrderFacts, selection: Selection) -> list[PlanLine]:
    """The rows, and rests of rows, outside the plans whose shipping has not gone back yet."""
    if not selection.lines:
        return []
    taken = {line.item_key: line for line in selection.lines}
    rows: list[PlanLine] = []
    for item in order.items:
        line = taken.get(item.key)
        money = item.money if line is None else line.split.rest if line.split else None
        if money is None or item.shipping_taken or not _shipping(money):
            continue
        kind = selection.lines[0].kind
        rows.append(PlanLine(item.key, item.name, kind, ZERO, money, is_shipping_only=True))
    return rows


def _keeps_shipping(lines: Sequence[PlanLine], outside: Sequence[PlanLine], held: set[int]) -> bool:
    """Whether some shipping that was not given back yet would still not be."""
    own = any(
        line.item_key not in held and _shipping(line.money) != line.shipping + line.shipping_interest
        for line in lines
    )
    return own or bool(outside)


def _shipping(money: RowMoney) -> Decimal:
    return money.shipping_amount + money.shipping_interest_amount


def _spread_difference(lines: Sequence[PlanLine], difference: Decimal, currency: str) -> tuple[PlanLine, ...]:
    parts = _spread(difference, [line.share for line in lines], currency)
    return tuple(replace(line, difference=part) for line, part in zip(lines, parts, strict=True))


def _spread(amount: Decimal, shares: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """`amount` over the rows by their shares (R1).

    What is taken off is never more than all shares, so by proportion never more than one row's share.
    """
    return allocate(amount, [max(ZERO, share) for share in shares], currency=currency).shares
