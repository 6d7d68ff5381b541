"""The rate that all workers share, and the breaker that keeps them off a dead channel."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.channels.limits import block, take_token
from webapp.channels.models import Channel
from webapp.core import breaker
from webapp.core.breaker import CircuitBreaker
from webapp.core.db import unit_of_work
from webapp.core.settings import Timing

NAME = "channel:1"
PATIENT = Timing(breaker_failures=3, breaker_window_s=60.0, breaker_probe_s=600.0)


@pytest.fixture
def channel_id(session: Session) -> int:
    channel = Channel(name="Shop", channel_type="woocommerce", base_url="https://shop.example")
    session.add(channel)
    session.commit()
    return channel.id


def taken(channel_id: int, per_minute: int, times: int) -> list[float | None]:
    waits = []
    for _ in range(times):
        with unit_of_work() as session:
            waits.append(take_token(session, channel_id, per_minute))
    return waits


def test_bucket_when_it_is_empty_then_says_how_long_until_the_next_token(channel_id: int) -> None:
    waits = taken(channel_id, 60, 12)

    # Sixty a minute: ten may go at once, then one a second.
    assert waits[:10] == [None] * 10
    assert waits[10] is not None and 0.5 < waits[10] <= 1.0


def test_bucket_when_the_rate_is_low_then_still_one_at_once(channel_id: int) -> None:
    first, second = taken(channel_id, 1, 2)

    assert first is None
    assert second is not None and 50 < second <= 60


def test_bucket_when_the_channel_asked_for_silence_then_nobody_may_call(channel_id: int) -> None:
    with unit_of_work() as session:
        block(session, channel_id, 90)
        block(session, channel_id, 5)

    (wait,) = taken(channel_id, 600, 1)

    assert wait is not None and 89 < wait <= 90


def admitted(times: int = 1) -> list[float | None]:
    waits = []
    for _ in range(times):
        with unit_of_work() as session:
            waits.append(breaker.admit(session, NAME, PATIENT))
    return waits


def failed(times: int, timing: Timing = PATIENT) -> None:
    for _ in range(times):
        with unit_of_work() as session:
            breaker.note_failure(session, NAME, "no answer", timing)


def succeeded() -> None:
    with unit_of_work() as session:
        breaker.note_success(session, NAME)


def is_open(session: Session) -> bool:
    session.rollback()
    return session.scalars(select(CircuitBreaker.opened_at)).one() is not None


def test_breaker_when_failures_have_no_success_between_them_then_opens(session: Session) -> None:
    failed(2)
    assert not is_open(session)
    failed(1)
    assert is_open(session)
    (wait,) = admitted()
    assert wait is not None and 590 < wait <= 600


def test_breaker_when_a_success_comes_between_then_stays_closed(session: Session) -> None:
    failed(2)
    succeeded()
    failed(2)
    assert not is_open(session)
    assert admitted() == [None]


def test_breaker_when_failures_are_far_apart_then_stays_closed(session: Session) -> None:
    failed(2)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE circuit_breaker SET window_started_at = now() - interval '61 seconds'"))
    failed(2)
    assert not is_open(session)


def test_breaker_when_open_then_one_probe_an_interval_and_its_success_closes(session: Session) -> None:
    failed(3)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE circuit_breaker SET next_probe_at = now()"))

    probe, *others = admitted(3)
    assert probe is None
    assert all(wait is not None for wait in others)

    succeeded()
    assert not is_open(session)
    assert admitted(2) == [None, None]


def test_breaker_when_the_probe_fails_then_stays_open_for_another_interval(session: Session) -> None:
    failed(3)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE circuit_breaker SET next_probe_at = now()"))
    assert admitted() == [None]

    failed(1, replace(PATIENT, breaker_window_s=0.001))

    assert is_open(session)
    assert admitted()[0] is not None


def test_breaker_when_it_never_failed_then_admits(session: Session) -> None:
    assert admitted() == [None]
