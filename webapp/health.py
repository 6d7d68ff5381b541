"""For machines that watch the product: is the process alive, can it work, and how does it fare.

/healthz   the process answers. Restart it when it does not.
/readyz    database, Redis and migrations, each by name; 503 while one is missing. Send it no requests meanwhile.
/metrics   Prometheus. Not for the world: with KONTOR_METRICS_TOKEN set, to whoever presents it; without, to direct
           connections from this machine only. Everybody else gets 404.
"""

import hmac
import ipaddress
from collections.abc import Callable

import psycopg
import redis
from flask import Blueprint, Response, abort, current_app, jsonify, request

from webapp.auth.permissions import public
from webapp.core.migrate import head
from webapp.core.settings import Settings
from webapp.metrics import exposition

PROBE_TIMEOUT_S = 2  # A probe must answer before its asker gives up (Kubernetes: 1 s to a few).
EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers; asks nothing and gives nothing away."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Which of the parts are there; names parts, never addresses."""
    parts = {name: _state(probe) for name, probe in _PROBES.items()}
    ready = all(state == "ok" for state in parts.values())
    return jsonify(status="ready" if ready else "not ready", **parts), 200 if ready else 503


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Figures for Prometheus, to those `_may_scrape` lets in."""
    if not _may_scrape(_settings()):
        abort(404)
    return Response(exposition(current_app), content_type=EXPOSITION_TYPE)


def _may_scrape(settings: Settings) -> bool:
    if settings.metrics_token:
        offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(offered.encode(), settings.metrics_token.encode())
    # A proxy on this machine also connects from loopback: what it forwards says so.
    forwarded = any(name in request.headers for name in _FORWARDING_HEADERS)
    return not forwarded and _is_loopback(request.remote_addr)


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _state(probe: Callable[[Settings], str]) -> str:
    try:
        return probe(_settings())
    except (psycopg.Error, redis.RedisError):
        return "missing"


def _database(settings: Settings) -> str:
    with _connect(settings) as connection:
        connection.execute("SELECT 1")
    return "ok"


def _redis(settings: Settings) -> str:
    if settings.redis_url is None:
        return "not configured"
    timeouts = {"socket_timeout": PROBE_TIMEOUT_S, "socket_connect_timeout": PROBE_TIMEOUT_S}
    with redis.Redis.from_url(settings.redis_url, **timeouts) as connection:
        connection.ping()
    return "ok"


def _migrations(settings: Settings) -> str:
    try:
        with _connect(settings) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    return "ok" if row is not None and row[0] == head() else "missing"


def _connect(settings: Settings) -> psycopg.Connection:
    """A connection of its own: a pool that is busy is not a database that is gone."""
    url = settings.sqlalchemy_url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(url, connect_timeout=PROBE_TIMEOUT_S, autocommit=True)


_PROBES = {"database": _database, "redis": _redis, "migrations": _migrations}


def _settings() -> Settings:
    settings: Settings = current_app.extensions["kontor_settings"]
    return settings
