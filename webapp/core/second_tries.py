"""Work that waits for its next try, or was given up: found when it is due, hurried, buried, and given a second chance."""

import uuid

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from webapp.core.errors import Conflict, NotFound
from webapp.core.operations import OPEN, Operation, OperationState, Queue, ended_as, hint_after_commit
from webapp.core.text import N_


def retry(session: Session, operation_id: uuid.UUID) -> Operation:
    """Let a given-up operation run again from its first attempt. Raises NotFound, or Conflict when it is not dead."""
    operation = session.scalars(
        select(Operation).where(Operation.id == operation_id).with_for_update()
    ).one_or_none()
    if operation is None:
        raise NotFound(N_("There is no such operation."))
    if operation.state != OperationState.DEAD:
        raise Conflict(
            N_("Only work that was given up can be tried again; this was not, or is not any more.")
        )
    open_twin = select(Operation.id).where(
        Operation.kind == operation.kind, Operation.dedupe_key == operation.dedupe_key, OPEN
    )
    if session.scalars(open_twin).first() is not None:
        raise Conflict(N_("The same work is already waiting or running; watch that one instead."))
    operation.state = OperationState.READY.value
    operation.attempt = 0
    operation.next_run_at = func.clock_timestamp()
    operation.finished_at = None
    hint_after_commit(session, Queue(operation.queue))
    return operation


def hurry(session: Session, queue: Queue, *which: ColumnElement[bool]) -> None:
    """Have work of the queue that waits for its next try looked at now: somebody asks for it, or has mended what failed.

    A pause that an outside system asked for holds all the same: whoever calls it asks for a turn first.
    """
    statement = (
        update(Operation)
        .where(
            Operation.queue == queue.value,
            Operation.state == OperationState.READY.value,
            Operation.next_run_at > func.clock_timestamp(),
            *which,
        )
        .values(next_run_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
    if session.connection().execute(statement).rowcount:
        hint_after_commit(session, queue)


def bury_exhausted(session: Session) -> int:
    """Give up operations whose worker died in their last attempt; the number of them."""
    statement = (
        update(Operation)
        .where(
            Operation.state == OperationState.LEASED.value,
            text("lease_until < clock_timestamp()"),
            Operation.attempt >= Operation.max_attempts,
        )
        .values(**ended_as(OperationState.DEAD), last_error="The worker died in the last attempt.")
        .execution_options(synchronize_session=False)
    )
    return int(session.connection().execute(statement).rowcount)


def queues_with_due_work(session: Session) -> dict[Queue, int]:
    """How many operations of each queue are due now (at most 500 counted), leases that ended included."""
    rows = session.execute(
        text(
            "SELECT queue, count(*) FROM (SELECT queue FROM operation WHERE"
            " (state = 'ready' AND next_run_at <= clock_timestamp())"
            " OR (state = 'leased' AND lease_until < clock_timestamp()) LIMIT 500) due GROUP BY queue"
        )
    )
    return {Queue(queue): count for queue, count in rows}
