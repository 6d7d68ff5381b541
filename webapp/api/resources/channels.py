"""`/api/v1/channels/`: how they fare, pulling them, and what could not be taken from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response
from marshmallow import Schema

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Key, Several, Word
from webapp.api.paging import Json, PageQuery, collection, read_page
from webapp.api.resources.operations import accepted
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.channels import queries
from webapp.channels.service import ChannelService
from webapp.core.db import db, unit_of_work
from webapp.core.paging import Ordering, find
from webapp.orders.enums import FailureClass
from webapp.orders.serializers import stamp

if TYPE_CHECKING:
    from webapp.channels.models import RemoteRecord
    from webapp.channels.queries import ChannelHealth

resource = Resource("api_channels", __name__, description="Channels")


class FailedQuery(PageQuery):
    """Which records."""

    failure_class = Word(FailureClass)


class Replay(Schema):
    """Which records to try again; null or nothing: all that failed."""

    records = Several(Key(), allow_none=True, load_default=None)


@resource.get("/")
@requires(Permission.CHANNELS_VIEW)
@answers(200, "ChannelList", "Every channel that the token sees.")
def list_channels() -> Json:
    """Channels and how their pulls fare"""
    found = queries.channels(db.session(), channel_scope())
    return {"count": len(found), "results": [_channel(each) for each in found]}


@resource.get(f"/{PK}/")
@requires(Permission.CHANNELS_VIEW)
@answers(200, "Channel", "The channel.")
def get_channel(pk: int) -> Json:
    """One channel"""
    return _channel(queries.channel(db.session(), channel_scope(), pk))


@resource.post(f"/{PK}/pull/")
@requires(Permission.CHANNELS_PULL)
@answers(202, "Operation", "The work; `Location` is where to ask how far it is.")
def pull_channel(pk: int) -> Response:
    """Pull what changed at the channel; a pull that runs already is joined"""
    queries.channel_name(db.session(), channel_scope(), pk)
    with unit_of_work() as session:
        operation, _ = ChannelService().pull(session, pk, audit_context())
        return accepted(operation)


@resource.get(f"/{PK}/failed_records/")
@requires(Permission.CHANNELS_VIEW)
@resource.arguments(FailedQuery, location="query")
@answers(200, "FailedRecordPage", "One page of the records that could not be taken.")
def list_failed_records(wanted: Json, pk: int) -> Json:
    """What the channel sent and we could not take, the newest first"""
    session = db.session()
    queries.channel_name(session, channel_scope(), pk)
    asked = read_page(wanted, "-pk", (int,))
    failure = wanted.get("failure_class")
    statement = queries.failed_statement(pk, failure_class=failure.value if failure else None)
    found = find(session, statement, Ordering((queries.RECORD_ID,)), asked)
    results = [_record(row) for (row,) in found.rows]
    return collection(found, asked, wanted, results, "-pk", lambda row: (row[0].id,))


@resource.post(f"/{PK}/replay/")
@requires(Permission.CHANNELS_PULL)
@resource.arguments(Replay)
@answers(202, "Operation", "The work.")
def replay_channel(sent: Json, pk: int) -> Response:
    """Try failed records again"""
    queries.channel_name(db.session(), channel_scope(), pk)
    with unit_of_work() as session:
        operation, _ = ChannelService().replay(session, pk, audit_context(), sent["records"])
        return accepted(operation)


def _channel(health: ChannelHealth) -> dict[str, Any]:
    row = health.channel
    return {
        "pk": row.id,
        "name": row.name,
        "channel_type": row.channel_type,
        "base_url": row.base_url,
        "is_active": row.is_active,
        "pull_minutes": row.pull_minutes,
        "reread_minutes": row.reread_minutes,
        "address_ownership": row.address_ownership,
        "requests_per_minute": row.requests_per_minute,
        "last_pull_date": stamp(health.last_pull_at),
        "last_error": health.last_error,
        "is_held_back": health.is_held_back,
        "failed_records": health.failed_records,
        "running_operation": None if health.running is None else str(health.running.id),
        "created_date": stamp(row.created_at),
        "modified_date": stamp(row.modified_at),
    }


def _record(row: RemoteRecord) -> Json:
    return {
        "pk": row.id,
        "remote_id": row.remote_id,
        "number": row.number,
        "order": row.order_id,
        "failure_class": row.failure_class,
        "failure_words": row.failure_words,
        "attempts": row.attempts,
        "received_date": stamp(row.received_at),
    }
