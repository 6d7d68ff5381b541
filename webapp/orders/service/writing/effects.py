"""What writing an order leaves behind, gathered over the batch and written at its end, a statement per table."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import text

from webapp.core.bulk import Rows, plain_array, text_array
from webapp.orders.enums import AttentionKind, CancelStatus, OrderStatus, PlanKind, RefundState, RequestStatus
from webapp.orders.inputs import ExternalRefundDraft
from webapp.orders.models import CancellationPlan, CancellationPlanItem, CancellationRequest
from webapp.orders.service.attention import Alarm, raise_attention
from webapp.orders.service.search import refresh_search
from webapp.orders.service.stock import StockKey, add_reservations
from webapp.orders.service.timeline import Entry, record_all
from webapp.orders.service.writing.batch import Batch
from webapp.orders.states import plan_kind
from webapp.payments.models import LedgerEntry, Refund

_NOTHING: Final = Decimal(0)
_REFUNDS = Rows(Refund, "id order_id transaction_id amount currency idem_key remote_id reason settled_at")
_LEDGER = Rows(LedgerEntry, "refund_id order_id amount currency gateway_ref at")
_REQUESTS = Rows(CancellationRequest, "order_id order_item_id quantity reason_text")
_PLANS = Rows(
    CancellationPlan,
    "order_id group_id kind is_all currency computed_amount shipping_amount decision_words decided_at closed_at",
)
_PLAN_ITEMS = Rows(
    CancellationPlanItem,
    "plan_id order_item_id quantity amount discount_amount shipping_amount interest_amount rounding_amount tax_amount",
)
_ANSWER = text("""
UPDATE cancellation_request AS kept SET status = given.status, decided_at = now(), version = kept.version + 1
FROM unnest(CAST(:ids AS bigint[]), CAST(:statuses AS text[])) AS given(id, status) WHERE kept.id = given.id
""")


@dataclass(frozen=True, slots=True)
class ClosedItem:
    """An item that the channel ended by itself; `columns` are its row's, `before` is where it stood."""

    item_id: int
    before: OrderStatus
    columns: Mapping[str, Any]


class EndedPlan(NamedTuple):
    """A plan that was written closed, because the channel had ended its items."""

    id: int
    order_id: int
    kind: PlanKind
    amount: Decimal
    currency: str


class PaidThere(NamedTuple):
    """A refund that was made at the channel."""

    id: uuid.UUID
    order_id: int
    amount: Decimal
    currency: str


@dataclass(slots=True)
class Effects:
    """Rows to be written when every order of the batch has its id."""

    batch: Batch
    entries: list[Entry] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    stock: defaultdict[StockKey, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    search: set[int] = field(default_factory=set)
    answers: dict[int, RequestStatus] = field(default_factory=dict)
    paid_there: list[PaidThere] = field(default_factory=list)
    # Known once they are written.
    ended: list[EndedPlan] = field(default_factory=list)
    _refunds: list[tuple[Any, ...]] = field(default_factory=list)
    _ledger: list[tuple[Any, ...]] = field(default_factory=list)
    _requests: list[tuple[Any, ...]] = field(default_factory=list)
    _plans: list[tuple[Any, ...]] = field(default_factory=list)
    _plan_items: dict[tuple[int, PlanKind], list[ClosedItem]] = field(default_factory=dict)

    def alarm(self, order_id: int, kind: AttentionKind, words: str, facts: dict[str, Any]) -> None:
        """Put it on the attention page."""
        self.alarms.append(Alarm(order_id, self.batch.channel_id, kind, words, facts))

    def refund(self, order_id: int, payment_id: int, refund: ExternalRefundDraft, currency: str) -> None:
        """Book a refund that was made at the channel: it has happened, so it is in the ledger at once."""
        key = uuid.uuid4()
        at = refund.at or self.batch.now
        target = (order_id, payment_id, refund.amount, currency)
        self._refunds.append((key, *target, f"rf_{key}", refund.remote_id, refund.reason, at))
        self._ledger.append((key, order_id, refund.amount, currency, refund.remote_id, at))
        self.paid_there.append(PaidThere(key, order_id, refund.amount, currency))

    def request(self, order_id: int, item_id: int, quantity: Decimal) -> None:
        """Take down the channel's wish to cancel an item."""
        self._requests.append((order_id, item_id, quantity, f"Asked for by {self.batch.channel_name}."))

    def close(self, order_id: int, currency: str, items: Sequence[ClosedItem], *, is_all: bool) -> None:
        """Have a closed plan for items that the channel ended: one for goods that had left, one for others."""
        by_kind: dict[PlanKind, list[ClosedItem]] = {}
        for item in items:
            by_kind.setdefault(plan_kind(item.before), []).append(item)
        group, now = uuid.uuid4(), self.batch.now
        words = f"Ended by {self.batch.channel_name}."
        for kind, of_kind in by_kind.items():
            computed = sum((_whole(item.columns) for item in of_kind), _NOTHING)
            shipping = sum((item.columns["shipping_amount"] for item in of_kind), _NOTHING)
            everything = is_all and len(by_kind) == 1
            self._plans.append(
                (order_id, group, kind, everything, currency, computed, shipping, words, now, now)
            )
            self._plan_items[order_id, kind] = of_kind

    def write(self) -> None:
        """Write everything; stock last, because its rows are everybody's."""
        session = self.batch.session
        if self._refunds:
            _REFUNDS.insert(session, self._refunds, same={"state": RefundState.SUCCEEDED})
            _LEDGER.insert(session, self._ledger, same={"kind": "refund"})
        self._write_plans()
        if self._requests:
            _REQUESTS.insert(session, self._requests, same={"origin": "channel"})
        if self.answers:
            ids = sorted(self.answers)
            statuses = text_array(self.answers[each] for each in ids)
            session.execute(_ANSWER, {"ids": plain_array(ids), "statuses": statuses})
        refresh_search(session, self.search)
        raise_attention(session, self.alarms)
        if self.entries:
            record_all(session, self.batch.context, self.entries)
        add_reservations(session, self.stock)

    def _write_plans(self) -> None:
        if not self._plans:
            return
        made = _PLANS.insert(
            self.batch.session,
            self._plans,
            same={"status": CancelStatus.COMPLETED, "origin": "channel", "shipping_policy": "proportional"},
            tail="RETURNING id, order_id, kind, computed_amount, currency",
        )
        self.ended = [
            EndedPlan(row.id, row.order_id, PlanKind(row.kind), row.computed_amount, row.currency)
            for row in made
        ]
        rows = [
            _plan_item(plan.id, item)
            for plan in made
            for item in self._plan_items[plan.order_id, PlanKind(plan.kind)]
        ]
        _PLAN_ITEMS.insert(self.batch.session, rows, same={"is_open": False})


def _whole(columns: Mapping[str, Any]) -> Decimal:
    """What the item costs in all, with its shares."""
    net: Decimal = columns["amount"] - columns["discount_amount"]
    whole: Decimal = net + columns["shipping_amount"] + _interest(columns) + columns["rounding_amount"]
    return whole


def _interest(columns: Mapping[str, Any]) -> Decimal:
    interest: Decimal = columns["installment_interest_amount"] + columns["shipping_interest_amount"]
    return interest


def _plan_item(plan_id: int, item: ClosedItem) -> tuple[Any, ...]:
    columns = item.columns
    amounts: Iterable[Decimal] = (columns["amount"], columns["discount_amount"], columns["shipping_amount"])
    rest = (_interest(columns), columns["rounding_amount"], columns["tax_amount"])
    return plan_id, item.item_id, columns["quantity"], *amounts, *rest
