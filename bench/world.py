"""Servers of their own for a measurement: PostgreSQL as in production, web processes behind a socket, a signed-in client."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import requests
from cryptography.fernet import Fernet

from webapp.core.embedded import Postgres, Valkey, free_port
from webapp.core.home import DATABASE, Home
from webapp.core.programs import stop_all
from webapp.core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
EMAIL, PASSWORD = "bench@kontor.example", "four plain words here"
READY_S = 60.0


@dataclass
class World:
    """A folder with a PostgreSQL and a Valkey, both durable, and the settings to reach them."""

    home: Home
    postgres: Postgres
    valkey: Valkey
    settings: Settings

    def database(self, name: str) -> str:
        """A new, empty database; its URL."""
        with psycopg.connect(self.superuser("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" OWNER "{DATABASE}"')  # type: ignore[arg-type]
        return self.postgres.url.rpartition("/")[0] + f"/{name}"

    def superuser(self, name: str) -> str:
        """The URL of that database for the cluster's own superuser, who may put off checks while it is filled."""
        secret = self.home.secret("postgres_password")
        return f"postgresql://postgres:{secret}@127.0.0.1:{self.postgres.port}/{name}"

    def on(self, url: str, **changes: object) -> Settings:
        """The settings for that database."""
        return replace(self.settings, database_url=url, **changes)  # type: ignore[arg-type]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Both servers, started and stopped."""
    home = Home(folder)
    home.create()
    postgres, valkey = Postgres(home, free_port()), Valkey(home, free_port())
    started: dict[int, int] = {}
    try:
        for server in (postgres, valkey):
            program = server.prepare()
            process = program.start(home.log / f"{program.name}.log")
            started[process.pid] = program.stop_signal
            server.wait_ready(lambda process=process: process.poll() is None)
        settings = Settings(
            home=folder,
            database_url=postgres.url,
            redis_url=valkey.url,
            secret_key="a key for measuring only, long enough",
            credential_keys=(Fernet.generate_key().decode(),),
            allow_private_network=True,
        )
        yield World(home, postgres, valkey, settings)
    finally:
        stop_all(started, grace_s=20)


def environment(settings: Settings) -> dict[str, str]:
    """What a child process reads these settings back from."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "KONTOR_HOME": str(settings.home),
        "PORT": str(settings.port),
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "SECRET_KEY": settings.secret_key,
        "KONTOR_CREDENTIAL_KEYS": ",".join(settings.credential_keys),
        "KONTOR_ALLOW_PRIVATE_NETWORK": "1",
    }


@contextmanager
def child(*words: str, settings: Settings, ready_url: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process of the project while the block runs; waits until `ready_url` answers."""
    log = settings.home / "log" / f"bench-{words[-1].replace('/', '_')[-40:]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=environment(settings), stdout=output, stderr=output
        )
    try:
        if ready_url is not None:
            _wait(ready_url, process)
        yield process
    finally:
        stop_all({process.pid: signal.SIGTERM}, grace_s=10)
        process.wait()


@contextmanager
def web(settings: Settings) -> Iterator[str]:
    """The product behind gunicorn: one process, four threads, as the floor is served; its URL."""
    port = free_port()
    own = replace(settings, port=port)
    words = ("-m", "webapp.cli", "web", "--processes", "1", "--threads", "4")
    with child(*words, settings=own, ready_url=f"http://127.0.0.1:{port}/healthz"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def floor(settings: Settings) -> Iterator[str]:
    """The floor behind the same gunicorn; its URL."""
    port = free_port()
    words = (
        "-m",
        "gunicorn",
        "bench.floor:create_floor()",
        "--bind",
        f"127.0.0.1:{port}",
        "--no-control-socket",
    )
    serve = ("--worker-class", "gthread", "--workers", "1", "--threads", "4", "--log-level", "warning")
    with child(*words, *serve, settings=settings, ready_url=f"http://127.0.0.1:{port}/list"):
        yield f"http://127.0.0.1:{port}"


def signed_in(url: str) -> requests.Session:
    """A session of the staff that `make_staff` made."""
    session = requests.Session()
    page = session.get(f"{url}/sign-in", timeout=30)
    token = page.text.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    form = {"csrf_token": token, "email": EMAIL, "password": PASSWORD}
    answer = session.post(f"{url}/sign-in", data=form, timeout=30, allow_redirects=False)
    if answer.status_code not in (302, 303):
        raise RuntimeError(f"The sign-in answered {answer.status_code}.")
    return session


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{url} has no server: it ended with {process.returncode}.")
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {READY_S:g} s.")
