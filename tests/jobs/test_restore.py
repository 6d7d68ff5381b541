"""F26: a backup is restored on an empty machine by the very commands of docs/operations.md.

Nothing of the backup is lost, what the bank did since is found there, and nothing is paid twice.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, paid_order
from tests.jobs.desk import Desk as Machine
from tests.jobs.desk import opened
from tests.payments.paying_back import approve, open_plan
from tests.sandbox.running import BankServer
from tests.servers import ROOT, Services, wait_until
from webapp.core.home import Home, Ports
from webapp.core.settings import Settings

MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """The commands of the manual's section, in their order, without their comments."""
    section = MANUAL.partition("## Backup and restore\n")[2].partition("\n## ")[0]
    return [line.partition("  #")[0].strip() for line in re.findall(r"^kontor .*$", section, re.MULTILINE)]


def run(command: str, home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """One command as somebody types it in a terminal in `folder`, with KONTOR_HOME set and nothing else."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "KONTOR_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }
    words = shlex.split(command)[1:]
    return subprocess.run(
        [sys.executable, "-m", "webapp.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


@pytest.fixture
def old_home(services: Services, settings: Settings) -> Iterator[Path]:
    """The old machine's KONTOR_HOME, with the keys that its credentials are written with."""
    (services.home.root / "secrets" / "credential_keys").write_text(settings.credential_keys[0])
    services.home.secret("secret_key")
    services.home.publish(Ports(services.postgres.port, services.valkey.port))
    yield services.home.root
    services.home.retract()
    (services.home.root / "secrets" / "credential_keys").unlink()


@pytest.fixture
def new_machine(tmp_path: Path, old_home: Path) -> Iterator[Machine]:
    """An empty machine to which somebody has brought the two keys."""
    home = Home(tmp_path / "new")
    home.create()
    for name in ("secret_key", "credential_keys"):
        shutil.copy(old_home / "secrets" / name, home.root / "secrets" / name)
    with opened(home.root) as machine:
        yield machine


def cancelled(desk: Desk, bank: BankServer, number: str) -> int:
    """An order one of whose two lines is approved to be paid back: the bank would take it a second time."""
    order_id = paid_order(desk, bank, "100.00", "150.00", number=number)
    plan_and_approve(desk, order_id)
    return order_id


def plan_and_approve(desk: Desk, order_id: int) -> None:
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    approve(desk, order_id)


def work_all(desk: Desk) -> None:
    while desk.work():
        pass


def moved(bank: BankServer) -> list[str]:
    """The payment of each movement by the bank's own list, the judge."""
    return sorted(str(row["payment_id"]) for row in bank.control("GET", "refunds"))


def refunds_at(machine: Machine) -> dict[str, str]:
    """Order's number → state of its refund, as the restored database says."""
    home = Home(machine.home)
    port = home.ports().postgres
    assert port is not None
    with psycopg.connect(home.database_url(port)) as connection:
        rows = connection.execute(
            "SELECT number, state FROM refund JOIN orders ON orders.id = order_id"
        ).fetchall()
    return dict(rows)


def test_a_backup_when_restored_by_the_manual_then_nothing_is_lost_or_paid_twice(
    desk: Desk, bank: BankServer, old_home: Path, new_machine: Machine, tmp_path: Path
) -> None:
    dump, only_servers, restore, migrate, after_restore, verify, up, reconcile, breaks = commands()

    cancelled(desk, bank, "BEFORE")
    work_all(desk)
    cancelled(desk, bank, "BETWEEN")
    after = paid_order(desk, bank, "100.00", "150.00", number="AFTER")
    taken = run(dump, old_home, tmp_path)
    assert taken.returncode == 0, taken.stderr
    plan_and_approve(desk, after)
    work_all(desk)
    at_the_bank = moved(bank)
    assert len(at_the_bank) == 3
    bank.control("PUT", "settings", {"key_lifetime_s": 0.0})  # as after a day

    assert only_servers == "kontor up --only-servers"
    new_machine.start_servers()
    for command in (restore, migrate, after_restore, verify):
        done = run(command, new_machine.home, tmp_path)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    assert refunds_at(new_machine) == {"BEFORE": "succeeded", "BETWEEN": "ready"}
    assert new_machine.stop() == 0

    assert up == "kontor up"
    new_machine.start_and_wait(KONTOR_ALLOW_PRIVATE_NETWORK="1")
    assert "Sign in as before." in new_machine.output
    wait_until(
        lambda: refunds_at(new_machine)["BETWEEN"] == "succeeded", what="the refund to be found", timeout_s=90
    )
    assert moved(bank) == at_the_bank
    assert run(reconcile, new_machine.home, tmp_path).returncode == 0

    def listed() -> list[str]:
        return [
            each["kind"] for each in json.loads(run(f"{breaks} --json", new_machine.home, tmp_path).stdout)
        ]

    wait_until(listed, what="the reconciliation", timeout_s=90, every_s=1.0)
    assert listed() == ["missing_here"]
    assert moved(bank) == at_the_bank
    assert run(verify, new_machine.home, tmp_path).returncode == 0
    assert new_machine.stop() == 0
