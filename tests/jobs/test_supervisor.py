"""`kontor up` as a whole: real processes, real kills."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.jobs.desk import Desk, gone, opened
from tests.servers import ROOT, free_port, wait_until
from webapp.core.home import Home
from webapp.core.programs import family, send

PROGRAMS = {
    "warden",
    "postgres",
    "valkey",
    "gunicorn",
    "worker channels",
    "worker money",
    "worker files",
    "worker upkeep",
    "worker webhooks",
    "sweeper",
    "scheduler",
}
# A killed run gets five seconds a stage from its warden; a clean one needs about one.
GONE_S = 40.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path / "home") as desk:
        yield desk


def test_up_when_nothing_is_there_then_it_serves_and_a_second_start_goes_on(desk: Desk) -> None:
    desk.start_and_wait()
    first = desk.output
    assert set(desk.programs()) == PROGRAMS
    assert desk.answers("/readyz") == 200
    password = re.search(r"Sign in as admin@kontor\.example with the password (\S+) \(made up now", first)
    assert password is not None
    _note(desk, "kept")
    everybody = desk.everybody()

    assert desk.stop() == 0
    assert gone(everybody)

    desk.start_and_wait()
    assert password[1] not in desk.output
    assert "Sign in as before." in desk.output
    assert _notes(desk) == ["kept"]
    assert desk.stop() == 0


def test_up_when_it_runs_then_no_secret_is_readable_by_others_or_written_anywhere(desk: Desk) -> None:
    desk.start_and_wait(KONTOR_ADMIN_PASSWORD="a-long-one-of-my-own")
    home = Home(desk.home)
    secrets = [path.read_text().strip() for path in (desk.home / "secrets").iterdir()]
    assert len(secrets) == 5
    assert "Sign in as admin@kontor.example with the password from KONTOR_ADMIN_PASSWORD." in desk.output

    for folder in (desk.home / "secrets", home.log, home.run, home.postgres, home.valkey):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0, folder
    of_the_warden = " ".join(psutil.Process(desk.programs()["warden"]).environ().values())
    written = [desk.output, of_the_warden, *(path.read_text(errors="replace") for path in home.log.iterdir())]
    command_lines = [" ".join(process.cmdline()) for process in desk.everybody()]
    for secret in [*secrets, "a-long-one-of-my-own"]:
        assert not any(secret in text for text in [*written, *command_lines])
    desk.stop()


def test_up_when_the_supervisor_is_killed_then_nothing_is_left_and_the_next_start_repairs(desk: Desk) -> None:
    desk.start_and_wait()
    _note(desk, "acknowledged")
    everybody = desk.everybody()

    os.kill(desk.pid, signal.SIGKILL)
    desk.wait()
    wait_until(lambda: gone(everybody), what="every process to end", timeout_s=GONE_S)

    desk.start_and_wait()
    assert _notes(desk) == ["acknowledged"]
    assert desk.stop() == 0


def test_up_when_everything_is_killed_at_once_then_the_next_start_repairs(desk: Desk) -> None:
    desk.start_and_wait()
    _note(desk, "acknowledged")
    everybody = desk.everybody()
    # Stopped first, so that nobody sees another die and tidies up; one of PostgreSQL's may end in between by itself.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in everybody:
            send(process.pid, number)
    desk.wait()
    assert (desk.home / "postgres" / "postmaster.pid").exists()

    desk.start_and_wait()

    assert _notes(desk) == ["acknowledged"]
    assert desk.stop() == 0


def test_up_when_children_are_killed_then_they_are_started_again(desk: Desk) -> None:
    desk.start_and_wait()
    before = desk.programs()

    for name in ("postgres", "valkey", "worker money", "gunicorn", "warden"):
        os.kill(before[name], signal.SIGKILL)

    def healed() -> bool:
        now = desk.programs()
        return set(now) == PROGRAMS and now["postgres"] != before["postgres"] and desk.answers() == 200

    wait_until(healed, what="everybody to be back", timeout_s=60)
    assert "worker-money was ended by SIGKILL; starting it again in 0.5 s." in desk.output
    everybody = desk.everybody()
    os.kill(desk.pid, signal.SIGKILL)
    desk.wait()
    wait_until(lambda: gone(everybody), what="the new warden to end everybody", timeout_s=GONE_S)


def test_up_when_it_is_a_demo_then_orders_arrive_and_it_goes_on_at_another_port(desk: Desk) -> None:
    desk.start_and_wait(KONTOR_DEMO="1")
    assert f"shop http://127.0.0.1:{desk.port + 1}, bank http://127.0.0.1:{desk.port + 2}" in desk.output
    wait_until(lambda: _count(desk, "orders") > 300, what="the sandbox's orders", timeout_s=60)
    everybody = desk.everybody()

    os.kill(desk.pid, signal.SIGKILL)
    desk.wait()
    wait_until(lambda: gone(everybody), what="every process to end", timeout_s=GONE_S)

    desk.port = free_port()
    desk.start_and_wait(KONTOR_DEMO="1")
    shop = desk.output.split("shop ")[1].split(",")[0]
    assert _values(desk, "SELECT name, base_url FROM channel") == [("Sandbox shop", shop)]
    carrier = desk.output.split("carrier ")[1].split(".\n")[0]
    assert _values(desk, "SELECT DISTINCT base_url FROM cargo_account") == [(carrier,)]
    assert desk.stop() == 0


def test_up_when_only_servers_are_wanted_then_the_port_may_be_in_use_and_nobody_works(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", desk.port)):
        desk.start_servers()
        assert set(desk.programs()) == {"warden", "postgres", "valkey"}
        assert desk.stop() == 0


def test_up_when_only_servers_are_wanted_but_there_is_another_database_then_one_sentence_says_so(
    desk: Desk,
) -> None:
    desk.start("--only-servers", DATABASE_URL="postgresql://kontor:secret@db.example/kontor")

    assert desk.wait() == 1
    assert desk.output == (
        "Error: DATABASE_URL names a server that is not ours to start: leave out --only-servers.\n"
    )


def test_up_when_the_port_is_in_use_then_one_sentence_names_port_and_variable(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", desk.port)):
        desk.start()
        status = desk.wait()

    assert status == 1
    assert desk.output == (
        f"Error: Port {desk.port} on 127.0.0.1 is in use: stop what uses it, or set PORT, "
        f"for example PORT={desk.port + 10}.\n"
    )
    assert not (desk.home / "postgres").exists()


def test_up_when_the_folder_is_taken_then_one_sentence_names_the_process(desk: Desk, tmp_path: Path) -> None:
    desk.start()
    wait_until(lambda: (desk.home / "run" / "ports.json").exists(), what="the first to be on its way")
    with opened(tmp_path / "unused") as other:
        other.home = desk.home
        other.start()
        assert other.wait() == 1
        said = other.output
    assert said == (
        f"Error: Kontor already runs in {desk.home} (process {desk.pid}): "
        "stop it, or set KONTOR_HOME to another folder.\n"
    )


def test_up_when_stopped_while_starting_then_nothing_is_left(desk: Desk) -> None:
    desk.start()
    wait_until(lambda: (desk.home / "run" / "ports.json").exists(), what="its servers to be up")
    everybody = desk.everybody()

    assert desk.stop() == 0
    assert gone(everybody)
    assert "Kontor is ready" not in desk.output


def test_up_when_told_to_stop_with_its_parent_then_it_does(desk: Desk) -> None:
    command = f"{sys.executable} -m webapp.cli up --stop-with-parent >&2 & echo $!; exec sleep 1000"
    env = {"PATH": os.environ["PATH"], "KONTOR_HOME": str(desk.home), "PORT": str(desk.port)}
    parent = subprocess.Popen(
        ["sh", "-c", command], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    supervisor = int(parent.stdout.readline())
    wait_until(lambda: (desk.home / "run" / "ports.json").exists(), what="its servers to be up")
    everybody = family([supervisor])
    assert len(everybody) >= 4

    parent.kill()
    parent.wait()

    wait_until(lambda: gone(everybody), what="all to stop", timeout_s=GONE_S)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "many", "PORT is 'many': write a whole number from 1 to 65535."),
        ("HOST", "203.0.113.77", "HOST is '203.0.113.77', which is no address of this machine"),
        ("DATABASE_URL", "mysql://db.example/kontor", "DATABASE_URL has an unknown scheme"),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("KONTOR_DEMO", "perhaps", "KONTOR_DEMO is 'perhaps': write 1 for on or 0 for off."),
        ("KONTOR_HOME", "/proc/kontor", "KONTOR_HOME: cannot make /proc/kontor"),
    ],
)
def test_up_when_a_variable_is_wrong_then_one_sentence_names_it(
    desk: Desk, variable: str, value: str, sentence: str
) -> None:
    desk.start(**{variable: value})

    assert desk.wait() == 1
    assert desk.output.startswith("Error: ")
    assert sentence in desk.output
    assert len(desk.output.strip().splitlines()) == 1


def _note(desk: Desk, text: str) -> None:
    with _connect(desk) as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", (text,))


def _notes(desk: Desk) -> list[str]:
    return [text for (text,) in _values(desk, "SELECT text FROM note")]


def _count(desk: Desk, table: str) -> int:
    return int(_values(desk, f"SELECT count(*) FROM {table}")[0][0])


def _values(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    with _connect(desk) as connection:
        return connection.execute(query.encode()).fetchall()


def _connect(desk: Desk) -> psycopg.Connection:
    home = Home(desk.home)
    port = home.ports().postgres
    assert port is not None
    return psycopg.connect(home.database_url(port))
