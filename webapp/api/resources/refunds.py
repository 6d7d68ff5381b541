"""`/api/v1/refunds/`: what went back or is to go back; workers make refunds, so they are only read here."""

import uuid
from datetime import datetime
from typing import Final

from webapp.api.blueprint import Resource, answers
from webapp.api.fields import Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.core.paging import Ordering
from webapp.orders.enums import RefundState
from webapp.orders.money_serializers import refund_json
from webapp.orders.queries import collection as queries

resource = Resource("api_refunds", __name__, description="Refunds")
_NEWEST: Final = Ordering(queries.REFUND_ORDER)


class RefundQuery(OfOrder):
    """Which refunds."""

    state = Words(RefundState)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(RefundQuery, location="query")
@answers(200, "RefundPage", "One page of the refunds that match.")
def list_refunds(wanted: Json) -> Json:
    """Refunds, the newest first"""
    states = [state.value for state in wanted.get("state", ())]
    statement = queries.refunds(channel_scope(), order_id=wanted.get("order"), states=states)
    return listed(
        wanted,
        statement,
        _NEWEST,
        lambda rows: [refund_json(row) for (row,) in rows],
        kinds=(datetime, uuid.UUID),
        place=lambda row: (row[0].created_at, str(row[0].id)),
    )


@resource.get("/<uuid:pk>/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "Refund", "The refund.")
def get_refund(pk: uuid.UUID) -> Json:
    """One refund"""
    return refund_json(
        queries.one(db.session(), queries.refunds(channel_scope()), queries.REFUND_ORDER[1], pk)
    )
