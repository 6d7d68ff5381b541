"""One operation over many things: the list is written with the operation, each is acted on once, one verdict each.

A verdict stands in the transaction of the act, so whatever dies, a thing is neither acted on twice nor left without
its verdict; the next run goes on with what still waits.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.db import Base, unit_of_work
from webapp.core.errors import DomainError
from webapp.core.operations import Operation, OperationRun

LONGEST_WORDS: Final = 1_000
AT_ONCE: Final = (
    100  # waiting things that are read in one go; each is still acted on in a transaction of its own
)


class Outcome(StrEnum):
    """waiting: not its turn yet. done: acted on. unchanged: it was so already. refused: `words` say why."""

    WAITING = "waiting"
    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class OperationItem(Base):
    """One thing on an operation's list. `subject_id` is what the operation's kind acts on, `order_id` where it belongs."""

    __tablename__ = "operation_item"
    __table_args__ = (
        Index("uq_operation_item_subject", "operation_id", "subject_id", unique=True),
        Index(
            "ix_operation_item_waiting",
            "operation_id",
            "position",
            postgresql_where=text("outcome = 'waiting'"),
        ),
        CheckConstraint("outcome IN ('waiting', 'done', 'unchanged', 'refused')", name="outcome_known"),
    )

    operation_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    # What the asker has looked at; an act may refuse what has changed since.
    expected_version: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    decided_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing to put on a list, or one whose turn it is."""

    subject_id: int
    order_id: int | None = None
    expected_version: int | None = None


# Acts on one thing in the open unit of work: True when it changed something. Raises DomainError when it refuses; returns
# one when it refuses but what it wrote is to stay.
Act = Callable[[Session, Subject], bool | DomainError]
# Keeps word of a refusal, in the transaction of its verdict.
Refused = Callable[[Session, Subject, DomainError], None]


def put(session: Session, operation: Operation, subjects: Iterable[Subject]) -> int:
    """Write the list of a new operation; how many."""
    rows = [
        {
            "operation_id": operation.id,
            "position": position,
            "subject_id": each.subject_id,
            "order_id": each.order_id,
            "expected_version": each.expected_version,
        }
        for position, each in enumerate(subjects, start=1)
    ]
    if rows:
        session.execute(insert(OperationItem), rows)
    return _tell_total(session, operation, len(rows))


def put_selected(session: Session, operation: Operation, subjects: Select[Any, Any, Any]) -> int:
    """Write what a select finds (subject_id, order_id, expected_version, in its order) as the list; how many."""
    found = subjects.subquery("found")
    rows = select(
        literal(operation.id, UUID(as_uuid=True)),
        func.row_number().over(),
        *found.c,
    )
    names = ["operation_id", "position", "subject_id", "order_id", "expected_version"]
    written = session.execute(insert(OperationItem).from_select(names, rows))
    return _tell_total(session, operation, int(written.rowcount))  # type: ignore[attr-defined]


def work_through(run: OperationRun, act: Act, refused: Refused | None = None) -> None:
    """The handler's whole work, one thing after the other; the counts become the operation's result."""
    with unit_of_work() as session:
        counts = _counts(session, run.id)
        done, total = sum(counts.values()) - counts[Outcome.WAITING], sum(counts.values())
        run.fence(session, done=done, total=total)
    while waiting := _waiting(run):
        for position, subject in waiting:
            done += 1
            _judge(run, position, subject, act, refused, done)
    with unit_of_work() as session:
        counts = _counts(session, run.id)
        run.finish(
            session,
            {
                "seen": total,
                "updated": counts[Outcome.DONE],
                "unchanged": counts[Outcome.UNCHANGED],
                "failed": counts[Outcome.REFUSED],
            },
        )


def items(
    session: Session,
    operation_id: uuid.UUID,
    *,
    outcomes: Sequence[Outcome] = tuple(Outcome),
    after: int = 0,
    limit: int,
) -> Sequence[OperationItem]:
    """A page of an operation's list by position."""
    query = select(OperationItem).where(
        OperationItem.operation_id == operation_id,
        OperationItem.position > after,
        OperationItem.outcome.in_([outcome.value for outcome in outcomes]),
    )
    return session.scalars(query.order_by(OperationItem.position).limit(limit)).all()


def count_outcomes(session: Session, operation_id: uuid.UUID) -> dict[Outcome, int]:
    """How many of the list stand how; every outcome is there."""
    return _counts(session, operation_id)


def _judge(
    run: OperationRun, position: int, subject: Subject, act: Act, refused: Refused | None, done: int
) -> None:
    def refuse(session: Session, refusal: DomainError) -> None:
        _decide(session, run, position, Outcome.REFUSED, refusal.message[:LONGEST_WORDS])
        if refused is not None:
            refused(session, subject, refusal)

    try:
        with unit_of_work() as session:
            answer = act(session, subject)
            if isinstance(answer, DomainError):
                refuse(session, answer)
            else:
                _decide(session, run, position, Outcome.DONE if answer else Outcome.UNCHANGED, "")
            run.fence(session, done=done)
    except DomainError as refusal:
        with unit_of_work() as session:
            refuse(session, refusal)
            run.fence(session, done=done)


def _decide(session: Session, run: OperationRun, position: int, outcome: Outcome, words: str) -> None:
    session.execute(
        update(OperationItem)
        .where(OperationItem.operation_id == run.id, OperationItem.position == position)
        .values(outcome=outcome.value, words=words, decided_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )


def _waiting(run: OperationRun) -> list[tuple[int, Subject]]:
    query = (
        select(
            OperationItem.position,
            OperationItem.subject_id,
            OperationItem.order_id,
            OperationItem.expected_version,
        )
        .where(OperationItem.operation_id == run.id, text("outcome = 'waiting'"))
        .order_by(OperationItem.position)
        .limit(AT_ONCE)
    )
    with unit_of_work() as session:
        return [(row[0], Subject(row[1], row[2], row[3])) for row in session.execute(query)]


def _counts(session: Session, operation_id: uuid.UUID) -> dict[Outcome, int]:
    query = (
        select(OperationItem.outcome, func.count())
        .where(OperationItem.operation_id == operation_id)
        .group_by(OperationItem.outcome)
    )
    found = {Outcome(outcome): count for outcome, count in session.execute(query)}
    return {outcome: found.get(outcome, 0) for outcome in Outcome}


def _tell_total(session: Session, operation: Operation, total: int) -> int:
    operation.progress_total = total
    session.flush()
    return total
