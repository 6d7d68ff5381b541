"""One SQLite file shared by the threads of a server; committed work survives kill -9 (write-ahead log)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock

BUSY_TIMEOUT_S = 10  # another process may look into the file while the server runs


class Database:
    """Connections to one file; readers run side by side, writers one after the other."""

    def __init__(self, path: Path, schema: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._write_turn = Lock()
        with self.reading() as connection:
            connection.executescript(schema)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        connection = self._borrow()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: commits on exit, rolls back on any exception; does not nest."""
        with self._write_turn, self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        # The file survives a killed process; only a power cut may cost the last transactions.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection
