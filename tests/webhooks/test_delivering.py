"""Deliveries on a real wire: signed, in order, again after failures, never beyond our reach, and nobody's secret kept."""

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.webhooks.hearing import (
    deliveries,
    let_time_pass,
    states,
    subscribe,
    subscription,
    work,
)
from tests.webhooks.receiver import Receiver, Reply
from webapp.core.audit import SYSTEM
from webapp.core.breaker import CircuitBreaker
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.core.reach import Reach
from webapp.core.secrets import current_vault
from webapp.core.settings import Settings, Timing
from webapp.events.announcing import News, announce
from webapp.events.models import Event, WebhookDelivery
from webapp.events.names import EventName
from webapp.webhooks import delivering
from webapp.webhooks.keeping import KEPT_DAYS, forget_some
from webapp.webhooks.replaying import replay, replay_failed, send_test
from webapp.webhooks.signing import signature
from webapp.webhooks.spreading import left_over
from webapp.webhooks.subscriptions import WebhookService


def happen(*numbers: int) -> None:
    """So many orders change, each in a transaction of its own."""
    for number in numbers:
        with unit_of_work() as session:
            facts = {"order": {"pk": number, "number": f"Ş-{number}", "channel": 1}}
            announce(session, [News(EventName.ORDER_UPDATED, 1, number, str(number), facts)])


def orders_of(receiver: Receiver) -> list[int]:
    return [int(each.document["data"]["order"]["pk"]) for each in receiver.received]


def test_delivery_when_sent_then_it_is_signed_and_says_what_happened(
    session: Session, receiver: Receiver
) -> None:
    _, secret = subscribe(receiver.url)
    happen(34)

    work()

    [got] = receiver.received
    [row] = deliveries()
    document = got.document
    assert document["type"] == "order.updated"
    assert document["data"] == {"order": {"pk": 34, "number": "Ş-34", "channel": 1}}
    assert document["id"] == got.event_id
    stamp = int(got.headers["webhook-timestamp"])
    assert got.headers["webhook-signature"] == f"v1,{signature(secret, got.event_id, stamp, got.body)}"
    assert abs(time.time() - stamp) < 60
    assert got.headers["content-type"] == "application/json"
    assert (row.state, row.tries, row.answer_status) == ("delivered", 1, 200)
    assert row.answer_words == "The receiver answered 200. ok"


