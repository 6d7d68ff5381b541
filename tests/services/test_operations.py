"""The life of an operation: one open twin, leases that fence, attempts that end."""

import threading
import uuid

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session, scoped_session

from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict
from webapp.core.operations import (
    LeaseLost,
    NewOperation,
    Operation,
    OperationRun,
    Queue,
    claim,
    create,
)
from webapp.core.second_tries import bury_exhausted, queues_with_due_work, retry

PULL = NewOperation(kind="test.work", queue=Queue.UPKEEP, dedupe_key="channel:1", args={"channel_id": 1})


def test_create_when_the_same_work_is_open_then_it_is_joined(session: scoped_session[Session]) -> None:
    with unit_of_work() as unit:
        first, made = create(unit, PULL)
        first_id = first.id
    with unit_of_work() as unit:
        second, made_again = create(unit, PULL)
        assert (second.id, made, made_again) == (first_id, True, False)


def test_create_when_the_first_is_done_then_a_new_one_begins(session: scoped_session[Session]) -> None:
    first_id = _create()
    with unit_of_work() as unit:
        _claimed(unit).finish(unit, {"orders": 3})
    assert _create() != first_id
    assert db.session.get_one(Operation, first_id).result == {"orders": 3}


def test_create_with_slot_when_the_slot_is_done_then_nothing_new(session: scoped_session[Session]) -> None:
    slot = NewOperation(
        kind="test.work", queue=Queue.UPKEEP, dedupe_key="s", args={}, slot="pull:1/2026-11-23T10:00Z"
    )
    with unit_of_work() as unit:
        create(unit, slot)
    with unit_of_work() as unit:
        _claimed(unit).finish(unit)
    with unit_of_work() as unit:
        again, made = create(unit, slot)
        assert (again.state, made) == ("done", False)


def test_create_from_eight_threads_at_once_then_one_row(app: Flask, session: scoped_session[Session]) -> None:
    barrier = threading.Barrier(8)
    made: list[bool] = []

    def click() -> None:
        with app.app_context(), unit_of_work() as unit:
            barrier.wait()
            made.append(create(unit, PULL)[1])

    _run_threads([click] * 8)
    assert (made.count(True), len(made)) == (1, 8)
    assert len(db.session.scalars(select(Operation)).all()) == 1


def test_claim_by_eight_workers_at_once_then_exactly_one_has_it(
    app: Flask, session: scoped_session[Session]
) -> None:
    _create()
    won = _claims_of_eight(app, claim_one)
    assert sum(1 for w in won if w) == 1


def test_claim_without_the_row_lock_then_several_have_it(
    app: Flask, session: scoped_session[Session]
) -> None:
    """The negative control of the test above: looking first and writing later lets more than one win."""
    _create()
    barrier = threading.Barrier(8)

    def look_then_write(unit: Session) -> bool:
        found = unit.scalar(select(Operation.id).where(Operation.state == "ready"))
        barrier.wait()
        if found is None:
            return False
        unit.execute(
            text("UPDATE operation SET state = 'leased', lease_token = gen_random_uuid() WHERE id = :id"),
            {"id": found},
        )
        return True

    assert sum(_claims_of_eight(app, look_then_write)) > 1


def test_fence_when_another_worker_took_over_then_nothing_of_the_old_one_is_kept(
    session: scoped_session[Session],
) -> None:
    operation_id = _create()
    with unit_of_work() as unit:
        old = _claimed(unit, lease_s=0.001)
    with unit_of_work() as unit:
        unit.execute(text("SELECT pg_sleep(0.01)"))
        new = _claimed(unit)
    with pytest.raises(LeaseLost), unit_of_work() as unit:
        unit.execute(text("UPDATE operation SET progress_note = 'by the old one'"))
        old.fence(unit, done=99)
    with unit_of_work() as unit:
        new.fence(unit, done=5, total=10)
    row = db.session.get_one(Operation, operation_id)
    assert (row.progress_done, row.progress_total, row.progress_note, row.attempt) == (5, 10, "", 2)


def test_finish_when_the_lease_is_lost_then_refused(session: scoped_session[Session]) -> None:
    _create()
    with unit_of_work() as unit:
        old = _claimed(unit, lease_s=0.001)
    with unit_of_work() as unit:
        unit.execute(text("SELECT pg_sleep(0.01)"))
        _claimed(unit)
    with pytest.raises(LeaseLost), unit_of_work() as unit:
        old.finish(unit)


