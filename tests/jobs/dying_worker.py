"""Processes that die at one step of their work: `python -m tests.jobs.dying_worker money|channels|approve …`.

The product knows nothing of it: its functions are wrapped from here, and `os._exit` leaves nothing tidied up.

    DIE_AT      the step
    DIE_FILE    written just before the end, so that a test knows
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import text

import worker
from tests.servers import Processes, wait_until
from webapp.app import create_app
from webapp.auth.roles import Role
from webapp.channels import delivering as telling
from webapp.channels.delivering import Delivery
from webapp.channels.integrations.woocommerce.tracking import WooTracking
from webapp.core import hints, worklist
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import unit_of_work
from webapp.core.home import environment
from webapp.core.operations import Queue
from webapp.core.settings import Settings, Timing
from webapp.orders.service import errands
from webapp.orders.service.cancellation import deciding
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.errands import Errands
from webapp.orders.service.refunds import machine
from webapp.orders.service.refunds.machine import RefundMachine
from webapp.webhooks import delivering, spreading


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


def nth(number: int, dying: Callable[[Any, str], None], owner: Any, name: str) -> None:
    """Let the function pass until its call of that number."""
    original: Callable[..., Any] = getattr(owner, name)
    left = [number]

    def run(*args: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            setattr(owner, name, original)
            dying(owner, name)
            return getattr(owner, name)(*args, **named)
        return original(*args, **named)

    setattr(owner, name, run)


def judge_in_two_transactions(
    run: worklist.OperationRun, position: int, subject: worklist.Subject, act: worklist.Act, *_: Any
) -> NoReturn:
    """What a verdict must not be: written after the act has been committed by itself."""
    with unit_of_work() as session:
        act(session, subject)
    die()


def mark_before_the_deliveries(session: Any) -> NoReturn:
    """What spreading must not be: the events are marked in a transaction before that of their deliveries."""
    session.execute(text("UPDATE event SET is_spread = true"))
    session.commit()
    die()


STEPS: dict[str, Callable[[], None]] = {
    "third verdict, not committed": lambda: nth(3, before, worklist, "_decide"),
    "third verdict, committed": lambda: nth(3, after, worklist, "_judge"),
    "acted, verdict to come": lambda: setattr(worklist, "_judge", judge_in_two_transactions),
    "approved, not committed": lambda: before(deciding, "restate"),
    "approved, no hint": lambda: before(hints, "send_hint"),
    "hint without row": lambda: setattr(deciding, "restate", hint_and_die),
    "claimed": lambda: before(RefundMachine, "_next"),
    "about to send": lambda: before(machine, "_ask"),
    "answered": lambda: after(machine, "_ask"),
    "settled": lambda: after(RefundMachine, "_settle"),
    "spread, not committed": lambda: after(spreading, "spread_some"),
    "spread, no hint": lambda: before(spreading, "create"),
    "marked, deliveries to come": lambda: setattr(spreading, "spread_some", mark_before_the_deliveries),
    "about to post": lambda: before(delivering, "_send"),
    "posted": lambda: after(delivering, "_send"),
    "third post, not noted": lambda: nth(3, after, delivering, "_send"),
    "noted, not committed": lambda: after(delivering, "note"),
    "begun, not committed": lambda: after(telling, "push_of"),
    "begun": lambda: before(telling, "send_of"),
    "told, not settled": lambda: after(WooTracking, "tell"),
    "told and settled, not committed": lambda: after(Delivery, "_answer"),
    "told and settled": lambda: after(Delivery, "_sent"),
    "errand claimed": lambda: before(Errands, "_run_one"),
    "errand about to be asked": lambda: before(errands, "_look_or_ask"),
    "errand answered": lambda: after(errands, "_look_or_ask"),
    "errand settled, not committed": lambda: after(errands, "_settle"),
    "errand settled": lambda: after(Errands, "_run_one"),
    "never": lambda: None,
}


def approve(order_id: int, staff_id: int) -> None:
    """What the page does."""
    with create_app(Settings.from_env(environment(os.environ))).app_context(), unit_of_work() as session:
        context = AuditContext(origin=Origin.PAGE, staff_id=staff_id)
        deciding.approved_order_cancel(session, order_id, Authority.of_role(context, Role.SUPERVISOR))


def let_die(processes: Processes, folder: Path, step: str, *words: str, timing: Timing) -> None:
    """Start a process that dies at that step, and bury it; for tests."""
    told = folder / "told"
    env = {"DIE_AT": step, "DIE_FILE": str(told)}
    dying = processes.python("dying", "-m", "tests.jobs.dying_worker", *words, timing=timing, env=env)
    wait_until(told.exists, what=f"the end at “{step}”: {dying.output}", timeout_s=60)
    if dying.is_alive():
        dying.kill_family()


if __name__ == "__main__":
    STEPS[os.environ["DIE_AT"]]()
    if sys.argv[1] == "approve":
        approve(int(sys.argv[2]), int(sys.argv[3]))
    else:
        worker.main(sys.argv[1])
