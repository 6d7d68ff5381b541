"""Old background work is forgotten; what is open, young, or was given up lately stays."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core import operations
from webapp.core.db import db, unit_of_work
from webapp.core.operations import LeaseLost, Operation, OperationRun, Queue, claim, create
from webapp.core.worklist import OperationItem
from webapp.operations import upkeep
from webapp.operations.upkeep import FORGET_KIND, forget, forget_slots

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def old(state: str, days: int) -> uuid.UUID:
    """An operation of so many days ago."""
    key = uuid.uuid4()
    at = func.now() - timedelta(days=days)
    with unit_of_work() as unit:
        unit.add(
            Operation(
                id=key, kind="channel.pull", queue="channels", dedupe_key=str(key), args={}, state=state,
                created_at=at, finished_at=at if state in ("done", "dead") else None,
            )
        )  # fmt: skip
    return key


def run_of_today() -> OperationRun:
    with unit_of_work() as unit:
        for wanted in forget_slots(unit, NOW):
            create(unit, wanted)
    with unit_of_work() as unit:
        run = claim(unit, Queue.UPKEEP, lease_s=60, kinds=[FORGET_KIND])
    assert run is not None
    return run


def kept() -> set[uuid.UUID]:
    return set(db.session.scalars(select(Operation.id).where(Operation.kind != FORGET_KIND)))


def test_what_is_old_when_forgotten_then_what_says_something_stays(session: Session) -> None:
    gone = {old("done", 91), old("dead", 366)}
    stays = {old("done", 89), old("dead", 364), old("ready", 400)}

    forget(run_of_today())

    assert kept() == stays
    assert not gone & stays


def test_its_list_when_an_operation_is_forgotten_then_goes_with_it(session: Session) -> None:
    key = old("done", 91)
    with unit_of_work() as unit:
        unit.add(OperationItem(operation_id=key, position=0, subject_id=1))

    forget(run_of_today())

    assert db.session.scalar(select(func.count()).select_from(OperationItem)) == 0


def test_more_than_fits_when_forgotten_then_in_several_transactions(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "AT_ONCE", 2)
    for _ in range(5):
        old("done", 100)
    run = run_of_today()

    forget(run)

    assert kept() == set()
    assert db.session.get_one(Operation, run.id).progress_done == 5


def test_a_worker_that_was_thought_dead_when_it_goes_on_then_deletes_nothing(session: Session) -> None:
    old("done", 91)
    run = run_of_today()
    with unit_of_work() as unit:
        unit.get_one(Operation, run.id).lease_token = uuid.uuid4()

    with pytest.raises(LeaseLost):
        forget(run)

    assert len(kept()) == 1


def test_the_slot_when_its_day_has_begun_then_once(session: Session) -> None:
    with unit_of_work() as unit:
        made = [operations.create(unit, each)[1] for _ in range(2) for each in forget_slots(unit, NOW)]

    assert made == [True, False]
