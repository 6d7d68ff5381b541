"""S30: a channel's message is believed only as far as its signature, and only as a hint to look."""

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.channels.shops import WEBHOOK_SECRET, Connected
from webapp.channels.api import MOST_BYTES
from webapp.channels.inputs import ChangeChannel
from webapp.channels.models import Channel, WebhookEvent
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.orders.models import Order


def signature(body: bytes, secret: str = WEBHOOK_SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def send(
    app: Flask,
    channel_id: int,
    body: bytes,
    *,
    signed: str | None = None,
    delivery: str = "d1",
    **headers: str,
) -> TestResponse:
    given = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Topic": "order.updated",
        "X-WC-Webhook-Delivery-ID": delivery,
        "X-WC-Webhook-Signature": signature(body) if signed is None else signed,
        **headers,
    }
    return app.test_client().post(f"/channels/{channel_id}/webhooks/orders", data=body, headers=given)


def message(order_id: int, **values: Any) -> bytes:
    return json.dumps({"id": order_id, "status": "processing", **values}).encode()


def counted(session: Session) -> tuple[int, int]:
    """(events, operations)."""
    session.rollback()
    events = session.scalars(select(func.count()).select_from(WebhookEvent)).one()
    return events, session.scalars(select(func.count()).select_from(Operation)).one()


def test_message_when_signed_then_the_order_is_asked_for_and_the_body_not_believed(
    app: Flask, session: Session, connected: Connected
) -> None:
    new = connected.shop.place(status="processing")
    body = message(new["id"], status="cancelled", total="0.01")

    assert send(app, connected.channel_id, body).status_code == 200

    session.rollback()
    (wanted,) = session.scalars(select(Operation)).all()
    assert (wanted.kind, wanted.args) == ("channel.refresh_order", {"remote_id": str(new["id"])})
    connected.work(wanted.id)
    session.rollback()
    order = session.scalars(select(Order)).one()
    assert (order.remote_id, order.status) == (str(new["id"]), 400)


@pytest.mark.parametrize("signed", ["", "bm9uc2Vuc2U=", "ü", signature(message(1), "another secret")])
def test_message_when_the_signature_is_wrong_then_401_and_no_effect(
    signed: str, app: Flask, session: Session, connected: Connected
) -> None:
    answer = send(app, connected.channel_id, message(1), signed=signed)
    assert answer.status_code == 401
    assert counted(session) == (0, 0)


def test_message_when_its_body_was_changed_then_401(
    app: Flask, session: Session, connected: Connected
) -> None:
    answer = send(app, connected.channel_id, message(2), signed=signature(message(1)))
    assert answer.status_code == 401
    assert counted(session) == (0, 0)


def test_message_when_it_comes_ten_times_at_once_then_one_event_and_one_operation(
    app: Flask, session: Session, connected: Connected
) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: send(app, connected.channel_id, message(7)).status_code, range(10)))

    assert answers == [200] * 10
    assert counted(session) == (1, 1)


def test_messages_when_two_orders_share_the_second_and_so_the_delivery_id_then_both_count(
    app: Flask, session: Session, connected: Connected
) -> None:
    send(app, connected.channel_id, message(1), delivery="same")
    send(app, connected.channel_id, message(2), delivery="same")
    assert counted(session) == (2, 2)


def test_message_when_the_order_is_being_looked_at_right_now_then_once_more_afterwards(
    app: Flask, session: Session, connected: Connected
) -> None:
    for delivery in ("d1", "d2"):
        send(app, connected.channel_id, message(1), delivery=delivery)
    assert counted(session) == (2, 1)
    with unit_of_work() as unit:
        running = unit.scalars(select(Operation)).one()
        running.state, running.lease_token = "leased", running.id

    for delivery in ("d3", "d4"):
        send(app, connected.channel_id, message(1), delivery=delivery)

    assert counted(session) == (4, 2)


def test_ping_when_a_webhook_is_made_then_200_without_a_signature_and_without_effect(
    app: Flask, session: Session, connected: Connected
) -> None:
    answer = app.test_client().post(
        f"/channels/{connected.channel_id}/webhooks/orders", data={"webhook_id": "3"}
    )
    assert answer.status_code == 200
    assert counted(session) == (0, 0)


