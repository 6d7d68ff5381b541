"""P4: storing orders against the ceiling and an ORM import in the same run, and a pull over HTTP from another process."""

import json
import re
import signal
import statistics
import subprocess
import sys

from sqlalchemy import create_engine

from bench import storing
from bench.measures import Line
from bench.world import ROOT, World, environment
from webapp.core.migrate import upgrade
from webapp.core.programs import stop_all
from webapp.core.settings import with_driver

STORED, ROUNDS = 4000, 3
PULLED = 10_000
GOAL_PER_S, OF_CEILING, TIMES_ORM, FLAT = 2200.0, 0.5, 10.0, 1.3


def measure(world: World, pulled: int = PULLED) -> list[Line]:
    """Storing alone, then the whole way of an order."""
    return [*_storing(world), *_pulling(world, pulled)]


def _storing(world: World) -> list[Line]:
    url = world.database("storing")
    upgrade(url)
    engine = create_engine(with_driver(url))
    rounds = [storing.measure(engine, STORED, seed) for seed in range(1, ROUNDS + 1)]
    engine.dispose()
    ours = statistics.median(each.ours for each in rounds)
    ceiling = statistics.median(each.ours / each.ceiling for each in rounds)
    orm = statistics.median(each.ours / each.orm for each in rounds)
    again = statistics.median(each.again for each in rounds)
    return [
        Line("P4", "orders stored", f"{ours:,.0f} a second", f"goal ≥ {GOAL_PER_S:,.0f}", ours >= GOAL_PER_S),
        Line(
            "P4",
            "against the ceiling (the same rows, arrays made before)",
            f"{ceiling:.0%}",
            f"goal ≥ {OF_CEILING:.0%}",
            ceiling >= OF_CEILING,
        ),
        Line("P4", "against an ORM import", f"{orm:.1f} ×", f"goal ≥ {TIMES_ORM:g} ×", orm >= TIMES_ORM),
        Line("P4", "the same orders again, unchanged", f"{again:,.0f} a second", "", None),
    ]


def _pulling(world: World, number: int) -> list[Line]:
    url = world.database("pull")
    upgrade(url)
    shop, address = _shop(world, number)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bench.one_pull", address],
            cwd=ROOT,
            env=environment(world.on(url)),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        stop_all({shop.pid: signal.SIGTERM}, grace_s=5)
        shop.wait()
    if done.returncode != 0:
        raise RuntimeError(f"The pull failed: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    growth = told["peak_mb"] / told["early_mb"]
    per_s = told["created"] / told["seconds"]
    return [
        Line("P4", f"{number:,} orders pulled over HTTP by one worker", f"{per_s:,.0f} a second", "", None),
        Line(
            "P4",
            "memory of the worker from its tenth to its last page",
            f"{told['peak_mb']:.0f} MB",
            f"{told['early_mb']:.0f} MB (goal ≤ {FLAT} ×)",
            growth <= FLAT,
        ),
    ]


def _shop(world: World, number: int) -> tuple[subprocess.Popen[str], str]:
    state = str(world.home.root / "bench-shop.sqlite")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.shop", "--port", "0", "--state", state, "--bulk", str(number)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    return process, found[0]
