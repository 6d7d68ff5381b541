"""F20: moving, packing and cancelling arrive together on one order; with the controls that must fail."""

import logging
import random
import threading
from collections import Counter as Tally
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, plans_of
from tests.moving import entries, move, pack, parcel
from tests.order_drafts import findings, line
from tests.racing import ROUNDS, SEED, race
from webapp.core.errors import Conflict, DomainError, InvalidInput
from webapp.orders.models import Order
from webapp.orders.pricing import RowMoney, split_row
from webapp.orders.service import moving, packing
from webapp.orders.service.splitting import split_off

log = logging.getLogger(__name__)


@pytest.fixture
def counter(session: Session) -> Counter:
    log.warning("seed %d", SEED)
    return Counter.open(session)


def test_shipping_against_the_opening_of_a_cancellation_then_the_result_is_that_of_one_after_the_other(
    app: Flask, counter: Counter
) -> None:
    results: Tally[str] = Tally()
    for at in range(ROUNDS):
        order_id = counter.order("60.00", "40.00", number=str(2000 + at))
        jobs: list[Callable[[], Any]] = [
            lambda key=order_id: move(key, 500, counter.supervisor),  # type: ignore[misc]
            lambda key=order_id: counter.cancel(key),  # type: ignore[misc]
        ]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        outcomes = race(app, jobs)
        refused = [each for each in outcomes if isinstance(each, Exception)]
        assert all(isinstance(each, DomainError) for each in refused), f"seed {SEED}: {outcomes}"
        (plan,) = plans_of(order_id)
        before = [item.status_before_cancel for item in items_of_order(order_id)]
        # Shipped first: a return of shipped goods. Cancelled first: nothing is left to ship.
        assert (plan.kind, before, len(refused)) in [
            ("refund", [500, 500], 0),
            ("cancel", [400, 400], 1),
        ], f"seed {SEED}"
        assert order_now(order_id).status == 50
        results[plan.kind] += 1
    assert results.total() == ROUNDS
    assert findings() == []


def test_two_moves_of_one_form_then_one_moves_and_the_other_is_told_who(app: Flask, counter: Counter) -> None:
    for at in range(ROUNDS):
        order_id = counter.order(number=str(2000 + at))
        seen = order_now(order_id).version
        outcomes = race(
            app,
            [
                lambda key=order_id, v=seen: move(key, 450, counter.agent, version=v),  # type: ignore[misc]
                lambda key=order_id, v=seen: move(key, 500, counter.supervisor, version=v),  # type: ignore[misc]
            ],
        )
        (refused,) = (each for each in outcomes if isinstance(each, Exception))
        assert isinstance(refused, Conflict), f"seed {SEED}: {refused!r}"
        assert refused.error_code == "stale_version"
        assert len(entries(order_id, moving.MOVED)) == 1


def test_two_splits_of_one_item_then_its_units_are_there_once(app: Flask, counter: Counter) -> None:
    for at in range(ROUNDS):
        order_id, item = five(counter, at)
        outcomes = race(
            app,
            [
                lambda key=order_id, i=item: pack(key, counter.agent, parcel({i: 3}, "A")),  # type: ignore[misc]
                lambda key=order_id, i=item: pack(key, counter.supervisor, parcel({i: 4}, "B")),  # type: ignore[misc]
            ],
        )
        refused = [each for each in outcomes if isinstance(each, Exception)]
        # Whoever comes second finds fewer units in the row than he wanted to pack.
        assert [type(each) for each in refused] == [InvalidInput], f"seed {SEED}: {outcomes}"
        rows = items_of_order(order_id)
        assert sum(row.quantity for row in rows) == 5
        assert sum(row.amount for row in rows) == Decimal("100.00")
    assert findings() == []


def test_moving_packing_and_cancelling_together_then_every_result_is_some_order_of_them(
    app: Flask, counter: Counter
) -> None:
    for at in range(ROUNDS):
        order_id, item = five(counter, at)
        outcomes = race(
            app,
            [
                lambda key=order_id: move(key, 500, counter.supervisor),  # type: ignore[misc]
                lambda key=order_id, i=item: pack(key, counter.agent, parcel({i: 2}, "A")),  # type: ignore[misc]
                lambda key=order_id: counter.cancel(key),  # type: ignore[misc]
            ],
        )
        strange = [e for e in outcomes if isinstance(e, Exception) and not isinstance(e, DomainError)]
        assert strange == [], f"seed {SEED}"
        rows = items_of_order(order_id)
        assert sum(row.quantity for row in rows) == 5
        assert {row.status for row in rows} == {50}
        assert len({row.status_before_cancel for row in rows}) == 1
        assert len(plans_of(order_id)) == 1
    assert findings() == []


@pytest.fixture
def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a careful person writes without it: read the items, find them as they should be, act."""
    both_have_looked = threading.Barrier(2)
    look = moving.items_under_lock

    def look_then_act(session: Session, order: Order) -> Any:
        found = look(session, order)
        both_have_looked.wait(10)
        return found

    def unlocked(session: Session, order_id: int, **_: Any) -> Order:
        return session.get_one(Order, order_id)

    for module in (moving, packing):
        monkeypatch.setattr(module, "lock_order", unlocked)
        monkeypatch.setattr(module, "items_under_lock", look_then_act)


@pytest.mark.usefixtures("without_the_lock")
def test_control_when_moves_take_no_lock_then_one_item_is_moved_twice_from_one_status(
    app: Flask, counter: Counter
) -> None:
    order_id = counter.order()
    outcomes = race(
        app,
        [lambda: move(order_id, 450, counter.agent), lambda: move(order_id, 500, counter.supervisor)],
    )
    assert not any(isinstance(each, Exception) for each in outcomes)
    left = [entry.changes["status"][0] for entry in entries(order_id, moving.MOVED)]
    assert left == [400, 400]


def test_control_when_splits_take_no_lock_then_only_the_unique_index_stops_the_second_part(
    app: Flask, counter: Counter, monkeypatch: pytest.MonkeyPatch, without_the_lock: None
) -> None:
    order_id, item = five(counter, 0)
    monkeypatch.setattr(
        "webapp.orders.service.order_item_service.lock_order",
        lambda session, key: session.get_one(Order, key),
    )
    monkeypatch.setattr(packing.OrderItemService, "split_off", _split_what_was_read)
    outcomes = race(
        app,
        [
            lambda: pack(order_id, counter.agent, parcel({item: 3}, "A")),
            lambda: pack(order_id, counter.supervisor, parcel({item: 4}, "B")),
        ],
    )
    # Both made part 1 of the line: with the lock one of them would have been told in a sentence.
    assert [type(each) for each in outcomes if isinstance(each, Exception)] == [IntegrityError]


def _split_what_was_read(service: Any, row: Any, quantity: Decimal) -> Any:
    """The split by the row as it was looked at, not as it is."""
    money = split_row(RowMoney.of(row), row.quantity, quantity, "TRY")
    return split_off(service.session, row, quantity, money, "TRY")


def five(counter: Counter, at: int) -> tuple[int, int]:
    """An order of one line of five units; its id and the item's."""
    order_id = counter.order_of(
        (line("1", "100.00", quantity=5),), number=str(2000 + at), tenders=(card("100.00"),)
    )
    return order_id, items_of_order(order_id)[0].id
