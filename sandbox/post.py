"""One HTTP POST to a neighbour on this machine; the sandbox calls nothing else."""

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

TIMEOUT_S = 10
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Answer:
    status: int | None  # None: no answer
    body: bytes = b""

    @property
    def is_ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def post(url: str, body: bytes, headers: dict[str, str], timeout: float = TIMEOUT_S) -> Answer:
    """Raises ValueError for an address outside this machine."""
    if not is_loopback(url):
        raise ValueError("The sandbox only calls http addresses on this machine.")
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    target = parts.path or "/"
    try:
        connection.request("POST", f"{target}?{parts.query}" if parts.query else target, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, HTTPException):
        return Answer(None)
    finally:
        connection.close()
