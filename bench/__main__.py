"""Every measurement in one run, on a PostgreSQL and a Valkey of its own; the results go to the top of bench/RESULTS.md.

    python -m bench                                    all of it, some minutes (`make bench`)
    python -m bench --orders 1000000                   with a million orders (`make bench-1m`)
    python -m bench --only pages,staff                 some of it

The goals are those of the table; a missed one is said, never hidden. Absolute times move with the machine, so each
stands beside a floor or ceiling of the same run.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import api_walk, files, operations, pages, pull, staff, verifying
from bench.measures import Line
from bench.seed import seed
from bench.world import EMAIL, PASSWORD, World, world
from webapp.core.migrate import upgrade

RESULTS = Path(__file__).with_name("RESULTS.md")
KEPT_RUNS = 5
SMALL = 10_000
MEASURES = {
    "pages": "lists, searches and an order's page, in the small and the large database",
    "walk": "a program that walks all orders through the API",
    "staff": "fifty people at once",
    "files": "uploads of tracking numbers and exports",
    "pull": "storing orders of a channel",
    "operations": "background work a second",
    "verify": "`kontor verify` over the large database",
}


def main() -> None:
    """The command line."""
    parser = _parser()
    given = parser.parse_args()
    wanted = set(given.only.split(","))
    if unknown := wanted - set(MEASURES):
        parser.error(f"--only knows {', '.join(MEASURES)}; not {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="kontor-bench-") as folder, world(Path(folder)) as servers:
        lines = _measure(servers, wanted, given.orders)
    _write(lines, given.orders)


def _parser() -> argparse.ArgumentParser:
    measures = "\n".join(f"  {name:<12}{words}" for name, words in MEASURES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=f"measurements:\n{measures}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--orders",
        type=int,
        default=100_000,
        metavar="N",
        help=f"orders of the large database (%(default)s); the small one has {SMALL:,}",
    )
    parser.add_argument(
        "--only", default=",".join(MEASURES), metavar="NAMES", help="only these, separated by commas (all)"
    )
    return parser


def _measure(servers: World, wanted: set[str], orders: int) -> list[Line]:
    urls = _seeded(servers, (SMALL, orders)) if wanted & {"pages", "walk", "staff", "files", "verify"} else {}
    work: dict[str, Callable[[], list[Line]]] = {
        "pages": lambda: pages.measure(servers, urls),
        "walk": lambda: api_walk.measure(servers, urls),
        "staff": lambda: staff.measure(servers, urls),
        "files": lambda: files.measure(servers, urls),
        "pull": lambda: pull.measure(servers),
        "operations": lambda: operations.measure(servers),
        "verify": lambda: verifying.measure(servers, urls),
    }
    lines: list[Line] = []
    for name, measure in work.items():
        if name in wanted:
            print(f"— {name}", flush=True)
            measured = measure()
            for line in measured:
                print(f"{line.goal} {line.what}: {line.figure}; {line.beside}", flush=True)
            lines += measured
    return lines


def _seeded(servers: World, sizes: Sequence[int]) -> dict[int, str]:
    urls: dict[int, str] = {}
    for size in sizes:
        name = f"orders_{size}"
        urls[size] = servers.database(name)
        upgrade(urls[size])
        seed(servers.superuser(name), size, datetime.now(UTC))
        _add_staff(servers, urls[size])
    return urls


def _add_staff(servers: World, url: str) -> None:
    from webapp.app import create_app
    from webapp.auth.models import StaffUser
    from webapp.auth.passwords import hash_password
    from webapp.auth.roles import Role
    from webapp.core.db import db, unit_of_work

    with create_app(servers.on(url, testing=True)).app_context():
        with unit_of_work() as session:
            session.add(
                StaffUser(
                    email=EMAIL, name="Bench", role=Role.ADMINISTRATOR, password_hash=hash_password(PASSWORD)
                )
            )
        db.engine.dispose()


def _write(lines: Sequence[Line], orders: int) -> None:
    """The newest run on top, the last runs beside each other below it."""
    rows = [
        f"| {line.goal} | {line.what} | {line.figure} | {line.beside} | {_verdict(line)} |" for line in lines
    ]
    table = "\n".join(("| goal | what | measured | beside | reached |", "| -- | -- | -- | -- | -- |", *rows))
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    run = f"## {when}, {orders:,} orders, {os.cpu_count()} cores, Python {platform.python_version()}\n\n{table}\n"
    head = "# What it costs\n\nWritten by `make bench`. Medians, with the tenth and ninetieth percentile in brackets.\n"
    old = RESULTS.read_text().split("\n## ")[1:] if RESULTS.exists() else []
    kept = [f"## {each}" for each in old[: KEPT_RUNS - 1]]
    RESULTS.write_text("\n".join((head, run, *kept)))


def _verdict(line: Line) -> str:
    return "–" if line.reached is None else "yes" if line.reached else "**no**"


if __name__ == "__main__":
    main()
