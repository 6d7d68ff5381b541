"""F7, F11, F14, F16 and F17 for the pull: importers and schedulers at once, Redis robbed, leases lost. With controls."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
import redis
from rq import Queue as RqQueue
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.channels.samples import profile, raw, sample
from tests.channels.shops import STAFF, Connected, findings, operation
from tests.jobs.importing import MORNING, ORDERS, ROUNDS
from tests.jobs.shooting import PATIENT, SEED
from tests.sandbox.running import ShopServer
from tests.servers import Processes, Services, wait_until
from webapp.channels.applying import Counts, Fence, OrderIntake, no_fence
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.jobs import pull_slots
from webapp.channels.models import Channel, RemoteRecord
from webapp.channels.receiving import RawPage
from webapp.core import operations
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain, send_hint
from webapp.core.operations import LeaseLost, NewOperation, Operation, OperationRun, Queue, claim
from webapp.core.periodic import sweep, tick
from webapp.orders.models import Order


@pytest.fixture(scope="module")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    shop = ShopServer(
        "sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", "--orders", "4", "--seed", "5"
    )
    yield shop
    shop.stop()


@pytest.fixture
def connected(small_shop: ShopServer, session: Session) -> Iterator[Connected]:
    yield Connected.to(small_shop)
    session.close()


def asked(connected: Connected) -> UUID:
    """A pull is asked for."""
    with unit_of_work() as session:
        return connected.service.pull(session, connected.channel_id, STAFF)[0].id


def states(keys: list[UUID]) -> set[str]:
    return {operation(key).state for key in keys}


def deadlocks(session: Session) -> int:
    """How many PostgreSQL has had to end in this database so far."""
    session.rollback()
    session.execute(text("SELECT pg_stat_clear_snapshot()"))
    count = session.scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))
    session.rollback()
    return int(count or 0)


def import_at_once(processes: Processes, channel: Channel, folder: Path, mode: str) -> None:
    """Four processes import the same page, each in an order of its own, and begin together."""
    go = folder / f"go-{mode}"
    words = ("-m", "tests.jobs.importing", str(channel.id))
    importers = [
        processes.python("importer", *words, f"{SEED}-{number}", str(go), mode) for number in range(4)
    ]
    go.touch()
    for importer in importers:
        wait_until(lambda one=importer: not one.is_alive(), what="an importer to end", timeout_s=180)  # type: ignore[misc]
        assert importer.process.returncode == 0, importer.output


@pytest.fixture
def channel(session: Session) -> Channel:
    channel = Channel(name="Shop", channel_type="woocommerce", base_url="https://shop.example")
    session.add(channel)
    session.commit()
    session.refresh(channel)
    session.expunge(channel)
    return channel


def test_importers_when_four_take_the_same_page_then_each_order_once_the_newest_and_no_deadlock(
    processes: Processes, channel: Channel, session: Session, tmp_path: Path
) -> None:
    """F7."""
    before = deadlocks(session)

    import_at_once(processes, channel, tmp_path, "product")

    session.rollback()
    numbers = session.scalars(select(Order.number)).all()
    assert (len(numbers), len(set(numbers))) == (ORDERS, ORDERS)
    assert set(session.scalars(select(Order.notes))) == {f"round {ROUNDS}"}
    assert set(session.scalars(select(RemoteRecord.state))) == {"applied"}
    assert findings(session) == []
    assert deadlocks(session) == before


def test_control_when_importers_lock_in_orders_of_their_own_then_postgres_has_to_end_some(
    processes: Processes, channel: Channel, session: Session, tmp_path: Path
) -> None:
    before = deadlocks(session)
    import_at_once(processes, channel, tmp_path, "unsorted")
    wait_until(lambda: deadlocks(session) > before, what="a deadlock in the statistics")


def test_redis_when_wiped_or_away_while_pulls_wait_then_none_is_lost(
    processes: Processes, services: Services, connected: Connected, session: Session, redis_url: str
) -> None:
    """F11. Its control is in the middle: nobody was told of any of them."""
    others = [Connected.to(connected.shop, name=f"Shop {number}") for number in range(20)]
    keys = [asked(each) for each in others[:10]]
    with redis.Redis.from_url(redis_url) as valkey:
        assert RqQueue("channels", connection=valkey).count == 10
        valkey.flushall()
    services.kill("valkey")
    try:
        keys += [asked(each) for each in others[10:]]
    finally:
        services.start_valkey()
    with redis.Redis.from_url(redis_url) as valkey:
        assert RqQueue("channels", connection=valkey).count == 0
    assert states(keys) == {"ready"}

    processes.worker("channels", timing=PATIENT)
    processes.command("sweeper", timing=PATIENT)

    wait_until(lambda: states(keys) == {"done"}, what="twenty pulls", timeout_s=120)
    assert findings(session) == []


def test_run_when_another_has_taken_its_operation_over_then_it_writes_nothing_more(
    connected: Connected, session: Session
) -> None:
    """F14: a worker that was thought dead wakes up inside its pull."""
    first, _ = taken_over(connected)
    page = RawPage([raw(sample("order_created"))], MORNING, MORNING)

    with pytest.raises(LeaseLost):
        intake(connected, lambda unit, counts: first.fence(unit, done=counts.seen)).take(page)

    session.rollback()
    assert session.scalar(select(func.count()).select_from(RemoteRecord)) == 0
    assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_control_when_nothing_fences_a_run_that_was_taken_over_then_it_writes(
    connected: Connected, session: Session
) -> None:
    taken_over(connected)
    intake(connected, no_fence).take(RawPage([raw(sample("order_created"))], MORNING, MORNING))
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Order)) == 1


def taken_over(connected: Connected) -> tuple[OperationRun, OperationRun]:
    """The runs of a frozen worker and of the one that took its operation over."""
    asked(connected)
    runs = []
    for _ in range(2):
        with unit_of_work() as session:
            run = claim(session, Queue.CHANNELS, lease_s=60, kinds=["channel.pull"])
            assert run is not None
            runs.append(run)
            session.execute(update(Operation).values(lease_until=func.now() - text("interval '1 second'")))
    return runs[0], runs[1]


def intake(connected: Connected, fence: Fence) -> OrderIntake:
    return OrderIntake(connected.channel_id, WooOrderSerializer(profile()).read, fence, Counts())


def test_schedulers_when_three_run_at_once_then_one_pull_a_slot(
    processes: Processes, connected: Connected, session: Session
) -> None:
    """F16. Their work is ended at once, so that only the slot keeps a second one from being made."""
    with unit_of_work() as unit:
        unit.execute(update(Channel).values(pull_minutes=1, reread_minutes=1))
    schedulers = [processes.command("scheduler", timing=PATIENT) for _ in range(3)]
    wait_until(lambda: ended_slots(1), what="the first slot")
    schedulers[0].kill_family()
    processes.command("scheduler", timing=PATIENT)

    wait_until(lambda: ended_slots(2), what="the next minute's slot", timeout_s=90)

    counted = operations_per_slot()
    assert len(counted) >= 4
    assert set(counted.values()) == {1}


def ended_slots(wanted: int) -> bool:
    """Work through what is due; whether so many slots have had a pull."""
    drain("channels")
    return len({slot for kind, slot in operations_per_slot() if kind == "channel.pull"}) >= wanted


def operations_per_slot() -> Counter[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.execute(select(Operation.kind, Operation.slot).where(Operation.slot.is_not(None)))
    return Counter((kind, str(slot)) for kind, slot in rows)


def test_ticks_when_many_fall_into_one_slot_then_one_pull_and_without_slots_one_each(
    connected: Connected,
) -> None:
    """F16 and its control, each tick's work ended before the next."""
    with unit_of_work() as session:
        session.execute(update(Channel).values(pull_minutes=1440, reread_minutes=0))

    def without_slots(session: Session, now: datetime) -> list[NewOperation]:
        return [replace(new, slot=None) for new in pull_slots(session, now)]

    made = []
    for source in (pull_slots, pull_slots, pull_slots, without_slots, without_slots):
        made.append(tick([source]))
        drain("channels")

    assert made == [1, 0, 0, 1, 1]


