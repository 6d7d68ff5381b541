"""A whole `kontor up` in a folder of its own, as a person would start it."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.servers import ROOT, free_port, wait_until
from webapp.core.programs import family, is_alive, send

READY_S = 90.0


@dataclass
class Desk:
    """One installation; `start` and `stop` as often as wanted."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def output(self) -> str:
        """What the terminal shows of the present start."""
        return self._terminal.read_text()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *words: str, **env: str) -> None:
        """Start it and return at once; `words` are options of `kontor up`."""
        self.starts += 1
        self.home.mkdir(parents=True, exist_ok=True)
        with self._terminal.open("wb") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webapp.cli", "up", *words],
                cwd=ROOT,
                env=self._environment() | env,
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_and_wait(self, **env: str) -> None:
        """Start it and wait until it greets."""
        self.start(**env)
        wait_until(
            lambda: "Kontor is ready" in self.output or self.has_ended, what="Kontor", timeout_s=READY_S
        )
        assert "Kontor is ready" in self.output, self.output
        # The workers are started right after the greeting's moment.
        wait_until(lambda: len(self.programs()) >= 9, what="all processes")

    def start_servers(self) -> None:
        """Start PostgreSQL and Valkey alone and wait for them."""
        self.start("--only-servers")
        wait_until(lambda: "nothing else" in self.output or self.has_ended, what="servers", timeout_s=READY_S)
        assert "nothing else" in self.output, self.output

    @property
    def has_ended(self) -> bool:
        assert self.process is not None
        return self.process.poll() is not None

    def wait(self, timeout_s: float = 60) -> int:
        """Its exit status."""
        assert self.process is not None
        return self.process.wait(timeout_s)

    def stop(self) -> int:
        """One SIGTERM; its exit status."""
        send(self.pid, signal.SIGTERM)
        return self.wait()

    def everybody(self) -> list[psutil.Process]:
        """Every process of this installation, the supervisor first."""
        return family([self.pid])

    def programs(self) -> dict[str, int]:
        """Which of its own children run, by the last words of their command line."""
        children = psutil.Process(self.pid).children()
        return {_name(child.cmdline()): child.pid for child in children if is_alive(child)}

    def answers(self, path: str = "/readyz") -> int:
        """The status with which the web process answers; 0 for no answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0

    @property
    def _terminal(self) -> Path:
        return self.home.with_name(f"{self.home.name}-terminal-{self.starts}")

    def _environment(self) -> dict[str, str]:
        # Nothing of the reader's shell: this is a fresh machine.
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "KONTOR_HOME": str(self.home),
            "PORT": str(self.port),
        }


def _name(cmdline: list[str]) -> str:
    text = " ".join(cmdline)
    # Where setproctitle is installed, RQ renames its worker.
    renamed = re.fullmatch(r"rq:worker:\w+: Listening on (\w+)", text)
    if renamed is not None:
        return f"worker {renamed[1]}"
    found = re.search(r"webapp\.cli (.+)|(gunicorn|warden|postgres|valkey)", text)
    return next(part for part in found.groups() if part) if found else text


@contextmanager
def opened(home: Path) -> Iterator[Desk]:
    """A desk that is ended, whatever happens."""
    desk = Desk(home)
    try:
        yield desk
    finally:
        if desk.process is not None:
            for member in family([desk.pid]):
                send(member.pid, signal.SIGKILL)
            desk.process.wait()


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not any(is_alive(process) for process in processes)
