"""Taking back an address that waits for the channel: only before it can have heard of it, and never half."""

import random
import threading
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.addressing import NEW, OTHER, AddressDesk, changes, order_now, raised, said, street
from tests.channels.shops import Connected
from tests.channels.telling import Told, change_street, owns, waits_are_over
from tests.order_drafts import HOME, findings
from tests.racing import ROUNDS, SEED, race
from tests.sandbox.running import ShopServer
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, NotFound
from webapp.core.hints import drain
from webapp.orders.addresses import Side
from webapp.orders.enums import ActionState
from webapp.orders.models import AddressChange, IntegrationAction, Order
from webapp.orders.service import IntegrationActionService, withdrawing_addresses
from webapp.orders.service.address_changes import apply_change, give_back_change
from webapp.orders.service.addresses import change_address
from webapp.orders.service.withdrawing_addresses import withdraw_change

RACES = max(6, ROUNDS // 4)
DENIZ = AuditContext(origin=Origin.PAGE, actor="Deniz Arslan")


@pytest.fixture
def desk(session: Session) -> AddressDesk:
    return AddressDesk.open(session, ownership="owner")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    folder: Path = tmp_path_factory.mktemp("shop")
    shop = ShopServer("sandbox.shop", folder / "shop.db", "--orders", "0")
    yield shop
    shop.stop()


@pytest.fixture
def told(shop: ShopServer, session: Session) -> Told:
    told = Told.bought(Connected.to(shop))
    owns(told, "owner")
    return told


def withdraw(order_id: int, change_id: int) -> None:
    with unit_of_work() as unit:
        withdraw_change(unit, order_id, change_id, DENIZ)


def asked(desk: AddressDesk, order_id: int) -> int:
    change_id = desk.change(order_id).change_id
    assert change_id is not None
    return change_id


def word(order_id: int) -> list[str]:
    """How the order's words for the channel stand."""
    db.session.rollback()
    query = select(IntegrationAction.state).where(IntegrationAction.order_id == order_id)
    return list(db.session.scalars(query.order_by(IntegrationAction.id)))


def test_waiting_change_when_taken_back_then_the_channel_hears_nothing_and_another_may_follow(
    desk: AddressDesk,
) -> None:
    order_id = desk.order(400)
    change_id, before = asked(desk, order_id), order_now(order_id).version

    withdraw(order_id, change_id)

    assert (street(order_id), changes(order_id), word(order_id)) == (
        HOME.line1,
        [("propose", "withdrawn")],
        ["withdrawn"],
    )
    assert order_now(order_id).version == before + 1
    [(words, _)] = said(order_id, "order.address.withdrawn")
    assert words == "Took back the new shipping address before the channel heard of it"
    assert raised(order_id) == []
    with pytest.raises(Conflict, match="has taken this change back already"):
        withdraw(order_id, change_id)
    # A late answer, by whatever way, finds it ended.
    with unit_of_work() as unit:
        assert not apply_change(unit, change_id)
        assert not give_back_change(unit, change_id, "Too late.")
    assert desk.change(order_id, OTHER).change_id != change_id
    assert findings() == []


def test_change_when_an_attempt_has_begun_then_it_is_too_late_and_nothing_moves(desk: AddressDesk) -> None:
    order_id = desk.order(400)
    change_id = asked(desk, order_id)
    for state in (ActionState.WAITING, ActionState.FAILED):
        with unit_of_work() as unit:
            statement = update(IntegrationAction).values(state=state.value, began_at=text("now()"))
            unit.execute(statement)
        with pytest.raises(Conflict, match="It is too late: the channel was told and may have it already"):
            withdraw(order_id, change_id)
        assert (changes(order_id), word(order_id)) == ([("propose", "waiting")], [state.value])


def test_change_when_it_has_ended_then_taking_it_back_says_how(desk: AddressDesk) -> None:
    agreed, refused = desk.order(400, number="1001"), desk.order(400, number="1002")
    with unit_of_work() as unit:
        apply_change(unit, first := asked_in(unit, desk, agreed))
        give_back_change(unit, second := asked_in(unit, desk, refused), "No.")
    with pytest.raises(Conflict, match="the channel has agreed"):
        withdraw(agreed, first)
    with pytest.raises(Conflict, match="has refused this address"):
        withdraw(refused, second)
    with pytest.raises(NotFound):
        withdraw(refused, first)


def asked_in(unit: Session, desk: AddressDesk, order_id: int) -> int:
    change_id = change_address(unit, order_id, Side.SHIPPING, NEW, desk.agent).change_id
    assert change_id is not None
    return change_id


def test_taking_back_against_the_delivery_then_the_shop_has_it_or_it_was_taken_back_never_both(
    app: Flask, told: Told
) -> None:
    serial: Tally[str] = Tally()
    for at in range(RACES):
        before = street(told.order_id)
        change_street(told, f"Bağdat Cad. {at}")
        change_id = newest_change()
        jobs = [lambda change_id=change_id: withdraw(told.order_id, change_id), lambda: drain("channels")]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        outcomes = race(app, jobs)
        waits_are_over(told.connected)
        drain("channels")

        late = [each for each in outcomes if isinstance(each, Conflict)]
        there, here = told.at_shop()["shipping"]["address_1"], street(told.order_id)
        # Whoever was first, both sides have the same address in the end.
        assert there == here, f"seed {SEED}, round {at}: {outcomes}"
        assert (here == before) is not bool(late), f"seed {SEED}, round {at}: {outcomes}"
        serial["told" if late else "taken back"] += 1
    assert sum(serial.values()) == RACES
    assert findings() == []


def test_control_when_the_condition_is_off_then_it_is_taken_back_and_the_shop_has_it(
    app: Flask, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the condition on the row, and without the order's lock, a change on its way is taken back."""
    before = street(told.order_id)
    change_street(told, "Caferağa Mah. 9")
    change_id = newest_change()

    def read_only(session: Session, order_id: int, **_: Any) -> Order:
        return session.get_one(Order, order_id)

    def whatever_it_is(self: IntegrationActionService, action_ids: list[int]) -> list[int]:
        # Between our look and our write the worker tells the shop.
        race(app, [lambda: drain("channels")])
        rows = update(IntegrationAction).where(IntegrationAction.id.in_(action_ids))
        self.session.execute(rows.values(state=ActionState.WITHDRAWN.value))
        return sorted(action_ids)

    monkeypatch.setattr(withdrawing_addresses, "lock_order", read_only)
    monkeypatch.setattr(IntegrationActionService, "withdraw", whatever_it_is)
    withdraw(told.order_id, change_id)

    assert told.at_shop()["shipping"]["address_1"] == "Caferağa Mah. 9" != before
    assert changes(told.order_id)[-1] == ("propose", "withdrawn")


def test_two_who_take_it_back_then_one_does_and_the_other_learns_who(app: Flask, desk: AddressDesk) -> None:
    for at in range(RACES):
        order_id = desk.order(400, number=str(7000 + at))
        change_id = asked(desk, order_id)
        outcomes = race(app, [lambda o=order_id, c=change_id: withdraw(o, c)] * 2)
        [lost] = [each for each in outcomes if each is not None]
        assert isinstance(lost, Conflict)
        assert "Deniz Arslan has taken this change back already" in lost.message
        assert len(said(order_id, "order.address.withdrawn")) == 1


def test_control_when_the_order_is_not_locked_then_both_take_it_back(
    app: Flask, desk: AddressDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = desk.order(400)
    change_id = asked(desk, order_id)
    both_have_read = threading.Barrier(2)
    taken_back = withdrawing_addresses._taken_back

    def read_only(session: Session, order_id: int, **_: Any) -> Order:
        return session.get_one(Order, order_id)

    def after_both(session: Session, order_id: int, change_id: int) -> bool:
        both_have_read.wait(30)
        taken_back(session, order_id, change_id)
        return True

    monkeypatch.setattr(withdrawing_addresses, "lock_order", read_only)
    monkeypatch.setattr(withdrawing_addresses, "_taken_back", after_both)
    outcomes = race(app, [lambda: withdraw(order_id, change_id)] * 2)
    assert len(said(order_id, "order.address.withdrawn")) == 2, outcomes


def newest_change() -> int:
    db.session.rollback()
    return db.session.scalars(select(AddressChange.id).order_by(AddressChange.id.desc()).limit(1)).one()
