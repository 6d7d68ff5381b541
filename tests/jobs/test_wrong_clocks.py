"""F22: a process whose clock is hours off, either way. Leases, slots, keys and windows are the database's time."""

import hashlib
import hmac
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk
from tests.chaos.world import CHAOS, approve_refunds, ledger, movements, refunds_by_state
from tests.client import Client
from tests.clocks import clock_off
from tests.payments.paying_back import breaks
from tests.sandbox.running import BankServer
from tests.servers import Processes, wait_until
from tests.staff import make_staff
from webapp.auth import idempotency
from webapp.auth.models import ApiToken
from webapp.channels.bookmarks import PullPass
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue, claim, create
from webapp.core.periodic import slot_of, tick
from webapp.core.second_tries import retry
from webapp.core.secrets import current_vault
from webapp.payments.models import GatewayAccount, GatewayEvent

WRONG = pytest.mark.parametrize("hours", [-26, -3, 3, 26])
NEAR = timedelta(minutes=5)
LEASE_S = 120.0


def the_databases_now() -> datetime:
    return db.session.scalars(select(func.clock_timestamp())).one()


def asked(kind: str = "test.work") -> uuid.UUID:
    with unit_of_work() as unit:
        operation, _ = create(unit, NewOperation(kind, Queue.UPKEEP, str(uuid.uuid4()), {}))
        return operation.id


def claimed() -> OperationRun | None:
    with unit_of_work() as unit:
        return claim(unit, Queue.UPKEEP, lease_s=LEASE_S, kinds=["test.work"])


def as_stored(operation_id: uuid.UUID) -> Operation:
    db.session.rollback()
    return db.session.get_one(Operation, operation_id)


@WRONG
def test_the_test_s_own_shift_when_nothing_is_followed_then_the_clock_is_off(hours: float) -> None:
    """The control of all others."""
    with clock_off(hours):
        off = utc_now() - datetime.now(UTC)
        assert abs(off - timedelta(hours=hours)) < NEAR
        assert abs(time.time() - datetime.now(UTC).timestamp() - hours * 3600) < NEAR.total_seconds()
    assert abs(utc_now() - datetime.now(UTC)) < NEAR


@WRONG
def test_a_lease_when_the_holder_s_or_the_next_one_s_clock_is_off_then_it_is_held_as_long_as_it_says(
    session: Session, hours: float
) -> None:
    operation_id = asked()
    with clock_off(hours):
        run = claimed()
        assert run is not None
        assert claimed() is None
    until = as_stored(operation_id).lease_until
    assert until is not None
    assert timedelta(0) < until - the_databases_now() <= timedelta(seconds=LEASE_S)
    # Nobody takes it from a worker whose clock is right, either.
    with clock_off(hours):
        assert claimed() is None
    with clock_off(hours), unit_of_work() as unit:
        run.postpone(unit, 60, "Later.")
    due = as_stored(operation_id).next_run_at
    assert timedelta(0) < due - the_databases_now() <= timedelta(seconds=60)
    with clock_off(hours):
        assert claimed() is None


@WRONG
def test_a_second_chance_when_the_web_s_clock_is_off_then_it_is_due_at_once(
    session: Session, hours: float
) -> None:
    operation_id = asked()
    with unit_of_work() as unit:
        unit.execute(update(Operation).values(state="dead"))
    with clock_off(hours), unit_of_work() as unit:
        retry(unit, operation_id)
    run = claimed()
    assert run is not None
    assert run.id == operation_id


@WRONG
def test_slots_when_a_scheduler_s_clock_is_off_then_no_slot_is_begun_twice_or_before_its_time(
    session: Session, hours: float
) -> None:
    def hourly(_session: Session, now: datetime) -> list[NewOperation]:
        return [NewOperation("test.work", Queue.UPKEEP, "hourly", {}, slot=slot_of(now, 60, "test"))]

    def by_its_own_clock(_session: Session, _now: datetime) -> list[NewOperation]:
        return hourly(_session, utc_now())

    def over() -> None:
        with unit_of_work() as unit:
            unit.execute(update(Operation).values(state="done"))

    def slots() -> set[str]:
        db.session.rollback()
        return set(db.session.scalars(select(Operation.slot).where(Operation.slot.is_not(None))))

    before = slot_of(the_databases_now(), 60, "test")
    assert tick([hourly]) == 1
    over()
    with clock_off(hours):
        tick([hourly])
    over()
    # One slot, or two where an hour has just ended.
    begun = {before, slot_of(the_databases_now(), 60, "test")}
    assert slots() <= begun
    with clock_off(hours):
        assert tick([by_its_own_clock]) == 1
    assert not slots() <= begun


