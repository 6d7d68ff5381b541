"""Dividing a refund over the basket items of a payment, for gateways that refund by item. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

# iyzico's days, and the days of the banks behind it.
ISTANBUL: Final = ZoneInfo("Europe/Istanbul")
# A refund without an item: of an amount of the payment, or of all of it.
NO_ITEM: Final = ""


@dataclass(frozen=True, slots=True)
class ItemLeft:
    """A basket item with what may still go back over it; `item` is the shop's name of the line."""

    ref: str
    item: str
    left: Decimal


def same_bank_day(paid_at: datetime | None, now: datetime) -> bool:
    """Whether it is still the day of the payment in Istanbul: until then it can be cancelled whole."""
    return paid_at is not None and paid_at.astimezone(ISTANBUL).date() == now.astimezone(ISTANBUL).date()


def parts_by_item(
    amount: Decimal, items: Sequence[ItemLeft], cancelled_lines: Collection[str]
) -> list[tuple[str, Decimal]]:
    """(item, amount) that add up to the amount: the cancelled lines' own items first, then the others in their order.

    What no item can take any more is left to the gateway to place, as a part without an item.
    """
    parts = []
    for item in _cancelled_first(items, cancelled_lines):
        part = min(amount, item.left)
        if part > 0:
            parts.append((item.ref, part))
            amount -= part
    return [*parts, (NO_ITEM, amount)] if amount > 0 else parts


def _cancelled_first(items: Sequence[ItemLeft], cancelled_lines: Collection[str]) -> Iterable[ItemLeft]:
    return sorted(items, key=lambda item: item.item not in cancelled_lines)
