"""Pulling from a shop that serves over HTTP: everything, once, whatever the shop does meanwhile."""

from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.channels.shops import (
    STAFF,
    Connected,
    assert_same_as_shop,
    findings,
    operation,
    record_count,
    remote_ids,
)
from webapp.channels.bookmarks import channel_time
from webapp.channels.inputs import ChangeChannel
from webapp.channels.jobs import pull_slots
from webapp.channels.models import Channel, RemoteRecord
from webapp.core import clock
from webapp.core.breaker import CircuitBreaker
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.operations import create
from webapp.core.periodic import tick
from webapp.orders.models import Order


def test_pull_when_it_is_the_first_then_every_order_is_here_once_and_to_the_cent(
    session: Session, connected: Connected
) -> None:
    done = connected.pull()

    assert done.state == "done"
    assert done.result is not None
    assert done.result["created"] + done.result["skipped"] == done.result["seen"] == done.progress_done
    assert done.result["failed"] == 0
    assert_same_as_shop(session, connected.shop)


def test_pull_when_nothing_changed_then_nothing_is_written(session: Session, connected: Connected) -> None:
    connected.pull()
    versions = session.execute(select(Order.id, Order.version, Order.modified_at).order_by(Order.id)).all()

    again = connected.pull()

    assert again.result is not None
    assert again.result["created"] == again.result["updated"] == 0
    session.rollback()
    assert (
        session.execute(select(Order.id, Order.version, Order.modified_at).order_by(Order.id)).all()
        == versions
    )


def test_pull_when_an_order_came_or_moved_then_it_alone_is_taken(
    session: Session, connected: Connected
) -> None:
    connected.pull()
    connected.forget_requests()
    new = connected.shop.place(status="pending")
    connected.shop.control("POST", f"orders/{new['id']}/status", {"status": "processing"})

    first = connected.pull()
    connected.shop.control("POST", f"orders/{new['id']}/status", {"status": "completed"})
    second = connected.pull()

    assert first.result is not None and first.result["created"] == 1
    assert second.result is not None and second.result["updated"] == 1
    session.rollback()
    order = session.scalars(select(Order).where(Order.remote_id == str(new["id"]))).one()
    assert order.status == 550
    assert len([each for each in connected.requests() if each["path"].endswith("/orders")]) == 2


def test_cursor_when_a_pull_has_ended_then_stands_at_its_beginning_and_the_next_overlaps(
    connected: Connected,
) -> None:
    before = utc_now()
    connected.pull()
    cursor = connected.cursor()
    assert cursor is not None and cursor.modified_at is not None
    assert before <= cursor.modified_at <= utc_now()
    assert (cursor.remote_id, cursor.pass_until) == (None, None)
    stamp = (cursor.modified_at - timedelta(seconds=901)).strftime("%Y-%m-%dT%H:%M:%S")

    connected.forget_requests()
    connected.pull()

    (asked,) = connected.requests()
    assert f"modified_after={stamp.replace(':', '%3A')}" in asked["query"]
    assert "dates_are_gmt=true" in asked["query"]


