"""`/api/v1/attention/`: what no rule may decide alone, and closing what has been looked into."""

from marshmallow import Schema, fields

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Text, Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.orders.desk_serializers import entry_json
from webapp.orders.enums import AttentionKind
from webapp.orders.queries import beside
from webapp.orders.queries.collection import by_id, one
from webapp.orders.service.attention import LONGEST_WORDS, close_attention

resource = Resource("api_attention", __name__, description="Attention")


class EntryQuery(OfOrder):
    """Which entries."""

    kind = Words(AttentionKind)
    is_open = fields.Boolean(truthy={"true"}, falsy={"false"})


class Close(Schema):
    """What was found out."""

    words = Text(most=LONGEST_WORDS, required=True)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(EntryQuery, location="query")
@answers(200, "AttentionPage", "One page of the entries that match.")
def list_attention(wanted: Json) -> Json:
    """What somebody must look at, the newest first; `?is_open=true` for what nobody has closed yet"""
    kinds = [kind.value for kind in wanted.get("kind", ())]
    return listed(
        wanted,
        beside.entries(
            channel_scope(), order_id=wanted.get("order"), kinds=kinds, is_open=wanted.get("is_open")
        ),
        by_id(beside.ENTRY_ID),
        lambda rows: [entry_json(row) for (row,) in rows],
    )


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "Attention", "The entry.")
def get_attention(pk: int) -> Json:
    """One entry"""
    return _entry(pk)


@resource.post(f"/{PK}/close/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(Close)
@answers(200, "Attention", "The entry, closed.")
def close_entry(sent: Json, pk: int) -> Json:
    """Close an entry, with what was found out"""
    _entry(pk)
    with unit_of_work() as session:
        close_attention(session, pk, audit_context(), words=sent["words"])
    return _entry(pk)


def _entry(pk: int) -> Json:
    return entry_json(one(db.session(), beside.entries(channel_scope()), beside.ENTRY_ID, pk))
