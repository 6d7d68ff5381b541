"""A worker dies anywhere between an event and its receiver: the event arrives all the same, under one id."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.jobs.dying_worker import let_die
from tests.servers import Processes, wait_until
from tests.webhooks.hearing import deliveries, states, subscribe
from tests.webhooks.receiver import Receiver, Reply
from webapp.core.db import unit_of_work
from webapp.core.hints import drain
from webapp.core.periodic import tick
from webapp.core.settings import Timing
from webapp.events.announcing import News, announce
from webapp.events.names import EventName
from webapp.webhooks.jobs import SLOT_SOURCES

EVENTS = 5
# Leases are ended by the tests.
PATIENT = Timing(lease_s=600)


@pytest.fixture
def receiver(session: Session) -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def waiting(receiver: Receiver) -> Receiver:
    """Five events that happened in one transaction each, and a receiver that wants them."""
    subscribe(receiver.url)
    for number in range(1, EVENTS + 1):
        with unit_of_work() as session:
            facts = {"order": {"pk": number}}
            announce(session, [News(EventName.ORDER_UPDATED, 1, number, str(number), facts)])
    return receiver


@pytest.mark.parametrize(
    ("step", "arrived"),
    [
        pytest.param("spread, not committed", 0, id="while spreading"),
        pytest.param("spread, no hint", 0, id="before the operation that delivers"),
        pytest.param("about to post", 0, id="before the first post"),
        pytest.param("posted", 1, id="before the first note"),
        pytest.param("third post, not noted", 3, id="before the third note"),
        pytest.param("noted, not committed", 1, id="before the first note is committed"),
    ],
)
def test_worker_when_it_dies_on_the_way_then_every_event_arrives_in_order_and_has_one_delivery(
    processes: Processes, waiting: Receiver, tmp_path: Path, step: str, arrived: int
) -> None:
    let_die(processes, tmp_path, step, "webhooks", timing=PATIENT)
    assert len(waiting.received) == arrived

    _recover()

    assert _first_times(waiting) == [1, 2, 3, 4, 5]
    assert states() == ["delivered"] * EVENTS
    # At least once: what was posted and not noted came again, as the same event.
    assert len(waiting.received) == EVENTS + min(arrived, 1)
    assert len({each.event_id for each in waiting.received}) == EVENTS


def test_control_when_events_are_marked_before_their_deliveries_then_a_death_between_loses_them(
    processes: Processes, waiting: Receiver, tmp_path: Path
) -> None:
    let_die(processes, tmp_path, "marked, deliveries to come", "webhooks", timing=PATIENT)

    _recover()

    assert waiting.received == []
    assert deliveries() == []


def test_workers_when_two_and_one_is_thought_dead_then_the_late_one_notes_nothing(
    processes: Processes, waiting: Receiver
) -> None:
    waiting.replies.append(Reply(hang_s=3.0))
    slow = processes.worker("webhooks", timing=PATIENT)
    wait_until(lambda: waiting.received, what="the first post")

    _recover()  # while the slow one still waits for its answer
    wait_until(lambda: "was taken over" in slow.output, what="the slow worker to notice")

    assert states() == ["delivered"] * EVENTS
    assert [each.tries for each in deliveries()] == [1] * EVENTS
    assert [int(each.document["data"]["order"]["pk"]) for each in waiting.received] == [1, 1, 2, 3, 4, 5]


def _recover() -> None:
    """Leases end, the scheduler looks, and another worker goes on."""
    with unit_of_work() as session:
        session.execute(
            text("UPDATE operation SET lease_until = now() - interval '1 s' WHERE state = 'leased'")
        )
    tick(list(SLOT_SOURCES))
    drain("webhooks")
    tick(list(SLOT_SOURCES))
    drain("webhooks")


def _first_times(receiver: Receiver) -> list[int]:
    """The orders as they first came."""
    return list(dict.fromkeys(int(each.document["data"]["order"]["pk"]) for each in receiver.received))
