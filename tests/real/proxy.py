"""A small HTTP proxy that spoils chosen answers, for servers that never fail by themselves."""

import socket
import struct
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

HANG_S = 1.2
PASSED_ON = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")
BROKEN = b'{"error": {"type": "api_error"}}'


class FaultProxy(ThreadingHTTPServer):
    """Faults are used up one per POST: reset_before, reset_after, hang_after, 500_before, 500_after, 429."""

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.faults: deque[str] = deque()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy

    def do_GET(self) -> None:
        self._pass_on("none")

    def do_POST(self) -> None:
        self._pass_on(self.server.faults.popleft() if self.server.faults else "none")

    def _pass_on(self, fault: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match fault:
            case "reset_before":
                return self._reset()
            case "429" | "500_before":
                return self._answer(int(fault[:3]), BROKEN)
        answer = self._ask(body)
        match fault:
            case "reset_after":
                return self._reset()
            case "500_after":
                return self._answer(500, BROKEN)
            case "hang_after":
                time.sleep(HANG_S)
        return self._answer(answer.status_code, answer.content, answer.headers.get("Content-Type", ""))

    def _ask(self, body: bytes) -> requests.Response:
        headers = {name: self.headers[name] for name in PASSED_ON if self.headers[name]}
        url = self.server.upstream + self.path
        return requests.request(self.command, url, data=body, headers=headers, timeout=10)

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        # Closing with a linger of nothing sends RST, as a crashing peer does.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        return