def test_cursor_when_the_shops_clock_is_behind_ours_then_stands_by_the_shops_and_no_order_is_missed(
    session: Session, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour ahead of the shop: an order that comes after the pull is stamped before the cursor that our clock would give."""
    monkeypatch.setattr(clock, "datetime", AnHourAhead)
    connected.pull()
    new = connected.shop.place(status="processing")

    connected.pull()

    assert str(new["id"]) in remote_ids(session)
    cursor = connected.cursor()
    assert cursor is not None and cursor.modified_at is not None
    assert cursor.modified_at <= datetime.now(UTC) + timedelta(seconds=1)  # the shop tells whole seconds


class AnHourAhead(datetime):
    """The clock of a machine that nobody sets."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(hours=1)


def test_cursor_when_the_shops_clock_is_nonsense_then_it_does_not_read_everything_for_ever(
    connected: Connected,
) -> None:
    began = utc_now()
    assert channel_time(began, datetime(1970, 1, 1, tzinfo=UTC)) == began - timedelta(days=1)
    assert channel_time(began, began + timedelta(days=400)) == began
    assert channel_time(began, None) == began


def test_pull_that_waits_for_its_next_try_when_somebody_asks_then_it_goes_at_once(
    session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind="500_before", path="/wp-json/*")
    failed = connected.pull()
    assert (failed.state, failed.attempt) == ("ready", 1)
    connected.shop.control("DELETE", "faults")

    again = connected.pull()

    assert (again.id, again.state) == (failed.id, "done")
    assert_same_as_shop(session, connected.shop)


def test_pull_that_waits_when_the_schedule_asks_then_it_goes_on_waiting(connected: Connected) -> None:
    connected.shop.fault(kind="500_before", path="/wp-json/*")
    failed = connected.pull()
    with unit_of_work() as session:
        session.execute(update(Channel).values(pull_minutes=1))
    tick([pull_slots])
    assert connected.work(failed.id).attempt == 1


def test_pull_that_waits_when_staff_mend_the_channel_then_it_goes_at_once(connected: Connected) -> None:
    connected.shop.fault(kind="500_before", path="/wp-json/*")
    failed = connected.pull()
    connected.shop.control("DELETE", "faults")
    with unit_of_work() as session:
        change = ChangeChannel(version=1, name="Mended")
        connected.service.update_channel(session, connected.channel_id, change, STAFF)

    assert connected.work(failed.id).state == "done"


def test_pull_when_started_twice_then_the_second_joins_the_first(connected: Connected) -> None:
    with unit_of_work() as session:
        first, is_new = connected.service.pull(session, connected.channel_id, STAFF)
        second, joined = connected.service.pull(session, connected.channel_id, STAFF)
        assert (first.id, is_new, joined) == (second.id, True, False)


@pytest.mark.parametrize("kind", ["repeated_page", "duplicate_rows", "change_between_pages"])
def test_pages_when_the_shop_plays_tricks_then_nothing_is_lost_or_doubled(
    kind: str, session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind=kind, path="/wp-json/wc/v3/orders", skip=1, count=1)

    done = connected.pull()

    assert done.state == "done"
    assert_same_as_shop(session, connected.shop)
    assert len(remote_ids(session)) == len(set(remote_ids(session)))


def test_pages_when_the_shop_repeats_every_one_for_ever_then_the_pull_goes_round_them_and_loses_nothing(
    session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind="repeated_page", path="/wp-json/wc/v3/orders")

    assert connected.pull().state == "done"

    assert_same_as_shop(session, connected.shop)


@pytest.mark.parametrize(
    "kind", ["html_200", "500_before", "html_500", "truncated", "cut_off", "reset_before"]
)
def test_page_when_the_shop_fails_in_the_middle_then_goes_on_behind_what_is_stored(
    kind: str, session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind=kind, path="/wp-json/wc/v3/orders", skip=1, count=3)

    failed = connected.pull()

    assert (failed.state, failed.attempt) == ("ready", 1)
    assert failed.last_error
    cursor = connected.cursor()
    assert cursor is not None and cursor.modified_at is None
    assert cursor.remote_id == remote_ids(session)[-1]
    assert cursor.last_error == failed.last_error

    connected.shop.control("DELETE", "faults")
    connected.forget_requests()
    connected.waits_are_over()
    done = connected.work(failed.id)
    assert done.state == "done"
    assert "offset=99" in connected.requests()[0]["query"]
    assert_same_as_shop(session, connected.shop)
    cursor = connected.cursor()
    assert cursor is not None and cursor.last_error is None


def test_channel_when_it_asks_for_a_pause_then_the_operation_waits_without_a_worker(
    session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind="429", seconds=77, path="/wp-json/wc/v3/orders", skip=1, count=1)

    waiting = connected.pull()

    assert (waiting.state, waiting.attempt, waiting.last_error) == ("ready", 0, None)
    assert waiting.progress_note == "The channel asked for a pause of 77 s."
    assert 70 < (waiting.next_run_at - utc_now()).total_seconds() <= 77
    assert waiting.progress_done == 100
    connected.forget_requests()
    another = connected.check()
    assert another.state == "ready"
    assert connected.requests() == []

    connected.waits_are_over()
    done = connected.work(waiting.id)
    assert done.state == "done"
    assert done.result is not None and done.result["seen"] == done.progress_done > 200
    assert_same_as_shop(session, connected.shop)


def test_channel_when_dead_then_the_breaker_opens_and_a_success_closes_it(
    session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind="500_before", path="/wp-json/wc/v3/orders")
    pulling = connected.pull()
    for _ in range(4):
        connected.waits_are_over()
        connected.work(pulling.id)
    session.rollback()
    breaker = session.get_one(CircuitBreaker, f"channel:{connected.channel_id}")
    assert breaker.failures == 5 and breaker.opened_at is not None

    connected.forget_requests()
    check = connected.check()
    assert (check.state, check.attempt) == ("ready", 0)
    assert check.progress_note == "The channel does not answer at the moment."
    assert connected.requests() == []

    connected.shop.control("DELETE", "faults")
    connected.waits_are_over()
    connected.work(check.id)
    connected.waits_are_over()
    assert connected.work(pulling.id).state == "done"
    session.rollback()
    session.refresh(breaker)
    assert breaker.opened_at is None
    assert operation(check.id).state == "done"


def test_secret_when_wrong_then_the_pull_ends_at_once_and_says_so(connected: Connected) -> None:
    wrong = Connected.to(
        connected.shop, name="Wrong", credentials={"consumer_key": "ck_sandbox", "consumer_secret": "x"}
    )

    failed = wrong.pull()

    assert (failed.state, failed.attempt) == ("dead", 1)
    assert "does not accept the consumer key" in (failed.last_error or "")


def test_slot_when_staff_pull_at_the_same_time_then_it_waits_for_their_end(connected: Connected) -> None:
    from webapp.channels.jobs import _slot

    with unit_of_work() as session:
        by_staff, _ = connected.service.pull(session, connected.channel_id, STAFF)
        by_clock, is_new = create(session, _slot("channel.pull", connected.channel_id, "channel:1/10:00"))
        assert (by_clock.id, is_new) == (by_staff.id, False)
    connected.work(by_staff.id)
    with unit_of_work() as session:
        by_clock, is_new = create(session, _slot("channel.pull", connected.channel_id, "channel:1/10:00"))
        assert is_new and by_clock.slot == "channel:1/10:00"


def test_open_order_when_changed_without_a_stamp_then_found_by_the_reread_alone(
    session: Session, connected: Connected
) -> None:
    new = connected.shop.place(status="processing")
    connected.pull()
    connected.an_hour_later()
    connected.shop.control("POST", f"orders/{new['id']}/touch")

    reread = connected.reread()

    assert reread.result is not None
    assert (reread.result["updated"], reread.result["created"], reread.result["failed"]) == (1, 0, 0)
    session.rollback()
    order = session.scalars(select(Order).where(Order.remote_id == str(new["id"]))).one()
    assert "(changed)" in (order.notes or "")


def test_order_when_put_into_the_trash_then_the_reread_ends_it_here(
    session: Session, connected: Connected
) -> None:
    new = connected.shop.place(status="on-hold", payment_method="bacs")
    connected.pull()
    connected.shop.control("POST", f"orders/{new['id']}/trash")

    connected.reread()

    session.rollback()
    assert session.scalars(select(Order.status).where(Order.remote_id == str(new["id"]))).one() == 100


def test_order_when_deleted_for_good_then_shown_among_the_failed_records(
    session: Session, connected: Connected
) -> None:
    new = connected.shop.place(status="processing")
    connected.pull()
    connected.shop.api("DELETE", f"/orders/{new['id']}?force=true")

    reread = connected.reread()

    assert reread.state == "done"
    session.rollback()
    gone = session.scalars(select(RemoteRecord).where(RemoteRecord.remote_id == str(new["id"]))).one()
    assert (gone.state, gone.failure_class, gone.failure_words) == (
        "failed",
        "remote",
        "The channel no longer has this order.",
    )
    assert record_count(session, "failed") == 1
    assert findings(session) == []
