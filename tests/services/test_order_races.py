"""F20: what reaches one order at one moment ends as if it had come one after the other, in some order."""

import itertools
import logging
import random
import threading
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.addressing import NEW, street
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, plans_of
from tests.moving import move, told
from tests.order_drafts import PLACED, draft, findings, line, with_status, write
from tests.racing import ROUNDS, SEED, race
from webapp.core.db import db, unit_of_work
from webapp.core.errors import DomainError
from webapp.orders.enums import AttentionKind, OrderStatus
from webapp.orders.models import Attention, Order
from webapp.orders.service import OrderService, editing

log = logging.getLogger(__name__)


@pytest.fixture
def counter(session: Session) -> Counter:
    log.warning("seed %d", SEED)
    return Counter.open(session)


def test_cancel_ship_and_edit_at_one_moment_then_as_if_one_came_after_the_other(
    app: Flask, counter: Counter
) -> None:
    serial: Tally[str] = Tally()
    for at in range(ROUNDS // 2):
        number = str(4000 + at)
        order_id = counter.order(number=number)
        given = replace(
            draft(number, items=(line(),), channel_id=counter.desk.channel.id),
            transactions=(card("100.00"),),
            remote_modified_at=PLACED + timedelta(hours=1),
        )
        shipped = with_status(given, OrderStatus.SHIPPED, "shipped")

        def cancel(order_id: int = order_id) -> None:
            counter.cancel(order_id)

        def ship(shipped: object = shipped) -> None:
            (result,) = write(counter.desk.channel, shipped)  # type: ignore[arg-type]
            assert result.verdict in ("updated", "unchanged"), result.words

        def edit(order_id: int = order_id) -> None:
            with unit_of_work() as unit:
                order = unit.get_one(Order, order_id)
                OrderService(unit).update_order(order, counter.agent, notes="Ring twice")

        jobs = [cancel, ship, edit]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        assert race(app, jobs) == [None, None, None], f"seed {SEED}, round {at}"

        (item,), (plan,) = items_of_order(order_id), plans_of(order_id)
        assert (item.status, plan.status, order_now(order_id).notes) == (50, "waiting", "Ring twice")
        # Cancelled first: the channel's word is parked and raised. Shipped first: it is a return.
        raised = _raised(order_id)
        assert (plan.kind, item.status_before_cancel, raised) in [
            ("cancel", 400, [AttentionKind.SHIPPED_WHILE_CANCELLING]),
            ("refund", 500, []),
        ], f"seed {SEED}, round {at}"
        serial[plan.kind] += 1
    log.warning("serial orders seen: %s", dict(serial))
    assert findings() == []


def _raised(order_id: int) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Attention.kind).where(Attention.order_id == order_id)))


def test_cancel_ship_and_new_address_at_one_moment_then_as_if_one_came_after_the_other(
    app: Flask, counter: Counter
) -> None:
    """What is allowed is found out by doing it one after the other, in all six orders, on orders of their own."""
    numbers = map(str, itertools.count(5000))
    serial = set()
    for order in itertools.permutations(DEEDS):
        order_id = counter.order("60.00", "40.00", number=next(numbers))
        outcomes = {name: _outcome(partial(DEEDS[name], counter, order_id)) for name in order}
        serial.add(_ending(order_id, outcomes))
    assert len(serial) >= 3  # else the three would not be in each other's way

    seen: Tally[str] = Tally()
    for at in range(ROUNDS):
        order_id = counter.order("60.00", "40.00", number=next(numbers))
        names = random.Random(f"{SEED}/{at}").sample(list(DEEDS), len(DEEDS))
        raced = race(app, [partial(_outcome, partial(DEEDS[name], counter, order_id)) for name in names])
        ending = _ending(order_id, dict(zip(names, raced, strict=True)))
        assert ending in serial, f"seed {SEED}, round {at}: {ending}"
        seen[str(ending)] += 1
    log.warning("endings seen: %s", seen)
    assert findings() == []


def test_deeds_when_nothing_locks_the_order_then_some_end_as_no_order_of_them_would(
    app: Flask, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the harness sees what the lock prevents. Both read before either writes."""
    both_have_read = threading.Barrier(2)

    def unlocked(session: Session, order_id: int, *_: object, **__: object) -> Order:
        order = session.get_one(Order, order_id)
        both_have_read.wait(10)
        return order

    order_id = counter.order(number="6000")
    monkeypatch.setattr(editing, "lock_order", unlocked)
    monkeypatch.setattr(editing, "check_version", lambda *_: None)

    def edit(name: str) -> None:
        with unit_of_work() as unit:
            order = unit.get_one(Order, order_id)
            OrderService(unit).update_order(order, counter.agent, **{name: "Ring twice"})

    before = order_now(order_id).version
    assert race(app, [lambda: edit("notes"), lambda: edit("segment")]) == [None, None]

    assert order_now(order_id).version == before + 1  # two changes, one of them without a version of its own


def _cancel(counter: Counter, order_id: int) -> None:
    counter.cancel(order_id)


def _ship(counter: Counter, order_id: int) -> None:
    move(order_id, 500, counter.supervisor)


def _readdress(counter: Counter, order_id: int) -> None:
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        OrderService(unit).change_shipping_address(order, NEW, counter.supervisor)


DEEDS = {"cancel": _cancel, "ship": _ship, "readdress": _readdress}


def _outcome(deed: Callable[[], object]) -> str:
    """How it ended for whoever did it: the code of a refusal, or nothing. Whatever else is raised is a bug."""
    try:
        deed()
    except DomainError as refused:
        return refused.error_code
    return ""


def _ending(order_id: int, outcomes: Mapping[str, str]) -> tuple[object, ...]:
    """All that tells the orders of the deeds apart."""
    order = order_now(order_id)
    items = tuple((item.status, item.status_before_cancel) for item in items_of_order(order_id))
    plans = tuple((plan.kind, plan.status, plan.refund_amount) for plan in plans_of(order_id))
    return (
        tuple(sorted(outcomes.items())),
        order.status,
        items,
        plans,
        street(order_id),
        tuple(sorted(kind for kind, _ in told(order_id))),
    )
