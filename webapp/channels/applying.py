"""Making orders of what was received: in batches, sorted, one bad order never stopping the others."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.channels.models import Channel, RemoteRecord
from webapp.channels.reading import Reader, ReadFailure, Skip
from webapp.channels.receiving import ORDERS, RawOrder, RawPage, blank_erased, store
from webapp.core import exact_json
from webapp.core.audit import AuditContext, Origin
from webapp.core.bulk import Rows
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import DomainError, NotFound
from webapp.core.money import InvalidAmount, UnknownCurrency
from webapp.core.redaction import redact
from webapp.orders.enums import LIVE_STATUSES, ActionKind, FailureClass, OrderStatus
from webapp.orders.inputs import OrderDraft, WriteResult
from webapp.orders.service.integration_action_service import IntegrationActionService, NewAction
from webapp.orders.service.write_orders import write_orders

log = logging.getLogger(__name__)

# An order that is over when it is first seen needs no word that it has arrived.
_TO_ACKNOWLEDGE = LIVE_STATUSES - {OrderStatus.DELIVERED}

# Orders in one transaction: enough that the commit costs little, few enough that staff never wait for its locks.
BATCH = 100
# PostgreSQL ended one of two transactions that waited for each other, or that no serial order explains.
_COLLISIONS = frozenset({"40P01", "40001"})
_TRIES = 4


@dataclass(frozen=True)
class Counts:
    """What became of the orders of a run; `seen` is their sum."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def seen(self) -> int:
        """How many orders the run has dealt with."""
        return self.created + self.updated + self.unchanged + self.failed + self.skipped

    def plus(self, verdict: str, number: int = 1) -> "Counts":
        """With so many more of a verdict."""
        return replace(self, **{verdict: getattr(self, verdict) + number})

    def as_result(self) -> dict[str, int]:
        """For the operation's result."""
        return {"seen": self.seen, **asdict(self)}

    @classmethod
    def of_result(cls, result: dict[str, Any] | None) -> "Counts":
        """As an operation's result has them."""
        known = result or {}
        return cls(**{name: int(known.get(name, 0)) for name in cls.__dataclass_fields__})


# Called in every writing transaction with the counts as they will be then; raises LeaseLost to keep it from committing.
Fence = Callable[[Session, Counts], None]
Move = Callable[[Session], None]


_SETTLED = Rows(RemoteRecord, "id state order_id failure_class failure_words attempts applied_at")
NOTHING_AT_HAND: Mapping[str, RawOrder] = {}


def no_fence(session: Session, counts: Counts) -> None:
    """For work that nobody else can take over."""


@dataclass
class OrderIntake:
    """Takes orders of one channel in. Opens its own units of work; no call to the outside while one is open."""

    channel_id: int
    read: Reader
    fence: Fence = no_fence
    counts: Counts = Counts()
    actor: str = "channel"

    @property
    def context(self) -> AuditContext:
        """Who changes the orders: the channel."""
        return AuditContext(origin=Origin.CHANNEL, actor=self.actor)

    def take(self, page: RawPage, move: Move | None = None) -> None:
        """Store a page, move the cursor in the same transaction, then make orders of what is new in it."""
        rows = {row.remote_id: row for row in page.rows}
        with unit_of_work() as session:
            stored = store(session, self.channel_id, page)
            counts = self.counts.plus("unchanged", len(rows) - len(stored.fresh) - len(stored.refused))
            counts = counts.plus("failed", len(stored.refused))
            if move is not None:
                move(session)
            self.fence(session, counts)
        self.counts = counts
        self.apply(stored.fresh, rows)

    def apply_leftovers(self, between: Callable[[], None] = lambda: None) -> None:
        """Apply what was received by a run that died before it could; `between` batches the caller may stop."""
        while left := self._received():
            self.apply(left)
            between()

    def apply(self, remote_ids: Sequence[str], at_hand: Mapping[str, RawOrder] = NOTHING_AT_HAND) -> None:
        """Make orders of these received records; those whose payload is at hand need not be read back."""
        for batch in _batches(sorted(remote_ids)):
            self.counts = self._apply_batch(batch, at_hand)

    def revise(self, order_id: int, change: Callable[[Any], dict[str, Any]]) -> None:
        """Write an order anew from its payload as `change` gives it. Raises NotFound for one that no channel sent."""
        with unit_of_work() as session:
            record = session.scalars(
                select(RemoteRecord).where(
                    RemoteRecord.order_id == order_id, RemoteRecord.channel_id == self.channel_id
                )
            ).first()
            if record is None:
                raise NotFound("This order did not come from the channel.")
            raw = session.scalars(
                select(cast(RemoteRecord.payload, Text)).where(RemoteRecord.id == record.id)
            ).one()
            remote_id, number, modified_at = record.remote_id, record.number, record.remote_modified_at
        payload = change(exact_json.parse(raw))
        now = utc_now()
        self.take(
            RawPage([RawOrder(remote_id, number, modified_at, exact_json.dumps(payload), payload)], now, now)
        )

    def _apply_batch(self, remote_ids: Sequence[str], at_hand: Mapping[str, RawOrder]) -> Counts:
        for last_try in (*(False,) * (_TRIES - 1), True):
            try:
                with unit_of_work() as session:
                    counts = _apply(session, self, remote_ids, at_hand)
                    self.fence(session, counts)
                return counts
            except OperationalError as error:
                if last_try or getattr(error.orig, "sqlstate", None) not in _COLLISIONS:
                    raise
        raise AssertionError("unreachable")

    def _received(self) -> list[str]:
        with unit_of_work() as session:
            query = (
                select(RemoteRecord.remote_id)
                .where(
                    RemoteRecord.channel_id == self.channel_id,
                    RemoteRecord.kind == ORDERS,
                    RemoteRecord.state == "received",
                )
                .order_by(RemoteRecord.remote_id)
                .limit(BATCH)
            )
            return list(session.scalars(query))


@dataclass(frozen=True)
class _Record:
    id: int
    remote_id: str
    order_id: int | None
    attempts: int
    content_hash: str


@dataclass(frozen=True)
class Outcome:
    """What became of one record. `verdict` is one of the counts."""

    verdict: str
    order_id: int | None = None
    failure_class: FailureClass | None = None
    words: str | None = None

    @property
    def state(self) -> str:
        """The record's state from now on."""
        return self.verdict if self.verdict in ("failed", "skipped") else "applied"

    @classmethod
    def of_result(cls, result: WriteResult) -> "Outcome":
        """What writing a draft came to."""
        return cls(result.verdict, result.order_id, result.failure_class, result.words or None)


def read_draft(payload: Any, known_order: int | None, read: Reader) -> OrderDraft | Outcome:
    """The draft that a payload means, or why there is none."""
    try:
        draft = read(payload, known_order is not None)
    except ReadFailure as failure:
        return Outcome("failed", known_order, failure.failure_class, failure.words)
    except (InvalidAmount, UnknownCurrency) as refusal:
        return Outcome("failed", known_order, FailureClass.MONEY, refusal.message)
    except DomainError as refusal:
        return Outcome("failed", known_order, FailureClass.VALIDATION, refusal.message)
    except Exception as bug:
        log.exception("A payload could not be read.")
        return Outcome("failed", known_order, FailureClass.BUG, redact(f"{type(bug).__name__}: {bug}"[:300]))
    return Outcome("skipped", known_order, words=draft.why) if isinstance(draft, Skip) else draft


def _apply(
    session: Session, intake: OrderIntake, remote_ids: Sequence[str], at_hand: Mapping[str, RawOrder]
) -> Counts:
    """Read, write and settle one batch in the caller's transaction; gives the run's counts with it."""
    records = _locked(session, intake.channel_id, remote_ids)
    payloads = _payloads(session, records, at_hand)
    outcomes: dict[str, Outcome] = {}
    drafts: list[OrderDraft] = []
    for record in records:
        found = read_draft(payloads[record.id], record.order_id, intake.read)
        if isinstance(found, OrderDraft):
            drafts.append(found)
        else:
            outcomes[record.remote_id] = found
    if drafts:
        channel = session.get_one(Channel, intake.channel_id)
        results = write_orders(session, channel, drafts, intake.context)
        outcomes |= {str(result.remote_id): Outcome.of_result(result) for result in results}
        if channel.conf.get("acknowledge") == "yes":
            _acknowledge(session, drafts, results, intake.context)
    _settle(session, records, outcomes)
    blank_erased(session, [record.id for record in records])
    counts = intake.counts
    for outcome in outcomes.values():
        counts = counts.plus(outcome.verdict)
    return counts


def _acknowledge(
    session: Session, drafts: Sequence[OrderDraft], results: Sequence[WriteResult], context: AuditContext
) -> None:
    """Leave word that new orders have arrived; old ones of a first pull, that are over, need none."""
    actions = [
        NewAction(draft.channel_id, result.order_id, ActionKind.ACKNOWLEDGE, {})
        for draft, result in zip(drafts, results, strict=True)
        if result.verdict == "created" and result.order_id and draft.status in _TO_ACKNOWLEDGE
    ]
    IntegrationActionService(session).create_many(actions, context)


def _locked(session: Session, channel_id: int, remote_ids: Sequence[str]) -> list[_Record]:
    """The records that are still to be applied, locked in the order in which everybody locks them."""
    query = (
        select(
            RemoteRecord.id,
            RemoteRecord.remote_id,
            RemoteRecord.order_id,
            RemoteRecord.attempts,
            RemoteRecord.content_hash,
        )
        .where(
            RemoteRecord.channel_id == channel_id,
            RemoteRecord.kind == ORDERS,
            RemoteRecord.remote_id.in_(remote_ids),
            RemoteRecord.state == "received",
        )
        .order_by(RemoteRecord.remote_id.collate("C"))
        .with_for_update()
    )
    return [_Record(*row) for row in session.execute(query)]


def _payloads(
    session: Session, records: Sequence[_Record], at_hand: Mapping[str, RawOrder]
) -> dict[int, Any]:
    """The payload of each record: the one at hand if it is what is stored, else read back."""
    found: dict[int, Any] = {}
    for record in records:
        row = at_hand.get(record.remote_id)
        if row is not None and row.content_hash == record.content_hash and row.storable is row.text:
            found[record.id] = row.payload
    missing = [record.id for record in records if record.id not in found]
    if missing:
        # As text: read back as ordinary JSON, its amounts would become floats.
        query = select(RemoteRecord.id, cast(RemoteRecord.payload, Text)).where(RemoteRecord.id.in_(missing))
        found |= {record_id: exact_json.parse(payload) for record_id, payload in session.execute(query)}
    return found


def _settle(session: Session, records: Sequence[_Record], outcomes: dict[str, Outcome]) -> None:
    now = utc_now()
    rows = []
    for record in records:
        outcome = outcomes[record.remote_id]
        failure_class = outcome.failure_class.value if outcome.failure_class else None
        order_id = outcome.order_id or record.order_id
        rows.append(
            (record.id, outcome.state, order_id, failure_class, outcome.words, record.attempts + 1, now)
        )
    if rows:
        _SETTLED.update(session, rows)


def _batches(remote_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(remote_ids), BATCH):
        yield remote_ids[begin : begin + BATCH]
