"""A worker that is shot while it pulls or tells a channel: `python -m tests.jobs.killing_worker QUEUE`, told how by the environment.

The product knows nothing of it: the steps of a pull are wrapped from here.

    KILL_FILE     one line per shot ("step pid"), written before it falls
    KILL_SEED     which step of which life is the last; printed with the shots
    KILL_LIMIT    no more shots than this
    KILL_WITHIN   how many steps a life has at most (else 9)
    KILL_STEP     shoot at this step alone (else at any)
    KILL_NTH      … and only when it is reached for the nth time in a life
    PER_PAGE      orders per page
    NAIVE_CURSOR  1: the control: the cursor is committed before the page it belongs to
"""

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rq

import worker
from webapp.channels import applying, delivering
from webapp.channels.applying import OrderIntake
from webapp.channels.bookmarks import PullPass
from webapp.channels.delivering import Delivery
from webapp.channels.integrations.woocommerce import commands
from webapp.channels.integrations.woocommerce.tracking import WooTracking
from webapp.core.db import unit_of_work

STEPS_IN_A_LIFE = 9
BOTH_SHARE = 0.15  # how often the parent dies with its horse


class Gun:
    """Decides at every step whether this process dies there."""

    def __init__(self, env: dict[str, str]) -> None:
        self._file = Path(env["KILL_FILE"])
        self._limit = int(env.get("KILL_LIMIT", "1000000"))
        self._step = env.get("KILL_STEP", "")
        self._nth = int(env.get("KILL_NTH", "0"))
        self._seed = env.get("KILL_SEED", "1")
        self._within = int(env.get("KILL_WITHIN", STEPS_IN_A_LIFE))
        self._pid = 0
        self._reached = 0
        self._last = 0

    def at(self, step: str) -> None:
        """Perhaps the end."""
        shots = self._file.read_text().count("\n") if self._file.exists() else 0
        if shots >= self._limit or (self._step and step != self._step):
            return
        chance = random.Random(f"{self._seed}/{shots}")
        if os.getpid() != self._pid:
            self._pid, self._reached = os.getpid(), 0
            self._last = self._nth or chance.randint(1, self._within)
        self._reached += 1
        if self._reached == self._last:
            self._shoot(step, with_parent=not self._nth and chance.random() < BOTH_SHARE)

    def _shoot(self, step: str, *, with_parent: bool) -> None:
        with self._file.open("a") as shots:
            shots.write(f"{step} {os.getpid()}\n")
            shots.flush()
            os.fsync(shots.fileno())
        if with_parent and _is_ours(os.getppid()):
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    """Whether it is the worker; an orphan's parent is somebody whom nobody may shoot."""
    try:
        return b"killing_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wrap(owner: Any, name: str, gun: Gun, *, before: str = "", after: str = "") -> None:
    """Put steps around a function of the product."""
    original: Callable[..., Any] = getattr(owner, name)

    def stepped(*args: Any, **kwargs: Any) -> Any:
        if before:
            gun.at(before)
        result = original(*args, **kwargs)
        if after:
            gun.at(after)
        return result

    setattr(owner, name, stepped)


def commit_the_cursor_first(gun: Gun) -> None:
    """The mistake that the control makes."""
    original = OrderIntake.take

    def take(self: OrderIntake, page: Any, move: Any = None) -> None:
        if move is not None:
            with unit_of_work() as session:
                move(session)
        gun.at("cursor committed alone")
        original(self, page, None)

    OrderIntake.take = take  # type: ignore[method-assign]


def main() -> None:
    gun = Gun(dict(os.environ))
    commands.MOST_PER_PAGE = int(os.environ.get("PER_PAGE", "100"))
    wrap(applying, "store", gun, before="page answered", after="page stored, not committed")
    wrap(PullPass, "move", gun, after="cursor moved, not committed")
    wrap(OrderIntake, "apply", gun, before="page committed", after="page applied")
    wrap(applying, "write_orders", gun, after="orders written, not committed")
    wrap(applying, "_settle", gun, after="records settled, not committed")
    wrap(delivering, "push_of", gun, after="facts read, not begun")
    wrap(delivering, "send_of", gun, before="begun")
    wrap(WooTracking, "tell", gun, after="told")
    wrap(Delivery, "_answer", gun, after="settled, not committed")
    wrap(Delivery, "_sent", gun, after="settled")
    wrap(rq.Worker, "dequeue_job_and_maintain_ttl", gun, after="hint taken out of Redis")
    if os.environ.get("NAIVE_CURSOR"):
        commit_the_cursor_first(gun)
    worker.main(sys.argv[1])


if __name__ == "__main__":
    main()
