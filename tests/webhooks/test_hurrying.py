"""Whoever mends a receiver and presses a button does not wait for the next try of what failed before."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from tests.webhooks.hearing import states, subscribe, work
from tests.webhooks.receiver import Receiver, Reply
from tests.webhooks.test_delivering import desk, happen, orders_of
from webapp.core.audit import SYSTEM
from webapp.core.db import unit_of_work
from webapp.events.names import EventName
from webapp.webhooks.replaying import send_test
from webapp.webhooks.subscriptions import Wish

Press = Callable[[Session, int, str], object]


def ask_test(unit: Session, subscription_id: int, _url: str) -> object:
    return send_test(unit, desk(unit).locked(subscription_id), SYSTEM)


def resume(unit: Session, subscription_id: int, _url: str) -> object:
    desk(unit).pause(subscription_id)
    return desk(unit).resume(subscription_id)


def move(unit: Session, subscription_id: int, url: str) -> object:
    return desk(unit).change(subscription_id, Wish(f"{url}?moved=1", (EventName.ORDER_UPDATED,)))


@pytest.mark.parametrize("press", [ask_test, resume, move])
def test_what_failed_when_somebody_presses_a_button_then_it_is_tried_at_once(
    session: Session, receiver: Receiver, press: Press
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    receiver.replies.append(Reply(404))
    happen(1)
    work()
    assert states() == ["waiting"]

    with unit_of_work() as unit:
        press(unit, subscription_id, receiver.url)
    work()

    assert set(states()) == {"delivered"}
    assert [each.document["type"] for each in receiver.received][:2] == ["order.updated"] * 2


def test_what_failed_when_only_the_description_is_changed_then_it_waits_on(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    receiver.replies.append(Reply(404))
    happen(1)
    work()
    with unit_of_work() as unit:
        desk(unit).change(subscription_id, Wish(receiver.url, (EventName.ORDER_UPDATED,), (), "The ERP"))
    work()
    assert orders_of(receiver) == [1]
