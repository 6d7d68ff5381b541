"""The fetch modes, the dry run, trying failed records again, and refreshing one order the first way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.channels.shops import STAFF, Connected, operation, record_count, remote_ids
from webapp.channels.fetching import FetchOrders
from webapp.channels.models import RemoteRecord
from webapp.channels.service import ChannelService
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import (
    Conflict,
    IntegrationError,
    IntegrationNotDefineResponseProcess,
    IntegrationUnauthorizedException,
    InvalidInput,
    NotFound,
)
from webapp.orders.models import Order


def ids_where(connected: Connected, query: str) -> list[str]:
    return sorted(str(order["id"]) for order in connected.shop.orders(query))


def test_dates_when_given_then_only_orders_placed_between_them(
    session: Session, connected: Connected
) -> None:
    start, end = utc_now() - timedelta(days=20), utc_now() - timedelta(days=5)
    expected = ids_where(
        connected,
        f"&dates_are_gmt=true&after={start - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
        f"&before={end + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}",
    )

    done = connected.backfill(start_date=start, end_date=end)

    assert remote_ids(session) == expected
    assert done.progress_done == len(expected) > 10
    assert connected.cursor() is None


def test_created_before_when_given_then_only_older_orders(session: Session, connected: Connected) -> None:
    moment = utc_now() - timedelta(days=30)
    expected = ids_where(
        connected, f"&dates_are_gmt=true&before={moment + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
    )
    connected.backfill(created_before=moment)
    assert remote_ids(session) == expected


def test_numbers_when_given_then_only_these_and_the_unknown_are_told(
    session: Session, connected: Connected
) -> None:
    first, second = ids_where(connected, "")[:2]
    done = connected.backfill(order_numbers_to_fetch=(first, second, "no-such"))
    assert remote_ids(session) == [first, second]
    assert done.result is not None and done.result["not_found"] == ["no-such"]


def test_order_id_when_given_then_those_after_it(session: Session, connected: Connected) -> None:
    every = ids_where(connected, "")
    connected.backfill(order_id=every[200])
    assert remote_ids(session) == every[201:]


def test_all_when_asked_for_then_all_and_the_cursor_is_not_touched(
    session: Session, connected: Connected
) -> None:
    connected.backfill(fetch_all_orders=True)
    assert remote_ids(session) == ids_where(connected, "")
    assert connected.cursor() is None


def test_backfill_when_the_channel_asks_for_a_pause_then_goes_on_where_it_was(
    session: Session, connected: Connected
) -> None:
    connected.shop.fault(kind="429", seconds=60, path="/wp-json/wc/v3/orders", skip=2, count=1)
    waiting = connected.backfill(fetch_all_orders=True)
    assert (waiting.state, waiting.progress_done) == ("ready", 199)
    connected.forget_requests()
    connected.waits_are_over()

    done = connected.work(waiting.id)

    assert done.state == "done" and done.result is not None
    assert "offset=198" in connected.requests()[0]["query"]
    assert done.result["created"] == len(remote_ids(session)) == len(ids_where(connected, ""))


def test_dry_run_when_done_then_tells_what_would_change_and_writes_nothing(
    session: Session, connected: Connected
) -> None:
    known = ids_where(connected, "")[:3]
    connected.backfill(order_numbers_to_fetch=tuple(known))
    connected.shop.control("POST", f"orders/{known[0]}/touch")
    before = everything(session)

    done = connected.backfill(fetch_all_orders=True, dry_run=True)

    assert everything(session) == before
    assert done.state == "done" and done.result is not None
    assert done.result["dry_run"] is True
    assert (done.result["updated"], done.result["unchanged"]) == (1, 2)
    assert done.result["created"] == done.result["seen"] - 3
    changes = {change["number"]: change["verdict"] for change in done.result["changes"]}
    assert changes[known[0]] == "updated"
    assert known[1] not in changes
    assert len(changes) == 200


def everything(session: Session) -> list[object]:
    session.rollback()
    tables = (
        "orders",
        "order_item",
        "customer",
        "address",
        "remote_record",
        "payment_transaction",
        "refund",
        "audit_entry",
    )
    return [session.execute(text(f"SELECT count(*), max(id::text) FROM {table}")).one() for table in tables]


def test_backfill_when_another_is_under_way_then_refused(connected: Connected) -> None:
    with unit_of_work() as session:
        first, is_new = connected.service.backfill(
            session, connected.channel_id, FetchOrders(order_id="7"), STAFF
        )
        again, joined = connected.service.backfill(
            session, connected.channel_id, FetchOrders(order_id="7"), STAFF
        )
        assert (again.id, is_new, joined) == (first.id, True, False)
        with pytest.raises(Conflict, match="under way"):
            connected.service.backfill(session, connected.channel_id, FetchOrders(order_id="8"), STAFF)


def test_fetch_when_it_contradicts_itself_then_refused() -> None:
    now = utc_now()
    with pytest.raises(InvalidInput, match="after the end"):
        FetchOrders(start_date=now, end_date=now - timedelta(days=1))
    with pytest.raises(InvalidInput, match="At most 1000"):
        FetchOrders(order_numbers_to_fetch=tuple(str(n) for n in range(1001)))


def test_fetch_when_written_as_arguments_then_read_back_the_same() -> None:
    fetch = FetchOrders(start_date=utc_now(), order_numbers_to_fetch=("1", "2"), order_id="9", dry_run=True)
    assert FetchOrders.from_args(fetch.to_args()) == fetch
    assert FetchOrders().to_args() == {}


def break_records(*remote: str) -> None:
    """As if these orders had come with something that could not be read, which is mended by now."""
    with unit_of_work() as session:
        session.execute(
            update(RemoteRecord)
            .where(RemoteRecord.remote_id.in_(remote))
            .values(state="failed", failure_class="mapping", failure_words="No such tender.")
        )


def test_failed_records_when_tried_again_then_those_named_or_all(
    session: Session, connected: Connected
) -> None:
    chosen = ids_where(connected, "")[:5]
    connected.backfill(order_numbers_to_fetch=tuple(chosen))
    break_records(*chosen)
    session.rollback()
    first = session.scalars(select(RemoteRecord.id).where(RemoteRecord.remote_id == chosen[0])).one()

    one = connected.replay([first])

    assert (one.state, one.progress_done) == ("done", 1)
    assert record_count(session, "failed") == 4
    rest = connected.replay()
    assert rest.result is not None and rest.result["seen"] == 4
    assert record_count(session, "failed") == 0


def test_failed_record_when_of_another_channel_then_not_found(connected: Connected) -> None:
    with unit_of_work() as session, pytest.raises(NotFound):
        connected.service.replay(session, connected.channel_id, STAFF, [4711])


def test_order_when_refreshed_then_asked_for_by_its_id_after_a_login(
    session: Session, connected: Connected
) -> None:
    new = connected.shop.place(status="processing")
    connected.pull()
    connected.shop.control("POST", f"orders/{new['id']}/touch")
    session.rollback()
    order_id = session.scalars(select(Order.id).where(Order.remote_id == str(new["id"]))).one()
    connected.forget_requests()

    done = connected.refresh(order_id)

    assert done.result is not None and done.result["updated"] == 1
    assert [each["path"] for each in connected.requests()] == [
        "/wp-json/wc/v3/orders",
        f"/wp-json/wc/v3/orders/{new['id']}",
    ]
    session.rollback()
    assert "(changed)" in (session.get_one(Order, order_id).notes or "")


def test_order_when_refreshed_and_gone_at_the_shop_then_shown_as_failed(
    session: Session, connected: Connected
) -> None:
    new = connected.shop.place(status="processing")
    connected.pull()
    session.rollback()
    order_id = session.scalars(select(Order.id).where(Order.remote_id == str(new["id"]))).one()
    connected.shop.api("DELETE", f"/orders/{new['id']}?force=true")

    assert connected.refresh(order_id).state == "done"
    assert record_count(session, "failed") == 1


def test_class_when_the_login_fails_then_unauthorised(connected: Connected) -> None:
    wrong = Connected.to(
        connected.shop, name="Wrong", credentials={"consumer_key": "ck_sandbox", "consumer_secret": "x"}
    )
    with pytest.raises(IntegrationUnauthorizedException):
        ChannelService().get_class(wrong.channel_id, ["orders"], remote_id="1001")


def test_class_when_filtered_then_what_the_filter_gives_is_taken_in(
    session: Session, connected: Connected
) -> None:
    taken = ChannelService().get_class(
        connected.channel_id,
        ["orders"],
        timeout=5,
        filter_params={"per_page": "7", "orderby": "id", "order": "asc"},
    )
    assert len(taken) == 7
    assert remote_ids(session) == sorted(taken)


def test_class_when_the_channel_does_not_have_it_then_refused(connected: Connected) -> None:
    with pytest.raises(IntegrationError, match="products"):
        ChannelService().get_class(connected.channel_id, ["products"])


def test_answer_when_no_process_is_defined_for_it_then_said(connected: Connected) -> None:
    from webapp.channels.adapters import integration
    from webapp.channels.profile import load_profile

    with unit_of_work() as session:
        adapter = integration(load_profile(session, connected.channel_id))
    answer = adapter.request("GET", "orders?per_page=1")
    with pytest.raises(IntegrationNotDefineResponseProcess, match="POST orders"):
        adapter.response_process(
            replace(answer, method="POST"),
            connected.channel_id,
            None,
            adapter,
            adapter.serializer("orders"),
            "orders",
        )


def test_action_when_the_channel_cannot_do_it_then_refused(connected: Connected) -> None:
    from webapp.channels.adapters import command_integration
    from webapp.channels.profile import load_profile

    with unit_of_work() as session:
        adapter = command_integration(load_profile(session, connected.channel_id))
    with pytest.raises(IntegrationError, match="cannot do “send_flowers”"):
        adapter.do_action("send_flowers")


def test_check_when_the_credentials_are_right_or_wrong_then_says_so(connected: Connected) -> None:
    assert connected.check().progress_note == "The channel accepts the credentials."
    wrong = Connected.to(
        connected.shop, name="Wrong", credentials={"consumer_key": "ck_sandbox", "consumer_secret": "x"}
    )
    assert wrong.check().state == "dead"


def test_counting_when_orders_are_counted_then_every_table_has_them(
    session: Session, connected: Connected
) -> None:
    connected.pull()
    session.rollback()
    orders = session.scalars(select(func.count()).select_from(Order)).one()
    assert record_count(session, "applied") == orders


def test_long_run_when_others_wait_then_they_come_between_its_slices_and_it_still_ends(
    app: Flask, session: Session, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = app.extensions["kontor_hints"]
    monkeypatch.setattr(
        hints, "settings", replace(hints.settings, timing=replace(hints.settings.timing, slice_s=0.0))
    )
    pulling = connected.pull()
    assert (pulling.state, pulling.attempt) == ("ready", 0)
    assert pulling.progress_note == "Letting other work through."
    with unit_of_work() as unit:
        other = connected.service.check(unit, connected.channel_id, STAFF)[0].id

    seen = []
    while operation(pulling.id).state == "ready":
        connected.work(pulling.id)
        seen.append((operation(other).state, operation(pulling.id).state))

    assert ("done", "ready") in seen
    assert seen[-1] == ("done", "done")
    assert remote_ids(session) == ids_where(connected, "")


def test_replay_when_records_fail_again_then_each_is_tried_once(
    session: Session, connected: Connected
) -> None:
    chosen = ids_where(connected, "")[:3]
    connected.backfill(order_numbers_to_fetch=tuple(chosen))
    break_records(*chosen)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE remote_record SET payload = jsonb_set(payload, '{total}', '\"x\"')"))

    done = connected.replay()

    assert done.state == "done" and done.result is not None
    assert (done.result["failed"], done.result["seen"], done.progress_total) == (3, 3, 3)
    assert record_count(session, "failed") == 3
