"""`python -m sandbox.bank --port P --state FILE`: opens the bank and serves until it is told to stop."""

import argparse
from pathlib import Path

from sandbox.bank import ledger
from sandbox.bank.app import create_app
from sandbox.bank.bank import SWITCHES, Bank, Credentials
from sandbox.bank.events import Events
from sandbox.bank.keys import Keys
from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.server import serve
from sandbox.settings import Settings

# Known to everybody; they open nothing but the sandbox.
STRIPE_KEY = "sk_test_sandbox"
IYZICO_KEY = "sandbox-api-key"
IYZICO_SECRET = "sandbox-secret-key"  # noqa: S105


def main() -> None:
    options = _options()
    bank = _build(options)
    bank.events.start()
    serve("bank", create_app(bank), options.port)


def _build(options: argparse.Namespace) -> Bank:
    database = Database(options.state, ledger.SCHEMA)
    settings = Settings(database, SWITCHES)
    return Bank(
        database=database,
        credentials=Credentials(options.stripe_key, options.iyzico_key, options.iyzico_secret),
        faults=FaultPlan(database, options.seed),
        settings=settings,
        keys=Keys(database, lambda: float(settings["key_lifetime_s"])),
        events=Events(database, settings, options.seed),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.bank", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file; made when missing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stripe-key", default=STRIPE_KEY)
    parser.add_argument("--iyzico-key", default=IYZICO_KEY)
    parser.add_argument("--iyzico-secret", default=IYZICO_SECRET)
    return parser.parse_args()


if __name__ == "__main__":
    main()
