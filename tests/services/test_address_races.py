"""F20: address changes, pulls and moves that reach one order at one moment end as if one had come after the other."""

import logging
import random
import threading
from collections import Counter as Tally
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.addressing import NEW, OTHER, AddressDesk, order_now, raised, said, street, told
from tests.order_drafts import HOME, PLACED, draft, findings, write
from tests.racing import ROUNDS, SEED, race
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict
from webapp.orders.enums import OrderStatus
from webapp.orders.models import Order
from webapp.orders.service import OrderService, addresses
from webapp.orders.service.address_versions import AddressRefused

log = logging.getLogger(__name__)


@pytest.fixture
def desk(session: Session) -> AddressDesk:
    log.warning("seed %d", SEED)
    return AddressDesk.open(session)


def test_two_changes_of_one_version_then_one_wins_and_the_other_learns_who(
    app: Flask, desk: AddressDesk
) -> None:
    for at in range(ROUNDS // 2):
        order_id = desk.order(400, number=str(4000 + at))
        seen = order_now(order_id).version
        jobs = [
            lambda order_id=order_id, seen=seen: desk.change(order_id, NEW, version=seen),
            lambda order_id=order_id, seen=seen: desk.change(
                order_id, OTHER, by=desk.supervisor, version=seen
            ),
        ]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        outcomes = race(app, jobs)
        lost = [each for each in outcomes if isinstance(each, Conflict)]
        assert len(lost) == 1, f"seed {SEED}, round {at}: {outcomes}"
        assert "has changed this order meanwhile" in lost[0].message
        assert (order_now(order_id).version, len(told(order_id)), len(said(order_id))) == (seen + 1, 1, 1)
    assert findings() == []


def test_control_when_the_lock_is_off_then_both_changes_win(
    app: Flask, desk: AddressDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = desk.order(400)
    seen = order_now(order_id).version
    both_have_read = threading.Barrier(2)

    def read_only(session: Session, order_id: int, **_: Any) -> Order:
        order = session.get_one(Order, order_id, populate_existing=True)
        both_have_read.wait(30)
        return order

    monkeypatch.setattr(addresses, "lock_order", read_only)
    jobs = [
        lambda: desk.change(order_id, NEW, version=seen),
        lambda: desk.change(order_id, OTHER, version=seen),
    ]
    assert not any(isinstance(each, Exception) for each in race(app, jobs))
    assert (order_now(order_id).version, len(told(order_id))) == (seen + 1, 2)


def test_change_against_a_move_to_shipped_then_written_before_it_or_refused_after_it(
    app: Flask, desk: AddressDesk
) -> None:
    serial: Tally[str] = Tally()
    for at in range(ROUNDS // 2):
        order_id = desk.order(400, number=str(5000 + at))

        jobs = [
            lambda order_id=order_id: desk.change(order_id, by=desk.supervisor),
            lambda order_id=order_id: ship(desk, order_id),
        ]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        refused = [each for each in race(app, jobs) if isinstance(each, Exception)]

        order = order_now(order_id)
        assert order.status == OrderStatus.SHIPPED, f"seed {SEED}, round {at}: {refused}"
        if refused:
            assert isinstance(refused[0], AddressRefused)
            assert (street(order_id), told(order_id), said(order_id)) == (HOME.line1, [], [])
        else:
            assert (street(order_id), len(told(order_id))) == (NEW.line1, 1)
        serial["shipped first" if refused else "changed first"] += 1
    log.warning("serial orders seen: %s", dict(serial))
    assert findings() == []


def test_control_when_the_lock_is_off_then_a_shipped_order_gets_another_address(
    app: Flask, desk: AddressDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = desk.order(400)
    decide = addresses.strategy

    def decide_then_ship(*given: Any) -> Any:
        decided = decide(*given)
        race(app, [lambda: ship(desk, order_id)])
        return decided

    def read_only(session: Session, order_id: int, **_: Any) -> Order:
        return session.get_one(Order, order_id, populate_existing=True)

    monkeypatch.setattr(addresses, "lock_order", read_only)
    monkeypatch.setattr(addresses, "strategy", decide_then_ship)
    desk.change(order_id)
    assert (order_now(order_id).status, street(order_id)) == (OrderStatus.SHIPPED, NEW.line1)


def test_change_against_a_pull_with_another_address_then_ours_is_never_overwritten(
    app: Flask, desk: AddressDesk
) -> None:
    serial: Tally[str] = Tally()
    for at in range(ROUNDS // 2):
        number = str(6000 + at)
        order_id = desk.order(400, number=number)
        theirs = replace(
            draft(number, channel_id=desk.channel.id, shipping_address=replace(HOME, line1="Moda Cad. 99")),
            remote_modified_at=PLACED + timedelta(hours=1),
        )
        jobs = [
            lambda order_id=order_id: desk.change(order_id),
            lambda theirs=theirs: write(desk.channel, theirs),
        ]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        outcomes = race(app, jobs)
        assert not any(isinstance(each, Exception) for each in outcomes), (
            f"seed {SEED}, round {at}: {outcomes}"
        )
        # Theirs first: seen, taken, then changed by us. Ours first: kept, and somebody is told.
        assert street(order_id) == NEW.line1
        first = "ours" if raised(order_id) == ["address_changed_twice"] else "theirs"
        assert len(said(order_id)) == (1 if first == "ours" else 2), f"seed {SEED}, round {at}"
        serial[first] += 1
    log.warning("serial orders seen: %s", dict(serial))
    assert findings() == []


def ship(desk: AddressDesk, order_id: int) -> None:
    """Staff say that it has left."""
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        OrderService(unit).change_order_status(order, OrderStatus.SHIPPED, desk.supervisor)
