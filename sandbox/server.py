"""Starts a sandbox server on the loopback address and stops it on SIGTERM or Ctrl-C."""

import signal
import socket
import struct
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds; closing then sends RST


class QuietHandler(WSGIRequestHandler):
    """Writes no access log; the servers keep a journal of their own without secrets."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        # Without this the handler would wait for another request on the connection it should drop.
        self.close_connection = True


class LoopbackServer(ThreadedWSGIServer):
    """A threaded server whose connections can be reset instead of closed."""

    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        if is_marked_for_reset(request):
            # An orderly shutdown would send FIN first and the client would see an empty answer.
            self.close_request(request)
            return
        super().shutdown_request(request)


def mark_for_reset(connection: socket.socket) -> None:
    """The peer will see "connection reset" when the server lets go of this connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def is_marked_for_reset(connection: socket.socket) -> bool:
    marked = connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET_ON_CLOSE))
    return marked == RESET_ON_CLOSE


def serve(name: str, app: "WSGIApplication", port: int) -> None:
    """Serves until SIGTERM or Ctrl-C; port 0 takes a free one. Prints the address once it listens."""
    server = LoopbackServer(HOST, port, app, handler=QuietHandler)
    signal.signal(signal.SIGTERM, _stop)
    sys.stdout.write(f"{name} listening on http://{HOST}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
