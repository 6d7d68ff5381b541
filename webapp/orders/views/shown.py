"""What staff read for an order's state: plain words, the dot's colour, and tags for what is out of the ordinary."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from webapp.core.text import N_
from webapp.orders.enums import UNDECIDED_CANCEL_STATUSES, CancelStatus, Dot, OrderStatus
from webapp.orders.queries.criteria import TO_SEND_STATUSES
from webapp.ui.i18n import gettext

_UNDECIDED: Final = {status.value for status in UNDECIDED_CANCEL_STATUSES}


class OrderState(Protocol):
    """What of an order its words depend on; a row of the list and an order have it."""

    status: Any
    cancel_status: Any
    has_open_plan: Any
    is_send: Any
    money_mismatch: Any


class Tag(NamedTuple):
    """A small tag beside the number; `title` says more."""

    label: str
    tone: str
    title: str


class Words(NamedTuple):
    """The state in words, its dot, and the tags."""

    label: str
    dot: str
    tags: tuple[Tag, ...]


class Worder:
    """Words for many orders: each state is put into words once, however many rows have it."""

    def __init__(self, translate: Callable[[str], str] = gettext) -> None:
        self._translate = translate
        self._known: dict[str, str] = {}
        self._words: dict[tuple[Any, ...], Words] = {}

    def words(self, order: OrderState) -> Words:
        """The order's state as its line shows it."""
        state = (order.status, order.cancel_status, order.has_open_plan, order.is_send, order.money_mismatch)
        if state not in self._words:
            label, dot = _state(order)
            self._words[state] = Words(self._said(label), dot, tuple(self._tags(order)))
        return self._words[state]

    def _tags(self, order: OrderState) -> list[Tag]:
        tags = []
        if not order.is_send and order.status in TO_SEND_STATUSES:
            tags.append(Tag(self._said(N_("not sent")), "", self._said(N_("Not sent to the warehouse"))))
        if order.has_open_plan and order.status != OrderStatus.CANCELLATION_WAITING:
            title = CancelStatus(order.cancel_status).label if order.cancel_status else ""
            tags.append(Tag(self._said(N_("plan open")), "amber", self._said(title) if title else ""))
        if order.money_mismatch:
            title = N_("The shop's total is not the sum of its parts")
            tags.append(Tag(self._said(N_("amounts differ")), "red", self._said(title)))
        return tags

    def _said(self, message: str) -> str:
        if message not in self._known:
            self._known[message] = str(self._translate(message))
        return self._known[message]


def _state(order: OrderState) -> tuple[str, str]:
    status = OrderStatus(order.status)
    if status is not OrderStatus.CANCELLATION_WAITING:
        return status.label, status.dot
    if order.cancel_status in _UNDECIDED or not order.has_open_plan:
        return N_("Cancel requested"), Dot.RED
    return CancelStatus(order.cancel_status).label, Dot.RED


def worded(kind: type[Enum], value: str | None) -> str:
    """The words of a value of an enum that has words; the value itself for one that we have no word for."""
    if not value:
        return ""
    try:
        member: Any = kind(value)
    except ValueError:
        return value
    return str(gettext(member.label))
