"""Real workers die amid telling a shop, freeze over the end of their lease, or come in pairs: the shop hears it once.

The judge is the shop: a note there is mailed to the customer, and the shop knows no keys.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.channels.shops import Connected
from tests.channels.telling import Told, action_now, deliveries
from tests.jobs.dying_worker import let_die
from tests.jobs.shooting import KILLS, SEED, Shooting
from tests.racing import ROUNDS, race
from tests.sandbox.running import ShopServer
from tests.servers import Processes
from webapp.channels import delivering
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.settings import Timing
from webapp.orders.enums import ActionKind

# Leases are ended by the tests.
PATIENT = Timing(lease_s=600)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    shop = ShopServer("sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", "--orders", "0")
    yield shop
    shop.stop()


@pytest.fixture
def connected(shop: ShopServer, session: Session) -> Iterator[Connected]:
    yield Connected.to(shop)
    session.close()


@pytest.fixture
def told(connected: Connected) -> Told:
    return Told.bought(connected)


@pytest.mark.parametrize(
    ("step", "effects", "attempts"),
    [
        pytest.param("begun, not committed", 0, 1, id="before it has begun"),
        pytest.param("begun", 0, 2, id="before the call"),
        pytest.param("told, not settled", 1, 2, id="after the call"),
        pytest.param("told and settled, not committed", 1, 2, id="within settling"),
        pytest.param("told and settled", 1, 1, id="after settling"),
    ],
)
def test_worker_when_it_dies_then_the_next_one_ends_it_and_the_customer_has_one_note(
    processes: Processes, told: Told, tmp_path: Path, step: str, effects: int, attempts: int
) -> None:
    key = told.leave_word(ActionKind.TRACKING, tracking_number="TR-1")
    let_die(processes, tmp_path, step, "channels", timing=PATIENT)
    assert len(told.notes()) == effects

    recover()

    assert (action_now(key).state, action_now(key).attempts) == ("sent", attempts)
    assert [note["note"] for note in told.notes()] == ["Your parcel is on its way. TR-1"]
    assert [each.state for each in deliveries()] == ["done"]


def test_worker_when_it_is_shot_at_random_steps_then_every_customer_has_one_note(
    processes: Processes, connected: Connected, tmp_path: Path
) -> None:
    """The shop's own notes are the judge; which steps fall is drawn by the seed."""
    orders = [Told.bought(connected, items=1) for _ in range(12)]
    keys = [
        told.leave_word(ActionKind.TRACKING, tracking_number=f"TR-{at}") for at, told in enumerate(orders)
    ]
    shooting = Shooting(processes, connected, tmp_path, KILL_LIMIT=str(KILLS))

    shooting.deliver_until_done()

    told = f"seed {SEED}: {shooting.shots}"
    assert len(shooting.shots) >= 5, told
    assert {action_now(key).state for key in keys} == {"sent"}, told
    assert [len(each.notes()) for each in orders] == [1] * len(orders), told


def test_control_when_nobody_looks_before_it_is_sent_again_then_the_customer_has_two_notes(
    processes: Processes, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.leave_word(ActionKind.TRACKING, tracking_number="TR-1")
    let_die(processes, tmp_path, "told, not settled", "channels", timing=PATIENT)
    facts = delivering.push_of

    def as_if_new(session: Session, action: Any, *, may_be_there: bool) -> Any:
        return replace(facts(session, action, may_be_there=may_be_there), may_be_there=False)

    monkeypatch.setattr(delivering, "push_of", as_if_new)
    recover()
    assert len(told.notes()) == 2


def test_worker_when_it_freezes_over_the_end_of_its_lease_then_it_sends_nothing_any_more(
    app: Flask, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = told.leave_word(ActionKind.TRACKING, tracking_number="TR-1")
    freeze_the_first(app, monkeypatch)
    drain("channels")
    assert (action_now(key).state, len(told.notes())) == ("sent", 1)
    assert deliveries()[0].state == "done"


def test_control_when_the_lease_is_not_proven_before_the_call_then_the_frozen_worker_doubles_the_note(
    app: Flask, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.leave_word(ActionKind.TRACKING, tracking_number="TR-1")
    monkeypatch.setattr(delivering.Delivery, "_before_change", lambda _self: None)
    freeze_the_first(app, monkeypatch)
    drain("channels")
    assert len(told.notes()) == 2


def test_two_workers_when_they_come_for_a_channel_at_once_then_each_thing_is_told_once(
    app: Flask, told: Told
) -> None:
    for turn in range(max(3, ROUNDS // 8)):
        key = told.leave_word(ActionKind.TRACKING, tracking_number=f"TR-{turn}")
        ran = race(app, [lambda: drain("channels")] * 2)
        assert all(isinstance(each, int) for each in ran), ran
        drain("channels")
        assert action_now(key).state == "sent"
        assert told.notes()[0]["note"].endswith(f" TR-{turn}")
        assert len(told.notes()) == turn + 1


def test_control_when_two_operations_deliver_one_channel_then_both_tell_it(
    app: Flask, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard is that all of a channel's deliveries are one operation."""
    told.leave_word(ActionKind.TRACKING, tracking_number="TR-1")
    with unit_of_work() as session:
        session.execute(
            text(
                "INSERT INTO operation (id, kind, queue, dedupe_key, channel_id) SELECT gen_random_uuid(), kind,"
                " queue, 'another key', channel_id FROM operation WHERE kind = 'channel.deliver'"
            )
        )
    both = threading.Barrier(2)
    at_the_call, facts = delivering.send_of, delivering.push_of

    def first(*args: Any, **_: Any) -> Any:
        # At the very same moment neither sees that the other has begun, and so neither looks first.
        return facts(*args, may_be_there=False)

    def meet(*args: Any) -> Callable[[], Any]:
        both.wait(30)
        return at_the_call(*args)

    monkeypatch.setattr(delivering, "send_of", meet)
    monkeypatch.setattr(delivering, "push_of", first)
    race(app, [lambda: drain("channels")] * 2)
    assert len(told.notes()) == 2


def freeze_the_first(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first worker stands still right before it calls, for as long as another needs to do its work."""
    at_the_call = delivering.send_of
    frozen: list[bool] = []

    def other() -> None:
        with app.app_context():
            end_leases()
            drain("channels")
            db.session.remove()

    def stand_still(*args: Any) -> Callable[[], Any]:
        if not frozen:
            frozen.append(True)
            worker = threading.Thread(target=other)
            worker.start()
            worker.join(60)
        return at_the_call(*args)

    monkeypatch.setattr(delivering, "send_of", stand_still)


def end_leases() -> None:
    with unit_of_work() as session:
        session.execute(
            text("UPDATE operation SET lease_until = now() - interval '1 s' WHERE state = 'leased'")
        )


def recover() -> None:
    """The dead hold their lease no longer, and the next worker comes."""
    end_leases()
    drain("channels")
