"""P5 and P8: an upload of tracking numbers against reading and one UPDATE, and the whole list as CSV."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import psycopg

from bench.measures import Line
from bench.world import ROOT, World, environment
from webapp.core.home import DATABASE

MOST_ROWS = 100_000
TIMES_FLOOR, MEMORY_MB = 3.0, 300.0
FIRST_BYTE_S, ROWS_PER_S, EXPORT_MB = 0.5, 20_000.0, 20.0


def _copy(world: World, url: str) -> str:
    """The database once more: what an upload changes must not be there for the measures that follow."""
    name = url.rpartition("/")[2]
    with psycopg.connect(world.superuser("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}_files" TEMPLATE "{name}" OWNER "{DATABASE}"')  # type: ignore[arg-type]
    return f"{url}_files"


def measure(world: World, urls: Mapping[int, str]) -> list[Line]:
    """On the large database, in a process of its own."""
    told = _told(world, urls)
    return [*_upload_lines(told, max(urls)), *_export_lines(told)]


def _told(world: World, urls: Mapping[int, str]) -> dict[str, Any]:
    """What the process measured: rows, seconds (`…_s`), megabytes (`…_mb`)."""
    orders = max(urls)
    url = _copy(world, urls[orders])
    done = subprocess.run(
        [sys.executable, "-m", "bench.one_upload", str(min(orders, MOST_ROWS))],
        cwd=ROOT,
        env={**environment(world.on(url)), "KONTOR_UPLOAD_ROWS": "200000"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The upload failed: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _upload_lines(told: Mapping[str, Any], orders: int) -> list[Line]:
    floor = told["read_s"] + told["update_s"]
    times = told["upload_s"] / floor
    return [
        Line(
            "P5",
            f"upload of {told['rows']:,} rows among {orders:,} orders: read, check, apply, audit, outbox",
            f"{told['upload_s']:.1f} s",
            f"reading {told['read_s']:.1f} s and one UPDATE {told['update_s']:.1f} s:"
            f" {times:.1f} × (goal ≤ {TIMES_FLOOR:g})",
            times <= TIMES_FLOOR,
        ),
        Line(
            "P5",
            "memory of that worker",
            f"{told['upload_mb']:.0f} MB",
            f"goal < {MEMORY_MB:g} MB",
            told["upload_mb"] < MEMORY_MB,
        ),
    ]


def _export_lines(told: Mapping[str, Any]) -> list[Line]:
    rate = told["exported"] / told["export_s"]
    return [
        Line(
            "P8",
            f"first byte of an export of {told['exported']:,} orders",
            f"{told['first_s'] * 1000:.0f} ms",
            f"goal ≤ {FIRST_BYTE_S * 1000:g} ms",
            told["first_s"] <= FIRST_BYTE_S,
        ),
        Line("P8", "rows as CSV", f"{rate:,.0f} a second", f"goal ≥ {ROWS_PER_S:,.0f}", rate >= ROWS_PER_S),
        Line(
            "P8",
            "memory that the export adds",
            f"{told['export_mb']:.0f} MB",
            f"goal ≤ {EXPORT_MB:g} MB",
            told["export_mb"] <= EXPORT_MB,
        ),
    ]
