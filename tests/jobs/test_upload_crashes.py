"""F19: a real worker is shot at ten random steps of an upload, then the same file comes again. With controls that must fail.

KONTOR_UPLOAD_CRASH_ROWS=20000 is the form of the release (make upload-long): the product's own batches, shots spread
over all of it. KONTOR_CHAOS_SEED repeats a run.
"""

import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.jobs.shooting import PATIENT, SEED
from tests.jobs.upload_mix import expected, kinds, make_orders_of, the_file
from tests.order_drafts import findings
from tests.servers import Processes, Running, wait_until
from tests.uploading import Uploads, noted, outcomes, status, told, verdicts
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.core.periodic import sweep
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.tracking import UploadStatus, applying, undo_upload

log = logging.getLogger(__name__)
ROWS = int(os.environ.get("KONTOR_UPLOAD_CRASH_ROWS", "240"))
KILLS, WHILE_READING = 10, 4
IS_LONG = ROWS > 5_000
# The small form has as many steps by smaller batches.
SMALL_BATCH = "8"
BATCH = "" if IS_LONG else SMALL_BATCH
CONTROL_ROWS = 240


@pytest.fixture
def desk(session: Session) -> Uploads:
    return Uploads.open(session)


class Shots:
    """The shot worker, started again as often as it falls, until the upload has come to its end."""

    def __init__(self, processes: Processes, folder: Path, **env: str) -> None:
        self.file = folder / "shots"
        self._processes = processes
        self._env = {"KILL_FILE": str(self.file), "KILL_SEED": SEED, "AT_ONCE": BATCH, **env}
        self._worker = self._start()
        self._buried = len(self.fallen)

    @property
    def fallen(self) -> list[str]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line.rpartition(" ")[0] for line in lines]

    def until(self, upload_id: int, state: str) -> UploadStatus:
        wait_until(lambda: self._look(upload_id, state), what=f"the upload to be {state}", timeout_s=500)
        return status(upload_id)

    def end(self) -> None:
        """Whoever shoots no longer works either."""
        self._worker.kill_family()

    def _look(self, upload_id: int, state: str) -> bool:
        if len(self.fallen) > self._buried:
            wait_until(self._last_is_dead, what="the shot process to be gone")
            self._buried = len(self.fallen)
            with unit_of_work() as session:
                past = func.now() - text("interval '1 second'")
                session.execute(update(Operation).where(Operation.state == "leased").values(lease_until=past))
            sweep()
        if not self._worker.is_alive():
            self._worker = self._start()
        sweep()
        stand = status(upload_id)
        operation = db.session.get_one(Operation, stand.operation_id)
        assert operation.state != "dead", operation.last_error
        return stand.state == state

    def _last_is_dead(self) -> bool:
        pid = int(self.file.read_text().split()[-1])
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    def _start(self) -> Running:
        return self._processes.python(
            "upload-worker", "-m", "tests.jobs.upload_killing_worker", "files", timing=PATIENT, env=self._env
        )


def test_an_upload_when_its_worker_is_shot_ten_times_then_each_row_is_applied_once_and_the_counts_add_up(
    processes: Processes, desk: Uploads, tmp_path: Path
) -> None:
    _stock(desk, ROWS)
    began = time.monotonic()
    upload_id = desk.hand_in(the_file(ROWS))
    reading = Shots(processes, tmp_path, KILL_LIMIT=str(WHILE_READING))
    checked = reading.until(upload_id, "checked")
    reading.end()
    wanted = expected(ROWS)
    shipping = wanted.count("will_ship")
    assert [verdict for verdict, _ in verdicts(upload_id)] == wanted, f"seed {SEED}: {reading.fallen}"
    assert (checked.rows, checked.waiting) == (len(wanted), shipping)
    assert told() == []

    desk.ask(upload_id)
    shooting = Shots(processes, tmp_path, KILL_LIMIT=str(KILLS), KILL_WITHIN=_life(shipping))
    applied = shooting.until(upload_id, "applied")

    assert len(shooting.fallen) == KILLS, f"seed {SEED}: {shooting.fallen}"
    counted = (applied.rows, applied.shipped, applied.unchanged, applied.refused, applied.waiting)
    harmless = wanted.count("unchanged") + wanted.count("duplicate")
    assert counted == (len(wanted), shipping, harmless, len(wanted) - shipping - harmless, 0)
    assert outcomes(upload_id) == ["shipped" if each == "will_ship" else "" for each in wanted]
    _each_shipped_once()

    again = desk.hand_in(the_file(ROWS))
    shooting.until(again, "checked")
    once_more = {"will_ship": "unchanged", "duplicate": "unchanged"}
    assert [verdict for verdict, _ in verdicts(again)] == [once_more.get(each, each) for each in wanted]
    _each_shipped_once()
    log.warning(
        "seed %s: %d rows, %d to ship, 0 doubled, 0 missing, %.0f s; killed at: %s",
        SEED,
        len(wanted),
        shipping,
        time.monotonic() - began,
        ", ".join(shooting.fallen),
    )


