"""What Prometheus reads: how requests fare in each web process, and how the work stands in PostgreSQL.

Work is counted in the database, not in the processes that do it: RQ forks one for every job, and what such a
process counted dies with it. Requests are counted in the web processes; gunicorn forks several behind one port,
so with PROMETHEUS_MULTIPROC_DIR set (`kontor web` sets it) they share their counts in files there.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from webapp.core.db import db
from webapp.core.logging import elapsed_ms, route_name
from webapp.core.settings import Settings

# Seconds. The goal for a page is 100 ms (docs/operations.md); above ten something is broken.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass
class Metrics:
    """This process's own measurements and the registry that a scrape reads."""

    registry: CollectorRegistry
    requests: Histogram
    connections: Gauge

    @classmethod
    def of(cls, settings: Settings) -> "Metrics":
        """Fresh measurements; shared between processes when the settings name a folder for it."""
        own = CollectorRegistry()
        requests = Histogram(
            "kontor_http_request_duration_seconds",
            "Time to answer, by method, route and status.",
            ("method", "route", "status"),
            buckets=BUCKETS_S,
            registry=own,
        )
        connections = Gauge(
            "kontor_db_connections_in_use",
            "Connections of the pool that a request holds right now, over all web processes.",
            registry=own,
            multiprocess_mode="livesum",
        )
        return cls(_scraped(own, settings.metrics_folder), requests, connections)


def _scraped(own: CollectorRegistry, folder: Path | None) -> CollectorRegistry:
    if folder is None:
        return own
    shared = CollectorRegistry()
    MultiProcessCollector(shared, path=str(folder))  # type: ignore[no-untyped-call]
    return shared


def init_metrics(app: Flask, settings: Settings) -> None:
    """Measure every request and the connection pool. Call it right after the request log."""
    metrics = Metrics.of(settings)
    app.extensions["kontor_metrics"] = metrics
    metrics.registry.register(WorkCollector())

    @app.after_request
    def observe(response: Response) -> Response:
        metrics.requests.labels(request.method, route_name(), response.status_code).observe(
            elapsed_ms() / 1000
        )
        return response

    with app.app_context():
        _watch_pool(db.engine, metrics.connections)


def _watch_pool(engine: Engine, connections: Gauge) -> None:
    event.listen(engine, "checkout", lambda *_: connections.inc())
    event.listen(engine, "checkin", lambda *_: connections.dec())


def exposition(app: Flask) -> str:
    """Everything in Prometheus' text format."""
    metrics: Metrics = app.extensions["kontor_metrics"]
    return generate_latest(metrics.registry).decode()


class WorkCollector(Collector):
    """Asks PostgreSQL at each scrape. A database that is away is one metric, not a failed scrape."""

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The families of `FAMILIES`, each from one query, and whether the database answered."""
        up = GaugeMetricFamily("kontor_database_up", "1 while the database answers.", value=1)
        began = time.perf_counter()
        try:
            with db.engine.connect() as connection:
                yield from [family.read(connection) for family in FAMILIES]
        except SQLAlchemyError:
            up = GaugeMetricFamily("kontor_database_up", "1 while the database answers.", value=0)
        yield up
        yield GaugeMetricFamily(
            "kontor_scrape_database_seconds",
            "How long these questions took.",
            value=time.perf_counter() - began,
        )


@dataclass(frozen=True)
class Family:
    """One gauge: a query whose last column is the value and whose others are the labels."""

    name: str
    help: str
    labels: tuple[str, ...]
    query: str

    def read(self, connection: Any) -> GaugeMetricFamily:
        """The gauge with one sample a row."""
        family = GaugeMetricFamily(self.name, self.help, labels=self.labels)
        for *labels, value in connection.execute(text(self.query)):
            family.add_metric([str(label) for label in labels], float(value))
        return family


FAMILIES = (
    Family(
        "kontor_operations",
        "Operations by kind and state. Waiting, running and given up: all of them; done: those asked for in the last hour.",
        ("kind", "state"),
        # State by state, because each has a partial index of its own; the table may hold millions that are done.
        "SELECT kind, state, count(*) FROM operation WHERE state = 'ready' GROUP BY kind, state"
        " UNION ALL SELECT kind, state, count(*) FROM operation WHERE state = 'leased' GROUP BY kind, state"
        " UNION ALL SELECT kind, state, count(*) FROM operation WHERE state = 'dead' GROUP BY kind, state"
        " UNION ALL SELECT kind, state, count(*) FROM operation"
        " WHERE created_at > now() - interval '1 hour' AND state = 'done' GROUP BY kind, state",
    ),
    Family(
        "kontor_oldest_due_operation_age_seconds",
        "How long the operation that waits longest has been due, by queue; 0 when none is.",
        ("queue",),
        "SELECT queue, coalesce(max(extract(epoch FROM clock_timestamp() - due)), 0) FROM"
        " (VALUES ('channels'), ('money'), ('files'), ('upkeep'), ('webhooks')) AS queues(queue) LEFT JOIN"
        " (SELECT queue, next_run_at AS due FROM operation WHERE state = 'ready' AND next_run_at <= clock_timestamp()"
        "  UNION ALL SELECT queue, lease_until FROM operation WHERE state = 'leased' AND lease_until < clock_timestamp())"
        " AS waiting USING (queue) GROUP BY queue",
    ),
    Family(
        "kontor_pulls",
        "Pulls of each channel in the last hour, by state.",
        ("channel_id", "state"),
        "SELECT channel_id, state, count(*) FROM operation WHERE kind = 'channel.pull' AND channel_id IS NOT NULL"
        " AND created_at > now() - interval '1 hour' GROUP BY channel_id, state",
    ),
    Family(
        "kontor_pull_last_success_timestamp_seconds",
        "When each channel was last read to the end.",
        ("channel_id", "kind"),
        "SELECT channel_id, kind, extract(epoch FROM last_success_at) FROM pull_cursor WHERE last_success_at IS NOT NULL",
    ),
    Family(
        "kontor_failed_records",
        "Records that could not be taken and wait for staff, by channel.",
        ("channel_id",),
        "SELECT channel_id, count(*) FROM remote_record WHERE state = 'failed' GROUP BY channel_id",
    ),
    Family(
        "kontor_breaker_open",
        "1 while calls to this outside system are held back because they failed.",
        ("name",),
        "SELECT name, CASE WHEN opened_at IS NULL THEN 0 ELSE 1 END FROM circuit_breaker",
    ),
)
