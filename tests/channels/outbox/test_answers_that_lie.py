"""A shop whose answer says success and holds something else: nothing is believed to be done, and no order is taken for another."""

from datetime import timedelta
from typing import Any

import pytest

from tests.channels.shops import Connected
from tests.channels.telling import ORDERS, Told, action_now, waits_are_over
from webapp.channels.connection import ChannelConnection
from webapp.channels.integrations.woocommerce.client import WooCommerceClient
from webapp.channels.integrations.woocommerce.refunding import WooRefunds
from webapp.channels.profile import load_profile
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.errors import IntegrationError
from webapp.core.hints import current_hints, drain
from webapp.orders.enums import ActionKind
from webapp.orders.models import Order


@pytest.mark.parametrize(
    ("kind", "args", "fault"),
    [
        (ActionKind.ACKNOWLEDGE, {}, {"kind": "error_200", "method": "PUT"}),
        (ActionKind.ACKNOWLEDGE, {}, {"kind": "error_200", "method": "GET"}),
        (ActionKind.ACKNOWLEDGE, {}, {"kind": "other_id", "method": "GET"}),
        (ActionKind.ADDRESS, {"side": "shipping"}, {"kind": "other_id", "method": "PUT"}),
        (ActionKind.CANCEL, {"items": []}, {"kind": "error_200", "method": "POST"}),
        (ActionKind.TRACKING, {"tracking_number": "TR-9"}, {"kind": "error_200", "method": "POST"}),
    ],
)
def test_word_when_the_answer_is_no_answer_to_it_then_it_is_not_counted_as_told_and_tried_again(
    told: Told, kind: ActionKind, args: dict[str, Any], fault: dict[str, Any]
) -> None:
    told.connected.shop.fault(**fault, path=f"{ORDERS}/*", count=1)

    action = told.deliver(kind, **args)

    assert (action.state, action.failure_code) == ("failed", "unlike"), action.failure_words
    assert "Our fault" not in (action.failure_words or "")

    waits_are_over(told.connected)
    drain("channels")
    # A part of an order cannot be cancelled there; the note is.
    assert action_now(action.id).state == ("unsupported" if kind is ActionKind.CANCEL else "sent")


def test_tracking_when_the_shop_refuses_with_200_then_the_parcel_is_made_with_the_next_attempt_once(
    told: Told,
) -> None:
    told.connected.shop.control("PUT", "settings", {"fulfillments": True})
    told.connected.shop.fault(kind="error_200", path=f"{ORDERS}/*/fulfillments", method="POST", count=1)
    action = told.deliver(ActionKind.TRACKING, tracking_number="TR-9")
    assert action.state == "failed"
    waits_are_over(told.connected)
    drain("channels")
    made = told.connected.shop.api("GET", f"/orders/{told.remote['id']}/fulfillments").json()
    assert (action_now(action.id).state, len(made)) == ("sent", 1)


def test_address_when_another_order_answers_then_its_address_is_not_taken_for_this_ones(told: Told) -> None:
    with unit_of_work() as session:
        before = session.get_one(Order, told.order_id).shipping_address_seen_id
    told.connected.shop.fault(kind="other_id", path=f"{ORDERS}/*")
    told.deliver(ActionKind.ADDRESS, side="shipping")
    db.session.rollback()
    assert db.session.get_one(Order, told.order_id).shipping_address_seen_id == before


def test_refunds_when_the_list_is_an_error_with_200_then_nobody_says_that_there_are_none(told: Told) -> None:
    refunds = refunds_of(told.connected)
    told.connected.shop.fault(kind="error_200", method="GET", path=f"{ORDERS}*")

    with pytest.raises(IntegrationError):
        refunds.refunds_of(str(told.remote["id"]), "TRY")
    with pytest.raises(IntegrationError):
        refunds.payment_of(str(told.remote["id"]))
    with pytest.raises(IntegrationError):
        list(refunds.refunds_since(utc_now()))


def test_refunds_when_the_shop_gives_the_same_page_for_ever_then_reading_fails_instead_of_never_ending(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page of two orders is the one before it once more: the end of the list never comes."""
    monkeypatch.setattr("webapp.channels.integrations.woocommerce.refunding.MOST_PER_PAGE", 2)
    for _ in range(6):
        told.connected.shop.place(items=1)
    told.connected.shop.fault(kind="repeated_page", path=ORDERS)

    with pytest.raises(IntegrationError, match="the same page again and again"):
        list(refunds_of(told.connected).refunds_since(utc_now() - timedelta(hours=1)))


def test_refresh_when_another_order_answers_then_it_failed(told: Told) -> None:
    told.connected.shop.fault(kind="other_id", method="GET", path=f"{ORDERS}/*", count=1)

    done = told.connected.refresh(told.order_id)

    assert (done.state, done.attempt) == ("ready", 1)
    assert "another order" in (done.last_error or "")


def test_check_when_an_error_comes_with_200_then_nobody_says_that_the_credentials_are_taken(
    connected: Connected,
) -> None:
    connected.shop.fault(kind="error_200", path="/wp-json/*")
    done = connected.check()
    assert done.state == "dead"
    assert "answered 200 with" in (done.last_error or "")


def test_pull_when_an_error_comes_with_200_then_the_words_are_the_shops(connected: Connected) -> None:
    connected.shop.fault(kind="error_200", path=ORDERS)
    failed = connected.pull()
    assert failed.state == "ready"
    assert (failed.last_error or "").startswith("The shop answered 200 with")
    assert "not JSON" not in (failed.last_error or "")


def refunds_of(connected: Connected) -> WooRefunds:
    with unit_of_work() as session:
        profile = load_profile(session, connected.channel_id)
    return WooRefunds(WooCommerceClient(profile, ChannelConnection(profile, current_hints().settings)))
