"""F19: a real worker is shot at random steps of an upload, then the same file comes again. With the control that must fail."""

import os
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.factories import make_customer, make_order
from tests.jobs.shooting import PATIENT, SEED
from tests.order_drafts import findings
from tests.servers import Processes, Running, wait_until
from tests.uploading import HEADER, Uploads, csv_of, noted, status, told, verdicts
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.core.periodic import sweep
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.tracking import UploadStatus

# Half of them name orders that cannot ship, so that the counts have something to add up.
ORDERS = int(os.environ.get("KONTOR_UPLOAD_ORDERS", "120"))
KILLS = 10


@pytest.fixture
def desk(session: Session) -> Uploads:
    desk = Uploads.open(session)
    with unit_of_work() as unit:
        customer = make_customer(unit, desk.channel)
        for at in range(ORDERS):
            make_order(unit, desk.channel, number=f"{10_000 + at}", customer=customer)
    return desk


class Shots:
    """The shot worker, started again as often as it falls, until the upload has come to its end."""

    def __init__(self, processes: Processes, folder: Path, **env: str) -> None:
        self.file = folder / "shots"
        self._processes = processes
        self._env = {"KILL_FILE": str(self.file), "KILL_SEED": SEED, "AT_ONCE": "8", **env}
        self._worker = self._start()
        self._buried = 0

    @property
    def fallen(self) -> list[str]:
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line.rpartition(" ")[0] for line in lines]

    def until(self, upload_id: int, state: str) -> UploadStatus:
        wait_until(lambda: self._look(upload_id, state), what=f"the upload to be {state}", timeout_s=150)
        return status(upload_id)

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
        return status(upload_id).state == state

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


def the_file() -> bytes:
    good = [(f"{10_000 + at}", f"TR{10_000 + at}") for at in range(ORDERS)]
    bad = [(f"{90_000 + at}", f"TR{90_000 + at}") for at in range(ORDERS)]
    return csv_of([HEADER, *(row for pair in zip(good, bad, strict=True) for row in pair)])


def test_an_upload_when_its_worker_is_shot_ten_times_then_each_row_is_applied_once_and_the_counts_add_up(
    processes: Processes, desk: Uploads, tmp_path: Path
) -> None:
    upload_id = desk.hand_in(the_file())
    desk.ask(upload_id)
    shots = Shots(processes, tmp_path, KILL_LIMIT=str(KILLS))

    applied = shots.until(upload_id, "applied")

    assert len(shots.fallen) == KILLS, f"seed {SEED}: {shots.fallen}"
    counted = (applied.rows, applied.shipped, applied.refused, applied.unchanged, applied.waiting)
    assert counted == (2 * ORDERS, ORDERS, ORDERS, 0, 0), f"seed {SEED}: {shots.fallen}"
    _each_shipped_once()

    again = desk.hand_in(the_file())
    shots.until(again, "checked")
    assert [verdict for verdict, _ in verdicts(again)] == ["unchanged", "not_found"] * ORDERS
    _each_shipped_once()


def test_control_when_the_deed_is_committed_before_its_outcome_then_a_shot_makes_the_counts_wrong(
    processes: Processes, desk: Uploads, tmp_path: Path
) -> None:
    upload_id = desk.upload(the_file())
    desk.ask(upload_id)
    shots = Shots(
        processes,
        tmp_path,
        NAIVE_OUTCOMES="1",
        KILL_STEP="deed committed alone",
        KILL_NTH="2",
        KILL_LIMIT="1",
    )

    applied = shots.until(upload_id, "applied")

    assert shots.fallen == ["deed committed alone"]
    # Eight orders were shipped, and their rows say that they had that number already.
    assert (applied.shipped, applied.unchanged) == (ORDERS - 8, 8)


def _each_shipped_once() -> None:
    db.session.rollback()
    versions = set(db.session.scalars(select(Order.version))) | set(
        db.session.scalars(select(OrderItem.version))
    )
    assert versions == {2}, f"seed {SEED}"
    assert len({word["tracking_number"] for word in told()}) == len(told()) == ORDERS
    assert noted() == ORDERS
    assert findings() == []
