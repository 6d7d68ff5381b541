"""A small process that outlives a killed supervisor just long enough to end everything it had started.

It reads from a pipe which processes there are. The supervisor holds the only other end, so however it dies, the pipe
closes and the warden acts; this works alike on every system. After a clean stop nothing is left to do.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from webapp.core.home import without_secrets
from webapp.core.programs import stop_all

GRACE_S = 5.0  # For each stage. Work cut short is leased: it goes on with the next start.

ROOT = Path(__file__).resolve().parents[2]


class Warden:
    """The supervisor's end of the pipe."""

    def __init__(self, *, pass_fds: tuple[int, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "webapp.supervisor.warden"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=pass_fds,
            cwd=ROOT,
            env=without_secrets(os.environ),
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def watch(self, pid: int, *, stop_signal: int, stage: int) -> None:
        """End this process too, should we be killed; higher stages are ended first."""
        self._tell({"watch": pid, "signal": stop_signal, "stage": stage})

    def forget(self, pid: int) -> None:
        """It has ended; its number may soon be somebody else's."""
        self._tell({"forget": pid})

    def dismiss(self) -> None:
        """Let it end whatever it still watches, and wait for it."""
        self._process.communicate()

    def _tell(self, message: Mapping[str, int]) -> None:
        # A warden that died is noticed by is_alive() and replaced.
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(message).encode() + b"\n")
                self._process.stdin.flush()


def main() -> None:
    """Listen until the supervisor's end closes, then end what is left, stage by stage."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    stages: dict[int, dict[int, int]] = {}
    for line in sys.stdin:
        message = json.loads(line)
        if "watch" in message:
            stages.setdefault(message["stage"], {})[message["watch"]] = message["signal"]
        else:
            for watched in stages.values():
                watched.pop(message["forget"], None)
    for stage in sorted(stages, reverse=True):
        stop_all(stages[stage], GRACE_S)


if __name__ == "__main__":
    main()
