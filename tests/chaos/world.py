"""A small world for chaos: orders whose refunds are approved, a bank full of faults, workers that are killed."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import redis
from sqlalchemy import text

from tests.cancel_desk import Desk, items_of_order
from tests.order_drafts import draft, line, payment, write
from tests.payments.paying_back import approve, open_plan, paid_at_iyzico
from tests.sandbox.running import BankServer
from tests.servers import Processes, Running
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.settings import Timing
from webapp.orders.service.cancellation.deciding import approved_order_cancel
from webapp.orders.service.cancellation.opening import open_plans

# Short enough that minutes show what takes hours: a lease of 6 s, a bank that we wait 2 s for.
CHAOS = Timing(
    lease_s=6.0,
    sweep_s=1.0,
    slice_s=2.0,
    backoff_s=(0.5, 1.0, 2.0, 3.0),
    breaker_window_s=10.0,
    breaker_failures=50,
    breaker_probe_s=1.0,
    connect_timeout_s=0.5,
    read_timeout_s=2.0,
)
FAULTS = (
    "hang_before",
    "hang_after",
    # Twice: it is the one that no look before sending can see.
    "effect_late",
    "effect_late",
    "500_before",
    "503",
    "500_after",
    "reset_before",
    "reset_after",
    "429",
)
WORKERS = 4


def approve_refunds(desk: Desk, bank: BankServer, number: int, gateway: str, **paid: Any) -> list[int]:
    """That many orders, paid at the bank, shipped, returned and approved; the ids. Amounts differ by order."""
    agent, supervisor = desk.authority(Role.AGENT), desk.authority()
    ids: list[int] = []
    for at in range(number):
        amount = Decimal(1000 + 7 * at) / 100
        given = draft(f"C{at:05d}", items=(line("1", str(amount)),), channel_id=desk.channel.id)
        bought = bank.pay(amount=int(amount * 100), currency="try", **paid)
        tender = replace(
            payment(str(amount)), holder="us", gateway=gateway, gateway_ref=str(bought["id"]), extra_field={}
        )
        result = write(desk.channel, replace(given, transactions=(tender,)))[0]
        assert result.order_id is not None, result.words
        ids.append(result.order_id)
        with unit_of_work() as unit:
            open_plans(unit, result.order_id, desk.request(), agent)
        with unit_of_work() as unit:
            assert approved_order_cancel(unit, result.order_id, supervisor).is_approved
    return ids


def approve_at_iyzico(desk: Desk, bank: BankServer, number: int) -> None:
    """That many orders of two lines, paid at the door without keys, the first line of each cancelled and approved."""
    orders = []
    for at in range(number):
        first = str(Decimal(1000 + 7 * at) / 100)
        order_id, _ = paid_at_iyzico(desk, bank, first, "40.00", number=f"K{at:05d}")
        open_plan(desk, order_id, items_of_order(order_id)[0].id)
        orders.append(order_id)
    while desk.work():
        pass  # the bank's own baskets are asked for
    for order_id in orders:
        approve(desk, order_id)


@dataclass
class Chaos:
    """Workers that work while they are killed, one a second; counts what was done to them."""

    processes: Processes
    seed: int
    start_worker: Callable[[], Running]
    redis_url: str
    kills: Counter[str] = field(default_factory=Counter)

    def run(self, *, settled: Callable[[], int], total: int, patience_s: float) -> float:
        """Kill until everything is settled; the seconds it took. Stops killing when time is nearly up."""
        chance = random.Random(self.seed)
        workers = [self.start_worker() for _ in range(WORKERS)]
        flushed = False
        began = time.monotonic()
        while (done := settled()) < total:
            spent = time.monotonic() - began
            assert spent < patience_s, f"seed {self.seed}: {done} of {total} settled after {spent:.0f} s"
            if not flushed and done >= 0.4 * total:
                with redis.Redis.from_url(self.redis_url) as valkey:
                    valkey.flushall()
                flushed = True
            if spent < patience_s * 0.8:
                at = chance.randrange(WORKERS)
                self._kill(chance, workers[at])
                if not workers[at].is_alive():
                    workers[at] = self.start_worker()
            time.sleep(1.0)
        return time.monotonic() - began

    def _kill(self, chance: random.Random, worker: Running) -> None:
        what = chance.choice(("horse", "worker", "both"))
        self.kills[what] += 1
        if what == "both":
            worker.kill_family()
        elif what == "worker":
            worker.kill()
        else:
            kill_horse(worker)


def kill_horse(worker: Running) -> None:
    """SIGKILL the process that runs the job; the worker notices and goes on."""
    for pid in worker.descendants():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def refunds_by_state() -> Counter[str]:
    """How many refunds stand where, as the database has them now."""
    db.session.rollback()
    return Counter(dict(db.session.execute(text("SELECT state, count(*) FROM refund GROUP BY state")).all()))


def ledger() -> dict[str, int]:
    """What our books say went back: reference → minor units."""
    db.session.rollback()
    rows = db.session.execute(text("SELECT refund_id, amount FROM ledger_entry WHERE kind = 'refund'"))
    return {str(refund): int(amount * 100) for refund, amount in rows}


def movements(bank: BankServer) -> list[tuple[str, int]]:
    """The bank's own list, the final judge: (payment, minor units) of every movement that was not turned back."""
    return [
        (str(row["payment_id"]), int(row["amount"]))
        for row in bank.control("GET", "refunds")
        if row["status"] in ("succeeded", "pending")
    ]