def test_form_when_it_is_more_than_a_ping_then_401(
    app: Flask, session: Session, connected: Connected
) -> None:
    form = {"webhook_id": "3", "id": "7" * 200}
    answer = app.test_client().post(f"/channels/{connected.channel_id}/webhooks/orders", data=form)
    assert answer.status_code == 401


def test_message_when_too_large_then_413(app: Flask, session: Session, connected: Connected) -> None:
    body = message(1, padding="x" * MOST_BYTES)
    assert send(app, connected.channel_id, body).status_code == 413
    assert counted(session) == (0, 0)


def test_message_when_as_large_as_allowed_then_taken(
    app: Flask, session: Session, connected: Connected
) -> None:
    empty = len(message(1, padding=""))
    body = message(1, padding="x" * (MOST_BYTES - empty))
    assert (len(body), send(app, connected.channel_id, body).status_code) == (MOST_BYTES, 200)


def test_message_when_about_something_else_then_noted_and_nothing_asked(
    app: Flask, session: Session, connected: Connected
) -> None:
    answer = send(app, connected.channel_id, message(1), **{"X-WC-Webhook-Topic": "product.updated"})
    assert answer.status_code == 200
    assert counted(session) == (1, 0)


def test_message_when_signed_but_not_json_then_noted_and_nothing_asked(
    app: Flask, session: Session, connected: Connected
) -> None:
    assert send(app, connected.channel_id, b"\xff not json").status_code == 200
    assert counted(session) == (1, 0)


def test_channel_when_unknown_then_404(app: Flask, session: Session, connected: Connected) -> None:
    assert send(app, 999, message(1)).status_code == 404


def test_secret_when_none_is_set_then_every_signature_is_wrong(
    app: Flask, session: Session, connected: Connected
) -> None:
    bare = Connected.to(
        connected.shop, name="Bare", credentials={"consumer_key": "a", "consumer_secret": "b"}
    )
    assert send(app, bare.channel_id, message(1), signed=signature(message(1), "")).status_code == 401


def test_secret_when_rotated_then_old_and_new_are_live_until_the_old_is_taken_away(
    app: Flask, session: Session, connected: Connected
) -> None:
    def change(**credentials: str | None) -> None:
        with unit_of_work() as unit:
            version = unit.get_one(Channel, connected.channel_id).version
            context = AuditContext(origin=Origin.PAGE)
            connected.service.update_channel(
                unit, connected.channel_id, ChangeChannel(version, credentials=credentials), context
            )

    change(webhook_secret="the new one", webhook_secret_previous=WEBHOOK_SECRET)
    for number, secret in enumerate((WEBHOOK_SECRET, "the new one"), start=1):
        body = message(number)
        assert send(app, connected.channel_id, body, signed=signature(body, secret)).status_code == 200
    change(webhook_secret_previous=None)
    assert send(app, connected.channel_id, message(3), signed=signature(message(3))).status_code == 401
    db.session.remove()


def test_message_when_the_real_shop_sends_it_then_its_signature_fits(
    app: Flask, session: Session, connected: Connected
) -> None:
    from tests.sandbox.listener import Listener

    listener = Listener()
    try:
        made = connected.shop.api(
            "POST",
            "/webhooks",
            {"topic": "order.created", "delivery_url": listener.url, "secret": WEBHOOK_SECRET},
        )
        assert made.status_code == 201, made.text
        new = connected.shop.place(status="processing")
        received = listener.wait_for(lambda all_of: len(all_of) >= 2)
    finally:
        listener.close()

    answers = [
        app.test_client()
        .post(f"/channels/{connected.channel_id}/webhooks/orders", data=each.body, headers=each.headers)
        .status_code
        for each in received
    ]

    assert answers == [200] * len(received)
    session.rollback()
    (wanted,) = session.scalars(select(Operation)).all()
    assert wanted.args == {"remote_id": str(new["id"])}
