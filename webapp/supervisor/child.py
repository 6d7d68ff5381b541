"""One process that shall always run: started, watched, started again when it dies."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from webapp.core.programs import Program
from webapp.supervisor.plan import Stage
from webapp.supervisor.warden import Warden

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
HEALTHY_AFTER_S = 60.0  # Whoever ran this long begins again with the short wait.
LOG_LIMIT = 10 * 1024 * 1024  # Bytes; the one log before it is kept.


class Child:
    """Keeps one program running, and the warden informed. Every process inherits the home's `lock`."""

    def __init__(
        self, program: Program, stage: Stage, log_folder: Path, *, lock: int, warden: Callable[[], Warden]
    ) -> None:
        self.program = program
        self.stage = stage
        self.log = log_folder / f"{program.name}.log"
        self.deaths = 0
        self.wait_s = 0.0  # Doubled with each death in a row.
        self._lock = lock
        self._warden = warden
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._restart_at = 0.0

    @property
    def pid(self) -> int | None:
        """Its process, from its start until we have taken note of its end."""
        return self._process.pid if self._process is not None else None

    def start(self, *, stdout: int | None = None) -> None:
        """Run it now; `stdout` as in `Program.start`."""
        self.trim_log()
        self._process = self.program.start(self.log, pass_fds=(self._lock,), stdout=stdout)
        self._warden().watch(self._process.pid, stop_signal=self.program.stop_signal, stage=self.stage)
        self._started_at = time.monotonic()

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ended(self) -> int | None:
        """Its exit status, once after each death, which also sets when it may start again; else None."""
        if self._process is None or self._process.poll() is None:
            return None
        if time.monotonic() - self._started_at > HEALTHY_AFTER_S:
            self.deaths, self.wait_s = 0, 0.0
        self.deaths += 1
        self._wait_longer()
        return self._note_end()

    def answer(self) -> tuple[str, int]:
        """What it wrote to a piped stdout, and its exit status; for one that ends by itself."""
        written = b""
        if self._process is not None and self._process.stdout is not None:
            written = self._process.stdout.read()
            self._process.stdout.close()
        return written.decode(errors="replace"), self._note_end()

    def collect(self) -> None:
        """Take note of its end after a stop."""
        if self._process is not None:
            self._note_end()

    def _wait_longer(self) -> None:
        self.wait_s = min(max(2 * self.wait_s, FIRST_WAIT_S), LONGEST_WAIT_S)
        self._restart_at = time.monotonic() + self.wait_s

    def _note_end(self) -> int:
        if self._process is None:
            return 0
        status = self._process.wait()
        self._warden().forget(self._process.pid)
        self._process = None
        return status

    def restart_if_due(self) -> str | None:
        """Start it again once its wait is over; the reason where the system cannot, and it has to wait longer."""
        if self._process is not None or time.monotonic() < self._restart_at:
            return None
        try:
            self.start()
        except OSError as error:
            self._wait_longer()
            return error.strerror or type(error).__name__
        return None

    def trim_log(self) -> None:
        """Keep a log that grew too long as `.1` and empty it; writers append, so they go on at its start."""
        if not self.log.exists() or self.log.stat().st_size <= LOG_LIMIT:
            return
        kept = self.log.with_suffix(".log.1")
        try:
            kept.write_bytes(self.log.read_bytes())
            kept.chmod(0o600)
        except OSError:
            # A full disk: room is worth more than old lines, and nobody's work stops for a log.
            kept.unlink(missing_ok=True)
        with self.log.open("r+b") as log:
            log.truncate(0)

    def last_words(self) -> str:
        """The last line of its log, for a person who wonders why it ended."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"
