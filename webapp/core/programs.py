"""Child processes: what to run, how to stop it, and nothing left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

POLL_S = 0.05  # A stop is noticed this fast; the cost is a few system calls.


@dataclass(frozen=True)
class Program:
    """One process to run. `grace_s` is how long it may take to stop by `stop_signal` before it is killed."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    stop_signal: int = signal.SIGTERM
    grace_s: float = 10.0
    uid: int | None = None
    gid: int | None = None

    def start(
        self, log: Path, *, pass_fds: tuple[int, ...] = (), stdout: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start it in a session of its own (so Ctrl-C reaches only the supervisor), its output added to `log`.

        With `stdout=subprocess.PIPE` the caller reads what it answers; the log gets its errors.
        """
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                self.argv,
                env=dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=descriptor if stdout is None else stdout,
                stderr=descriptor,
                start_new_session=True,
                pass_fds=pass_fds,
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else (),
            )
        finally:
            os.close(descriptor)


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes and all that descend from them, as far as they live."""
    members: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            members.update({member.pid: member for member in (process, *process.children(recursive=True))})
        except psutil.NoSuchProcess:
            continue
    return list(members.values())


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; a zombie, whose parent has not asked for its end, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stop_all(
    signals: Mapping[int, int], grace_s: float, *, hurry: Callable[[], bool] = lambda: False
) -> None:
    """Send each pid its signal once; what descends from them and lives after `grace_s` seconds is killed.

    `hurry` is asked meanwhile: once it says yes, the grace is over.
    """
    members = family(signals)
    for pid, stop_signal in signals.items():
        send(pid, stop_signal)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and not hurry() and any(is_alive(member) for member in members):
        time.sleep(POLL_S)
    for member in {*members, *family(signals)}:
        if is_alive(member):
            send(member.pid, signal.SIGKILL)


def send(pid: int, number: int) -> None:
    """Signal a process that may have ended already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
