"""Word that is left for a channel arrives at a real shop: in order, once, and with the shop's own words on failure."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.channels.shops import STAFF, Connected
from tests.channels.telling import Told, action_now, deliveries, rows_are_due, waits_are_over
from tests.sandbox.running import KEY, SECRET, ShopServer
from webapp.channels import delivering
from webapp.channels.inputs import ChangeChannel
from webapp.channels.models import Channel, Mapping
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict
from webapp.core.hints import drain
from webapp.core.periodic import tick
from webapp.core.secrets import current_vault
from webapp.orders.enums import ActionKind
from webapp.orders.models import IntegrationAction, Order
from webapp.orders.service import IntegrationActionService

CLOCK = [delivering.delivery_slots]


def test_word_when_left_then_one_operation_for_the_channel_and_a_hint_after_the_commit(told: Told) -> None:
    for _ in range(3):
        told.leave_word(ActionKind.ACKNOWLEDGE)
    (operation,) = deliveries()
    assert (operation.state, operation.channel_id, operation.dedupe_key) == (
        "ready",
        told.connected.channel_id,
        f"channel:{told.connected.channel_id}",
    )
    drain("channels")
    (operation,) = deliveries()
    assert (operation.state, operation.result) == ("done", {"seen": 3, "updated": 3, "failed": 0})


def test_acknowledge_when_told_twice_then_the_shop_keeps_our_number_once(told: Told) -> None:
    first = told.deliver(ActionKind.ACKNOWLEDGE)
    second = told.deliver(ActionKind.ACKNOWLEDGE)
    kept = [each["value"] for each in told.at_shop()["meta_data"] if each["key"] == "_kontor_order"]
    assert (first.state, second.state, kept) == ("sent", "sent", [told.remote["number"]])
    assert second.failure_words == "It was so there already."
    assert len(told.changes()) == 1


@pytest.mark.parametrize(("status", "word"), [(350, "on-hold"), (450, "processing"), (550, "completed")])
def test_status_when_told_then_the_shop_has_its_own_word_for_it(
    connected: Connected, status: int, word: str
) -> None:
    told = Told.bought(connected, status="pending")
    told.move(status)
    action = told.deliver(ActionKind.STATUS, status=str(status))
    assert (action.state, told.at_shop()["status"]) == ("sent", word), action.failure_words
    assert action.sent_at is not None and action.attempts == 1


def test_status_when_mapped_by_staff_then_their_word_is_sent(connected: Connected) -> None:
    told = Told.bought(connected, status="pending")
    with unit_of_work() as session:
        mapping = Mapping(
            channel_id=connected.channel_id, kind="status", remote_value="on-hold", local_value="450"
        )
        session.add(mapping)
    told.move(450)
    told.deliver(ActionKind.STATUS, status="450")
    assert told.at_shop()["status"] == "on-hold"


def test_status_when_the_shop_is_further_then_it_is_not_moved_back(told: Told) -> None:
    told.connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "completed"})
    told.connected.forget_requests()
    told.move(450)
    action = told.deliver(ActionKind.STATUS, status="450")
    assert (action.state, told.at_shop()["status"], told.changes()) == ("sent", "completed", [])
    assert action.failure_words == "The order is “completed” there already."


def test_status_when_the_shop_has_ended_the_order_then_given_up_at_once_in_dry_words(told: Told) -> None:
    told.connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "cancelled"})
    told.connected.forget_requests()
    told.move(550)
    action = told.deliver(ActionKind.STATUS, status="550")
    assert (action.state, action.attempts, action.failure_code) == ("given_up", 1, "ended")
    assert action.failure_words == "The order is “cancelled” there and was not moved to “completed”."
    assert told.changes() == []


def test_status_when_the_shop_has_no_word_then_unsupported_says_what_to_do(told: Told) -> None:
    told.move(200)
    action = told.deliver(ActionKind.STATUS, status="200")
    assert (action.state, action.attempts) == ("unsupported", 1)
    assert "move the order there by hand" in (action.failure_words or "")


def test_tracking_when_the_shop_has_no_place_for_it_then_meta_and_a_note_to_the_customer(told: Told) -> None:
    action = told.deliver(ActionKind.TRACKING, tracking_number="1Z999AA10123456784")
    (note,) = told.notes()
    meta = {each["key"]: each["value"] for each in told.at_shop()["meta_data"]}
    assert (action.state, action.remote_ref) == ("sent", str(note["id"]))
    assert (note["customer_note"], note["note"]) == (True, "Your parcel is on its way. 1Z999AA10123456784")
    assert meta["_kontor_tracking"] == "1Z999AA10123456784"


def test_tracking_when_the_shop_has_fulfilments_then_a_parcel_with_its_rows(told: Told) -> None:
    told.connected.shop.control("PUT", "settings", {"fulfillments": True})
    try:
        action = told.deliver(ActionKind.TRACKING, tracking_number="TR-77", items=told.items()[:2])
        listed = told.connected.shop.api("GET", f"/orders/{told.remote['id']}/fulfillments").json()
    finally:
        told.connected.shop.control("PUT", "settings", {"fulfillments": False})
    (parcel,) = listed
    meta = {each["key"]: each["value"] for each in parcel["meta_data"]}
    lines = told.remote["line_items"][:2]
    assert action.state == "sent" and parcel["is_fulfilled"] is True
    assert meta["_tracking_number"] == "TR-77"
    assert meta["_items"] == [{"item_id": line["id"], "qty": line["quantity"]} for line in lines]
    assert told.notes() == []


def test_tracking_when_the_shop_has_the_extension_then_its_own_entry(told: Told) -> None:
    told.connected.shop.control("PUT", "settings", {"shipment_tracking": True})
    try:
        action = told.deliver(ActionKind.TRACKING, tracking_number="TR-78")
        url = f"{told.connected.shop.url}/wp-json/wc-shipment-tracking/v3/orders/{told.remote['id']}/shipment-trackings"
        listed = told.connected.shop.api("GET", url).json()
    finally:
        told.connected.shop.control("PUT", "settings", {"shipment_tracking": False})
    assert [each["tracking_number"] for each in listed] == ["TR-78"]
    assert (action.state, action.remote_ref) == ("sent", listed[0]["tracking_id"])


def test_cancel_when_all_of_the_order_ended_then_it_is_cancelled_there(told: Told) -> None:
    told.move(100)
    action = told.deliver(ActionKind.CANCEL, items=told.items(), is_all=True)
    assert (action.state, told.at_shop()["status"]) == ("sent", "cancelled")
    assert action.failure_words == "“processing” became “cancelled”."


def test_cancel_when_only_a_part_then_a_note_there_and_a_sentence_here(told: Told) -> None:
    item = told.items()[0]
    told.move(100, item)
    action = told.deliver(ActionKind.CANCEL, items=[item])
    (note,) = told.notes()
    name = told.remote["line_items"][0]["name"]
    assert (action.state, told.at_shop()["status"]) == ("unsupported", "processing")
    assert name in note["note"] and note["customer_note"] is False
    assert "WooCommerce cannot cancel a part of an order." in (action.failure_words or "")
    assert name in (action.failure_words or "")


@pytest.mark.parametrize("side", ["shipping", "billing"])
def test_address_when_told_then_the_shop_has_it_and_the_next_pull_sees_no_change(
    told: Told, side: str
) -> None:
    with unit_of_work() as session:
        order = session.get_one(Order, told.order_id)
        own = order.billing_address_id if side == "billing" else order.shipping_address_id
        # A new version, as the desk writes one.
        new = session.execute(
            text(
                "INSERT INTO address (customer_id, content_hash, first_name, last_name, line1, line2, district, city,"
                " country, email, phone) SELECT customer_id, 'new', first_name, last_name, 'Bağdat Cad. 118/4',"
                " 'Kat 3', 'Kadıköy', city, country, email, phone FROM address WHERE id = :own RETURNING id"
            ),
            {"own": own},
        ).scalar_one()
        setattr(order, f"{side}_address_id", new)
    action = told.deliver(ActionKind.ADDRESS, side=side, address_id=new)
    there = told.at_shop()[side]
    assert (action.state, there["address_1"]) == ("sent", "Bağdat Cad. 118/4")
    assert there["address_2"] == "Kat 3, Kadıköy"

    told.connected.refresh(told.order_id)

    db.session.rollback()
    order = db.session.get_one(Order, told.order_id)
    assert getattr(order, f"{side}_address_id") == new, "the channel's echo of ours took its place"
    assert db.session.execute(text("SELECT count(*) FROM attention")).scalar_one() == 0


def test_stock_when_told_then_staff_are(told: Told) -> None:
    action = told.deliver(ActionKind.STOCK, items=told.items()[:1])
    assert (action.state, told.changes()) == ("unsupported", [])
    assert "Put them back in stock there" in (action.failure_words or "")


def test_order_that_the_channel_does_not_know_then_nobody_is_called(told: Told) -> None:
    with unit_of_work() as session:
        session.get_one(Order, told.order_id).remote_id = None
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    assert (action.state, action.attempts, told.connected.requests()) == ("unsupported", 0, [])


def test_rows_of_one_order_when_the_first_fails_then_the_rest_waits_and_another_order_goes_on(
    connected: Connected,
) -> None:
    first, other = Told.bought(connected), Told.bought(connected)
    connected.shop.fault(kind="500_before", path=first.path, method="PUT", count=1)
    first.move(550)
    status = first.leave_word(ActionKind.STATUS, status="550")
    late = first.leave_word(ActionKind.TRACKING, tracking_number="TR-1")
    elsewhere = other.leave_word(ActionKind.ACKNOWLEDGE)

    drain("channels")

    assert (action_now(status).state, action_now(late).state) == ("failed", "waiting")
    assert (action_now(late).attempts, action_now(elsewhere).state) == (0, "sent")
    failed = action_now(status)
    assert "500" in (failed.failure_words or "") and failed.next_run_at is not None

    assert tick(CLOCK) == 0
    rows_are_due()
    assert (tick(CLOCK), tick(CLOCK)) == (1, 0)
    drain("channels")
    assert (action_now(status).state, action_now(late).state) == ("sent", "sent")
    assert first.at_shop()["status"] == "completed"


def test_failure_when_it_goes_on_then_back_off_grows_and_the_last_gives_up_in_the_channels_words(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "MOST_ATTEMPTS", 3)
    told.connected.shop.fault(kind="500_before", path=told.path, method="PUT")
    told.move(550)
    key = told.leave_word(ActionKind.STATUS, status="550")
    waits = []
    for _ in range(3):
        drain("channels")
        action = action_now(key)
        if action.next_run_at is not None:
            waits.append(seconds_until(action))
        waits_are_over(told.connected)
    action = action_now(key)
    assert (action.state, action.attempts) == ("given_up", 3)
    assert action.failure_words == ("The shop answered 500: There has been a critical error on this website.")
    assert 20 < waits[0] < 40 and 90 < waits[1] < 150


def seconds_until(action: IntegrationAction) -> float:
    db.session.rollback()
    query = text("SELECT extract(epoch FROM next_run_at - now()) FROM integration_action WHERE id = :id")
    return float(db.session.execute(query, {"id": action.id}).scalar_one())


def test_given_up_when_sent_again_then_it_begins_anew_and_arrives(told: Told) -> None:
    told.move(550)
    told.connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "cancelled"})
    action = told.deliver(ActionKind.STATUS, status="550")
    assert action.state == "given_up"
    told.connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "processing"})

    with unit_of_work() as session:
        IntegrationActionService(session).send_again(action.id, STAFF)
    drain("channels")

    again = action_now(action.id)
    assert (again.state, again.attempts, told.at_shop()["status"]) == ("sent", 1, "completed")
    with unit_of_work() as session, pytest.raises(Conflict, match="nothing to send again"):
        IntegrationActionService(session).send_again(action.id, STAFF)


def test_given_up_when_something_newer_was_told_then_the_old_one_stays_unsent(told: Told) -> None:
    told.move(550)
    told.connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "cancelled"})
    old = told.deliver(ActionKind.STATUS, status="550")
    told.connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "processing"})
    newer = told.deliver(ActionKind.STATUS, status="550")
    assert (old.state, newer.state) == ("given_up", "sent")
    with unit_of_work() as session, pytest.raises(Conflict, match="something newer"):
        IntegrationActionService(session).send_again(old.id, STAFF)


def test_unsupported_when_done_there_by_hand_then_it_is_off_the_list(told: Told) -> None:
    action = told.deliver(ActionKind.STOCK, items=told.items()[:1])
    with unit_of_work() as session:
        IntegrationActionService(session).done_by_hand(action.id, STAFF)
    assert action_now(action.id).state == "by_hand"
    with unit_of_work() as session, pytest.raises(Conflict):
        IntegrationActionService(session).done_by_hand(action.id, STAFF)


def test_word_when_taken_back_before_its_first_attempt_then_it_never_leaves_and_later_not_any_more(
    told: Told,
) -> None:
    early, sent = told.leave_word(ActionKind.ACKNOWLEDGE), told.leave_word(ActionKind.ACKNOWLEDGE)
    with unit_of_work() as session:
        assert IntegrationActionService(session).withdraw([early]) == [early]
    drain("channels")
    assert (action_now(early).state, action_now(sent).state) == ("withdrawn", "sent")
    with unit_of_work() as session:
        assert IntegrationActionService(session).withdraw([early, sent]) == []


def test_channel_when_it_wants_a_pause_then_the_operation_waits_and_no_attempt_is_counted(
    told: Told,
) -> None:
    told.connected.shop.fault(kind="429", path=told.path, seconds=30, count=1)
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    (operation,) = deliveries()
    assert (action.state, action.attempts, action.began_at) == ("waiting", 0, None)
    assert (operation.state, operation.attempt) == ("ready", 0)
    assert "pause" in operation.progress_note
    waits_are_over(told.connected)
    drain("channels")
    assert action_now(action.id).state == "sent"


def test_channel_when_it_does_not_answer_then_the_breaker_spares_it_and_all_arrives_afterwards(
    connected: Connected,
) -> None:
    orders = [Told.bought(connected) for _ in range(7)]
    connected.shop.fault(kind="reset_before", path="*/orders/*")
    keys = [told.leave_word(ActionKind.ACKNOWLEDGE) for told in orders]
    connected.forget_requests()
    drain("channels")
    states = [action_now(key).state for key in keys]
    assert states == ["failed"] * 5 + ["waiting"] * 2
    (operation,) = deliveries()
    assert (operation.state, operation.progress_note) == (
        "ready",
        "The channel does not answer at the moment.",
    )
    connected.shop.control("DELETE", "faults")
    waits_are_over(connected)
    drain("channels")
    assert {action_now(key).state for key in keys} == {"sent"}


def test_credentials_when_the_shop_refuses_them_then_nothing_is_given_up_and_the_channel_pauses(
    told: Told,
) -> None:
    with unit_of_work() as session:
        channel = session.get_one(Channel, told.connected.channel_id)
        good = channel.credentials
        channel.credentials = current_vault().encrypt_fields({"consumer_key": "ck_x", "consumer_secret": "y"})
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    assert (action.state, action.attempts) == ("failed", 0)
    assert "consumer key" in (action.failure_words or "")
    with unit_of_work() as session:
        session.get_one(Channel, told.connected.channel_id).credentials = good
    waits_are_over(told.connected)
    drain("channels")
    assert action_now(action.id).state == "sent"


def test_credentials_when_staff_mend_them_then_the_delivery_that_was_put_off_goes_on_at_once(
    told: Told,
) -> None:
    good = {"consumer_key": KEY, "consumer_secret": SECRET}
    mend(told, {**good, "consumer_secret": "wrong"})
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    assert (action.state, drain("channels")) == ("failed", 0)
    mend(told, good)
    drain("channels")
    assert action_now(action.id).state == "sent"


def mend(told: Told, credentials: dict[str, str]) -> None:
    with unit_of_work() as session:
        channel = session.get_one(Channel, told.connected.channel_id)
        change = ChangeChannel(version=channel.version, credentials=credentials)
        told.connected.service.update_channel(session, channel.id, change, STAFF)


def test_address_when_it_leads_to_something_else_then_nothing_is_given_up(told: Told) -> None:
    """A shop whose plugin is being updated has no such route for a minute."""
    address(told, f"{told.connected.shop.url}/wp-json/elsewhere")
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    assert (action.state, action.attempts, action.failure_code) == ("failed", 0, "wrong_address")
    address(told, told.connected.shop.url)
    waits_are_over(told.connected)
    drain("channels")
    assert action_now(action.id).state == "sent"


def address(told: Told, url: str) -> None:
    with unit_of_work() as session:
        session.execute(text("UPDATE channel SET base_url = :url"), {"url": url})


def test_channel_when_switched_off_then_word_waits_for_it(told: Told) -> None:
    switch(told, on=False)
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    assert (action.state, told.connected.requests()) == ("waiting", [])
    assert tick(CLOCK) == 0
    switch(told, on=True)
    assert tick(CLOCK) == 1
    drain("channels")
    assert action_now(action.id).state == "sent"


def switch(told: Told, *, on: bool) -> None:
    with unit_of_work() as session:
        session.execute(text("UPDATE channel SET is_active = :on"), {"on": on})


def test_word_when_left_while_the_delivery_is_about_to_end_then_it_is_not_forgotten(
    app: Flask, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It joins the open operation, which has looked for the last time: the look after its end finds it."""
    late: list[int] = []
    look = delivering.Delivery._due

    def looked(self: delivering.Delivery) -> list[int]:
        found = look(self)
        if not found and not late:
            late.append(told.leave_word(ActionKind.ACKNOWLEDGE))
        return found

    monkeypatch.setattr(delivering.Delivery, "_due", looked)
    told.deliver(ActionKind.ACKNOWLEDGE)
    assert action_now(late[0]).state == "sent"
    assert [each.state for each in deliveries()] == ["done", "done"]


