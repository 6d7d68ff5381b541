"""`python -m sandbox.shop --port P --state FILE`: opens the shop and serves until it is told to stop."""

import argparse
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.server import serve
from sandbox.settings import Settings
from sandbox.shop import life
from sandbox.shop.app import create_app
from sandbox.shop.auth import Gate
from sandbox.shop.bulk import BulkOrders
from sandbox.shop.gateway import Cashier
from sandbox.shop.shop import Shop
from sandbox.shop.store import SCHEMA, SWITCHES
from sandbox.shop.webhooks import Webhooks

DEFAULT_KEY = "ck_sandbox"
DEFAULT_SECRET = "cs_sandbox"  # noqa: S105 - opens nothing but the sandbox


def main() -> None:
    options = _options()
    shop = _build(options)
    if not options.bulk:
        shop.open_with(options.orders)
    shop.webhooks.outbox.start()
    shop.cashier.start()
    life.start(shop)
    serve("shop", create_app(shop), options.port)


def _build(options: argparse.Namespace) -> Shop:
    database = Database(options.state, SCHEMA)
    zone = ZoneInfo(options.timezone)
    settings = Settings(database, SWITCHES)
    if options.every is not None:
        settings.change({"every": options.every})
    return Shop(
        database=database,
        seed=options.seed,
        zone=zone,
        gate=Gate(options.consumer_key, options.consumer_secret),
        faults=FaultPlan(database, options.seed),
        settings=settings,
        webhooks=Webhooks(database, settings, options.seed),
        cashier=Cashier(database, options.bank),
        bulk=BulkOrders(options.bulk, options.seed, zone) if options.bulk else None,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.shop", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file; made when missing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=360, help="orders of a new shop")
    parser.add_argument("--bulk", type=int, default=0, help="read-only: this many orders made while read")
    parser.add_argument("--every", type=float, help="seconds between new orders; 0 stops the clock")
    parser.add_argument("--bank", metavar="URL", help="register card payments at this sandbox bank")
    parser.add_argument("--timezone", default="Europe/Istanbul", help="the shop's own time")
    parser.add_argument("--consumer-key", default=DEFAULT_KEY)
    parser.add_argument("--consumer-secret", default=DEFAULT_SECRET)
    return parser.parse_args()


if __name__ == "__main__":
    main()
