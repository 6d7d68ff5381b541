"""S31: a pull leaves no customer and no secret in the worker's log, in Redis, or in the operation's row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.channels.shops import STAFF, WEBHOOK_SECRET, Connected, operation
from tests.jobs.shooting import PATIENT
from tests.sandbox.running import SECRET, ShopServer
from tests.servers import Processes, wait_until
from webapp.core.db import unit_of_work
from webapp.core.periodic import sweep


@pytest.fixture
def connected(tmp_path: Path, session: Session) -> Iterator[Connected]:
    shop = ShopServer("sandbox.shop", tmp_path / "shop.db", "--orders", "120", "--seed", "9")
    yield Connected.to(shop)
    session.close()
    shop.stop()


def test_pull_when_all_goes_wrong_that_can_then_nobody_and_no_secret_is_written_down(
    processes: Processes, connected: Connected, session: Session, redis_url: str
) -> None:
    people = set()
    for order in connected.shop.orders():
        people |= {order["billing"][name] for name in ("email", "phone", "address_1", "last_name")}
    planted = {each for each in people if len(each) > 6} | {SECRET, WEBHOOK_SECRET}
    # A shop that breaks off, answers with pages of its own, and wants to be left alone.
    for kind in ("truncated", "html_500", "reset_after", "429"):
        connected.shop.fault(kind=kind, path="/wp-json/wc/v3/orders", count=1)
    worker = processes.worker("channels", timing=PATIENT)
    with unit_of_work() as unit:
        key = connected.service.pull(unit, connected.channel_id, STAFF)[0].id

    def ended() -> bool:
        connected.waits_are_over()
        sweep()
        return operation(key).state in ("done", "dead")

    wait_until(ended, what="the pull to end", timeout_s=60)

    assert operation(key).state == "done"
    with redis.Redis.from_url(redis_url) as valkey:
        in_redis = b"".join(valkey.dump(name) or b"" for name in valkey.keys("*")).decode("latin-1")
    session.rollback()
    in_rows = json.dumps(
        [list(row) for row in session.execute(text("SELECT to_jsonb(o)::text FROM operation o"))]
    )
    assert '"what": "orders.list"' in worker.output
    for where, written in (("log", worker.output), ("Redis", in_redis), ("operation", in_rows)):
        found = sorted(each for each in planted if each in written)
        assert found == [], where
