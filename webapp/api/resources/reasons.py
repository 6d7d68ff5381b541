"""`/api/v1/cancellation_reasons/`."""

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.listing import listed
from webapp.api.paging import Json, PageQuery
from webapp.auth.permissions import Permission, requires
from webapp.core.db import db
from webapp.orders.money_serializers import reason_json
from webapp.orders.queries import collection as queries

resource = Resource("api_cancellation_reasons", __name__, description="Reasons for cancelling")


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(PageQuery, location="query")
@answers(200, "CancellationReasonPage", "One page of the reasons.")
def list_cancellation_reasons(wanted: Json) -> Json:
    """Reasons, those that can no longer be chosen too"""
    return listed(
        wanted,
        queries.reasons(),
        queries.by_id(queries.REASON_ID),
        lambda rows: [reason_json(row) for (row,) in rows],
    )


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "CancellationReason", "The reason.")
def get_cancellation_reason(pk: int) -> Json:
    """One reason"""
    return reason_json(queries.one(db.session(), queries.reasons(), queries.REASON_ID, pk))
