"""F23: a new version is put in place while fifty refunds are being paid back. SIGTERM, and nothing is lost or doubled."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk
from tests.chaos.world import approve_refunds, ledger, movements, refunds_by_state
from tests.payments.paying_back import breaks
from tests.sandbox.running import BankServer
from tests.servers import Processes, Running, wait_until
from webapp.core.db import db, unit_of_work
from webapp.core.programs import send
from webapp.core.settings import Timing

NUMBER = 50
WORKERS = 2
# Each call takes long enough that all fifty take many times the slice, after which a worker may stop.
CALL_S = 0.4
TIMING = Timing(lease_s=600.0, slice_s=1.0, sweep_s=1.0, backoff_s=(0.5, 1.0))
# A slice, one refund, and what a busy machine adds; a worker that went on to the end of the list would be over it, too.
GRACE_S = 60.0


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def working(desk: Desk, bank: BankServer, processes: Processes) -> list[Running]:
    """Workers in the midst of fifty refunds, and a sweeper beside them."""
    approve_refunds(desk, bank, NUMBER, "stripe")
    bank.fault(path="/v1/refunds", kind="slow", method="POST", count=NUMBER, seconds=CALL_S)
    workers = [processes.worker("money", timing=TIMING) for _ in range(WORKERS)]
    processes.command("sweeper", timing=TIMING)
    wait_until(lambda: refunds_by_state()["succeeded"] >= 5, what="some to be paid back", timeout_s=60)
    return workers


def end_leases() -> None:
    """In life that takes the lease's time."""
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE operation SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'leased'"
            )
        )


def operations() -> Counter[str]:
    """How many of the refunds' operations stand where."""
    db.session.rollback()
    rows = db.session.execute(
        text("SELECT state, count(*) FROM operation WHERE kind = 'refund.run' GROUP BY state")
    )
    return Counter(dict(rows.all()))


def sendings() -> int:
    """The most that any refund was sent."""
    db.session.rollback()
    most = text(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM refund_attempt WHERE phase = 'send' GROUP BY refund_id) s"
    )
    return db.session.scalar(most) or 0


def assert_each_paid_once(bank: BankServer) -> None:
    moved = movements(bank)
    assert len({payment for payment, _ in moved}) == len(moved) == NUMBER
    assert sorted(ledger().values()) == sorted(amount for _, amount in moved)
    assert breaks() == []


def test_workers_when_told_to_stop_then_they_end_what_they_have_in_hand_and_the_next_ones_do_the_rest(
    desk: Desk, bank: BankServer, processes: Processes
) -> None:
    workers = working(desk, bank, processes)

    for each in workers:
        send(each.pid, signal.SIGTERM)
    statuses = [each.process.wait(GRACE_S) for each in workers]

    assert statuses == [0] * WORKERS
    stood = operations()
    # They stopped on the way, with nothing in hand that somebody would have to wait for.
    assert (stood["leased"], stood["done"] + stood["ready"]) == (0, NUMBER)
    assert 0 < stood["ready"] < NUMBER
    assert refunds_by_state() == Counter(succeeded=stood["done"], ready=stood["ready"])
    assert len(movements(bank)) == stood["done"]

    bank.control("DELETE", "faults")
    processes.worker("money", timing=TIMING)
    wait_until(lambda: operations() == Counter(done=NUMBER), what="the rest to be paid back", timeout_s=120)
    assert sendings() == 1
    assert_each_paid_once(bank)


def test_workers_when_the_whole_family_is_told_then_what_was_on_its_way_is_asked_about_and_paid_once(
    desk: Desk, bank: BankServer, processes: Processes
) -> None:
    """The signal of a system that tells every process of the service, the one with the refund in hand as well."""
    workers = working(desk, bank, processes)

    for each in workers:
        for pid in (each.pid, *each.descendants()):
            send(pid, signal.SIGTERM)
    for each in workers:
        each.process.wait(GRACE_S)

    stood = operations()
    assert stood["leased"] <= WORKERS
    assert 0 < stood["ready"] < NUMBER
    end_leases()
    bank.control("DELETE", "faults")
    processes.worker("money", timing=TIMING)
    wait_until(lambda: operations() == Counter(done=NUMBER), what="the rest to be paid back", timeout_s=120)
    assert_each_paid_once(bank)
