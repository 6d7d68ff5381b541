"""A worker that is shot again and again while it pulls or tells a channel, and what must hold meanwhile."""

import os
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select, text, update

from tests.channels.shops import STAFF, Connected, operation
from tests.servers import Processes, Running, wait_until
from webapp.channels.models import PullCursor, RemoteRecord
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.core.periodic import sweep
from webapp.core.settings import Timing
from webapp.orders.models import IntegrationAction
from webapp.orders.service.integration_action_service import DELIVER_KIND, ask_delivery

SEED = os.environ.get("KONTOR_CHAOS_SEED", "20261123")
# The long form is for nights: KONTOR_CHAOS_KILLS=50 and more.
KILLS = int(os.environ.get("KONTOR_CHAOS_KILLS", "20"))
PER_PAGE = 10
# Leases are ended by the tests, and so are waits between attempts.
PATIENT = Timing(lease_s=600, sweep_s=0.2, tick_s=0.1, backoff_s=(0.1,))


class Shooting:
    """A worker that is shot again and again; whatever dies is buried, and the work goes on."""

    def __init__(self, processes: Processes, connected: Connected, folder: Path, **env: str) -> None:
        self.connected = connected
        self.file = folder / "shots"
        self._processes = processes
        self._env = {"KILL_FILE": str(self.file), "KILL_SEED": SEED, "PER_PAGE": str(PER_PAGE), **env}
        self._worker = self._start()
        self._buried = 0

    @property
    def shots(self) -> list[str]:
        """The steps at which the worker fell so far."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [line.rpartition(" ")[0] for line in lines]

    def pull_until_done(self) -> list[Operation]:
        """Ask for pulls until one has ended well; every operation that was needed."""
        asked = []
        while not asked or operation(asked[-1]).state != "done":
            with unit_of_work() as session:
                asked.append(self.connected.service.pull(session, self.connected.channel_id, STAFF)[0].id)
            wait_until(lambda: self._look(asked[-1]), what="the pull to end", timeout_s=120)
        return [operation(key) for key in dict.fromkeys(asked)]

    def deliver_until_done(self) -> None:
        """Have the channel told until nothing waits any more; what a dead operation left, the next one takes up."""
        while open_actions():
            with unit_of_work() as session:
                ask_delivery(session, self.connected.channel_id)
            query = select(Operation.id).where(Operation.kind == DELIVER_KIND).order_by(Operation.created_at)
            db.session.rollback()
            key = db.session.scalars(query).all()[-1]
            wait_until(lambda key=key: self._look(key), what="the delivery to end", timeout_s=120)

    def _look(self, key: UUID) -> bool:
        self._check_cursor()
        if len(self.shots) > self._buried:
            self._bury()
        if not self._worker.is_alive():
            self._worker = self._start()
        found = operation(key)
        if found.state == "ready":
            sweep()
        return found.state in ("done", "dead")

    def _bury(self) -> None:
        """The dead hold no lease any longer; in life that takes the lease's time."""
        wait_until(self._last_is_dead, what="the shot process to be gone")
        self._buried = len(self.shots)
        with unit_of_work() as session:
            session.execute(
                update(Operation)
                .where(Operation.state == "leased")
                .values(lease_until=func.now() - text("interval '1 second'"))
            )
        sweep()

    def _last_is_dead(self) -> bool:
        pid = int(self.file.read_text().split()[-1])
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            # Gone before it was opened, or between that and reading it.
            return True

    def _check_cursor(self) -> None:
        """The cursor is never ahead of the rows: in one snapshot, all up to its place are stored."""
        db.session.rollback()
        place = db.session.scalars(select(PullCursor.remote_id)).one_or_none()
        if place is None:
            return
        stored = set(db.session.scalars(select(RemoteRecord.remote_id)))
        behind = {str(each) for each in self.all_ids if each <= int(place)}
        assert behind <= stored, f"seed {SEED}, shots {self.shots}: {sorted(behind - stored)} are missing"

    @property
    def all_ids(self) -> list[int]:
        """Every order of the shop; asked for once."""
        if not hasattr(self, "_all_ids"):
            self._all_ids = [int(order["id"]) for order in self.connected.shop.orders()]
        return self._all_ids

    def _start(self) -> Running:
        return self._processes.python(
            "killing-worker", "-m", "tests.jobs.killing_worker", "channels", timing=PATIENT, env=self._env
        )


def open_actions() -> int:
    """How much still has to be told."""
    db.session.rollback()
    query = select(func.count()).where(IntegrationAction.state.in_(("waiting", "failed")))
    return db.session.scalar(query) or 0
