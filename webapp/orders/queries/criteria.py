"""What a list of orders is asked for: view, filters, words, sort, and the place to go on from. Plain values, no SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from webapp.core.text import N_
from webapp.orders.enums import UNDECIDED_CANCEL_STATUSES, CancelStatus, OrderStatus

Scope = frozenset[int] | None

# Approved or being packed: what should be with the warehouse. A partial index holds those that are not.
TO_SEND_STATUSES: Final = (OrderStatus.APPROVED, OrderStatus.PREPARING)
IN_TRANSIT_STATUSES: Final = (
    OrderStatus.SHIPPED,
    OrderStatus.SHIPPED_AND_INFORMED,
    OrderStatus.ATTEMPTED_DELIVERY,
)
UNDECIDED: Final = tuple(status for status in CancelStatus if status in UNDECIDED_CANCEL_STATUSES)


class View(StrEnum):
    """The built-in views, in the order of their tabs."""

    ALL = "all"
    TO_CONFIRM = "to_confirm"
    CANCEL_REQUESTS = "cancel_requests"
    MANUAL_REFUND = "manual_refund"
    NOT_SENT = "not_sent"
    IN_TRANSIT = "in_transit"

    @property
    def label(self) -> str:
        """English words for the tab, to be translated where shown."""
        return _VIEW_LABELS[self]


_VIEW_LABELS: Final = {
    View.ALL: N_("All"),
    View.TO_CONFIRM: N_("To confirm"),
    View.CANCEL_REQUESTS: N_("Cancel requests"),
    View.MANUAL_REFUND: N_("Manual refund"),
    View.NOT_SENT: N_("Not sent"),
    View.IN_TRANSIT: N_("In transit"),
}


class SortKey(StrEnum):
    """The columns a list can be sorted by; each has an index."""

    PLACED = "placed"
    AMOUNT = "amount"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Sort:
    """A column and its direction; the URL writes `-placed` for the newest first."""

    key: SortKey = SortKey.PLACED
    descending: bool = True

    @property
    def word(self) -> str:
        """As the URL has it."""
        return f"-{self.key}" if self.descending else self.key.value

    @classmethod
    def of_word(cls, word: str | None) -> "Sort":
        """The sort of a URL's word; the newest first for a word that is none."""
        name = (word or "").removeprefix("-")
        return cls(SortKey(name), (word or "").startswith("-")) if name in set(SortKey) else cls()


class Flag(StrEnum):
    """Exceptions worth filtering for."""

    MONEY_MISMATCH = "money_mismatch"
    UPDATE_FAILED = "update_failed"
    PARTLY_SHIPPED = "partly_shipped"
    PARTLY_CANCELLED = "partly_cancelled"
    PARTLY_REFUNDED = "partly_refunded"

    @property
    def label(self) -> str:
        """English words for the menu, to be translated where shown."""
        return _FLAG_LABELS[self]


_FLAG_LABELS: Final = {
    Flag.MONEY_MISMATCH: N_("Amounts do not add up"),
    Flag.UPDATE_FAILED: N_("Last update could not be taken"),
    Flag.PARTLY_SHIPPED: N_("Partly shipped"),
    Flag.PARTLY_CANCELLED: N_("Partly cancelled"),
    Flag.PARTLY_REFUNDED: N_("Partly refunded"),
}


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders. Several values of one filter mean any of them; different filters must all hold.

    `placed` is half-open in UTC; amounts are compared as figures, whatever their currency.
    """

    view: View = View.ALL
    words: str = ""
    statuses: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    payments: tuple[int, ...] = ()
    cargo: tuple[int, ...] = ()
    currencies: tuple[str, ...] = ()
    cancel_statuses: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    placed: tuple[datetime | None, datetime | None] = (None, None)
    least: Decimal | None = None
    most: Decimal | None = None
    customer_id: int | None = None
    tags: tuple[int, ...] = ()
    assignees: tuple[int, ...] = ()
    # Somebody looks after them, and their day is before this one.
    due_before: date | None = None

    @property
    def is_a_view(self) -> bool:
        """Whether nothing but the view narrows it, so that the tab's count is its count."""
        return self == OrderFilter(view=self.view)

    def without_words(self) -> "OrderFilter":
        """The same filters, nothing searched for."""
        return replace(self, words="")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: beside the row with these sort values, on its far side or (backward) on its near side."""

    value: datetime | Decimal
    order_id: int
    backward: bool = False


def common(chosen: Sequence[int], allowed: Scope) -> tuple[int, ...] | None:
    """The chosen channels that the reader may see; all allowed ones when none is chosen, None when nothing limits."""
    if allowed is None:
        return tuple(chosen) or None
    return tuple(sorted(allowed.intersection(chosen) if chosen else allowed))
