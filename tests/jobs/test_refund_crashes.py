"""F4: whoever dies at any point of a refund, it ends in the stated state with one effect at the bank, by its own list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from rq import Queue as RqQueue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk, order_now, paid_order
from tests.jobs.dying_worker import let_die
from tests.order_drafts import findings
from tests.racing import race
from tests.sandbox.running import BankServer
from tests.servers import Processes, Services, wait_until
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import NewOperation, Queue, create
from webapp.core.periodic import sweep
from webapp.core.settings import Timing
from webapp.orders.service.cancellation.deciding import approved_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.refunds import machine
from webapp.orders.service.refunds.machine import RefundMachine

# Leases are ended by the tests.
PATIENT = Timing(lease_s=600)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


@pytest.fixture
def order_id(desk: Desk, bank: BankServer) -> int:
    """An order of 100.00 with a plan that waits for approval."""
    order_id = paid_order(desk, bank)
    agent = desk.authority(Role.AGENT)
    with unit_of_work() as unit:
        open_plans(unit, order_id, desk.request(), agent)
    return order_id


def approve(desk: Desk, order_id: int) -> None:
    supervisor = desk.authority()
    with unit_of_work() as unit:
        assert approved_order_cancel(unit, order_id, supervisor).is_approved


def effects(bank: BankServer) -> list[int]:
    """What has moved by the bank's own list, in minor units."""
    return [row["amount"] for row in bank.control("GET", "refunds") if row["status"] != "failed"]


def stands() -> tuple[str, ...]:
    """The refund's and its operation's state; nothing where there is none."""
    db.session.rollback()
    rows = db.session.execute(
        text("SELECT state FROM refund UNION ALL SELECT state FROM operation WHERE kind = 'refund.run'")
    )
    return tuple(row[0] for row in rows)


def end_leases() -> None:
    """In life that takes the lease's time."""
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE operation SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'leased'"
            )
        )


def recover(desk: Desk) -> None:
    """What workers do once the leases of the dead have ended."""
    end_leases()
    for _ in range(3):
        desk.work()


def hinted(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url) as valkey:
        return RqQueue("money", connection=valkey).count


def assert_paid_once(bank: BankServer, order_id: int) -> None:
    assert stands() == ("succeeded", "done")
    assert effects(bank) == [10_000]
    assert order_now(order_id).cancel_status == "completed"
    assert findings() == []


def die_at(processes: Processes, folder: Path, step: str, *words: str) -> None:
    """Start a process that dies at that step, and bury it."""
    let_die(processes, folder, step, *words, timing=PATIENT)


@pytest.mark.parametrize(
    ("step", "left_behind", "hints"),
    [
        pytest.param("approved, not committed", (), 0, id="C0"),
        pytest.param("approved, no hint", ("ready", "ready"), 0, id="C1"),
        pytest.param("hint without row", (), 1, id="C2"),
    ],
)
def test_approval_when_its_process_dies_then_approving_again_or_the_sweeper_ends_it(
    processes: Processes,
    desk: Desk,
    bank: BankServer,
    order_id: int,
    tmp_path: Path,
    redis_url: str,
    step: str,
    left_behind: tuple[str, ...],
    hints: int,
) -> None:
    staff_id = str(desk.authority().context.staff_id)
    die_at(processes, tmp_path, step, "approve", str(order_id), staff_id)

    assert (stands(), hinted(redis_url), effects(bank)) == (left_behind, hints, [])
    if left_behind:
        assert sweep() == 2  # the refund, and what the channel is told
        assert hinted(redis_url) == 1
    else:
        assert (order_now(order_id).cancel_status, drain("money")) == ("waiting", 0)
        approve(desk, order_id)
    recover(desk)
    assert_paid_once(bank, order_id)


def test_c3_when_redis_is_wiped_then_the_sweeper_knows_the_work(
    desk: Desk, bank: BankServer, order_id: int, redis_url: str
) -> None:
    approve(desk, order_id)
    with redis.Redis.from_url(redis_url) as valkey:
        valkey.flushall()
    assert (stands(), hinted(redis_url)) == (("ready", "ready"), 0)
    assert (sweep(), hinted(redis_url)) == (2, 1)  # the channel is told too
    assert drain("money") == 1
    assert_paid_once(bank, order_id)


def test_c4_when_two_workers_have_the_same_hint_then_one_claims_it(
    app: Flask, desk: Desk, bank: BankServer, order_id: int
) -> None:
    approve(desk, order_id)
    ran = race(app, [lambda: drain("money")] * 2)
    assert sorted(ran) == [0, 1]
    assert_paid_once(bank, order_id)


@pytest.mark.parametrize(
    ("step", "left_behind", "paid"),
    [
        pytest.param("claimed", ("sending", "leased"), [], id="C5 claimed"),
        pytest.param("about to send", ("sending", "leased"), [], id="C5 marked as sent"),
        pytest.param("answered", ("sending", "leased"), [10_000], id="C7"),
        pytest.param("settled", ("succeeded", "done"), [10_000], id="C8"),
    ],
)
def test_worker_when_it_dies_at_a_step_then_the_next_one_pays_once(
    processes: Processes,
    desk: Desk,
    bank: BankServer,
    order_id: int,
    tmp_path: Path,
    step: str,
    left_behind: tuple[str, ...],
    paid: list[int],
) -> None:
    approve(desk, order_id)
    die_at(processes, tmp_path, step, "money")
    assert (stands(), effects(bank)) == (left_behind, paid)
    recover(desk)
    assert_paid_once(bank, order_id)