@pytest.mark.parametrize("kind", ["reset_after", "500_after", "truncated"])
def test_answer_when_it_is_lost_after_the_effect_then_it_is_looked_for_and_not_doubled(
    told: Told, kind: str
) -> None:
    told.connected.shop.fault(kind=kind, path=f"{told.path}/notes", method="POST", count=1)
    action = told.deliver(ActionKind.TRACKING, tracking_number="TR-9")
    assert (action.state, len(told.notes())) == ("failed", 1)
    waits_are_over(told.connected)
    drain("channels")
    again = action_now(action.id)
    assert (again.state, again.attempts, len(told.notes())) == ("sent", 2, 1)
    assert again.failure_words == "The number was there already."


def test_address_when_the_person_was_erased_meanwhile_then_no_empty_one_is_told(told: Told) -> None:
    key = told.leave_word(ActionKind.ADDRESS, side="shipping")
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE address SET first_name = '', last_name = '', company = '', line1 = '', line2 = '', district = '',"
                " city = '', state = '', postcode = '', phone = '', email = '', tax_office = '', tax_number = '',"
                " content_hash = id::text"
            )
        )
    drain("channels")
    action = action_now(key)
    assert (action.state, told.changes()) == ("unsupported", [])
    assert "erased" in (action.failure_words or "")


def test_new_orders_when_the_channel_wants_it_then_open_ones_are_acknowledged_in_the_pulls_transaction(
    shop: ShopServer, session: Session
) -> None:
    connected = Connected.to(shop, conf={"acknowledge": "yes"})
    fresh = Told.bought(connected)
    over = connected.shop.place(status="completed", country="TR")
    connected.backfill(order_numbers_to_fetch=(over["number"],))
    drain("channels")
    kept = [each["value"] for each in fresh.at_shop()["meta_data"] if each["key"] == "_kontor_order"]
    assert kept == [fresh.remote["number"]]
    kinds = db.session.execute(text("SELECT order_id, kind, state FROM integration_action")).all()
    assert [tuple(row) for row in kinds] == [(fresh.order_id, "acknowledge", "sent")]
    # What we wrote there ourselves is no change of the order.
    version = db.session.get_one(Order, fresh.order_id).version
    connected.refresh(fresh.order_id)
    db.session.rollback()
    assert db.session.get_one(Order, fresh.order_id).version == version
    session.close()
    shop.control("DELETE", "requests")
