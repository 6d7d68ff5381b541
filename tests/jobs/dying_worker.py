"""Processes that die at one step of a refund: `python -m tests.jobs.dying_worker money|approve …`.

The product knows nothing of it: its functions are wrapped from here, and `os._exit` leaves nothing tidied up.

    DIE_AT      the step
    DIE_FILE    written just before the end, so that a test knows
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import worker
from webapp.app import create_app
from webapp.auth.roles import Role
from webapp.core import hints
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import unit_of_work
from webapp.core.home import environment
from webapp.core.operations import Queue
from webapp.core.settings import Settings
from webapp.orders.service.cancellation import deciding
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.refunds import machine
from webapp.orders.service.refunds.machine import RefundMachine


def die(*_: Any, **__: Any) -> NoReturn:
    """The end, without a word to anybody."""
    Path(os.environ["DIE_FILE"]).write_text(os.environ["DIE_AT"])
    os._exit(9)


def before(owner: Any, name: str) -> None:
    """Die when the function is called."""
    setattr(owner, name, die)


def after(owner: Any, name: str) -> None:
    """Die when the function has returned."""
    original: Callable[..., Any] = getattr(owner, name)

    def run(*args: Any, **named: Any) -> NoReturn:
        original(*args, **named)
        die()

    setattr(owner, name, run)


def hint_and_die(*_: Any) -> NoReturn:
    """A hint that runs ahead of its row, which is never committed."""
    hints.send_hint(Queue.MONEY)
    die()


STEPS: dict[str, Callable[[], None]] = {
    "approved, not committed": lambda: before(deciding, "restate"),
    "approved, no hint": lambda: before(hints, "send_hint"),
    "hint without row": lambda: setattr(deciding, "restate", hint_and_die),
    "claimed": lambda: before(RefundMachine, "_next"),
    "about to send": lambda: before(machine, "_ask"),
    "answered": lambda: after(machine, "_ask"),
    "settled": lambda: after(RefundMachine, "_settle"),
    "never": lambda: None,
}


def approve(order_id: int, staff_id: int) -> None:
    """What the page does."""
    with create_app(Settings.from_env(environment(os.environ))).app_context(), unit_of_work() as session:
        context = AuditContext(origin=Origin.PAGE, staff_id=staff_id)
        deciding.approved_order_cancel(session, order_id, Authority.of_role(context, Role.SUPERVISOR))


if __name__ == "__main__":
    STEPS[os.environ["DIE_AT"]]()
    if sys.argv[1] == "approve":
        approve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        worker.main(sys.argv[1])
