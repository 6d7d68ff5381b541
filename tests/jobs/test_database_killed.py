"""F12: PostgreSQL is killed while refunds run. Pages say 503 meanwhile, nothing committed is lost, each is paid once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.cancel_desk import Desk, make_desk, paid_order
from tests.chaos.world import CHAOS
from tests.order_drafts import findings
from tests.payments.paying_back import approve, open_plan
from tests.sandbox.running import BankServer
from tests.servers import Processes, Services, wait_until
from webapp.auth.roles import Role
from webapp.core.db import db

REFUNDS, KILLS = 12, 3


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def succeeded() -> int:
    """How many refunds are booked; -1 while the database cannot say."""
    try:
        db.session.rollback()
        return int(db.session.scalar(text("SELECT count(*) FROM refund WHERE state = 'succeeded'")) or 0)
    except DBAPIError:
        db.session.remove()
        db.engine.dispose()
        return -1


def test_refunds_when_the_database_is_killed_again_and_again_then_each_is_paid_once_and_pages_say_503(
    app: Flask, services: Services, processes: Processes, desk: Desk, bank: BankServer
) -> None:
    for at in range(REFUNDS):
        order_id = paid_order(desk, bank, f"{100 + at}.00", number=f"{1001 + at}")
        open_plan(desk, order_id)
        approve(desk, order_id)
    # Slow enough that each kill finds some at work.
    bank.fault(path="/v1/refunds", kind="slow", method="POST", seconds=0.6)
    client = at_desk(app, Role.AGENT)
    processes.command("sweeper", timing=CHAOS)
    workers = [processes.worker("money", timing=CHAOS) for _ in range(2)]

    for at in range(1, KILLS + 1):
        wait_until(lambda at=at: succeeded() >= at, what=f"refund {at}", timeout_s=60)
        before = succeeded()
        services.kill("postgres")
        assert client.get("/orders/").status_code == 503
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        services.start_postgres()
        wait_until(lambda: succeeded() >= 0, what="the database to be back", timeout_s=60)
        assert succeeded() >= before

    wait_until(lambda: succeeded() == REFUNDS, what="all refunds", timeout_s=120)
    assert all(worker.is_alive() for worker in workers)
    moved = Counter(row["payment_id"] for row in bank.control("GET", "refunds"))
    assert sorted(moved.values()) == [1] * REFUNDS
    assert findings() == []
