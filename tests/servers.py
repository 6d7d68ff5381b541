"""Real servers and processes for tests: PostgreSQL, Valkey, workers, sweeper, web. Nothing here is faked.

    services = Services.start(folder)        a PostgreSQL and a Valkey of the test session's own, migrated
    processes.worker("channels")             a real worker process on that queue (fixture `processes`)
    worker.kill()  worker.kill_family()      SIGKILL the parent alone, or with its work horse
    wait_until(condition, what="…")          poll until true; fails the test after `timeout_s`

Whatever is started here is known to a warden, so even a killed pytest leaves nothing running.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import psutil
import pytest

from webapp.core.embedded import Postgres, Valkey, free_port
from webapp.core.home import Home
from webapp.core.migrate import upgrade
from webapp.core.programs import Program, family, is_alive, send, stop_all
from webapp.core.settings import Settings, Timing
from webapp.supervisor.warden import Warden

ROOT = Path(__file__).resolve().parents[1]

__all__ = ["Processes", "Running", "Services", "free_port", "settings_environment", "wait_until"]


def wait_until(
    condition: Callable[[], object], *, what: str, timeout_s: float = 30.0, every_s: float = 0.05
) -> None:
    """Poll until `condition()` is true; `what` says in the failure what was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"After {timeout_s:g} s still waiting for: {what}")
        time.sleep(every_s)


@dataclass
class Running:
    """A started process and its log."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        """What it has written so far, both streams."""
        return self.log.read_text(errors="replace")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def descendants(self) -> list[int]:
        """The pids below it: a worker's horse, gunicorn's workers."""
        return [member.pid for member in family([self.pid]) if member.pid != self.pid]

    def kill(self) -> None:
        """SIGKILL it alone: a worker's horse goes on as an orphan."""
        send(self.pid, signal.SIGKILL)
        self.process.wait()

    def kill_family(self) -> None:
        """SIGKILL it and everything below it. Stopped first: a worker with many hints forks a horse every moment."""
        send(self.pid, signal.SIGSTOP)
        wait_until(lambda: _stands_still(self.pid), what=f"{self.program.name} to stop")
        members = family([self.pid])
        for member in members:
            send(member.pid, signal.SIGKILL)
        self.process.wait()
        wait_until(
            lambda: not any(is_alive(member) for member in members), what=f"{self.program.name} to die"
        )

    def terminate(self, grace_s: float = 30.0) -> int:
        """One SIGTERM and patience; its exit status (negative: the signal that ended it)."""
        send(self.pid, signal.SIGTERM)
        return self.process.wait(grace_s)

    def stop(self) -> None:
        """End it in whatever state it is."""
        stop_all({self.pid: self.program.stop_signal}, grace_s=2.0)
        self.process.wait()


def _stands_still(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@dataclass
class Services:
    """A PostgreSQL and a Valkey in a folder of their own, beside any running product."""

    home: Home
    postgres: Postgres
    valkey: Valkey
    warden: Warden = field(default_factory=Warden)
    running: dict[str, Running] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path) -> "Services":
        """Both servers up, the schema migrated."""
        home = Home(folder)
        home.create()
        services = cls(home, Postgres(home, free_port(), durable=False), Valkey(home, free_port()))
        services.start_postgres()
        services.start_valkey()
        upgrade(services.postgres.url)
        return services

    def start_postgres(self) -> None:
        """Start it on its data; also after a kill."""
        self._start(self.postgres.prepare(), self.postgres.wait_ready)

    def start_valkey(self) -> None:
        """Start it on its data; also after a kill."""
        self._start(self.valkey.prepare(), self.valkey.wait_ready)

    def kill(self, name: str) -> None:
        """SIGKILL "postgres" or "valkey" with all below it, as a crash or the system would."""
        running = self.running.pop(name)
        running.kill_family()
        self.warden.forget(running.pid)

    def stop(self) -> None:
        """End both."""
        for running in self.running.values():
            running.stop()
            self.warden.forget(running.pid)
        self.warden.dismiss()

    def _start(self, program: Program, wait_ready: Callable[[Callable[[], bool]], None]) -> None:
        log = self.home.log / f"{program.name}.log"
        running = Running(program, program.start(log), log)
        self.warden.watch(running.pid, stop_signal=program.stop_signal, stage=0)
        self.running[program.name] = running
        wait_ready(running.is_alive)


@dataclass
class Processes:
    """Starts processes of the product against the test servers and ends them all with the test."""

    settings: Settings
    folder: Path
    warden: Warden
    started: list[Running] = field(default_factory=list)

    def worker(
        self, queue: str, *, timing: Timing | None = None, env: dict[str, str] | None = None
    ) -> Running:
        """A real `worker.py` on one queue."""
        return self.python(f"worker-{queue}", "worker.py", queue, timing=timing, env=env)

    def command(
        self,
        *words: str,
        timing: Timing | None = None,
        env: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> Running:
        """A `kontor` command that stays: "sweeper", "scheduler", "web"."""
        return self.python(words[0], "-m", "webapp.cli", *words, timing=timing, env=env, log=log)

    def python(
        self,
        name: str,
        *words: str,
        timing: Timing | None = None,
        env: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> Running:
        """Any Python program of the project with the test's environment; `env` is added to it."""
        program = Program(
            name=name,
            argv=(sys.executable, *words),
            env={**settings_environment(self.settings, timing), **(env or {})},
            cwd=ROOT,
        )
        log = log or self.folder / f"{name}-{len(self.started)}.log"
        running = Running(program, program.start(log), log)
        self.warden.watch(running.pid, stop_signal=program.stop_signal, stage=1)
        self.started.append(running)
        return running

    def stop(self) -> None:
        """End whatever still runs."""
        for running in self.started:
            running.stop()
            self.warden.forget(running.pid)


def settings_environment(settings: Settings, timing: Timing | None = None) -> dict[str, str]:
    """The environment from which a child process reads these settings back."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "KONTOR_HOME": str(settings.home),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "DATABASE_URL": settings.database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "SECRET_KEY": settings.secret_key,
        "KONTOR_CREDENTIAL_KEYS": ",".join(settings.credential_keys),
        "KONTOR_ALLOW_PRIVATE_NETWORK": str(int(settings.allow_private_network)),
        "KONTOR_TRUSTED_HOSTS": ",".join(settings.trusted_hosts),
        "KONTOR_PROXY_HOPS": str(settings.proxy_hops),
        "KONTOR_HTTPS": str(int(settings.https)),
    }
    times = timing or settings.timing
    for each in fields(Timing):
        value = getattr(times, each.name)
        env[f"KONTOR_{each.name.upper()}"] = (
            ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        )
    return env
