"""What a draft changes of a stored order. Filled by the deciding modules, carried out by applying.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from webapp.orders.addresses import Side
from webapp.orders.enums import AttentionKind, OrderStatus, RequestStatus
from webapp.orders.inputs import ExternalRefundDraft, ItemDraft, TransactionDraft
from webapp.orders.pricing import PricedItem
from webapp.orders.service.writing.batch import Incoming
from webapp.orders.service.writing.stored import Columns, StoredOrder
from webapp.orders.states import PullVerdict


class AddressVerdict(StrEnum):
    """follow: take the channel's. seen: only remember what it said. clash: changed here too, so ours stays."""

    FOLLOW = "follow"
    SEEN = "seen"
    CLASH = "clash"


class Beginning(NamedTuple):
    """Where an item begins that the channel has just told us of; `verdict` is set if its end or wish came with it."""

    status: OrderStatus
    before_cancel: OrderStatus | None = None
    verdict: PullVerdict | None = None
    needs_attention: bool = False

    @property
    def is_closed(self) -> bool:
        """It had ended at the channel, and there is nothing of ours to pay back."""
        return self.verdict is PullVerdict.CLOSED_BY_CHANNEL


@dataclass(slots=True)
class AddedLine:
    """A line that the order did not have yet, with its share of the money and where it begins."""

    line: ItemDraft
    priced: PricedItem
    begins: Beginning


@dataclass(slots=True)
class Decision:
    """The differences, by topic. Columns are those of the tables, but `external_status` is the channel's word.

    `order` and `items` (by item id) are changes of the order that the log names; `quiet` is bookkeeping about the
    channel. `moved` lines are (words of the item, from, to, verdict) for the timeline.
    """

    stored: StoredOrder
    incoming: Incoming
    order: Columns = field(default_factory=dict)
    quiet: Columns = field(default_factory=dict)
    items: dict[int, Columns] = field(default_factory=dict)
    added: list[AddedLine] = field(default_factory=list)
    addresses: dict[Side, AddressVerdict] = field(default_factory=dict)
    customer_changes: bool = False
    person_changes: bool = False
    is_redistributed: bool = False
    moved: list[Columns] = field(default_factory=list)
    kept: list[Columns] = field(default_factory=list)
    requested: list[Columns] = field(default_factory=list)
    given_back: list[Columns] = field(default_factory=list)
    closed: list[Columns] = field(default_factory=list)
    answers: dict[int, RequestStatus] = field(default_factory=dict)
    new_payments: list[TransactionDraft] = field(default_factory=list)
    payments: dict[int, Columns] = field(default_factory=dict)
    refunds: list[ExternalRefundDraft] = field(default_factory=list)
    needing_attention: dict[tuple[PullVerdict, OrderStatus], list[int]] = field(default_factory=dict)
    alarms: list[tuple[AttentionKind, str, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing to write at all."""
        return not (self.is_change or self.quiet or self.alarms or self.addresses)

    @property
    def is_change(self) -> bool:
        """Something that staff would call a change of the order."""
        return bool(
            self.order
            or self.items
            or self.added
            or self.customer_changes
            or self.person_changes
            or self.new_payments
            or self.payments
            or self.refunds
            or AddressVerdict.FOLLOW in self.addresses.values()
        )

    def set_item(self, item: Columns, **columns: Any) -> None:
        """Note new values of an item's columns; those it has already are left out."""
        noted = _noted(self.items.pop(item["id"], {}), item, columns)
        if noted:
            self.items[item["id"]] = noted

    def set_order(self, **columns: Any) -> None:
        """Note new values of the order's columns; those it has already are left out."""
        self.order = _noted(self.order, self.stored.columns, columns)

    def alarm(self, kind: AttentionKind, words: str, **facts: Any) -> None:
        """Have somebody look at it, once per facts, which are ids, codes and amounts: never personal data."""
        if (kind, facts) not in self.stored.raised:
            self.alarms.append((kind, words, facts))


def _noted(before: Columns, stored: Mapping[str, Any], columns: Columns) -> Columns:
    """The noted columns with these; a value that the row has already takes an earlier note back."""
    return {name: value for name, value in {**before, **columns}.items() if stored[name] != value}
