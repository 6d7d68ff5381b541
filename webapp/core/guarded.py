"""Running a module of ours in a process of its own, with hard limits: what it reads may be made to kill its reader.

The child sets the limits itself (`limit_this_process`) before it touches anything; the kernel keeps them. However it
ends, this process goes on and knows how it ended.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from webapp.core.home import without_secrets

ROOT: Final = Path(__file__).resolve().parents[2]
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Guard:
    """Limits of a child: address space and largest written file in bytes, processor and wall-clock time in seconds."""

    memory: int = 512 * MIB
    cpu_s: int = 20
    written: int = 256 * MIB
    wall_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (below 0: the signal) and the processor time it used, in seconds."""

    code: int
    cpu_s: float


def limit_this_process(guard: Guard) -> None:
    """Take the limits on; nothing gives them back. For the child's first line."""
    resource.setrlimit(resource.RLIMIT_AS, (guard.memory, guard.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (guard.cpu_s, guard.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (guard.written, guard.written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Running:
    """A guarded child while it runs; see `guarded`."""

    def __init__(self, child: "subprocess.Popen[bytes]", wall_s: float) -> None:
        self._child = child
        self._ended: Ended | None = None
        self._alarm = threading.Timer(wall_s, self.kill)
        self._alarm.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def ended(self, *, wait: bool = False) -> Ended | None:
        """How it ended; None while it runs."""
        if self._ended is None:
            # wait4 tells what the child has used; Popen.wait would not.
            pid, status, used = os.wait4(self._child.pid, 0 if wait else os.WNOHANG)
            if pid:
                self._alarm.cancel()
                self._child.returncode = os.waitstatus_to_exitcode(status)
                self._ended = Ended(self._child.returncode, used.ru_utime + used.ru_stime)
        return self._ended

    def kill(self) -> None:
        """End it now, if it has not ended."""
        if self._ended is None:
            with suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGKILL)


@contextmanager
def guarded(module: str, words: Sequence[str], guard: Guard) -> Iterator[Running]:
    """`python -m module …` while the block runs, at most `wall_s` seconds. It gets no secrets and no terminal."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=without_secrets(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    running = Running(child, guard.wall_s)
    try:
        yield running
    finally:
        if running.ended() is None:
            running.kill()
            running.ended(wait=True)


def run_guarded(module: str, words: Sequence[str], guard: Guard) -> Ended:
    """Run `python -m module …` to its end, as `guarded` does."""
    with guarded(module, words, guard) as running:
        ended = running.ended(wait=True)
    if ended is None:
        raise RuntimeError("A child that was waited for has not ended.")
    return ended