@pytest.mark.parametrize(("fault", "paid"), [("hang_before", []), ("hang_after", [10_000])])
def test_c6_when_a_worker_dies_with_its_request_on_the_wire_then_the_next_one_pays_once(
    processes: Processes, desk: Desk, bank: BankServer, order_id: int, fault: str, paid: list[int]
) -> None:
    bank.fault(path="/v1/refunds", kind=fault, method="POST", count=1, seconds=60)
    approve(desk, order_id)
    worker = processes.worker("money", timing=Timing(lease_s=600, read_timeout_s=60))
    wait_until(lambda: _is_on_the_wire(bank, paid), what="the request to be on the wire", timeout_s=60)
    worker.kill_family()
    assert stands() == ("sending", "leased")
    recover(desk)
    assert_paid_once(bank, order_id)


def _is_on_the_wire(bank: BankServer, paid: list[int]) -> bool:
    db.session.rollback()
    sent = db.session.scalar(text("SELECT first_sent_at FROM refund"))
    return sent is not None and effects(bank) == paid


def test_c9_when_a_frozen_worker_wakes_before_it_sends_then_it_sends_nothing(
    app: Flask, desk: Desk, bank: BankServer, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also F14: an orphan that nobody stopped. Its successor has finished when it wakes."""
    approve(desk, order_id)
    send, slept = RefundMachine._send, []

    def sleep_then_send(self: RefundMachine, *args: Any) -> Any:
        # Only the first one freezes: its successor comes by here too.
        if not slept:
            slept.append(0)
            slept[0] = _let_another_do_it(app)
        return send(self, *args)

    monkeypatch.setattr(RefundMachine, "_send", sleep_then_send)
    drain("money")
    assert slept == [1]
    assert _sendings() == 1
    assert_paid_once(bank, order_id)


def test_c9_when_a_frozen_worker_wakes_with_its_request_in_hand_then_the_key_and_the_fence_hold(
    app: Flask, desk: Desk, bank: BankServer, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(desk, order_id)
    ask, slept = machine._ask, []

    def sleep_then_ask(*args: Any) -> Any:
        # Only the first one freezes: its successor comes by here too.
        if not slept:
            slept.append(0)
            slept[0] = _let_another_do_it(app)
        return ask(*args)

    monkeypatch.setattr(machine, "_ask", sleep_then_ask)
    drain("money")
    assert slept == [1]
    # The orphan's answer is kept as evidence, and moves nothing.
    assert _sendings() == 2
    assert db.session.scalar(text("SELECT count(*) FROM ledger_entry")) == 1
    assert_paid_once(bank, order_id)


def _let_another_do_it(app: Flask) -> int:
    """The lease ends, and another worker takes over and finishes; how many operations it ran."""

    def other() -> int:
        end_leases()
        return drain("money")

    (ran,) = race(app, [other])
    assert isinstance(ran, int), ran
    return ran


def _sendings() -> int:
    db.session.rollback()
    return db.session.scalar(text("SELECT count(*) FROM refund_attempt WHERE phase = 'send'")) or 0


def test_c10_when_news_come_before_the_answer_is_written_then_one_booking(
    app: Flask, desk: Desk, bank: BankServer, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(desk, order_id)
    ask, told = machine._ask, []

    def news() -> int:
        refund_id = str(db.session.scalar(text("SELECT id FROM refund")))
        args = {"refund_id": refund_id, "gateway": "stripe"}
        with unit_of_work() as session:
            create(session, NewOperation("refund.recheck", Queue.MONEY, refund_id, args))
        return drain("money")

    def ask_then_hear(*args: Any) -> Any:
        answer = ask(*args)
        told.extend(race(app, [news]))
        return answer

    monkeypatch.setattr(machine, "_ask", ask_then_hear)
    desk.work()
    assert told == [1]
    assert db.session.scalar(text("SELECT count(*) FROM ledger_entry")) == 1
    desk.work()
    assert db.session.scalar(text("SELECT count(*) FROM ledger_entry")) == 1
    assert_paid_once(bank, order_id)


def test_c11_when_the_database_dies_between_effect_and_booking_then_found_by_asking(
    services: Services, desk: Desk, bank: BankServer, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F13."""
    approve(desk, order_id)
    ask = machine._ask

    def ask_then_lose_the_database(*args: Any) -> Any:
        answer = ask(*args)
        services.kill("postgres")
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(machine, "_ask", ask_then_lose_the_database)
        with pytest.raises(DBAPIError):
            drain("money")
    db.session.remove()
    db.engine.dispose()
    services.start_postgres()
    assert (stands(), effects(bank)) == (("sending", "leased"), [10_000])
    recover(desk)
    assert _sendings() == 0
    assert_paid_once(bank, order_id)


def test_c12_when_the_gateway_may_have_forgotten_the_key_then_only_a_person_goes_on(
    desk: Desk, bank: BankServer, order_id: int
) -> None:
    bank.fault(path="/v1/refunds", kind="reset_before", method="POST", count=1)
    approve(desk, order_id)
    desk.work()
    assert (stands(), effects(bank)) == (("unknown", "ready"), [])
    with unit_of_work() as session:
        session.execute(
            text("UPDATE refund SET first_sent_at = first_sent_at - interval '20 hours 1 minute'")
        )
    desk.work()
    assert (stands(), effects(bank)) == (("manual", "done"), [])
    assert order_now(order_id).cancel_status == "manuel_refund_need"
    assert findings() == []
