"""`/api/v1/webhooks/`: who is told of events, what was delivered, and sending again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Response, jsonify, url_for
from marshmallow import Schema

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Key, Several, Text, Word, Words
from webapp.api.idempotency import keep_instead
from webapp.api.paging import Json, Walk, read_page, walked
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.paging import walk
from webapp.events.names import EventName
from webapp.orders.serializers import stamp
from webapp.webhooks import queries, replaying
from webapp.webhooks.acting import service
from webapp.webhooks.queries import DeliveryState
from webapp.webhooks.subscriptions import LONGEST_DESCRIPTION, LONGEST_URL, Wish

if TYPE_CHECKING:
    from webapp.events.models import Event, WebhookDelivery
    from webapp.webhooks.queries import Standing

resource = Resource("api_webhooks", __name__, description="Webhooks")
_NEWEST: Final = "-pk"


class NewWebhook(Schema):
    """An address and what it is told; no channels: those of every channel."""

    url = Text(most=LONGEST_URL, required=True)
    events = Several(Word(EventName), required=True)
    channels = Several(Key(), load_default=())
    description = Text(most=LONGEST_DESCRIPTION, load_default="")


class ChangedWebhook(Schema):
    """What is not sent stays."""

    url = Text(most=LONGEST_URL)
    events = Several(Word(EventName))
    channels = Several(Key())
    description = Text(most=LONGEST_DESCRIPTION)


class DeliveryQuery(Walk):
    """Which deliveries."""

    state = Words(DeliveryState)


@resource.get("/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(200, "WebhookList", "Every webhook that the token sees.")
def list_webhooks() -> Json:
    """Webhooks and how they stand"""
    found = queries.subscriptions(db.session(), channel_scope())
    return {"count": len(found), "results": [_webhook(each) for each in found]}


@resource.post("/")
@requires(Permission.WEBHOOKS_MANAGE)
@resource.arguments(NewWebhook)
@answers(201, "WebhookWithSecret", "The webhook with its secret, which no later answer has.")
def add_webhook(sent: Json) -> Response:
    """Add a webhook; its `secret` is in this answer alone"""
    with unit_of_work() as session:
        made, secret = service(session).subscribe(Wish(**sent))
        pk = made.id
    response = _with_secret(pk, secret)
    response.status_code = 201
    response.headers["Location"] = url_for(".get_webhook", pk=pk)
    return response


@resource.get(f"/{PK}/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(200, "Webhook", "The webhook.")
def get_webhook(pk: int) -> Json:
    """One webhook"""
    return _answer(pk)


@resource.patch(f"/{PK}/")
@requires(Permission.WEBHOOKS_MANAGE)
@resource.arguments(ChangedWebhook)
@answers(200, "Webhook", "The webhook.")
def change_webhook(sent: Json, pk: int) -> Json:
    """Another address, other events or channels"""
    with unit_of_work() as session:
        desk = service(session)
        kept = desk.locked(pk)
        wish = {
            "url": kept.url,
            "events": tuple(EventName(name) for name in kept.events),
            "channels": tuple(kept.channels),
            "description": kept.description,
        }
        desk.change(pk, Wish(**{**wish, **sent}))
    return _answer(pk)


@resource.delete(f"/{PK}/")
@requires(Permission.WEBHOOKS_MANAGE)
@resource.response(204, description="It is gone, and its deliveries with it.")
def delete_webhook(pk: int) -> None:
    """Take a webhook away"""
    with unit_of_work() as session:
        service(session).delete(pk)


@resource.post(f"/{PK}/pause/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(200, "Webhook", "The webhook.")
def pause_webhook(pk: int) -> Json:
    """Send nothing; what happens meanwhile waits"""
    with unit_of_work() as session:
        service(session).pause(pk)
    return _answer(pk)


@resource.post(f"/{PK}/resume/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(200, "Webhook", "The webhook.")
def resume_webhook(pk: int) -> Json:
    """Send what waits, and go on"""
    with unit_of_work() as session:
        service(session).resume(pk)
    return _answer(pk)


@resource.post(f"/{PK}/rotate_secret/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(200, "WebhookWithSecret", "The webhook with its new secret, which no later answer has.")
def rotate_secret(pk: int) -> Response:
    """A new secret; the one before it signs for 24 hours more"""
    with unit_of_work() as session:
        _, secret = service(session).rotate(pk)
    return _with_secret(pk, secret)


@resource.post(f"/{PK}/test/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(202, "Webhook", "The webhook; the test is on its way.")
def test_webhook(pk: int) -> tuple[Json, int]:
    """Send an event that only says hello"""
    with unit_of_work() as session:
        replaying.send_test(session, service(session).locked(pk), audit_context())
    return _answer(pk), 202


@resource.get(f"/{PK}/deliveries/")
@requires(Permission.WEBHOOKS_MANAGE)
@resource.arguments(DeliveryQuery, location="query")
@answers(200, "WebhookDeliveryPage", "One page of what was or will be delivered.")
def list_deliveries(wanted: Json, pk: int) -> Json:
    """Deliveries of the last 30 days, the newest first"""
    session = db.session()
    queries.subscription(session, channel_scope(), pk)
    statement = queries.deliveries_of(pk, wanted.get("state", ()))
    found = walk(session, statement, queries.NEWEST_FIRST, read_page(wanted, _NEWEST, (int,)))
    results = [_delivery(delivery, event) for delivery, event in found.rows]
    return walked(found, results, _NEWEST, lambda row: (row[0].id,))


@resource.post(f"/{PK}/deliveries/<int:delivery_pk>/replay/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(202, "Webhook", "The webhook; the delivery is on its way.")
def replay_delivery(pk: int, delivery_pk: int) -> tuple[Json, int]:
    """Send one delivery again, under the same event id"""
    with unit_of_work() as session:
        replaying.replay(session, service(session).locked(pk), delivery_pk, audit_context())
    return _answer(pk), 202


@resource.post(f"/{PK}/replay_failed/")
@requires(Permission.WEBHOOKS_MANAGE)
@answers(202, "Webhook", "The webhook; what had failed is on its way.")
def replay_failed(pk: int) -> tuple[Json, int]:
    """Send all deliveries again that were given up"""
    with unit_of_work() as session:
        replaying.replay_failed(session, service(session).locked(pk), audit_context())
    return _answer(pk), 202


def _answer(pk: int) -> Json:
    return _webhook(queries.subscription(db.session(), channel_scope(), pk))


def _with_secret(pk: int, secret: str) -> Response:
    """Told once: a request that is sent again with its key gets null."""
    answer = _answer(pk)
    keep_instead({**answer, "secret": None})
    response = jsonify({**answer, "secret": secret})
    response.headers["Cache-Control"] = "no-store"
    return response


def _webhook(standing: Standing) -> dict[str, Any]:
    row = standing.subscription
    return {
        "pk": row.id,
        "url": row.url,
        "description": row.description,
        "events": list(row.events),
        "channels": list(row.channels),
        "is_paused": row.is_paused,
        "paused_because": row.paused_because,
        "paused_date": stamp(row.paused_at),
        "failing_since": stamp(row.failing_since),
        "waiting": standing.waiting,
        "failed": standing.failed,
        "last_delivered_date": stamp(row.last_delivered_at),
        "former_secret_until": stamp(row.former_until),
        "created_by": row.created_by_id,
        "created_date": stamp(row.created_at),
    }


def _delivery(delivery: WebhookDelivery, event: Event) -> dict[str, Any]:
    return {
        "pk": delivery.id,
        "event": str(event.key),
        "type": event.name,
        "order": event.order_id,
        "state": delivery.state,
        "tries": delivery.tries,
        "answer_status": delivery.answer_status,
        "answer_words": delivery.answer_words,
        "answer_ms": delivery.answer_ms,
        "tried_date": stamp(delivery.tried_at),
        "next_try_date": stamp(delivery.next_try_at) if delivery.state == DeliveryState.WAITING else None,
        "delivered_date": stamp(delivery.delivered_at),
        "happened_date": stamp(event.created_at),
    }
