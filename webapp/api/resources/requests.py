"""`/api/v1/cancellation_requests/`: wishes of customers and channels to cancel an item."""

from marshmallow import Schema, fields

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.cancel_inputs import Reason, given_reasons
from webapp.api.fields import Several, Text, Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.orders.enums import RequestStatus
from webapp.orders.money_serializers import request_json
from webapp.orders.queries import collection as queries
from webapp.orders.service.cancellation.asking import chosen_reasons
from webapp.orders.service.cancellation.requests import approve_requests, confirm_request, reject_request
from webapp.orders.views.acting import authority, money_act

resource = Resource("api_cancellation_requests", __name__, description="Wishes to cancel")


class RequestQuery(OfOrder):
    """Which wishes."""

    status = Words(RequestStatus)


class ApproveRequest(Schema):
    """Reasons for a wish that came without one."""

    reasons = Several(fields.Nested(Reason), load_default=())


class RejectRequest(Schema):
    """What the customer is told."""

    words = Text(most=2_000, required=True)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(RequestQuery, location="query")
@answers(200, "CancellationRequestPage", "One page of the wishes that match.")
def list_cancellation_requests(wanted: Json) -> Json:
    """Wishes to cancel, the newest first"""
    statuses = [status.value for status in wanted.get("status", ())]
    statement = queries.requests(channel_scope(), order_id=wanted.get("order"), statuses=statuses)
    return listed(
        wanted,
        statement,
        queries.by_id(queries.REQUEST_ID),
        lambda rows: [request_json(row) for (row,) in rows],
    )


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "CancellationRequest", "The wish.")
def get_cancellation_request(pk: int) -> Json:
    """One wish to cancel"""
    return _wish(pk)


@resource.post(f"/{PK}/approve/")
@requires(Permission.CANCEL_OPEN)
@resource.arguments(ApproveRequest)
@answers(200, "CancellationRequest", "The wish with the plan that it became.")
def approve_cancellation_request(sent: Json, pk: int) -> Json:
    """Open a plan for the wish; one whose item stands in a plan joins that plan"""
    order_id = _order_of(pk)
    with money_act("cancellation_request.approved", ("cancellation_request", pk), order_id) as session:
        reasons = chosen_reasons(session, given_reasons(sent))
        approve_requests(session, order_id, [pk], authority(), reasons=reasons)
    return _wish(pk)


@resource.post(f"/{PK}/confirm/")
@requires(Permission.CANCEL_OPEN)
@answers(200, "CancellationRequest", "The wish.")
def confirm_cancellation_request(pk: int) -> Json:
    """Note that goods or store have been checked"""
    order_id = _order_of(pk)
    with money_act("cancellation_request.confirmed", ("cancellation_request", pk), order_id) as session:
        confirm_request(session, order_id, pk, authority())
    return _wish(pk)


@resource.post(f"/{PK}/reject/")
@requires(Permission.CANCEL_OPEN)
@resource.arguments(RejectRequest)
@answers(200, "CancellationRequest", "The wish.")
def reject_cancellation_request(sent: Json, pk: int) -> Json:
    """Say no; the item goes back to where it was"""
    order_id = _order_of(pk)
    with money_act("cancellation_request.rejected", ("cancellation_request", pk), order_id) as session:
        reject_request(session, order_id, pk, authority(), words=sent["words"])
    return _wish(pk)


def _order_of(pk: int) -> int:
    wish = queries.one(db.session(), queries.requests(channel_scope()), queries.REQUEST_ID, pk)
    order_id: int = wish.order_id
    return order_id


def _wish(pk: int) -> Json:
    return request_json(queries.one(db.session(), queries.requests(channel_scope()), queries.REQUEST_ID, pk))
