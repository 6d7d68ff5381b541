"""A channel that is switched off is left alone, whatever was asked for before, and catches up when it is on again."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.channels.shops import STAFF, Connected, operation, remote_ids
from tests.channels.test_webhooks import message, send
from webapp.channels.fetching import FetchOrders
from webapp.channels.inputs import ChangeChannel
from webapp.channels.models import Channel
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.orders.models import Order


def switch(connected: Connected, *, on: bool) -> None:
    with unit_of_work() as session:
        channel = session.get_one(Channel, connected.channel_id)
        change = ChangeChannel(version=channel.version, is_active=on)
        connected.service.update_channel(session, channel.id, change, STAFF)


@pytest.mark.parametrize("ask", ["pull", "reread", "backfill"])
def test_work_that_waits_when_the_channel_is_switched_off_then_the_shop_is_not_called(
    connected: Connected, ask: str, session: Session
) -> None:
    key = asked(connected, ask)
    switch(connected, on=False)

    drain("channels")

    done = operation(key)
    assert (done.state, done.progress_note) == ("done", "The channel is switched off.")
    assert (connected.requests(), remote_ids(session)) == ([], [])

    switch(connected, on=True)
    connected.pull()
    assert remote_ids(session) != []


def asked(connected: Connected, what: str) -> Any:
    with unit_of_work() as session:
        if what == "backfill":
            wish = FetchOrders(fetch_all_orders=True)
            return connected.service.backfill(session, connected.channel_id, wish, STAFF)[0].id
        return getattr(connected.service, what)(session, connected.channel_id, STAFF)[0].id


def test_order_when_its_channel_is_switched_off_then_it_is_not_asked_for(
    connected: Connected, session: Session
) -> None:
    number = connected.shop.orders()[0]["number"]
    connected.backfill(order_numbers_to_fetch=(number,))
    session.rollback()
    order_id = session.scalars(select(Order.id)).one()
    switch(connected, on=False)
    with pytest.raises(Conflict, match="switched off"), unit_of_work() as unit:
        connected.service.refresh_order(unit, order_id, STAFF)


def test_message_of_the_shop_when_the_channel_is_switched_off_then_nothing_is_fetched(
    app: Flask, connected: Connected, session: Session
) -> None:
    body = message(connected.shop.orders()[0]["id"])
    switch(connected, on=False)
    connected.forget_requests()

    assert send(app, connected.channel_id, body).status_code == 200
    assert send(app, connected.channel_id, body, signed="bm9uc2Vuc2U=").status_code == 401
    drain("channels")

    assert (connected.requests(), remote_ids(session)) == ([], [])
    assert session.scalars(select(Operation)).all() == []