def test_calls_when_some_roll_back_then_the_others_run_and_those_leave_nothing(
    processes: Processes, connected: Connected, session: Session
) -> None:
    """F17, without a sweeper: hints alone, sent after the commit."""
    chance = random.Random(SEED)
    processes.worker("channels", timing=PATIENT)
    keys = []
    for number in range(30):
        each = Connected.to(connected.shop, name=f"Shop {number}")
        if chance.random() < 0.5:
            keys.append(asked(each))
            continue
        with pytest.raises(ZeroDivisionError), unit_of_work() as unit:
            each.service.pull(unit, each.channel_id, STAFF)
            raise ZeroDivisionError

    wait_until(lambda: states(keys) == {"done"}, what="the committed ones", timeout_s=120)
    session.rollback()
    assert set(session.scalars(select(Operation.id))) == set(keys)


def test_control_when_the_hint_is_sent_before_the_commit_then_nobody_comes_until_the_sweeper(
    processes: Processes, connected: Connected, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes.worker("channels", timing=PATIENT)

    def at_once(session: Session, queue: Queue) -> None:
        send_hint(queue)

    monkeypatch.setattr(operations, "hint_after_commit", at_once)
    with redis.Redis.from_url(redis_url) as valkey, unit_of_work() as session:
        key = connected.service.pull(session, connected.channel_id, STAFF)[0].id
        wait_until(lambda: nothing_told(valkey), what="the hint to be followed")

    with redis.Redis.from_url(redis_url) as valkey:
        assert nothing_told(valkey)
    assert operation(key).state == "ready"
    sweep()
    wait_until(lambda: operation(key).state == "done", what="the pull after the sweep")


def nothing_told(valkey: redis.Redis) -> bool:
    """No hint waits, and none is being followed: RQ keeps a job's hash from its enqueueing to its end."""
    return next(valkey.scan_iter(match="rq:job:*"), None) is None
