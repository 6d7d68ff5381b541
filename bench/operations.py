"""P6: how many operations a worker runs a second, and how soon one that is due begins."""

import statistics
import subprocess
import time
from collections.abc import Callable

import psycopg

from bench.measures import Line
from bench.world import World, child
from webapp.core.migrate import upgrade

NUMBER = 3000
SINGLES = 30
GOAL_PER_S, GOAL_START_MS = 300.0, 50.0


def measure(world: World) -> list[Line]:
    """A backlog, then single operations on an idle worker; beside it the database's own limit in the same run."""
    url = world.database("operations")
    upgrade(url)
    with (
        psycopg.connect(url, autocommit=True) as connection,
        child("-m", "bench.noop_worker", settings=world.on(url)),
        # As in the product: whatever hint gets lost, somebody looks again.
        child("-m", "webapp.cli", "sweeper", settings=world.on(url)),
    ):
        _wait(lambda: _ask(connection, "SELECT count(*) FROM operation WHERE state = 'done'") >= 1)
        limit = _ceiling(connection)
        per_s = _backlog(connection, world, url)
        starts = [_single(connection, world, url) for _ in range(SINGLES)]
    start_ms = statistics.median(starts) * 1000
    return [
        Line(
            "P6",
            f"{NUMBER:,} no-op operations, one worker",
            f"{per_s:.0f} a second",
            f"two commits of one row each, nothing else: {limit:.0f} (goal ≥ {GOAL_PER_S:g})",
            per_s >= GOAL_PER_S,
        ),
        Line(
            "P6",
            "due to running on an idle worker",
            f"{start_ms:.0f} ms (median of {SINGLES})",
            f"goal ≤ {GOAL_START_MS:g} ms",
            start_ms <= GOAL_START_MS,
        ),
    ]


def _backlog(connection: psycopg.Connection, world: World, url: str) -> float:
    connection.execute(
        "INSERT INTO operation (id, kind, queue, dedupe_key)"
        f" SELECT gen_random_uuid(), 'bench.noop', 'upkeep', i::text FROM generate_series(1, {NUMBER}) i"
    )
    began = time.perf_counter()
    _hint(world, url)
    _wait(lambda: _ask(connection, "SELECT count(*) FROM operation WHERE state <> 'done'") == 0)
    return NUMBER / (time.perf_counter() - began)


def _single(connection: psycopg.Connection, world: World, url: str) -> float:
    """From the commit of the row to its start, by the database's clock."""
    row = connection.execute(
        "INSERT INTO operation (id, kind, queue, dedupe_key) VALUES"
        " (gen_random_uuid(), 'bench.noop', 'upkeep', gen_random_uuid()::text) RETURNING id"
    ).fetchone()
    assert row is not None
    _hint(world, url)
    query = "SELECT count(*) FROM operation WHERE id = %s AND state = 'done'"
    _wait(lambda: connection.execute(query, row).fetchone() == (1,))
    spent = connection.execute(
        "SELECT extract(epoch FROM started_at - created_at)::float8 FROM operation WHERE id = %s", row
    ).fetchone()
    assert spent is not None
    return float(spent[0])


def _ceiling(connection: psycopg.Connection) -> float:
    """How often one row can be written and committed twice a second: what the disk and the protocol allow."""
    began = time.perf_counter()
    for _ in range(300):
        for state in ("a", "b"):
            connection.execute("UPDATE operation SET progress_note = %s WHERE kind = 'bench.noop'", (state,))
    return 300 / (time.perf_counter() - began)


def _hint(world: World, url: str) -> None:
    import redis
    from rq import Queue
    from rq.serializers import JSONSerializer

    from webapp.core.hints import DRAIN

    with redis.Redis.from_url(world.valkey.url) as connection:
        Queue("upkeep", connection=connection, serializer=JSONSerializer).enqueue(
            DRAIN, "upkeep", result_ttl=0
        )


def _ask(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def _wait(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            raise subprocess.TimeoutExpired("operations", timeout_s)
        time.sleep(0.02)
