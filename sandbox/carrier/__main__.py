"""`python -m sandbox.carrier --port P --state FILE`: opens the carrier and serves until it is told to stop."""

import argparse
from pathlib import Path

from sandbox.carrier.app import create_app
from sandbox.carrier.book import SCHEMA
from sandbox.carrier.carrier import SWITCHES, Carrier
from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.server import serve
from sandbox.settings import Settings

# Known to everybody; it opens nothing but the sandbox.
API_KEY = "parcel_sandbox"


def main() -> None:
    options = _options()
    database = Database(options.state, SCHEMA)
    carrier = Carrier(
        database=database,
        api_key=options.api_key,
        faults=FaultPlan(database, options.seed),
        settings=Settings(database, SWITCHES),
    )
    serve("carrier", create_app(carrier), options.port)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.carrier", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file; made when missing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--api-key", default=API_KEY)
    return parser.parse_args()


if __name__ == "__main__":
    main()
