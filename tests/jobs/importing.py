"""One of several processes that import the same page at once: `python -m tests.jobs.importing CHANNEL SEED GO_FILE MODE`.

MODE `product` takes the page in as a pull does. MODE `unsorted` is the control: it stores small batches in an order of
its own and holds their locks, as an importer does that nobody told to sort.
"""

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from tests.channels.samples import changed, profile, raw
from webapp.app import create_app
from webapp.channels.applying import OrderIntake
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.receiving import RawOrder, RawPage, store
from webapp.core.db import unit_of_work
from webapp.core.home import environment
from webapp.core.settings import Settings

ORDERS = 500
ROUNDS = 5
BATCH = 50
MORNING = datetime(2026, 3, 5, 8, tzinfo=UTC)


def page_of(turn: int, chance: random.Random) -> RawPage:
    """The shop's page in that round, in an order of this importer's own."""
    rows = [raw(order(number, turn)) for number in range(1, ORDERS + 1)]
    chance.shuffle(rows)
    asked = MORNING + timedelta(hours=turn)
    return RawPage(rows, asked, asked + timedelta(seconds=1))


def order(number: int, turn: int) -> dict[str, Any]:
    billing = {**changed("order_created")["billing"], "email": f"customer{number % 90}@example.com"}
    stamp = (MORNING + timedelta(hours=turn)).strftime("%Y-%m-%dT%H:%M:%S")
    return changed(
        "order_created",
        id=number,
        number=str(number),
        billing=billing,
        customer_note=f"round {turn}",
        date_modified_gmt=stamp,
    )


def import_page(channel_id: int, page: RawPage) -> None:
    OrderIntake(channel_id, WooOrderSerializer(profile()).read).take(page)


def import_unsorted(channel_id: int, page: RawPage) -> None:
    """Ends with the first deadlock: one is enough."""
    for batch in batches(page.rows):
        with unit_of_work() as session:
            for row in batch:
                store(session, channel_id, RawPage([row], page.asked_at, page.answered_at))


def batches(rows: Sequence[RawOrder]) -> Iterator[Sequence[RawOrder]]:
    for begin in range(0, len(rows), BATCH):
        yield rows[begin : begin + BATCH]


def main() -> None:
    channel_id, seed, go, mode = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    take = import_page if mode == "product" else import_unsorted
    chance = random.Random(seed)
    with create_app(Settings.from_env(environment(os.environ))).app_context():
        while not go.exists():
            time.sleep(0.01)
        # The product has to come through without; its own tries again are seen in PostgreSQL's count of deadlocks.
        with suppress(*([OperationalError] if mode == "unsorted" else [])):
            for turn in range(1, (ROUNDS if mode == "product" else 1) + 1):
                take(channel_id, page_of(turn, chance))


if __name__ == "__main__":
    main()