def test_fail_when_attempts_are_left_then_ready_later_else_dead(session: scoped_session[Session]) -> None:
    operation_id = _create(max_attempts=2)
    with unit_of_work() as unit:
        gave_up = _claimed(unit).fail(unit, "The shop answered 500.", backoff_s=(30.0,))
    row = db.session.get_one(Operation, operation_id)
    assert (gave_up, row.state, row.last_error) == (False, "ready", "The shop answered 500.")
    assert db.session.scalar(text("SELECT next_run_at > now() + interval '20 s' FROM operation")) is True
    _make_due()
    with unit_of_work() as unit:
        assert _claimed(unit).fail(unit, "again", backoff_s=(30.0,)) is True
    assert db.session.get_one(Operation, operation_id).state == "dead"


def test_postpone_then_the_attempt_does_not_count(session: scoped_session[Session]) -> None:
    operation_id = _create()
    with unit_of_work() as unit:
        _claimed(unit).postpone(unit, 60, "The shop asked us to wait 60 s.")
    row = db.session.get_one(Operation, operation_id)
    assert (row.state, row.attempt, row.progress_note) == ("ready", 0, "The shop asked us to wait 60 s.")


def test_bury_exhausted_when_the_last_worker_died_then_dead_with_words(
    session: scoped_session[Session],
) -> None:
    operation_id = _create(max_attempts=1)
    with unit_of_work() as unit:
        _claimed(unit, lease_s=0.001)
    with unit_of_work() as unit:
        unit.execute(text("SELECT pg_sleep(0.01)"))
        assert bury_exhausted(unit) == 1
    assert db.session.get_one(Operation, operation_id).last_error == "The worker died in the last attempt."


def test_retry_when_dead_then_ready_from_the_first_attempt(session: scoped_session[Session]) -> None:
    operation_id = _create(max_attempts=1)
    with unit_of_work() as unit:
        _claimed(unit).fail(unit, "no", backoff_s=(1.0,))
    with unit_of_work() as unit:
        retry(unit, operation_id)
    row = db.session.get_one(Operation, operation_id)
    assert (row.state, row.attempt, row.finished_at) == ("ready", 0, None)


def test_retry_when_a_twin_is_open_then_conflict(session: scoped_session[Session]) -> None:
    operation_id = _create(max_attempts=1)
    with unit_of_work() as unit:
        _claimed(unit).fail(unit, "no", backoff_s=(1.0,))
    _create()
    with pytest.raises(Conflict, match="already waiting or running"), unit_of_work() as unit:
        retry(unit, operation_id)


def test_due_work_when_a_lease_has_ended_then_counted(session: scoped_session[Session]) -> None:
    _create()
    with unit_of_work() as unit:
        assert queues_with_due_work(unit) == {Queue.UPKEEP: 1}
        _claimed(unit, lease_s=0.001)
    with unit_of_work() as unit:
        unit.execute(text("SELECT pg_sleep(0.01)"))
        assert queues_with_due_work(unit) == {Queue.UPKEEP: 1}


def claim_one(unit: Session) -> bool:
    return claim(unit, Queue.UPKEEP, lease_s=60, kinds=["test.work"]) is not None


def _claims_of_eight(app: Flask, attempt: object) -> list[bool]:
    won: list[bool] = []

    def worker() -> None:
        with app.app_context(), unit_of_work() as unit:
            won.append(attempt(unit))  # type: ignore[operator]

    _run_threads([worker] * 8)
    return won


def _run_threads(work: list) -> None:  # type: ignore[type-arg]
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def _create(max_attempts: int = 6) -> uuid.UUID:
    with unit_of_work() as unit:
        new = NewOperation(
            kind="test.work", queue=Queue.UPKEEP, dedupe_key="channel:1", args={}, max_attempts=max_attempts
        )
        return create(unit, new)[0].id


def _claimed(unit: Session, lease_s: float = 60.0) -> OperationRun:
    run = claim(unit, Queue.UPKEEP, lease_s=lease_s, kinds=["test.work"])
    assert run is not None
    return run


def _make_due() -> None:
    with unit_of_work() as unit:
        unit.execute(text("UPDATE operation SET next_run_at = now()"))
