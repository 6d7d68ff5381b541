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
from collections.abc import Sequence
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


def run_guarded(module: str, words: Sequence[str], guard: Guard) -> Ended:
    """Run `python -m module …` to its end. It gets no secrets and no terminal, and is killed after `wall_s`."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=without_secrets(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    alarm = threading.Timer(guard.wall_s, child.send_signal, (signal.SIGKILL,))
    alarm.start()
    try:
        # wait4 tells what the child has used; Popen.wait would not.
        _, status, used = os.wait4(child.pid, 0)
    finally:
        alarm.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    return Ended(child.returncode, used.ru_utime + used.ru_stime)
