"""F1 to F3: faults at the bank, kills of workers, a wiped Redis, and not one cent too much or too little.

KONTOR_CHAOS_N: how many refunds (120). KONTOR_CHAOS_SEED: the seed to repeat a run with (made up and printed).
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, Retry
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk
from tests.chaos.world import (
    CHAOS,
    FAULTS,
    Chaos,
    approve_at_iyzico,
    approve_refunds,
    ledger,
    movements,
    refunds_by_state,
)
from tests.payments.paying_back import add_iyzico
from tests.sandbox.running import BankServer
from tests.servers import Processes, Running, wait_until
from webapp.core.db import db
from webapp.verification import verify

NUMBER = int(os.environ.get("KONTOR_CHAOS_N", "120"))
SEED = int(os.environ.get("KONTOR_CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
PATIENCE_S = 120.0 + NUMBER
NAIVE_LATE_S = 20  # a late effect comes when the plain retry has long looked and sent again
QUIET_S = 6  # longer than the bank of F2 needs for anything

pytestmark = pytest.mark.chaos


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite", "--seed", str(SEED))
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def test_f1_half_of_all_answers_faulty_and_workers_killed_then_each_refund_is_paid_once(
    desk: Desk, bank: BankServer, processes: Processes, redis_url: str
) -> None:
    approve_refunds(desk, bank, NUMBER, "stripe")
    bank.fault(path="/v1/refunds", kinds=list(FAULTS), probability=0.5, seconds=3, method="POST")
    chaos = Chaos(processes, SEED, lambda: _worker(processes, bank), redis_url)
    processes.command("sweeper", timing=CHAOS)

    spent_s = chaos.run(settled=lambda: refunds_by_state()["succeeded"], total=NUMBER, patience_s=PATIENCE_S)

    _judge("F1 keys honoured", bank, chaos, spent_s, NUMBER)


def test_f2_without_keys_then_asking_and_a_quiet_time_keep_each_refund_single(
    desk: Desk, bank: BankServer, processes: Processes, redis_url: str
) -> None:
    number = max(20, NUMBER // 2)
    add_iyzico(bank, quiet_s=QUIET_S)
    approve_at_iyzico(desk, bank, number)
    bank.control("PUT", "settings", {"iyzico_report_delay_s": 1.0})
    # An effect comes at most two seconds after we have given up, and shows a second later: within the quiet time.
    bank.fault(path="/payment/refund", kinds=list(FAULTS), probability=0.5, seconds=3, method="POST")
    chaos = Chaos(processes, SEED, lambda: _worker(processes, bank), redis_url)
    processes.command("sweeper", timing=CHAOS)

    spent_s = chaos.run(
        settled=lambda: refunds_by_state()["succeeded"], total=number, patience_s=PATIENCE_S + 60
    )

    _judge("F2 without keys", bank, chaos, spent_s, number)


def test_f3_the_same_faults_with_plain_rq_retries_then_some_are_paid_twice(
    desk: Desk, bank: BankServer, processes: Processes, redis_url: str
) -> None:
    number = max(100, NUMBER)
    bought = [bank.pay(amount=2000 + at, currency="try") for at in range(number)]
    bank.fault(path="/v1/refunds", kinds=list(FAULTS), probability=0.5, seconds=NAIVE_LATE_S, method="POST")
    queue = Queue("naive", connection=redis.Redis.from_url(redis_url))
    for at, payment in enumerate(bought):
        # A part only: so the bank itself does not stop the second one.
        queue.enqueue(
            "tests.chaos.naive.refund",
            args=(bank.url, bank.key, payment["id"], (2000 + at) // 10, CHAOS.read_timeout_s),
            retry=Retry(max=8),
        )
    workers = [_naive_worker(processes, redis_url) for _ in range(4)]

    wait_until(lambda: not any(_is_busy(queue)), what="the plain jobs to end", timeout_s=PATIENCE_S)

    time.sleep(NAIVE_LATE_S)
    doubled = _doubled(bank)
    print(f"\nF3 control, seed {SEED}: {doubled} of {number} paid more than once by plain retries.")
    assert doubled > 0
    assert all(worker.is_alive() for worker in workers)


def _doubled(bank: BankServer) -> int:
    """How many payments the bank has paid back more than once."""
    counted = Counter(payment for payment, _ in movements(bank))
    return sum(1 for times in counted.values() if times > 1)


def _worker(processes: Processes, bank: BankServer) -> Running:
    return processes.worker("money", timing=CHAOS)


def _naive_worker(processes: Processes, redis_url: str) -> Running:
    return processes.python("naive", "-m", "rq.cli", "worker", "naive", "--url", redis_url, "--quiet")


def _is_busy(queue: Queue) -> Iterator[bool]:
    yield queue.count > 0
    yield queue.started_job_registry.count > 0
    yield queue.scheduled_job_registry.count > 0


def _judge(title: str, bank: BankServer, chaos: Chaos, spent_s: float, number: int) -> None:
    """The bank's list is the judge, not our table; then our table must say the same to the cent."""
    moved = movements(bank)
    counted = Counter(payment for payment, _ in moved)
    ours = ledger()
    print(
        f"\n{title}, seed {chaos.seed}: {number} refunds in {spent_s:.0f} s, kills {dict(chaos.kills)},"
        f" at the bank {len(moved)}, doubled {sum(n > 1 for n in counted.values())}, in our ledger {len(ours)}"
    )
    assert len(moved) == number
    assert max(counted.values()) == 1
    assert sorted(amount for _, amount in moved) == sorted(ours.values())
    assert refunds_by_state() == {"succeeded": number}
    with db.engine.connect() as connection:
        assert [finding.as_row() for finding in verify(connection, stuck_after_s=60)] == []
