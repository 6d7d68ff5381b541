"""F24: everything at once for long, one answer of the outside in twenty faulty (`make soak`).

KONTOR_SOAK_S: how many seconds (600); eight hours are 28800. KONTOR_SOAK_SEED: to repeat what is done.
"""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.desk import Desk, opened
from tests.servers import ROOT, wait_until
from tests.soak.installation import EXPECTED, Installation
from webapp.core.money import to_minor

SECONDS = float(os.environ.get("KONTOR_SOAK_S", "600"))
SEED = int(os.environ.get("KONTOR_SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
STUCK_S = 900.0
# What a process takes in its first minutes (imports, caches) is no leak; growth is measured from here on.
WARM_UP_S = max(120.0, SECONDS / 10)
MOST_GROWTH = 1.10
SMALLEST_GROWTH_MIB = 8.0  # below that a process is small enough for a tenth to be chance
# Two web processes, five workers with a work horse each, sweeper, scheduler (docs/operations.md).
MOST_CONNECTIONS = 2 * 12 + 5 * 2 * 2 + 2 * 2
DRAINED_S = 300.0
SHOP_FAULTS = ["500_before", "503", "429", "reset_before", "reset_after", "500_after"]
BANK_FAULTS = [*SHOP_FAULTS, "hang_after"]

pytestmark = pytest.mark.soak


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path / "home") as desk:
        yield desk


def kontor(desk: Desk, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "KONTOR_HOME": str(desk.home)}
    command = [sys.executable, "-m", "webapp.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def installation(desk: Desk) -> Installation:
    desk.start_and_wait(KONTOR_DEMO="1", KONTOR_BACKOFF_S="2,5,10,30", KONTOR_READ_TIMEOUT_S="5")
    made = kontor(
        desk, "token", "create", "admin@kontor.example", "--name", "soak", "--requests-per-minute", "6000"
    )
    assert made.returncode == 0, made.stderr
    urls = dict(re.findall(r"(shop|bank) (http://127\.0\.0\.1:\d+)", desk.output))
    token = made.stdout.split()[-1]
    return Installation(desk, token, urls["shop"], urls["bank"], random.Random(SEED))


def test_f24_soak_when_everything_runs_for_long_then_nothing_sticks_leaks_or_is_paid_twice(
    installation: Installation,
) -> None:
    wait_until(lambda: installation.query("SELECT 1 FROM orders LIMIT 1"), what="orders", timeout_s=120)
    for server, path, kinds in (("shop", "/wp-json", SHOP_FAULTS), ("bank", "/v1", BANK_FAULTS)):
        rule = {"path": path, "kinds": kinds, "probability": 0.05, "seconds": 2}
        installation.control(server, "POST", "faults", rule)

    began, warm, oldest_s, most_connections = time.monotonic(), {}, 0.0, 0
    while (spent := time.monotonic() - began) < SECONDS:
        installation.act()
        oldest_s = max(oldest_s, installation.oldest_due_s())
        most_connections = max(most_connections, installation.connections())
        if not warm and spent > WARM_UP_S:
            warm = installation.memory()
        time.sleep(0.2)  # a busy desk, not a flood
    cold = installation.memory()
    for server in ("shop", "bank"):
        installation.control(server, "DELETE", "faults")
    wait_until(
        lambda: not installation.open_work(), what="the work in hand", timeout_s=DRAINED_S, every_s=1.0
    )

    print(
        f"\nF24, seed {SEED}: {SECONDS:.0f} s, answers {dict(installation.answers)}, {installation.approved} paid back,"
        f" oldest due {oldest_s:.0f} s, {most_connections} connections,"
        f" MiB { ({name: (round(warm.get(name, 0)), round(size)) for name, size in cold.items()}) }"
    )
    assert set(installation.answers) <= EXPECTED
    assert installation.approved > 0
    assert oldest_s < STUCK_S
    assert most_connections <= MOST_CONNECTIONS
    assert _grown(warm, cold) == {}
    assert installation.query("SELECT kind, last_error FROM operation WHERE state = 'dead'") == []
    assert _not_paid_once(installation) == {}
    verified = kontor(installation.desk, "verify")
    assert verified.returncode == 0, verified.stdout
    assert installation.desk.stop() == 0


def _not_paid_once(installation: Installation) -> dict[str, tuple[int, int]]:
    """Our refunds of which the bank's own list, the judge, has another sum: {refund: (ours, theirs)} in minor units.

    A sum, because the bank lists a whole payment's refund by the items of its basket.
    """
    listed = installation.control("bank", "GET", "refunds")
    moved = [
        (json.dumps(row), int(row["amount"])) for row in listed if row["status"] in ("succeeded", "pending")
    ]
    ours = installation.query(
        "SELECT id, amount, currency FROM refund WHERE state = 'succeeded' AND gateway LIKE 'sandbox-%'"
    )
    sums = {
        str(refund): (to_minor(amount, currency), sum(size for row, size in moved if str(refund) in row))
        for refund, amount, currency in ours
    }
    return {refund: pair for refund, pair in sums.items() if pair[0] != pair[1]}


def _grown(warm: dict[str, float], cold: dict[str, float]) -> dict[str, tuple[float, float]]:
    """The processes that hold more than a tenth more than when they were warm; none in runs too short to be warm."""
    return {
        name: (before, cold[name])
        for name, before in warm.items()
        if name in cold and cold[name] > before * MOST_GROWTH and cold[name] - before > SMALLEST_GROWTH_MIB
    }
