"""Two uploads of one file at one moment; an upload against a cancellation: each order under its lock. With controls."""

import logging
import random
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order
from tests.cancelling import Counter, plans_of
from tests.factories import item
from tests.order_drafts import findings
from tests.racing import ROUNDS, SEED, race
from tests.staff import make_staff
from tests.uploading import HEADER, Uploads, context_of, csv_of, items_now, noted, order_now, outcomes, told
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext
from webapp.core.db import unit_of_work
from webapp.core.errors import DomainError
from webapp.orders.service.tracking import applying
from webapp.orders.service.tracking.applying import apply_batch

log = logging.getLogger(__name__)


@pytest.fixture
def desk(session: Session) -> Uploads:
    log.warning("seed %d", SEED)
    return Uploads.open(session)


@pytest.fixture
def counter(session: Session) -> Counter:
    log.warning("seed %d", SEED)
    return Counter.open(session)


def applying_of(desk: Uploads, upload_id: int) -> Callable[[], int]:
    """What a worker does with one upload."""

    def job() -> int:
        with unit_of_work() as session:
            return apply_batch(session, upload_id, desk.agent.id)[0]

    return job


def test_two_uploads_of_one_file_when_applied_at_one_moment_then_each_order_ships_once(
    app: Flask, desk: Uploads
) -> None:
    for at in range(ROUNDS // 8):
        orders = [desk.order(f"{at}-{number}") for number in range(3)]
        rows = [(f"{at}-{number}", f"TR{at:03d}{number:03d}") for number in range(3)]
        uploads = [desk.upload(csv_of([HEADER, *rows])) for _ in range(2)]

        done = race(app, [applying_of(desk, upload_id) for upload_id in uploads])

        assert done == [3, 3], f"seed {SEED}: {done}"
        assert sorted(outcomes(uploads[0]) + outcomes(uploads[1])) == ["refused"] * 3 + ["shipped"] * 3
        assert [order_now(order_id).version for order_id in orders] == [2, 2, 2]
        assert [len(told(order_id)) for order_id in orders] == [1, 1, 1]
    assert noted() == 3 * (ROUNDS // 8)
    assert findings() == []


def test_two_uploads_that_want_more_than_there_is_when_at_one_moment_then_one_has_its_units(
    app: Flask, desk: Uploads
) -> None:
    for at in range(ROUNDS // 8):
        order_id = desk.order(str(at), item(quantity=Decimal(5)))
        uploads = [_three_of_five(desk, str(at), sign) for sign in "AB"]

        race(app, [applying_of(desk, upload_id) for upload_id in uploads])

        assert sorted(outcomes(uploads[0]) + outcomes(uploads[1])) == ["refused", "shipped"], f"seed {SEED}"
        assert sorted(status for status, _ in items_now(order_id)) == [400, 500]
        assert len(told(order_id)) == 1
    assert findings() == []


def test_control_when_orders_are_not_locked_then_an_item_of_five_is_promised_twice_three(
    app: Flask, desk: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = desk.order("1001", item(quantity=Decimal(5)))
    uploads = [_three_of_five(desk, "1001", sign) for sign in "AB"]
    judged = []
    judge = applying.judge_rows

    def judge_and_tell(*args: Any) -> Any:
        found = judge(*args)
        judged.extend(each.verdict.value for each in found)
        return found

    monkeypatch.setattr(applying, "judge_rows", judge_and_tell)
    _meet_after_reading(monkeypatch, 2)

    done = race(app, [applying_of(desk, upload_id) for upload_id in uploads])

    # The parts' unique numbers, or what the first has left of the item, stop the second: with an error, not a verdict.
    assert judged == ["will_ship", "will_ship"]
    assert sum(isinstance(each, Exception) for each in done) == 1
    assert len(told(order_id)) == 1


def _three_of_five(desk: Uploads, number: str, sign: str) -> int:
    rows = [(*HEADER, "Quantity"), (number, f"TR{number}000{sign}", "3")]
    return desk.upload(csv_of(rows))


def _meet_after_reading(monkeypatch: pytest.MonkeyPatch, parties: int) -> None:
    """Nobody locks, and nobody writes before everybody has read."""
    all_have_read = threading.Barrier(parties)
    read = applying.read_orders

    def read_then_wait(*args: Any) -> Any:
        found = read(*args)
        all_have_read.wait(10)
        return found

    monkeypatch.setattr(applying, "lock_orders", lambda session, ids: ids)
    monkeypatch.setattr(applying, "read_orders", read_then_wait)


def test_control_when_orders_are_not_locked_then_both_uploads_ship_and_the_channel_is_told_twice(
    app: Flask, desk: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = desk.order("1001")
    uploads = [desk.upload(csv_of([HEADER, ("1001", "TR900100101")])) for _ in range(2)]
    _meet_after_reading(monkeypatch, 2)

    race(app, [applying_of(desk, upload_id) for upload_id in uploads])

    assert len(told(order_id)) == 2
    assert order_now(order_id).version == 3


def test_an_upload_and_a_cancellation_when_at_one_moment_then_as_if_one_came_after_the_other(
    app: Flask, counter: Counter
) -> None:
    desk = Uploads(counter.desk.channel, _uploader(), counter.agent)
    seen = set()
    for at in range(ROUNDS // 8):
        number = str(7000 + at)
        order_id = counter.order(number=number)
        upload_id = desk.upload(csv_of([HEADER, (number, f"TR{number}")]), by=_context(desk))
        jobs: list[Callable[[], Any]] = [
            applying_of(desk, upload_id),
            lambda order_id=order_id: counter.cancel(order_id),  # type: ignore[misc]
        ]
        random.Random(f"{SEED}/{at}").shuffle(jobs)

        done = race(app, jobs)

        assert not [
            each for each in done if isinstance(each, Exception) and not isinstance(each, DomainError)
        ], done
        (row,), plans = items_of_order(order_id), plans_of(order_id)
        # Shipped first: it is a return of goods that have left. Cancelled first: the row is refused.
        kind = plans[0].kind
        assert (kind, row.status, row.status_before_cancel, outcomes(upload_id)) in [
            ("refund", 50, 500, ["shipped"]),
            ("cancel", 50, 400, ["refused"]),
        ], f"seed {SEED}, round {at}"
        seen.add(kind)
    log.warning("serial orders seen: %s", seen)
    assert findings() == []


def test_control_when_orders_are_not_locked_then_goods_leave_although_they_are_being_cancelled(
    app: Flask, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Uploads(counter.desk.channel, _uploader(), counter.agent)
    order_id = counter.order(number="7000")
    upload_id = desk.upload(csv_of([HEADER, ("7000", "TR7000")]), by=_context(desk))
    cancelled = threading.Event()
    read = applying.read_orders

    def read_then_wait(*args: Any) -> Any:
        found = read(*args)
        cancelled.wait(20)
        return found

    def cancel() -> None:
        counter.cancel(order_id)
        cancelled.set()

    monkeypatch.setattr(applying, "lock_orders", lambda session, ids: ids)
    monkeypatch.setattr(applying, "read_orders", read_then_wait)

    refused, _ = race(app, [applying_of(desk, upload_id), cancel])

    # The database's own guard stands behind the lock: an item at 500 remembers no status before its cancellation.
    assert "cancel_waiting_remembers_status" in str(refused)
    assert items_now(order_id) == [(50, None)]


def _uploader() -> StaffUser:
    return make_staff(Role.AGENT, name="Ece Kaya")


def _context(desk: Uploads) -> AuditContext:
    return context_of(desk.agent)