def test_undoing_when_its_worker_is_shot_five_times_then_every_order_and_item_is_as_before(
    processes: Processes, desk: Uploads, tmp_path: Path
) -> None:
    _stock(desk, CONTROL_ROWS)
    before = _standing()
    upload_id = desk.upload(the_file(CONTROL_ROWS))
    assert desk.apply(upload_id).shipped == expected(CONTROL_ROWS).count("will_ship")
    assert _standing() != before
    with unit_of_work() as session:
        undo_upload(session, upload_id, desk.context)
    shots = Shots(processes, tmp_path, KILL_LIMIT="5", AT_ONCE=SMALL_BATCH)

    undone = shots.until(upload_id, "undone")

    assert len(shots.fallen) == 5, f"seed {SEED}: {shots.fallen}"
    assert (undone.undone, undone.shipped) == (expected(CONTROL_ROWS).count("will_ship"), 0)
    assert _standing() == before, f"seed {SEED}: {shots.fallen}"
    assert told() == []
    assert noted("order.shipping_undone") == undone.undone
    assert findings() == []


def test_control_when_the_deed_is_committed_before_its_outcome_then_a_shot_makes_the_counts_wrong(
    processes: Processes, desk: Uploads, tmp_path: Path
) -> None:
    applied = _shot_once(processes, desk, tmp_path)

    # One batch was shipped, and its rows say that they had that number already.
    shipping = expected(CONTROL_ROWS).count("will_ship")
    assert applied.shipped < shipping
    assert applied.shipped + applied.unchanged == shipping + sum(
        expected(CONTROL_ROWS).count(each) for each in ("unchanged", "duplicate")
    )


def test_control_when_nobody_looks_at_the_orders_again_then_a_shot_ships_a_batch_twice(
    processes: Processes, desk: Uploads, tmp_path: Path
) -> None:
    _shot_once(processes, desk, tmp_path, NAIVE_JUDGING="1")

    shipping = expected(CONTROL_ROWS).count("will_ship")
    assert len(told()) > shipping
    assert noted() > shipping
    assert set(_versions("good")) == {2, 3}


def _shot_once(processes: Processes, desk: Uploads, folder: Path, **env: str) -> UploadStatus:
    """A worker that commits the deed before its outcome, shot between the two."""
    _stock(desk, CONTROL_ROWS)
    upload_id = desk.upload(the_file(CONTROL_ROWS))
    desk.ask(upload_id)
    limits = {"KILL_STEP": "deed committed alone", "KILL_NTH": "2", "KILL_LIMIT": "1"}
    shots = Shots(processes, folder, NAIVE_OUTCOMES="1", AT_ONCE=SMALL_BATCH, **limits, **env)
    applied = shots.until(upload_id, "applied")
    assert shots.fallen == ["deed committed alone"]
    return applied


def _standing() -> list[tuple[Any, ...]]:
    """Every order and item as it stands, without versions."""
    db.session.rollback()
    query = select(
        Order.number,
        Order.status,
        Order.tracking_number,
        Order.partially_shipped,
        OrderItem.part,
        OrderItem.quantity,
        OrderItem.amount,
        OrderItem.status,
        OrderItem.tracking_number,
        OrderItem.shipped_date,
    ).join(OrderItem, OrderItem.order_id == Order.id)
    return [tuple(row) for row in db.session.execute(query.order_by(Order.id, OrderItem.part))]


def _life(shipping: int) -> str:
    """How many steps a life has at most, four to a batch, so that none of the shots finds the work done before it falls."""
    batches = shipping // int(BATCH or applying.AT_ONCE)
    return str(max(2, 4 * batches // (KILLS - WHILE_READING + 1)))


def _stock(desk: Uploads, rows: int) -> None:
    with unit_of_work() as session:
        make_orders_of(session, desk.channel, rows)


def _each_shipped_once() -> None:
    """Per order and number: its items at 500 once, one line on the timeline, one word for the channel."""
    shipping = expected(ROWS).count("will_ship")
    assert set(_versions("good") + _versions("twice")) == {2}, f"seed {SEED}"
    assert set(_versions("had") + _versions("other") + _versions("cancelled") + _versions("rounded")) == {1}
    words = [word["tracking_number"] for word in told()]
    assert len(set(words)) == len(words) == shipping, f"seed {SEED}"
    assert noted() == shipping
    assert set(_parts()) == {(2, 500, ""), (3, 500, "-B")}
    assert len(_parts()) == 2 * len(_of_kind("parts"))
    assert _numbers("good") == {f"TR{number}" for number, kind in kinds(ROWS) if kind == "good"}
    assert findings() == []


def _versions(kind: str) -> list[int]:
    """Every version of orders of this kind and of their items."""
    db.session.rollback()
    query = select(Order.version, OrderItem.version).join(OrderItem, OrderItem.order_id == Order.id)
    found = db.session.execute(query.where(Order.number.in_(_of_kind(kind))))
    return [version for row in found for version in row]


def _parts() -> list[tuple[int, int, str]]:
    """Units, status and the end of the number of each item that was divided."""
    query = select(OrderItem.quantity, OrderItem.status, OrderItem.tracking_number, Order.number)
    query = query.join(Order, OrderItem.order_id == Order.id).where(Order.number.in_(_of_kind("parts")))
    return [
        (int(units), status, str(tracking).removeprefix(f"TR{number}"))
        for units, status, tracking, number in db.session.execute(query)
    ]


def _numbers(kind: str) -> set[str | None]:
    """The tracking numbers of orders of this kind whose items are shipped."""
    query = select(OrderItem.tracking_number).join(Order, OrderItem.order_id == Order.id)
    return set(db.session.scalars(query.where(OrderItem.status == 500, Order.number.in_(_of_kind(kind)))))


def _of_kind(kind: str) -> list[str]:
    return [number for number, each in kinds(ROWS) if each == kind]
