"""Deliveries while something else happens: staff press a button, a key is mended, a row cannot be read, a parcel is joined."""

from datetime import timedelta
from typing import Any

import pytest

from tests.channels.shops import STAFF
from tests.channels.telling import Told, action_now, waits_are_over
from tests.sandbox.running import KEY, SECRET
from webapp.channels import delivering
from webapp.channels.inputs import ChangeChannel
from webapp.channels.models import Channel
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.hints import drain
from webapp.orders.enums import ActionKind
from webapp.orders.service import IntegrationActionService


def mend(told: Told, credentials: dict[str, str]) -> None:
    with unit_of_work() as session:
        channel = session.get_one(Channel, told.connected.channel_id)
        change = ChangeChannel(version=channel.version, credentials=credentials)
        told.connected.service.update_channel(session, channel.id, change, STAFF)


def test_tracking_when_another_number_begins_with_it_then_the_note_is_not_taken_for_its_own(
    told: Told,
) -> None:
    told.deliver(ActionKind.TRACKING, tracking_number="TR-11")
    told.connected.shop.fault(kind="500_before", path="*/notes", method="POST", count=1)
    action = told.deliver(ActionKind.TRACKING, tracking_number="TR-1")
    assert action.state == "failed"
    waits_are_over(told.connected)
    drain("channels")
    assert action_now(action.id).state == "sent"
    assert [note["note"].split()[-1] for note in told.notes()] == ["TR-1", "TR-11"]


def test_tracking_when_a_further_row_leaves_in_the_same_parcel_then_the_shop_has_both(told: Told) -> None:
    told.connected.shop.control("PUT", "settings", {"fulfillments": True})
    first, second, *_ = told.items()
    told.deliver(ActionKind.TRACKING, tracking_number="TR-1", items=[first])
    told.deliver(ActionKind.TRACKING, tracking_number="TR-1", items=[second])
    again = told.deliver(ActionKind.TRACKING, tracking_number="TR-1", items=[second])
    listed = told.connected.shop.api("GET", f"/orders/{told.remote['id']}/fulfillments").json()
    rows = [entry["value"] for each in listed for entry in each["meta_data"] if entry["key"] == "_items"]
    lines = [line["id"] for line in told.remote["line_items"][:2]]
    assert sorted(row["item_id"] for parcel in rows for row in parcel) == sorted(lines)
    assert again.failure_words == "The number was there already."


@pytest.mark.parametrize(("fault", "waits_s"), [("500_before", 30), ("429", 60)])
def test_failed_when_staff_send_it_again_while_it_is_being_sent_then_it_is_not_put_off_for_long(
    told: Told, monkeypatch: pytest.MonkeyPatch, fault: str, waits_s: int
) -> None:
    told.connected.shop.fault(kind="500_before", path=f"{told.path}*", count=4)
    action = told.deliver(ActionKind.ACKNOWLEDGE)
    assert (action.state, action.attempts) == ("failed", 1)
    told.connected.shop.control("DELETE", "faults")
    told.connected.shop.fault(kind=fault, path=f"{told.path}*", seconds=60)
    send = delivering.send_of

    def pressed_meanwhile(pushes: Any, push: Any) -> Any:
        with unit_of_work() as session:
            IntegrationActionService(session).send_again(action.id, STAFF)
        return send(pushes, push)

    monkeypatch.setattr(delivering, "send_of", pressed_meanwhile)
    waits_are_over(told.connected)
    drain("channels")

    after = action_now(action.id)
    assert after.attempts == 0
    if after.next_run_at is not None:
        assert after.next_run_at - utc_now() < timedelta(seconds=1.3 * waits_s)


def test_row_when_its_facts_cannot_be_read_then_it_alone_fails_and_the_others_go(told: Told) -> None:
    broken = told.leave_word(ActionKind.ADDRESS, side="shipping", address_id=10**9)
    other = Told.bought(told.connected, items=1)
    good = other.leave_word(ActionKind.ACKNOWLEDGE)

    drain("channels")

    assert action_now(good).state == "sent"
    row = action_now(broken)
    assert (row.state, row.attempts, row.failure_code) == ("failed", 1, "bug")


def test_credentials_when_mended_while_a_call_is_refused_then_the_delivery_does_not_wait(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"consumer_key": KEY, "consumer_secret": SECRET}
    mend(told, {**good, "consumer_secret": "wrong"})
    action_id = told.leave_word(ActionKind.ACKNOWLEDGE)
    send = delivering.send_of

    def mended_meanwhile(pushes: Any, push: Any) -> Any:
        mend(told, good)
        return send(pushes, push)

    monkeypatch.setattr(delivering, "send_of", mended_meanwhile)
    drain("channels")

    assert action_now(action_id).state == "sent"
