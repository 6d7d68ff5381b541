"""How fast drafts become orders, beside what the database can do at best and what an ORM importer does.

    python -m bench.storing --url postgresql://kontor:…@127.0.0.1/bench --orders 6000 --rounds 3

ours      write_orders, 200 drafts a transaction: checks, distribution, customers, addresses, timeline, search, stock
ceiling   the very rows that ours wrote, put back into the same emptied tables and indexes: every array was written
          before the clock starts, 200 orders a transaction, nothing looked up, compared or computed
orm       an importer of the usual kind: ORM objects, a look-up per customer and SKU, 200 a transaction, the same sums

The three take turns in every round, because the machine's speed moves. The database must be a scratch one: it is
migrated and emptied. Goal (P4): ours at least half of the ceiling, 2,200 orders a second, ten times the orm.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.orm import Session

from bench import storing_ceiling, storing_orm
from bench.order_drafts import PRODUCTS, make_drafts
from webapp import app as _the_whole_product  # noqa: F401 - fills the metadata
from webapp.catalog.models import Product, StockList
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, Origin
from webapp.core.heap import settle_heap
from webapp.core.migrate import upgrade
from webapp.core.settings import with_driver
from webapp.orders.inputs import OrderDraft
from webapp.orders.service.write_orders import write_orders

BATCH = 200
# An ORM importer is so much slower that a part of the orders tells its speed.
ORM_SHARE = 10
CONTEXT = AuditContext(origin=Origin.CHANNEL, actor="Bench shop")
EMPTIED = "channel, customer, product, stock_list, payment_option, cargo_company, audit_entry"


@dataclass(frozen=True)
class Round:
    """Orders a second of each in one round."""

    ours: float
    again: float
    ceiling: float
    orm: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="a scratch database; it is emptied")
    parser.add_argument("--orders", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    upgrade(given.url)
    engine = create_engine(with_driver(given.url))
    rounds = [measure(engine, given.orders, seed) for seed in range(1, given.rounds + 1)]
    report(given.orders, rounds)


def measure(engine: Engine, orders: int, seed: int) -> Round:
    """One round: the same drafts by each of the three."""
    drafts = make_drafts(orders, seed=seed)
    # As a worker does before it begins; it never has all drafts of a shop in its memory.
    settle_heap()
    begin_anew(engine)
    marks = storing_ceiling.Marks(engine)
    ours = per_second(orders, lambda: write_all(engine, drafts, marks.note))
    again = per_second(orders, lambda: write_all(engine, drafts))
    prepared = storing_ceiling.prepare(engine, marks)
    begin_anew(engine, channel=False)
    ceiling = per_second(orders, lambda: storing_ceiling.replay(engine, prepared))
    begin_anew(engine)
    some = drafts[: max(BATCH, orders // ORM_SHARE)]
    orm = per_second(len(some), lambda: storing_orm.import_all(engine, some, CONTEXT, BATCH))
    return Round(ours, again, ceiling, orm)


def write_all(
    engine: Engine, drafts: Sequence[OrderDraft], after_batch: Callable[[Connection], None] | None = None
) -> None:
    """Ours, as the pull calls it."""
    for first in range(0, len(drafts), BATCH):
        with Session(engine) as session:
            channel = session.get_one(Channel, 1)
            results = write_orders(session, channel, drafts[first : first + BATCH], CONTEXT)
            session.commit()
            failed = [result for result in results if result.verdict == "failed"]
            if failed:
                raise SystemExit(f"Not stored: {failed[0]}")
            if after_batch is not None:
                after_batch(session.connection())


def begin_anew(engine: Engine, *, channel: bool = True) -> None:
    """Empty tables, with the products and the channel if they are wanted."""
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {EMPTIED} RESTART IDENTITY CASCADE"))
    if not channel:
        return
    with Session(engine) as session:
        session.add(StockList(code="main", name="Main warehouse"))
        session.flush()
        shop = {"name": "Bench shop", "channel_type": "woocommerce", "base_url": "https://shop.example.com"}
        session.add(Channel(**shop, stock_list_id=1))
        session.add_all([Product(sku=f"SKU-{at}", name=f"Product {at}") for at in range(PRODUCTS)])
        session.commit()


def per_second(number: int, work: Callable[[], None]) -> float:
    """How many a second."""
    begin = time.perf_counter()
    work()
    return number / (time.perf_counter() - begin)


def report(orders: int, rounds: Sequence[Round]) -> None:
    """Medians, ranges and ratios."""
    print(f"{orders} orders, {len(rounds)} rounds, {BATCH} a transaction; orders a second: median (range)")
    for name in ("ours", "again", "ceiling", "orm"):
        values = [getattr(each, name) for each in rounds]
        print(f"{name:8} {statistics.median(values):8,.0f}  ({min(values):,.0f} to {max(values):,.0f})")
    of_ceiling = statistics.median(each.ours / each.ceiling for each in rounds)
    of_orm = statistics.median(each.ours / each.orm for each in rounds)
    print(f"ours is {of_ceiling:.0%} of the ceiling and {of_orm:.1f} times the orm (medians of the rounds)")


if __name__ == "__main__":
    main()
