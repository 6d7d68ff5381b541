"""F20: address changes, pulls and moves that reach one order at one moment end as if one had come after the other."""

import logging
import random
import threading
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.addressing import NEW, OTHER, AddressDesk, changes, order_now, raised, said, street, told
from tests.order_drafts import HOME, PLACED, draft, findings, make_channel, write
from tests.racing import ROUNDS, SEED, race
from tests.sandbox.running import CarrierServer
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict
from webapp.orders.enums import OrderStatus
from webapp.orders.models import Order
from webapp.orders.service import OrderService, addresses, write_orders
from webapp.orders.service.address_versions import AddressRefused

log = logging.getLogger(__name__)


@pytest.fixture
def desk(session: Session) -> AddressDesk:
    log.warning("seed %d", SEED)
    return AddressDesk.open(session)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


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
        theirs = moved_at_channel(desk, number)
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


def test_control_when_a_pull_takes_no_lock_then_ours_is_overwritten_and_nobody_hears_of_it(
    app: Flask, desk: AddressDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock of the orders a pull writes what it decided before our change."""
    order_id, apply = desk.order(400, number="1001"), write_orders.apply

    def change_then_apply(*given: Any) -> None:
        assert not isinstance(race(app, [lambda: desk.change(order_id)])[0], Exception)
        apply(*given)

    monkeypatch.setattr(write_orders, "lock_orders", lambda session, ids: sorted(ids))
    monkeypatch.setattr(write_orders, "apply", change_then_apply)
    race(app, [lambda: write(desk.channel, moved_at_channel(desk, "1001"))])

    assert (street(order_id), raised(order_id)) == ("Moda Cad. 99", [])


def test_redirect_against_a_pull_with_another_address_then_neither_is_lost(
    app: Flask, session: Session, carrier: CarrierServer
) -> None:
    """A parcel on its way: the carrier's confirmation and the channel's own change reach the order at one moment."""
    desk, serial = AddressDesk.beside(session, make_channel(session), carrier), Tally[str]()
    for at in range(max(4, ROUNDS // 8)):
        order_id = on_its_way(desk, str(8000 + at))
        desk.change(order_id, by=desk.supervisor)
        jobs = [desk.work, lambda at=at: write(desk.channel, moved_at_channel(desk, str(8000 + at)))]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        outcomes = race(app, jobs)
        desk.work()

        assert not any(isinstance(each, Exception) for each in outcomes), f"seed {SEED}: {outcomes}"
        # What the carrier has confirmed is where the parcel goes, whoever was first; and somebody is told.
        assert (street(order_id), changes(order_id)) == (NEW.line1, [("redirect", "applied")])
        assert "address_changed_twice" in raised(order_id), f"seed {SEED}, round {at}: {raised(order_id)}"
        serial["pull first" if "Moda Cad. 99" in str(said(order_id)) else "carrier first"] += 1
    log.warning("serial orders seen: %s", dict(serial))
    assert findings() == []


def on_its_way(desk: AddressDesk, number: str) -> int:
    """An order whose parcel the carrier has collected."""
    order_id = desk.order(450, number=number)
    desk.labelled(order_id)
    desk.stand(order_id, 500)
    return order_id


def moved_at_channel(desk: AddressDesk, number: str) -> Any:
    """The order as the channel tells it after its customer has moved."""
    theirs = replace(HOME, line1="Moda Cad. 99")
    return replace(
        draft(number, channel_id=desk.channel.id, shipping_address=theirs),
        remote_modified_at=PLACED + timedelta(hours=1),
    )


def ship(desk: AddressDesk, order_id: int) -> None:
    """Staff say that it has left."""
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        OrderService(unit).change_order_status(order, OrderStatus.SHIPPED, desk.supervisor)
