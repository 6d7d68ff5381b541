"""What a server was asked and what it answered: the record that tests judge by. Without secrets."""

from collections import deque
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlencode

CAPACITY = 20_000  # requests; the journal lives in memory, what was done is in the state file
SECRETS = ("consumer_key", "consumer_secret")


@dataclass(frozen=True)
class Entry:
    number: int
    method: str
    path: str
    query: str
    at: float  # seconds since 1970, when the request came in
    seconds: float
    status: int | None  # None: the connection ended without an answer
    fault: str | None
    key: str | None  # the Idempotency-Key

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)
        self._turn = Lock()
        self._count = 0

    def write(
        self,
        *,
        method: str,
        path: str,
        query: str,
        at: float,
        seconds: float,
        status: int | None,
        fault: str | None,
        key: str | None,
    ) -> None:
        with self._turn:
            self._count += 1
            self._entries.append(
                Entry(self._count, method, path, without_secrets(query), at, seconds, status, fault, key)
            )

    def read(self, *, after: int = 0, path: str = "") -> list[Entry]:
        """Entries with a number above `after` whose path contains `path`, oldest first."""
        with self._turn:
            return [entry for entry in self._entries if entry.number > after and path in entry.path]

    def clear(self) -> None:
        with self._turn:
            self._entries.clear()


def without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if not _is_secret(name)])


def _is_secret(name: str) -> bool:
    return name in SECRETS or name.startswith("oauth_")
