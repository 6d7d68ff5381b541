"""Background work: PostgreSQL holds it, RQ only carries hints.

An `operation` row is written in the same transaction as the change that wants it. A worker claims it with a
lease, reports progress, and finishes it; both are fenced by the lease's token, so that a worker that was thought
dead cannot write over its successor. Redis may be wiped at any time: the sweeper hints again for whatever is due.

    create → (hint) → claim → run → finish | fail → claim … → dead

What becomes of work that waits, or was given up: second_tries.py.
"""

import random
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    String,
    Text,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.clock import follow
from webapp.core.db import Base, CreatedAt, JsonColumn, after_commit
from webapp.core.errors import Conflict
from webapp.core.text import N_


class Queue(StrEnum):
    """The queues; each worker process listens on exactly one, for RQ loses jobs of a killed worker on two."""

    CHANNELS = "channels"
    MONEY = "money"
    FILES = "files"
    UPKEEP = "upkeep"
    WEBHOOKS = "webhooks"


class OperationState(StrEnum):
    """ready: wants a worker. leased: a worker has it. done, dead: ended well, or given up and shown to staff."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class LeaseLost(Exception):
    """Another worker holds the operation now; whatever this one wrote must be rolled back."""


OPEN = text("state IN ('ready', 'leased')")


class Operation(Base):
    """One piece of background work; `args` holds ids only, never personal data."""

    __tablename__ = "operation"
    __table_args__ = (
        Index("uq_operation_open_dedupe", "kind", "dedupe_key", unique=True, postgresql_where=OPEN),
        # A periodic operation exists once per slot, in every state: doubled schedulers collapse here.
        Index(
            "uq_operation_kind_slot", "kind", "slot", unique=True, postgresql_where=text("slot IS NOT NULL")
        ),
        Index("ix_operation_due", "queue", "next_run_at", postgresql_where=text("state = 'ready'")),
        Index("ix_operation_lease", "lease_until", postgresql_where=text("state = 'leased'")),
        Index("ix_operation_recent", text("created_at DESC"), text("id DESC")),
        Index("ix_operation_channel", "channel_id", "kind", text("created_at DESC")),
        Index("ix_operation_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("ix_operation_dead", text("finished_at DESC"), postgresql_where=text("state = 'dead'")),
        CheckConstraint("state IN ('ready', 'leased', 'done', 'dead')", name="state_known"),
        CheckConstraint("(state = 'leased') = (lease_token IS NOT NULL)", name="leased_has_token"),
    )

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4)
    kind: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(12))
    dedupe_key: Mapped[str] = mapped_column(String(160))
    slot: Mapped[str | None] = mapped_column(String(120))
    args: Mapped[JsonColumn]
    state: Mapped[str] = mapped_column(String(8), default="ready", server_default="ready")
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    max_attempts: Mapped[int] = mapped_column(default=6, server_default="6")
    next_run_at: Mapped[CreatedAt]
    lease_token: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    lease_until: Mapped[datetime | None]
    progress_done: Mapped[int] = mapped_column(default=0, server_default="0")
    progress_total: Mapped[int | None]
    progress_note: Mapped[str] = mapped_column(Text, default="", server_default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    last_error: Mapped[str | None] = mapped_column(Text)
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """True while it still wants or has a worker."""
        return self.state in (OperationState.READY, OperationState.LEASED)


@dataclass(frozen=True)
class NewOperation:
    """What a service asks for: the kind, its queue, ids as arguments, and the key under which only one may be open."""

    kind: str
    queue: Queue
    dedupe_key: str
    args: Mapping[str, Any]
    channel_id: int | None = None
    order_id: int | None = None
    requested_by_id: int | None = None
    request_id: str | None = None
    slot: str | None = None
    max_attempts: int = 6


def create(session: Session, new: NewOperation) -> tuple[Operation, bool]:
    """The open operation of this kind and key, made if there is none; the flag says whether it is new.

    A second click joins the first one's work. With a `slot` the row is unique for ever, and an existing one
    is returned in whatever state it is; else an open one of the same key.
    """
    # Two tries: between our look and our insert another may finish the one we would have joined.
    for _ in range(2):
        found = _existing(session, new)
        if found is not None:
            return found, False
        made = _insert(session, new)
        if made is not None:
            hint_after_commit(session, Queue(made.queue))
            return made, True
    found = _existing(session, new)
    if found is None:
        raise Conflict(N_("The work was finished while it was being asked for. Please try again."))
    return found, False


def _insert(session: Session, new: NewOperation) -> Operation | None:
    values = {
        "id": uuid.uuid4(),
        "kind": new.kind,
        "queue": new.queue.value,
        "dedupe_key": new.dedupe_key,
        "slot": new.slot,
        "args": dict(new.args),
        "max_attempts": new.max_attempts,
        "channel_id": new.channel_id,
        "order_id": new.order_id,
        "requested_by_id": new.requested_by_id,
        "request_id": new.request_id,
    }
    statement = insert(Operation).values(**values).on_conflict_do_nothing().returning(Operation)
    return session.scalars(statement).one_or_none()


def _existing(session: Session, new: NewOperation) -> Operation | None:
    query = select(Operation).where(Operation.kind == new.kind)
    if new.slot is not None:
        of_slot = session.scalars(query.where(Operation.slot == new.slot)).one_or_none()
        if of_slot is not None:
            return of_slot
    # Also for a slot: while somebody's own run is open the slot has to wait for its end.
    return session.scalars(query.where(Operation.dedupe_key == new.dedupe_key, OPEN)).one_or_none()


# One statement on the hot path of every worker; the clock is the database's, so that a worker's own cannot lie.
_CLAIM = text("""
    UPDATE operation SET state = 'leased', lease_token = gen_random_uuid(), attempt = attempt + 1,
        lease_until = clock_timestamp() + make_interval(secs => :lease_s),
        started_at = coalesce(started_at, clock_timestamp())
    WHERE id = (
        SELECT id FROM operation
        WHERE queue = :queue AND kind = ANY(:kinds) AND (
            (state = 'ready' AND next_run_at <= clock_timestamp())
            OR (state = 'leased' AND lease_until < clock_timestamp() AND attempt < max_attempts))
        ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, args, lease_token, attempt, max_attempts, channel_id, order_id, requested_by_id,
        clock_timestamp() AS now
""")


def claim(session: Session, queue: Queue, *, lease_s: float, kinds: Iterable[str]) -> "OperationRun | None":
    """Lease the longest due operation of the queue, or one whose lease has ended; None when nothing is due.

    Call it in a short transaction of its own, or in the one that finishes the operation before.
    """
    asked_s = time.monotonic()
    row = session.execute(
        _CLAIM, {"queue": queue.value, "kinds": list(kinds), "lease_s": lease_s}
    ).one_or_none()
    if row is None:
        return None
    follow(row.now, time.monotonic() - asked_s)
    return OperationRun(
        id=row.id,
        kind=row.kind,
        args=row.args,
        token=row.lease_token,
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        lease_s=lease_s,
        channel_id=row.channel_id,
        order_id=row.order_id,
        requested_by_id=row.requested_by_id,
    )


@dataclass
class OperationRun:
    """A claimed operation as its handler sees it. Every write of the handler goes through `fence` first."""

    id: uuid.UUID
    kind: str
    args: dict[str, Any]
    token: uuid.UUID
    attempt: int
    max_attempts: int
    lease_s: float
    channel_id: int | None = None
    order_id: int | None = None
    requested_by_id: int | None = None
    # True once this run has finished, failed or postponed its operation, so that the runner need not.
    ended: bool = False

    def fence(
        self,
        session: Session,
        *,
        done: int | None = None,
        total: int | None = None,
        note: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Prove in this transaction that the lease is still ours, renew it, and write progress with it.

        Raises LeaseLost when another worker has taken over: the transaction must not commit.
        """
        values: dict[str, Any] = {"lease_until": _in_seconds(self.lease_s)}
        if done is not None:
            values["progress_done"] = done
        if total is not None:
            values["progress_total"] = total
        if note is not None:
            values["progress_note"] = note
        if result is not None:
            values["result"] = dict(result)
        if not self._update(session, **values):
            raise LeaseLost(str(self.id))

    def finish(self, session: Session, result: Mapping[str, Any] | None = None) -> None:
        """End well; in the handler's last transaction or one of its own. Raises LeaseLost."""
        values: dict[str, Any] = (
            {"last_error": None} if result is None else {"last_error": None, "result": dict(result)}
        )
        self._end(session, **ended_as(OperationState.DONE), **values)

    def fail(
        self, session: Session, error: str, *, backoff_s: tuple[float, ...], permanent: bool = False
    ) -> bool:
        """Put it back with back-off, or give up after the last attempt; True when given up. Raises LeaseLost."""
        give_up = permanent or self.attempt >= self.max_attempts
        wait = backoff_s[min(self.attempt, len(backoff_s)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        values = (
            ended_as(OperationState.DEAD)
            if give_up
            else {
                "state": OperationState.READY.value,
                "lease_token": None,
                "lease_until": None,
                "next_run_at": _in_seconds(wait),
            }
        )
        self._end(session, last_error=error[:2000], **values)
        return give_up

    def postpone(self, session: Session, seconds: float, note: str) -> None:
        """Run again later without counting this attempt: the outside asked us to wait. Raises LeaseLost."""
        self._end(
            session,
            state=OperationState.READY.value,
            lease_token=None,
            lease_until=None,
            attempt=Operation.attempt - 1,
            next_run_at=_in_seconds(seconds),
            progress_note=note,
        )

    def _end(self, session: Session, **values: Any) -> None:
        if not self._update(session, **values):
            raise LeaseLost(str(self.id))
        self.ended = True

    def _update(self, session: Session, **values: Any) -> bool:
        statement = (
            update(Operation)
            .where(Operation.id == self.id, Operation.lease_token == self.token, Operation.state == "leased")
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        return bool(session.connection().execute(statement).rowcount)


def hint_after_commit(session: Session, queue: Queue) -> None:
    """Tell a worker of the queue to look, once this transaction has committed."""
    from webapp.core.hints import send_hint

    after_commit(session, lambda: send_hint(queue))


def ended_as(state: OperationState) -> dict[str, Any]:
    """The columns of an operation that has ended so."""
    return {
        "state": state.value,
        "lease_token": None,
        "lease_until": None,
        "finished_at": func.clock_timestamp(),
    }


def _in_seconds(seconds: float) -> Any:
    return func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