def test_deliveries_when_many_wait_then_they_go_in_the_order_of_events(
    session: Session, receiver: Receiver
) -> None:
    subscribe(receiver.url)
    happen(*range(1, 21))

    work()

    assert orders_of(receiver) == list(range(1, 21))
    assert states() == ["delivered"] * 20


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(Reply(500, b"boom"), "The receiver answered 500. boom", id="500"),
        pytest.param(Reply(404, b""), "The receiver answered 404.", id="404"),
        pytest.param(
            Reply(
                503,
                b"<!doctype html><html><head><title>503</title><style>p{}</style></head>"
                b"<body><p>Back &amp; well<br>soon</p><script>x()",
            ),
            "The receiver answered 503. Back & well soon",
            id="page",
        ),
        pytest.param(Reply(drop=True), "127.0.0.1 closed the connection without an answer.", id="no answer"),
        pytest.param(
            Reply(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
            "The receiver answered 302, a redirect. Redirects are not followed: write its final address.",
            id="redirect",
        ),
    ],
)
def test_delivery_when_it_fails_then_what_follows_waits_and_the_same_event_comes_again(
    session: Session, receiver: Receiver, reply: Reply, words: str
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    receiver.replies.append(reply)
    happen(1, 2)

    work()
    assert orders_of(receiver) == [1]
    assert states() == ["waiting", "waiting"]
    assert deliveries()[0].answer_words == words
    assert subscription(subscription_id).failing_since is not None
    work()
    assert orders_of(receiver) == [1]  # not before its time

    let_time_pass()
    work()

    assert orders_of(receiver) == [1, 1, 2]
    assert len({each.event_id for each in receiver.received}) == 2
    assert receiver.received[0].body == receiver.received[1].body
    assert states() == ["delivered", "delivered"]
    assert subscription(subscription_id).failing_since is None


def test_delivery_when_the_receiver_hangs_then_it_is_late_and_comes_again(
    session: Session, receiver: Receiver, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(app, monkeypatch, read_timeout_s=0.3)
    subscribe(receiver.url)
    receiver.replies.append(Reply(hang_s=1.0))
    happen(1)

    work()

    [row] = deliveries()
    assert (row.state, row.answer_status) == ("waiting", None)
    assert row.answer_words == "127.0.0.1 did not answer within 0.3 s."


def test_delivery_when_every_try_fails_then_it_is_given_up_and_the_next_has_its_turn(
    session: Session, receiver: Receiver
) -> None:
    subscribe(receiver.url)
    receiver.replies.extend([Reply(400)] * delivering.TRIES)
    happen(1, 2)

    for _ in range(delivering.TRIES):
        let_time_pass()
        work()

    assert orders_of(receiver) == [1] * delivering.TRIES + [2]
    assert states() == ["failed", "delivered"]


def test_subscription_when_nothing_was_taken_for_a_day_then_it_is_paused_with_words(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    receiver.always = Reply(503, b"closed")
    happen(1)
    work()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE webhook_subscription SET failing_since = now() - interval '24 hours 1 s'"))

    let_time_pass()
    work()

    paused = subscription(subscription_id)
    assert paused.is_paused
    assert paused.paused_because == (
        "Nothing could be delivered for 24 hours. The last answer was: The receiver answered 503. closed"
    )
    happen(2)
    work()
    assert orders_of(receiver) == [1, 1]
    assert states() == ["waiting", "waiting"]


def test_subscription_when_the_receiver_says_gone_then_it_is_paused_at_once(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    receiver.always = Reply(410)
    happen(1)

    work()

    assert (
        subscription(subscription_id).paused_because
        == "The receiver answered 410: it does not want any more."
    )


def test_subscription_when_resumed_then_what_waited_is_sent_in_order(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    with unit_of_work() as unit:
        desk(unit).pause(subscription_id)
    happen(1, 2, 3)
    work()
    assert receiver.received == []

    with unit_of_work() as unit:
        desk(unit).resume(subscription_id)
    work()

    assert orders_of(receiver) == [1, 2, 3]


def test_breaker_when_a_receiver_does_not_answer_then_it_alone_is_asked_less_often(
    session: Session, receiver: Receiver, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(app, monkeypatch, breaker_failures=2)
    dead, _ = subscribe("http://127.0.0.1:1/hook")
    subscribe(receiver.url)
    happen(1)
    for _ in range(2):
        let_time_pass()
        work()
    tries = tries_of(dead)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE webhook_delivery SET next_try_at = now() - interval '1 s'"))
        unit.execute(text("UPDATE operation SET next_run_at = now() - interval '1 s'"))

    work()

    assert tries == 2
    assert tries_of(dead) == 2  # the breaker is open
    assert orders_of(receiver) == [1]
    open_ones = db.session.scalars(
        select(CircuitBreaker.name).where(CircuitBreaker.opened_at.is_not(None))
    ).all()
    assert open_ones == [f"webhook:{dead}"]


def test_delivery_when_the_address_leads_into_a_private_network_then_nothing_is_sent(
    session: Session, receiver: Receiver, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(receiver.url)
    settings: Settings = app.extensions["kontor_settings"]
    monkeypatch.setitem(app.extensions, "kontor_settings", replace(settings, allow_private_network=False))
    happen(1)

    work()

    assert receiver.received == []
    assert "https://" in deliveries()[0].answer_words


def test_delivery_when_a_name_leads_into_a_private_network_then_nothing_is_sent(
    session: Session, receiver: Receiver, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(receiver.url.replace("http://127.0.0.1", "https://localhost"))
    settings: Settings = app.extensions["kontor_settings"]
    monkeypatch.setitem(app.extensions, "kontor_settings", replace(settings, allow_private_network=False))
    happen(1)

    work()

    assert receiver.received == []
    assert "not a public address" in deliveries()[0].answer_words


def test_answer_when_it_names_people_or_is_long_then_only_its_first_words_are_kept_without_them(
    session: Session, receiver: Receiver
) -> None:
    subscribe(receiver.url)
    body = b"bad\x00 token=planted-secret elif@example.com \xff" + b"x" * 5000
    receiver.replies.append(Reply(500, body))
    happen(1)

    work()

    words = deliveries()[0].answer_words
    assert "planted-secret" not in words
    assert "elif@example.com" not in words
    assert len(words) < 300


def test_secret_when_rotated_then_both_sign_for_a_day_and_then_the_new_one_alone(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, first = subscribe(receiver.url)
    with unit_of_work() as unit:
        _, second = desk(unit).rotate(subscription_id)
    happen(1)
    work()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE webhook_subscription SET former_until = now() - interval '1 s'"))
    happen(2)
    work()

    during, later = receiver.received
    assert signed_by(during, [first, second]) == [first, second]
    assert signed_by(later, [first, second]) == [second]


def test_secret_when_stored_then_it_cannot_be_read_there(session: Session) -> None:
    subscription_id, secret = subscribe()

    assert secret not in subscription(subscription_id).secrets
    assert secret[10:30] not in subscription(subscription_id).secrets


def test_replay_when_one_was_taken_then_it_comes_again_with_its_id(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    happen(1, 2)
    work()

    with unit_of_work() as unit:
        replay(unit, desk(unit).locked(subscription_id), deliveries_in(unit)[0], SYSTEM)
    work()

    assert orders_of(receiver) == [1, 2, 1]
    assert receiver.received[2].event_id == receiver.received[0].event_id
    assert len(deliveries()) == 2


def test_replay_when_several_failed_then_all_come_again_in_order(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    with unit_of_work() as unit:
        desk(unit).pause(subscription_id)
    happen(1, 2, 3)
    work()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE webhook_delivery SET state = 'failed', tries = 12"))
        desk(unit).resume(subscription_id)
    work()
    assert receiver.received == []

    with unit_of_work() as unit:
        assert replay_failed(unit, desk(unit).locked(subscription_id), SYSTEM) == 3
    work()

    assert orders_of(receiver) == [1, 2, 3]
    assert [each.tries for each in deliveries()] == [1, 1, 1]


def test_test_event_when_asked_for_then_it_goes_to_this_subscription_alone(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    other = Receiver()
    subscribe(other.url)

    with unit_of_work() as unit:
        send_test(unit, desk(unit).locked(subscription_id), SYSTEM)
    work()

    assert receiver.types == ["webhook.test"]
    assert other.received == []
    other.close()


def test_deleting_when_deliveries_wait_then_they_go_with_it_and_nothing_is_sent(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    happen(1)

    with unit_of_work() as unit:
        desk(unit).delete(subscription_id)
    work()

    assert receiver.received == []
    assert deliveries() == []


def test_scheduler_when_every_hint_was_lost_then_it_finds_events_and_deliveries(
    session: Session, receiver: Receiver
) -> None:
    subscription_id, _ = subscribe(receiver.url)
    happen(1)
    with unit_of_work() as unit:
        unit.execute(text("DELETE FROM operation"))
        assert [each.kind for each in left_over(unit, None)] == ["webhooks.spread"]  # type: ignore[arg-type]
        unit.execute(text("UPDATE event SET is_spread = true"))
        unit.add(WebhookDelivery(subscription_id=subscription_id, event_id=unit.scalar(select(Event.id))))
        unit.flush()
        assert [each.kind for each in left_over(unit, None)] == ["webhooks.deliver"]  # type: ignore[arg-type]
        unit.execute(text("UPDATE webhook_subscription SET paused_at = now()"))
        assert left_over(unit, None) == []  # type: ignore[arg-type]


def test_cleaning_when_events_are_old_then_they_go_with_their_deliveries_and_new_ones_stay(
    session: Session, receiver: Receiver
) -> None:
    subscribe(receiver.url)
    happen(1, 2)
    work()
    with unit_of_work() as unit:
        unit.execute(
            text("UPDATE event SET created_at = now() - make_interval(days => :days) WHERE subject = '1'"),
            {"days": KEPT_DAYS + 1},
        )

    with unit_of_work() as unit:
        assert forget_some(unit) == 1

    assert [each.event_id for each in deliveries()] == [2]


def test_operations_when_all_is_sent_then_none_is_left_open(session: Session, receiver: Receiver) -> None:
    subscribe(receiver.url)
    happen(*range(1, 6))
    work()

    left = select(func.count()).where(Operation.state.in_(["ready", "leased", "dead"]))
    assert db.session.scalar(left) == 0


def desk(session: Session) -> WebhookService:
    return WebhookService(session, SYSTEM, current_vault(), Reach(allow_private=True))


def deliveries_in(session: Session) -> Sequence[int]:
    return session.scalars(select(WebhookDelivery.id).order_by(WebhookDelivery.event_id)).all()


def tries_of(subscription_id: int) -> int:
    return sum(each.tries for each in deliveries() if each.subscription_id == subscription_id)


def signed_by(got: object, secrets: Sequence[str]) -> list[str]:
    """Which of the secrets signed it."""
    assert hasattr(got, "headers")
    given = got.headers["webhook-signature"].split()
    stamp = int(got.headers["webhook-timestamp"])
    return [each for each in secrets if f"v1,{signature(each, got.event_id, stamp, got.body)}" in given]  # type: ignore[attr-defined]


def hurry(app: Flask, monkeypatch: pytest.MonkeyPatch, **times: float) -> None:
    """Give the app other times for this test."""
    settings: Settings = app.extensions["kontor_settings"]
    timing: Timing = replace(settings.timing, **times)  # type: ignore[arg-type]
    monkeypatch.setitem(app.extensions, "kontor_settings", replace(settings, timing=timing))
