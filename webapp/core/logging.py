"""What the product writes about its own running: one event a line, with the request's id, without people's data.

JSON wherever a machine reads (a file, a container's log), coloured lines where a person watches a terminal.
"""

import logging
import re
import sys
import time
import uuid
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.typing import Processor

from webapp.core.redaction import redact_value
from webapp.core.settings import Settings

REQUEST_ID_HEADER = "X-Request-Id"
# What a proxy may hand us as a request id: it ends up in log lines and in the audit log.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{8,64}")
# Asked every few seconds by machines; a line for each would bury the rest.
_QUIET_ENDPOINTS = frozenset({"health.healthz", "health.readyz", "health.metrics", "assets.file"})

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

log = structlog.stdlib.get_logger("webapp.request")


def configure_logging(*, as_json: bool | None = None) -> None:
    """Write everything this process logs to stderr; JSON unless stderr is a terminal."""
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # These say per request or per job what our own lines already say.
    for name in ("werkzeug", "rq.worker", "rq.queue", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _structlog_over_stdlib() -> None:
    """structlog's own loggers hand their events to the standard library's, so that there is one way out."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _formatter(*, as_json: bool) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            # Last before it is written, so that nothing is added after it.
            redact_event,
            renderer,
        ],
    )


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the event without people's data and secrets."""
    return {key: redact_value(value, str(key)) for key, value in event.items()}


def init_request_log(app: Flask, settings: Settings) -> None:
    """Give every request an id (`g.request_id`, header X-Request-Id) and one line in the log. Call it first of all."""
    _structlog_over_stdlib()

    @app.before_request
    def begin() -> None:
        g.request_id = _request_id(settings)
        g.request_began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        request_id: str = g.get("request_id") or uuid.uuid4().hex
        response.headers[REQUEST_ID_HEADER] = request_id
        level = logging.DEBUG if request.endpoint in _QUIET_ENDPOINTS else logging.INFO
        log.log(
            level,
            "request",
            method=request.method,
            route=route_name(),
            status=response.status_code,
            ms=elapsed_ms(),
        )
        return response


def _request_id(settings: Settings) -> str:
    """A trusted proxy's id, so that its log and ours can be laid side by side; else one of our own."""
    offered = request.headers.get(REQUEST_ID_HEADER, "")
    if settings.proxy_hops and _REQUEST_ID.fullmatch(offered):
        return offered
    return uuid.uuid4().hex


def route_name() -> str:
    """The rule of this request's route; never its path, which holds order numbers, nor its query, which holds names."""
    return request.url_rule.rule if request.url_rule is not None else "(unmatched)"


def elapsed_ms() -> float:
    """Milliseconds since this request began."""
    began: float = g.get("request_began", time.perf_counter())
    return round((time.perf_counter() - began) * 1000, 1)
