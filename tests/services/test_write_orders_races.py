"""Several writers at once: one row per order, nothing lost, and nobody waits for somebody who waits for him."""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.order_drafts import (
    FROM_CHANNEL,
    OFFICE,
    customer,
    draft,
    findings,
    items_of,
    line,
    make_channel,
    order_of,
    rows,
    write,
)
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work
from webapp.customers.models import Address, Customer
from webapp.orders.inputs import ExternalRefundDraft, OrderDraft
from webapp.orders.models import Order, OrderItem, OrderSearch
from webapp.orders.service import write_orders as service
from webapp.orders.service.write_orders import write_orders
from webapp.orders.service.writing.batch import Incoming
from webapp.payments.models import LedgerEntry, Refund, Transaction

log = logging.getLogger(__name__)

WRITERS = 4
PAGE = 500
BATCH = 50


def at_once(app: Flask, jobs: Sequence[Callable[[], None]]) -> list[BaseException]:
    """Run the jobs in threads of their own that begin together; gives what went wrong."""
    begin = threading.Barrier(len(jobs))
    wrong: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        with app.app_context():
            begin.wait()
            try:
                job()
            except BaseException as error:
                wrong.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def importer(channel_id: int, drafts: Sequence[OrderDraft], seed: int) -> Callable[[], None]:
    """A writer that takes the page in an order of its own, batch by batch."""
    shuffled = random.Random(seed).sample(list(drafts), len(drafts))

    def run() -> None:
        for first in range(0, len(shuffled), BATCH):
            with unit_of_work() as session:
                channel = session.get_one(Channel, channel_id)
                write_orders(session, channel, shuffled[first : first + BATCH], FROM_CHANNEL)

    return run


def page(**fields: Any) -> list[OrderDraft]:
    return [
        draft(
            str(number),
            items=(line("1", "30.00", sku=f"SKU-{number % 7}"), line("2", "20.00", sku=f"SKU-{number % 5}")),
            customer=customer(remote_id=str(number % 120)),
            shipping_address=replace(OFFICE, line2=str(number % 3)),
            **fields,
        )
        for number in range(1, PAGE + 1)
    ]


@pytest.fixture
def shop(session: Session) -> Channel:
    """A channel with mapped products and stock that all orders compete for."""
    session.add(StockList(id=5, code="main", name="Main"))
    session.add_all([Product(sku=f"SKU-{at}") for at in range(7)])
    session.flush()
    return make_channel(session, stock_list_id=5)


@pytest.mark.parametrize("round_", range(3))
def test_four_writers_when_they_import_one_page_in_random_order_then_each_order_is_there_once(
    app: Flask, session: Session, shop: Channel, round_: int
) -> None:
    seed = random.randrange(10**6)
    log.warning("seed %d", seed)
    drafts, channel_id = page(), shop.id

    wrong = at_once(app, [importer(channel_id, drafts, seed + at) for at in range(WRITERS)])

    assert wrong == []
    assert rows(session, Order) == rows(session, OrderSearch) == rows(session, Transaction) == PAGE
    assert rows(session, OrderItem) == 2 * PAGE
    assert rows(session, Customer) == 120
    assert rows(session, Address) == len({(n % 120, n % 3) for n in range(1, PAGE + 1)}) + 120
    assert session.scalar(select(func.max(Order.version))) == 1
    assert session.scalar(select(func.sum(ProductStock.reserved))) == 2 * PAGE
    assert findings() == []


def test_four_writers_when_each_brings_another_refund_of_every_order_then_none_is_lost(
    app: Flask, session: Session, shop: Channel
) -> None:
    seed = random.randrange(10**6)
    log.warning("seed %d", seed)
    channel_id = shop.id
    write(shop, *page())
    refunds = [(ExternalRefundDraft(str(at), Decimal("1.00")),) for at in range(WRITERS)]

    wrong = at_once(
        app, [importer(channel_id, page(refunds=refund), seed + at) for at, refund in enumerate(refunds)]
    )

    assert wrong == []
    assert session.scalar(select(func.min(Order.refund_amount))) == Decimal("4.00")
    assert rows(session, Refund) == rows(session, LedgerEntry) == WRITERS * PAGE
    assert findings() == []


def test_two_writers_when_their_orders_run_against_each_other_then_nobody_is_deadlocked(
    app: Flask, session: Session
) -> None:
    assert _run_against_each_other(app, session) == []
    assert rows(session, Order) == PAGE + 1


def test_two_writers_when_the_batches_are_not_sorted_then_the_database_ends_one_of_them(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: without the sorting the deadlock must happen."""
    monkeypatch.setattr(
        service, "newest_of_each", lambda drafts: [Incoming(each, (at,)) for at, each in enumerate(drafts)]
    )

    for _ in range(10):
        wrong = _run_against_each_other(app, session)
        if wrong:
            break

    assert [type(getattr(error, "orig", None)) for error in wrong] == [DeadlockDetected]


def _run_against_each_other(app: Flask, session: Session) -> list[BaseException]:
    """One writer up the page, one down. The customer is there already: waiting for it would keep them apart."""
    with app.app_context():
        with db.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE channel RESTART IDENTITY CASCADE")
        channel = make_channel(db.session())
        channel_id = channel.id
        write(channel, draft("0"))
    drafts = [draft(f"{number:03}", remote_id=f"{number:03}") for number in range(1, PAGE + 1)]

    def writer(given: Sequence[OrderDraft]) -> Callable[[], None]:
        def run() -> None:
            with unit_of_work() as unit:
                write_orders(unit, unit.get_one(Channel, channel_id), given, FROM_CHANNEL)

        return run

    return at_once(app, [writer(drafts), writer(drafts[::-1])])


def test_an_order_inserted_between_our_look_and_our_insert_when_written_then_it_is_updated(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make_channel(session)
    write(channel, draft())
    look, looks = service.stored.find, []

    def look_too_early(*given: Any) -> Any:
        looks.append(given)
        return ({}, {}) if len(looks) == 1 else look(*given)

    monkeypatch.setattr(service.stored, "find", look_too_early)
    results = write(channel, draft(notes="Ring twice"), draft("1002"))

    assert [each.verdict for each in results] == ["updated", "created"]
    assert order_of(session).notes == "Ring twice"
    assert len(items_of(session)) == 1
    assert findings() == []


def test_an_order_that_somebody_works_on_when_pulled_unchanged_then_nobody_waits(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make_channel(session)
    write(channel, draft())
    monkeypatch.setattr(service, "LOCK_TIMEOUT_MS", 100)

    with db.engine.connect() as somebody:
        somebody.exec_driver_sql("SELECT id FROM orders FOR UPDATE")
        assert write(channel, draft())[0].verdict == "unchanged"
        with pytest.raises(OperationalError) as refused:
            write(channel, draft(notes="Ring twice"))

    assert isinstance(refused.value.orig, LockNotAvailable)
    assert order_of(session).notes is None
