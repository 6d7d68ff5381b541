"""Between the socket and the application: applies the fault of a request and writes the journal."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from werkzeug.wrappers import Response

from sandbox.faults import Fault, FaultKind, FaultPlan
from sandbox.journal import Journal
from sandbox.server import mark_for_reset

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAULT = "sandbox.fault"  # the key in the WSGI environment; the applications play the other kinds
CONTROL = ("/_control", "/do/", "/static/", "/favicon.ico")
# (path, status) → the JSON body of a 429 or 5xx in the dialect of that path
ErrorBody = Callable[[str, int], str]
MAINTENANCE = (
    "<!doctype html><html><head><title>Maintenance</title></head>"
    "<body><h1>Briefly unavailable for scheduled maintenance. Check back in a minute.</h1></body></html>"
)


class NoAnswerError(ConnectionError):
    """The connection ends without an answer; the server's handler knows what to do with it."""


class Wire:
    """WSGI middleware. The control pages and API are never disturbed and not in the journal."""

    def __init__(
        self, app: "WSGIApplication", faults: FaultPlan, journal: Journal, error_body: ErrorBody
    ) -> None:
        self._app = app
        self._faults = faults
        self._journal = journal
        self._error_body = error_body

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = unquote(environ["PATH_INFO"])
        if path == "/" or path.startswith(CONTROL):
            return self._app(environ, start_response)
        fault = self._faults.draw(environ["REQUEST_METHOD"], path)
        environ[FAULT] = fault
        began, clock = time.time(), time.monotonic()
        status: int | None = None
        try:
            response = self._answer(environ, fault)
            status = response.status_code
            return _sent(response, environ, start_response, fault)
        finally:
            self._journal.write(
                method=environ["REQUEST_METHOD"],
                path=path,
                query=environ.get("QUERY_STRING", ""),
                at=began,
                seconds=time.monotonic() - clock,
                status=status,
                fault=fault.kind if fault else None,
                key=environ.get("HTTP_IDEMPOTENCY_KEY"),
            )

    def _answer(self, environ: "WSGIEnvironment", fault: Fault | None) -> Response:
        """Raises NoAnswerError where the fault drops the connection."""
        instead = self._before(environ, fault)
        if instead is not None:
            return instead
        response = Response.from_app(self._app, environ, buffered=True)
        return self._after(environ, fault, response)

    def _before(self, environ: "WSGIEnvironment", fault: Fault | None) -> Response | None:
        """What happens before the work; a response here means that the work is not done."""
        match fault:
            case Fault(FaultKind.SLOW | FaultKind.EFFECT_LATE, seconds):
                time.sleep(seconds)
            case Fault(FaultKind.HANG_BEFORE, seconds):
                time.sleep(seconds)
                raise NoAnswerError
            case Fault(FaultKind.RESET_BEFORE):
                _reset(environ)
            case Fault(FaultKind.TOO_MANY, seconds):
                return self._error(environ, 429, {"Retry-After": str(round(seconds) or 1)})
            case Fault(FaultKind.UNAVAILABLE):
                return self._error(environ, 503)
            case Fault(FaultKind.ERROR_BEFORE):
                return self._error(environ, 500)
            case Fault(FaultKind.HTML_200):
                return Response(MAINTENANCE, status=200, mimetype="text/html")
            case Fault(FaultKind.HTML_500):
                return Response(MAINTENANCE, status=500, mimetype="text/html")
            case Fault(FaultKind.ERROR_200):
                return self._error(environ, 200)
        return None

    def _after(self, environ: "WSGIEnvironment", fault: Fault | None, response: Response) -> Response:
        """What happens between the work and its answer."""
        match fault:
            case Fault(FaultKind.HANG_AFTER, seconds):
                time.sleep(seconds)
            case Fault(FaultKind.EFFECT_LATE):
                raise NoAnswerError
            case Fault(FaultKind.RESET_AFTER):
                _reset(environ)
            case Fault(FaultKind.ERROR_AFTER):
                return self._error(environ, 500)
            case Fault(FaultKind.TRUNCATED):
                response.set_data(_half(response))
            case Fault(FaultKind.OTHER_ID):
                response.set_data(_of_another(response))
        return response

    def _error(
        self, environ: "WSGIEnvironment", status: int, headers: dict[str, str] | None = None
    ) -> Response:
        body = self._error_body(environ["PATH_INFO"], status)
        return Response(body, status=status, mimetype="application/json", headers=headers)


def _sent(
    response: Response, environ: "WSGIEnvironment", start_response: "StartResponse", fault: Fault | None
) -> Iterable[bytes]:
    body = response(environ, start_response)
    if fault and fault.kind is FaultKind.CUT_OFF:
        return _half_then_nothing(response)
    return body


def _half_then_nothing(response: Response) -> Iterator[bytes]:
    yield _half(response)
    raise NoAnswerError


def _half(response: Response) -> bytes:
    body = response.get_data()
    return body[: len(body) // 2]


def _of_another(response: Response) -> str:
    body = response.get_json(silent=True)
    if isinstance(body, dict) and isinstance(body.get("id"), int):
        body["id"] += 1
    return json.dumps(body)


def _reset(environ: "WSGIEnvironment") -> None:
    mark_for_reset(environ["werkzeug.socket"])
    raise NoAnswerError
