"""Disks for tests: a small one that can be filled and given room again, and one that is full from the beginning."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FULL = Path("/dev/full")  # whatever is written there finds no room; Linux alone has it


@dataclass(frozen=True)
class SmallDisk:
    """A folder with a few mebibytes of its own."""

    folder: Path

    def fill(self) -> None:
        """Leave no byte."""
        for size in (64 * 1024, 1):
            with self._ballast.open("ab", buffering=0) as ballast:
                try:
                    while ballast.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        """As an operator does who deletes something."""
        self._ballast.unlink()

    def grow(self, mebibytes: int) -> None:
        """As an operator does who gives the disk more."""
        _run("mount", "-o", f"remount,size={mebibytes}m", str(self.folder))

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk | None]:
    """A disk of that size at the folder while the block runs; None where nobody may mount one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "kontor-test", str(folder)):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: what still has a file open there ends with the test.
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
