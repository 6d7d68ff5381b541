"""F25: processes and servers on a full disk. They go on, say what it is, and lose nothing that was acknowledged."""

import os
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk as CancelDesk
from tests.cancel_desk import make_desk, paid_order
from tests.chaos.world import CHAOS
from tests.disks import FULL, SmallDisk, small_disk
from tests.jobs.desk import Desk, opened
from tests.payments.paying_back import approve, open_plan, refunds_now
from tests.sandbox.running import BankServer
from tests.servers import Processes, Services, free_port, wait_until
from webapp.core.embedded import Postgres, Valkey
from webapp.core.home import Home
from webapp.core.programs import Program
from webapp.supervisor import child as child_module
from webapp.supervisor.child import Child
from webapp.supervisor.plan import Stage
from webapp.supervisor.warden import Warden

needs_dev_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path / "home") as desk:
        yield desk


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def cancel_desk(session: Session, bank: BankServer) -> CancelDesk:
    return make_desk(session, bank)


@pytest.fixture
def small_server(tmp_path: Path) -> Iterator[tuple[Services, SmallDisk]]:
    """A PostgreSQL whose data have a disk of their own, of which half are free."""
    home = Home(tmp_path / "home")
    with small_disk(home.root, 128) as disk:
        if disk is None:
            pytest.skip("only root, where it may mount, can give PostgreSQL a small disk")
        home.create()
        services = Services(home, Postgres(home, free_port(), durable=False), Valkey(home, free_port()))
        services.start_postgres()
        yield services, disk
        services.stop()


def test_postgres_when_its_disk_fills_up_then_what_it_had_acknowledged_is_there_afterwards(
    small_server: tuple[Services, SmallDisk],
) -> None:
    services, disk = small_server
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE note (number int, words text)")

    acknowledged, words = 0, ""
    while not words:
        acknowledged, words = _write_until_refused(services.postgres.url, acknowledged)

    assert "No space left" in words or "PANIC" in (services.home.log / "postgres.log").read_text()
    disk.grow(512)
    if not services.running["postgres"].is_alive():
        services.start_postgres()
    wait_until(lambda: _count(services.postgres.url) >= 0, what="PostgreSQL to be back", timeout_s=60)
    assert acknowledged > 0
    assert acknowledged <= _count(services.postgres.url) <= acknowledged + 1
    assert _write_some(services.postgres.url, 10) == 10


@needs_dev_full
def test_web_when_its_log_has_no_room_then_pages_are_answered(processes: Processes) -> None:
    port = free_port()
    processes.settings = replace(processes.settings, port=port)
    processes.command("web", log=FULL)

    wait_until(lambda: _status(port) == 200, what="the web processes to answer")
    assert [_status(port) for _ in range(20)] == [200] * 20


@needs_dev_full
def test_a_worker_when_its_log_has_no_room_then_refunds_are_paid_once(
    cancel_desk: CancelDesk, bank: BankServer, processes: Processes
) -> None:
    order_id = paid_order(cancel_desk, bank, "100.00")
    open_plan(cancel_desk, order_id)
    # Its first answer is a failure, of which a line goes to the log.
    bank.fault(path="/v1/refunds", kind="500_before", method="POST", count=1)
    approve(cancel_desk, order_id)
    processes.command("sweeper", timing=CHAOS, log=FULL)
    processes.python("worker", "worker.py", "money", timing=CHAOS, log=FULL)

    wait_until(
        lambda: [each.state for each in refunds_now()] == ["succeeded"], what="the refund", timeout_s=60
    )

    assert [int(row["amount"]) for row in bank.control("GET", "refunds")] == [10_000]


def test_web_when_it_counts_then_no_full_disk_can_stop_it(processes: Processes) -> None:
    """The counts lie in mapped files: on a disk without room the system would kill whoever writes them."""
    if not Path("/dev/shm").is_dir():
        pytest.skip("this system has no folder in memory")
    port = free_port()
    processes.settings = replace(processes.settings, port=port)
    web = processes.command("web")
    wait_until(lambda: _status(port) == 200, what="the web processes to answer")

    folder = Path(_environment(web.pid)["PROMETHEUS_MULTIPROC_DIR"])

    assert folder.parent == Path("/dev/shm")
    assert folder.stat().st_mode & 0o077 == 0
    assert list(folder.glob("histogram_*.db"))
    assert not list(processes.settings.home.glob("run/metrics*"))
    assert web.terminate() == 0
    assert not folder.exists()


@pytest.fixture
def warden() -> Iterator[Warden]:
    warden = Warden()
    yield warden
    warden.dismiss()


def made(tmp_path: Path, warden: Warden, *argv: str, cwd: Path | None = None) -> Child:
    program = Program("some", argv, dict(os.environ), cwd or tmp_path)
    return Child(
        program, Stage.BACKGROUND, tmp_path, lock=os.open(os.devnull, os.O_RDONLY), warden=lambda: warden
    )


@needs_dev_full
def test_a_log_when_there_is_no_room_to_keep_the_old_one_then_it_is_emptied_all_the_same(
    tmp_path: Path, warden: Warden
) -> None:
    child = made(tmp_path, warden, sys.executable, "-c", "pass")
    with child.log.open("wb") as log:
        log.truncate(child_module.LOG_LIMIT + 1)
    kept = tmp_path / "some.log.1"
    kept.symlink_to(FULL)

    child.trim_log()

    assert child.log.stat().st_size == 0
    assert not kept.exists()
    assert FULL.exists()


def test_a_child_when_the_system_cannot_start_it_then_the_supervisor_tries_again_later(
    tmp_path: Path, warden: Warden
) -> None:
    gone = tmp_path / "gone"
    child = made(tmp_path, warden, sys.executable, "-c", "pass", cwd=gone)

    assert child.restart_if_due() == "No such file or directory"
    assert child.wait_s == child_module.FIRST_WAIT_S
    assert child.restart_if_due() is None  # its wait is not over
    gone.mkdir()
    wait_until(lambda: child.restart_if_due() is None and child.pid is not None, what="it to be started")
    child.collect()


@needs_dev_full
def test_up_when_the_disk_of_its_folder_is_full_then_one_sentence_says_so(desk: Desk) -> None:
    home = Home(desk.home)
    home.create()
    (home.run / "valkey.conf").symlink_to(FULL)

    desk.start(DATABASE_URL="postgresql://kontor:secret@127.0.0.1:1/kontor")

    assert desk.wait() == 1
    assert desk.output == (
        f"Error: The disk that holds KONTOR_HOME ({desk.home}) is full: make room, then start again.\n"
    )


def _write_until_refused(url: str, number: int) -> tuple[int, str]:
    """Write rows of 64 kB, a transaction each; how many were acknowledged by now, and the refusal's words."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            while True:
                connection.execute(
                    "INSERT INTO note SELECT %s, string_agg(md5(random()::text), '') FROM generate_series(1, 2000)",
                    (number,),
                )
                number += 1
    except psycopg.Error as refusal:
        return number, str(refusal) or type(refusal).__name__


def _write_some(url: str, number: int) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute("INSERT INTO note SELECT generate_series(1, %s), ''", (number,)).rowcount


def _count(url: str) -> int:
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM note").fetchone()
            return int(row[0]) if row else -1
    except psycopg.OperationalError:
        return -1


def _status(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return 0


def _environment(pid: int) -> dict[str, str]:
    return psutil.Process(pid).environ()
