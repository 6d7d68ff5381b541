"""Files that people hand in or fetch: kept under KONTOR_HOME by random names, outside of everything that is served."""

import hashlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol

_NAME: Final = re.compile(r"[0-9a-f]{32}(\.part)?")
_PIECE: Final = 64 * 1024  # bytes


class Readable(Protocol):
    """Whatever gives bytes piece by piece."""

    def read(self, size: int, /) -> bytes: ...


class TooLarge(Exception):
    """The stream holds more than it may; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was taken: its random name, its size in bytes, the SHA-256 of its bytes, and how it begins."""

    name: str
    size: int
    digest: str
    head: bytes


@dataclass(frozen=True, slots=True)
class FileStore:
    """The folder. Web and `files` workers must share it."""

    folder: Path

    @classmethod
    def of_home(cls, home: Path) -> "FileStore":
        """The store of an installation."""
        return cls(home.absolute() / "files")

    def new_name(self) -> str:
        """A name that nobody can guess."""
        return secrets.token_hex(16)

    def path(self, name: str) -> Path:
        """Where a file lies. Raises ValueError for a name that was not made here."""
        if not _NAME.fullmatch(name):
            raise ValueError("not a name of this store")
        return self.folder / name

    def create(self, name: str) -> IO[bytes]:
        """A new file, readable by this account only; the folder is made when it is missing."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return os.fdopen(descriptor, "wb")

    def take(self, stream: Readable, *, largest: int) -> StoredFile:
        """Keep the bytes of a stream. Raises TooLarge above `largest` bytes."""
        name, size, digest, head = self.new_name(), 0, hashlib.sha256(), b""
        try:
            with self.create(name) as kept:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    if size > largest:
                        raise TooLarge
                    head = head or piece[:4096]
                    digest.update(piece)
                    kept.write(piece)
        except BaseException:
            self.remove(name)
            raise
        return StoredFile(name, size, digest.hexdigest(), head)

    def remove(self, name: str) -> None:
        """Delete the file, if it is there."""
        self.path(name).unlink(missing_ok=True)

    def remove_older(self, seconds: float, *, keep: frozenset[str] = frozenset()) -> int:
        """Delete what was last written longer ago than that, but for the names to keep; how many."""
        if not self.folder.is_dir():
            return 0
        limit, removed = time.time() - seconds, 0
        for path in list(self.folder.iterdir()):
            if _NAME.fullmatch(path.name) and path.name not in keep and path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
                removed += 1
        return removed
