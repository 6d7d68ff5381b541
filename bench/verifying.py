"""P9: `kontor verify` over the large database, with its memory."""

import re
import subprocess
import sys
import time

from bench.measures import Line
from bench.world import ROOT, World, environment

GOAL_S_PER_MILLION = 60.0
FLAT = 1.5


def measure(world: World, urls: dict[int, str]) -> list[Line]:
    """Seconds for the large one, and the peak of memory at both sizes."""
    small, large = min(urls), max(urls)
    _, before = _run(world, urls[small])
    seconds, after = _run(world, urls[large])
    goal_s = GOAL_S_PER_MILLION * large / 1_000_000
    return [
        Line(
            "P9",
            f"verify {large:,} orders",
            f"{seconds:.1f} s",
            f"goal ≤ {goal_s:.1f} s",
            seconds <= max(goal_s, 10),
        ),
        Line(
            "P9",
            f"memory from {small:,} to {large:,}",
            f"{after:.0f} MB",
            f"{before:.0f} MB (goal ≤ {FLAT} ×)",
            after <= FLAT * before,
        ),
    ]


def _run(world: World, url: str) -> tuple[float, float]:
    program = (
        "import resource, sys; from webapp.cli import main\n"
        "try: main(['verify'])\n"
        "finally: print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(world.on(url)),
        capture_output=True,
        text=True,
        check=False,
    )
    spent = time.perf_counter() - began
    if done.returncode != 0:
        raise RuntimeError(
            f"verify found something in the seeded orders: {done.stdout[-2000:]}{done.stderr[-500:]}"
        )
    peak = re.search(r"peak (\d+)", done.stdout)
    assert peak is not None
    return spent, int(peak[1]) / 1024
