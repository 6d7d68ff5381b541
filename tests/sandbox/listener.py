"""A small HTTP server that keeps what is posted to it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes


class Listener:
    def __init__(self, status: int = 200) -> None:
        self.received: list[Received] = []
        self.status = status
        self._arrived = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def wait_for(self, enough: Callable[[list[Received]], bool], timeout: float = 10) -> list[Received]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: enough(self.received), timeout), self.received
            return list(self.received)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with listener._arrived:
                    listener.received.append(Received(dict(self.headers), body))
                    listener._arrived.notify_all()
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        return Handler