@WRONG
def test_a_worker_when_its_clock_is_off_then_it_takes_the_database_s_with_its_first_claim(
    desk: Desk, hours: float
) -> None:
    asked()
    with clock_off(hours):
        assert abs(utc_now() - the_databases_now()) > NEAR
        assert claimed() is not None
        assert abs(utc_now() - the_databases_now()) < NEAR
        # So a reading ends where it ended, and not in hours that nobody has read yet.
        with unit_of_work() as unit:
            until = PullPass.begin(unit, desk.channel.id, 900, None).until
        assert abs(until - the_databases_now()) < NEAR
    assert abs(utc_now() - datetime.now(UTC)) < NEAR


@WRONG
def test_a_repeated_request_when_a_web_process_s_clock_is_off_then_it_is_the_same_request(
    session: Session, hours: float
) -> None:
    staff = make_staff()
    token = ApiToken(staff_id=staff.id, name="Shop", prefix="abcd1234", token_hash=b"d" * 32, permissions=[])
    session.add(token)
    session.commit()
    token_id, key, what = token.id, "key-1", b"f" * 32
    with unit_of_work() as unit:
        mine = idempotency.claim(unit, token_id, key, what)
    assert isinstance(mine, idempotency.Claim)
    with clock_off(hours), pytest.raises(idempotency.StillWorkedOn), unit_of_work() as unit:
        idempotency.claim(unit, token_id, key, what)
    kept = idempotency.Kept(201, {}, b"{}")
    with unit_of_work() as unit:
        idempotency.mark_committed(unit, mine)
        idempotency.keep(unit, mine, kept)
    with clock_off(hours), unit_of_work() as unit:
        assert idempotency.claim(unit, token_id, key, what) == kept
    # The other way round: what a wrong clock has claimed is forgotten no sooner and no later.
    with clock_off(hours), unit_of_work() as unit:
        assert isinstance(idempotency.claim(unit, token_id, "key-2", what), idempotency.Claim)
    with pytest.raises(idempotency.StillWorkedOn), unit_of_work() as unit:
        idempotency.claim(unit, token_id, "key-2", what)


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


@WRONG
def test_a_gateway_s_message_when_the_web_s_clock_is_off_then_a_new_one_is_taken_and_an_old_one_is_not(
    client: Client, desk: Desk, hours: float
) -> None:
    with unit_of_work() as unit:
        account = unit.scalars(select(GatewayAccount)).one()
        account.credentials = current_vault().encrypt_fields({"webhook_secret": "whsec"})
    now = datetime.now(UTC).timestamp()

    def post(at: float) -> int:
        body = json.dumps({"id": f"evt_{at}", "type": "refund.updated"}).encode()
        stamp = int(at)
        signature = hmac.new(b"whsec", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        header = {"Stripe-Signature": f"t={stamp},v1={signature}"}
        return client.post("/payments/stripe/webhooks", data=body, headers=header).status_code

    with clock_off(hours):
        answers = [post(at) for at in (now, now - 600, now + hours * 3600)]
    assert answers == [200, 401, 401]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(GatewayEvent)) == 1


def test_refunds_when_two_workers_are_a_day_apart_then_each_is_paid_once(
    desk: Desk, bank: BankServer, processes: Processes
) -> None:
    number = 16
    with clock_off(3):
        approve_refunds(desk, bank, number, "stripe")
    bank.fault(path="/v1/refunds", kinds=["reset_after", "reset_before"], method="POST", count=number // 2)
    for hours in (-26, 26):
        processes.python(
            "wrong-clock", "-m", "tests.clocks", "money", timing=CHAOS, env={"CLOCK_OFF_H": str(hours)}
        )
    processes.command("sweeper", timing=CHAOS)

    wait_until(
        lambda: refunds_by_state() == Counter(succeeded=number), what="all to be paid back", timeout_s=120
    )

    moved = movements(bank)
    assert len({payment for payment, _ in moved}) == len(moved) == number
    assert sorted(ledger().values()) == sorted(amount for _, amount in moved)
    off = text(
        "SELECT count(*) FROM refund WHERE abs(extract(epoch FROM settled_at - clock_timestamp())) > 600"
    )
    assert db.session.scalar(off) == 0
    assert breaks() == []
