"""A listener on loopback that nobody may reach, and a small server whose answers a test decides."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Canary:
    """Counts every TCP connection it gets."""

    port: int
    connections: list[tuple[str, int]] = field(default_factory=list)


@contextmanager
def canary(host: str = "127.0.0.1") -> Iterator[Canary]:
    """Listens until the end of the block; every connection is counted and closed."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    found = Canary(listener.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            found.connections.append(address[:2])
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives these answers, raw and one per connection, the last one for ever; (port, requests)."""
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                requests.append(_whole_request(connection))
                connection.sendall(answers[min(len(requests), len(answers)) - 1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _whole_request(connection: socket.socket) -> bytes:
    """Head and body, however many packets they come in."""
    received = b""
    while b"\r\n\r\n" not in received and (more := connection.recv(65536)):
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    promised = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < promised and (more := connection.recv(65536)):
        received, body = received + more, body + more
    return received


def http_answer(
    body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None
) -> bytes:
    """A whole HTTP answer; `length` may promise more than there is."""
    size = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n".encode() + body
    )
