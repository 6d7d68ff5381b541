"""F8, F15 and F19 for the pull: a real worker is shot at random and at every step. With the controls that must fail."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue as RqQueue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.channels.shops import STAFF, Connected, assert_same_as_shop, operation, remote_ids
from tests.jobs.shooting import KILLS, PATIENT, PER_PAGE, SEED, Shooting
from tests.sandbox.running import ShopServer
from tests.servers import Processes, wait_until
from webapp.channels.applying import Counts
from webapp.core.db import unit_of_work
from webapp.orders.models import Order


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[ShopServer]:
    shop = ShopServer("sandbox.shop", tmp_path / "shop.db", "--orders", "150", "--seed", "5")
    yield shop
    shop.stop()


@pytest.fixture
def connected(shop: ShopServer, session: Session) -> Iterator[Connected]:
    yield Connected.to(shop)
    session.close()


def test_pull_when_its_worker_is_shot_at_random_steps_then_every_order_once_and_the_cursor_never_ahead(
    processes: Processes, connected: Connected, session: Session, tmp_path: Path
) -> None:
    """F8, and F19 for the pull: what was done is never counted or done twice."""
    shooting = Shooting(processes, connected, tmp_path, KILL_LIMIT=str(KILLS))

    needed = shooting.pull_until_done()

    assert len(shooting.shots) == KILLS, f"seed {SEED}: {Counter(shooting.shots)}"
    assert_same_as_shop(session, connected.shop)
    counts = [Counts.of_result(each.result) for each in needed]
    orders = session.scalars(select(func.count()).select_from(Order)).one()
    assert sum(each.created for each in counts) == orders
    assert sum(each.updated + each.failed for each in counts) == 0


def test_control_when_the_cursor_is_committed_before_its_page_then_a_shot_loses_the_page(
    processes: Processes, connected: Connected, session: Session, tmp_path: Path
) -> None:
    shooting = Shooting(
        processes,
        connected,
        tmp_path,
        NAIVE_CURSOR="1",
        KILL_STEP="cursor committed alone",
        KILL_NTH="3",
        KILL_LIMIT="1",
    )
    ids = shooting.all_ids
    # The shop is asked without the check: here the cursor is meant to run ahead.
    shooting._check_cursor = lambda: None  # type: ignore[method-assign]

    shooting.pull_until_done()

    lost = {str(each) for each in ids} - set(remote_ids(session))
    assert shooting.shots == ["cursor committed alone"]
    # The third page: each begins with the last order of the one before.
    assert lost == {str(each) for each in ids[2 * PER_PAGE - 1 : 3 * PER_PAGE - 2]}


@pytest.mark.parametrize(
    "step",
    [
        "page answered",
        "page stored, not committed",
        "cursor moved, not committed",
        "page committed",
        "orders written, not committed",
        "records settled, not committed",
        "page applied",
    ],
)
def test_pull_when_shot_at_one_step_then_the_next_run_ends_it(
    step: str, processes: Processes, connected: Connected, session: Session, tmp_path: Path
) -> None:
    shooting = Shooting(
        processes, connected, tmp_path, KILL_STEP=step, KILL_NTH="2", KILL_LIMIT="1", PER_PAGE="60"
    )
    (needed,) = shooting.pull_until_done()
    assert shooting.shots == [step]
    assert needed.attempt == 2
    assert_same_as_shop(session, connected.shop)


def test_worker_when_shot_between_redis_and_its_registry_then_the_sweeper_knows_the_work(
    processes: Processes, connected: Connected, session: Session, tmp_path: Path, redis_url: str
) -> None:
    """F15. Its control is in the middle: the hint is nowhere any more, so nobody but the sweeper can know."""
    shooting = Shooting(
        processes, connected, tmp_path, KILL_STEP="hint taken out of Redis", KILL_NTH="1", KILL_LIMIT="1"
    )
    with unit_of_work() as unit:
        key = connected.service.pull(unit, connected.channel_id, STAFF)[0].id
    wait_until(lambda: shooting.shots, what="the shot")
    with redis.Redis.from_url(redis_url) as valkey:
        wait_until(lambda: RqQueue("channels", connection=valkey).count == 0, what="the hint to be gone")
    assert operation(key).state == "ready"

    processes.worker("channels", timing=PATIENT)
    processes.command("sweeper", timing=PATIENT)

    wait_until(lambda: operation(key).state == "done", what="the pull to be done", timeout_s=60)
    assert_same_as_shop(session, connected.shop)
