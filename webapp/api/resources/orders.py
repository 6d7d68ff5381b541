"""`/api/v1/orders/`: list, read, make, edit, delete."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import Response, url_for
from sqlalchemy.exc import DBAPIError

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.order_inputs import NewOrder, OrderChange, OrderQuery, whole_change
from webapp.api.paging import Json, collection, read_page
from webapp.api.preconditions import answer_order, order_write
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.channels.queries import channel_name
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.core.paging import find
from webapp.orders.inputs import OrderDraft
from webapp.orders.queries import collection as queries
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.queries.collection import OrderCriteria, OrderSort
from webapp.orders.serializers import order_listed
from webapp.orders.service import OrderService
from webapp.orders.service.deleting import delete_order
from webapp.orders.service.writing.refusing import refusal

resource = Resource("api_orders", __name__, description="Orders")

_KINDS: Final[Mapping[OrderSort, tuple[type, ...]]] = {
    OrderSort.PLACED: (datetime, int),
    OrderSort.MODIFIED: (datetime, int),
    OrderSort.PK: (int,),
}


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(OrderQuery, location="query")
@answers(200, "OrderPage", "One page of the orders that match.")
def list_orders(wanted: Json) -> Json:
    """Orders, the newest first

    `number` finds orders whose number contains the text, `number__exact` the one that has it. Filters of several
    values take them separated by commas. Walk through everything by following `next` from `?cursor=`.
    """
    word = wanted.get("ordering", "-date_placed")
    sort = OrderSort(word.removeprefix("-"))
    ordering = queries.order_ordering(sort, descending=word.startswith("-"))
    asked = read_page(wanted, word, _KINDS[sort])
    session = db.session()
    found = find(session, queries.orders(_criteria(wanted), channel_scope()), ordering, asked)
    rows = [row for (row,) in found.rows]
    transfers = queries.funds_transfers(session, [row.id for row in rows])
    results = [order_listed(row, transfers[row.id]) for row in rows]
    return collection(found, asked, wanted, results, word, lambda row: _place(row[0], sort))


@resource.post("/")
@requires(Permission.ORDERS_CREATE)
@resource.arguments(NewOrder)
@resource.doc(**{"x-refusals": ["404"]})
@answers(201, "OrderDetail", "The order that was made.")
def create_order(sent: Json) -> Response:
    """Make one order

    Amounts are distributed over the items as for an order that a channel sends. A number or remote id that the
    channel has already is a 409 with the code `order_duplicated_field`.
    """
    channel_id = sent["channel"]
    channel_name(db.session(), channel_scope(), channel_id)
    draft = OrderDraft(channel_id=channel_id, **{k: v for k, v in sent.items() if k != "channel"})
    with unit_of_work() as session:
        order_id = _made(session, draft)
    response = answer_order(order_id, 201)
    response.headers["Location"] = url_for("api_orders.get_order", pk=order_id)
    return response


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "OrderDetail", "The order in full; `ETag` is what `If-Match` takes.")
def get_order(pk: int) -> Response:
    """One order with its items, discounts, payments and plans"""
    return answer_order(pk)


@resource.patch(f"/{PK}/")
@requires(Permission.ORDERS_EDIT)
@resource.arguments(OrderChange)
@answers(200, "OrderDetail", "The order as it is now.")
def edit_order(sent: Json, pk: int) -> Response:
    """Change fields that are neither money nor a status; fields that are not sent stay"""
    return _edited(pk, sent)


@resource.put(f"/{PK}/")
@requires(Permission.ORDERS_EDIT)
@resource.arguments(OrderChange)
@answers(200, "OrderDetail", "The order as it is now.")
def replace_order(sent: Json, pk: int) -> Response:
    """Set all fields that are neither money nor a status; fields that are not sent are emptied"""
    return _edited(pk, whole_change(sent))


@resource.delete(f"/{PK}/")
@requires(Permission.ORDERS_CREATE)
@resource.doc(responses={"204": {"description": "The order is gone."}})
def remove_order(pk: int) -> tuple[str, int]:
    """Delete an order without money, parcels or cancellations; any other is a 409 `order_has_money`"""
    with order_write(pk) as session:
        delete_order(session, pk, audit_context())
    return "", 204


@resource.get(f"/{PK}/get_remote_id/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "RemoteId", "What the channel calls the order; null for one that was made here.")
def get_remote_id(pk: int) -> Json:
    """The channel's own id of the order"""
    order = visible_order(db.session(), pk, channel_scope())
    return {
        "pk": order.id,
        "number": order.number,
        "channel": order.channel_id,
        "remote_id": order.remote_id,
    }


def _edited(pk: int, columns: Json) -> Response:
    with order_write(pk) as session:
        service = OrderService(session)
        service.edit(pk, audit_context(), **columns)
    return answer_order(pk)


def _made(session: Any, draft: OrderDraft) -> int:
    """Raises what the draft is refused for, in words that name no statement."""
    try:
        return OrderService(session).create_drafted(draft, audit_context())
    except DBAPIError as error:
        told = refusal(draft, error)
        if told.failure_class is None or told.failure_class.value == "bug":
            raise
        raise InvalidInput(told.words, code="order_refused") from None


def _place(row: Any, sort: OrderSort) -> tuple[Any, ...]:
    if sort is OrderSort.PK:
        return (row.id,)
    return (row.date_placed if sort is OrderSort.PLACED else row.modified_at, row.id)


def _criteria(wanted: Json) -> OrderCriteria:
    def span(name: str) -> tuple[Any, Any]:
        return wanted.get(f"{name}__gte"), wanted.get(f"{name}__lt")

    currencies = [code.upper() for code in wanted.get("currency", "").split(",") if code]
    return OrderCriteria(
        number_part=wanted.get("number", ""),
        number=wanted.get("number__exact"),
        remote_id=wanted.get("remote_id"),
        statuses=[int(status) for status in wanted.get("status", ())],
        channels=wanted.get("channel", ()),
        customers=wanted.get("customer", ()),
        payment_options=wanted.get("payment_option", ()),
        cargo_companies=wanted.get("cargo_company", ()),
        cancel_statuses=[status.value for status in wanted.get("cancel_status", ())],
        currencies=currencies,
        placed=span("date_placed"),
        modified=span("modified_date"),
        amount=span("amount"),
    )
