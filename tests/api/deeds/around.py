"""Channels, background work and webhooks, by both faces."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from tests.api.deeds.belongings import Rows, of
from tests.api.deeds.stage import API, PAGE, About, Deed, Stage, about
from tests.order_drafts import draft, make_channel, write
from tests.webhooks.hearing import subscribe, subscription, work
from webapp.channels.models import RemoteRecord
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.events.models import WebhookDelivery
from webapp.events.names import EventName


def two_channels(_stage: Stage, _fields: Mapping[str, Any]) -> tuple[int, int]:
    """Each with a record that could not be taken."""
    keys = []
    for name in (PAGE, API):
        key = make_channel(db.session(), name=name).id
        with unit_of_work() as unit:
            unit.add(
                RemoteRecord(
                    channel_id=key,
                    remote_id="f1",
                    content_hash="0",
                    payload={},
                    state="failed",
                    failure_class="mapping",
                )
            )
        keys.append(key)
    return keys[0], keys[1]


def of_channel(key: int) -> Rows:
    return of("channel", key, channel="id", remote_record="channel_id", operation="channel_id")


def two_operations(_stage: Stage, _fields: Mapping[str, Any]) -> tuple[uuid.UUID, uuid.UUID]:
    """Given up, both."""
    with unit_of_work() as unit:
        both = [
            Operation(
                kind="channel.pull", queue="channels", dedupe_key=name, args={}, state="dead", attempt=6, last_error="no"
            )
            for name in (PAGE, API)
        ]  # fmt: skip
        unit.add_all(both)
        unit.flush()
        return both[0].id, both[1].id


def run_again(_stage: Stage, key: uuid.UUID) -> None:
    with unit_of_work() as unit:
        unit.get_one(Operation, key).state = "done"


def two_webhooks(_stage: Stage, _fields: Mapping[str, Any]) -> tuple[int, int]:
    return subscribe(events=[EventName.ORDER_CREATED])[0], subscribe(events=[EventName.ORDER_CREATED])[0]


def of_webhook(key: int) -> Rows:
    return of("webhook", key, webhook_subscription="id", webhook_delivery="subscription_id")


def paused(_stage: Stage, key: int) -> None:
    with unit_of_work() as unit:
        unit.execute(text("UPDATE webhook_subscription SET paused_at = now() WHERE id = :key"), {"key": key})


def failed(stage: Stage, key: int) -> None:
    """An order was made, nobody listened, and it was given up."""
    write(stage.counter.desk.channel, draft(f"9{key}"))
    work()
    with unit_of_work() as unit:
        unit.execute(
            text(
                "DELETE FROM webhook_delivery WHERE event_id <> (SELECT min(event_id) FROM webhook_delivery)"
            )
        )
        unit.execute(
            text("UPDATE webhook_delivery SET state = 'failed', tries = 9 WHERE subscription_id = :key"),
            {"key": key},
        )


def delivery(key: int) -> int:
    return db.session.scalars(select(WebhookDelivery.id).where(WebhookDelivery.subscription_id == key)).one()


def button(page: str, api: str, endpoint: str) -> dict[str, Any]:
    """A button of the webhook's page."""
    return {
        "endpoint": f"api_webhooks.{endpoint}",
        "page": lambda stage, key: stage.press(f"/settings/webhooks/{key}/{page}"),
        "api": lambda stage, key: stage.program.post(f"/webhooks/{key}/{api}/"),
    }


def subscribed() -> dict[str, Any]:
    """A new one; the two that are there are looked at afterwards with it."""
    typed = {"url": "https://erp.example.com/hook", "description": "ERP", "events": ["order.created"]}
    return {
        "endpoint": "api_webhooks.add_webhook",
        "page": lambda stage, key: stage.press("/settings/webhooks/new", **typed),
        "api": lambda stage, key: stage.program.post("/webhooks/", typed),
    }


def newest_webhooks(_stage: Stage, _fields: Mapping[str, Any]) -> tuple[int, int]:
    """The keys that the page's and then the program's will have."""
    last = subscribe()[0]
    return last + 1, last + 2


def changed(url: str) -> dict[str, Any]:
    def page(stage: Stage, key: int) -> TestResponse:
        version = str(subscription(key).version)
        return stage.press(
            f"/settings/webhooks/{key}/edit",
            url=url,
            events=["order.updated"],
            description="",
            version=version,
        )

    def api(stage: Stage, key: int) -> TestResponse:
        return stage.program.patch(f"/webhooks/{key}/", {"url": url, "events": ["order.updated"]})

    return {"endpoint": "api_webhooks.change_webhook", "page": page, "api": api}


def replayed() -> dict[str, Any]:
    """The only delivery of the webhook, sent again."""
    return {
        "endpoint": "api_webhooks.replay_delivery",
        "page": lambda stage, key: stage.press(f"/settings/webhooks/{key}/deliveries/{delivery(key)}/replay"),
        "api": lambda stage, key: stage.program.post(f"/webhooks/{key}/deliveries/{delivery(key)}/replay/"),
    }


_RETRY: dict[str, Any] = {
    "endpoint": "api_operations.retry",
    "page": lambda stage, key: stage.press(f"/operations/{key}/retry"),
    "api": lambda stage, key: stage.program.post(f"/operations/{key}/retry/"),
}
AROUND = [
    *about(
        About(two_channels, of_channel),
        Deed(
            "pull a channel",
            "api_channels.pull_channel",
            lambda stage, key: stage.press(f"/channels/{key}/pull"),
            lambda stage, key: stage.program.post(f"/channels/{key}/pull/"),
        ),
        Deed(
            "replay failed records",
            "api_channels.replay_channel",
            lambda stage, key: stage.press(f"/channels/{key}/replay", all="1"),
            lambda stage, key: stage.program.post(f"/channels/{key}/replay/"),
        ),
    ),
    *about(
        About(two_operations, lambda key: of("operation", key, operation="id")),
        Deed("retry given-up work", **_RETRY),
        Deed("retry work that is done", **_RETRY, before=run_again, refused=409),
    ),
    *about(
        About(two_webhooks, of_webhook),
        Deed("change a webhook", **changed("https://erp.example.com/new")),
        Deed("change a webhook to no address", **changed("ftp://erp.example.com/new"), refused=422),
        Deed("pause a webhook", **button("pause", "pause", "pause_webhook")),
        Deed("pause twice", **button("pause", "pause", "pause_webhook"), before=paused, refused=409),
        Deed("resume a webhook", **button("resume", "resume", "resume_webhook"), before=paused),
        Deed("resume what runs", **button("resume", "resume", "resume_webhook"), refused=409),
        Deed("a new secret", **button("secret", "rotate_secret", "rotate_secret")),
        Deed("test a webhook", **button("test", "test", "test_webhook")),
        Deed("test while it is paused", **button("test", "test", "test_webhook"), before=paused, refused=409),
        Deed(
            "delete a webhook",
            "api_webhooks.delete_webhook",
            lambda stage, key: stage.press(f"/settings/webhooks/{key}/delete"),
            lambda stage, key: stage.program.open("DELETE", f"/webhooks/{key}/"),
        ),
        Deed("send one delivery again", **replayed(), before=failed),
        Deed("send all again that failed", **button("replay-failed", "replay_failed", "replay_failed"), before=failed),
        Deed("send all again where none failed", **button("replay-failed", "replay_failed", "replay_failed"), refused=409),
    ),
    *about(About(newest_webhooks, of_webhook), Deed("add a webhook", **subscribed())),
]  # fmt: skip
