"""Moving orders along: statuses, store, warehouse, parcels, stock."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Amount, Key, Several, Text, Word, Yes
from webapp.api.paging import Json
from webapp.api.preconditions import answer_order, item_ids_of, order_write
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db
from webapp.core.errors import InvalidInput
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import MoveItems, PackageDraft
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service import OrderService
from webapp.orders.service.moving import move_items
from webapp.orders.service.packing import split_packages
from webapp.orders.service.store import (
    accept_in_store,
    count_item_stock,
    create_mapping,
    deliver_in_store,
    mark_as_not_sent,
)

resource = Resource("api_order_moving", __name__, description="Moving orders along")


class ChangeStatus(Schema):
    """Where all live items go, or the named ones; a step back needs a reason."""

    status = Word(OrderStatus, required=True)
    order_items = Several(Key(), allow_none=True, load_default=None)
    reason = Text(most=500, load_default="")


class PackedItem(Schema):
    """How many units of an item are in the parcel."""

    order_item = Key(required=True)
    quantity = Amount(required=True)


class Parcel(Schema):
    """One parcel; `has_left` moves its items to shipped at once."""

    contents = Several(fields.Nested(PackedItem), required=True)
    cargo_company = Key(allow_none=True, load_default=None)
    tracking_number = Text(most=64, load_default="")
    tracking_url = fields.URL(schemes={"http", "https"}, validate=validate.Length(max=2_000))
    has_left = Yes(load_default=False)


class SplitPackages(Schema):
    """All parcels that are still to go."""

    packages = Several(fields.Nested(Parcel), required=True)


class CreateMapping(Schema):
    """An item, and the stock list that it is to reserve from; none lets its reservation go."""

    order_item = Key(required=True)
    stock_list = Key(allow_none=True, load_default=None)


class CountStock(Schema):
    """An item whose product is counted, in the stock list that it reserves from."""

    order_item = Key(required=True)


@resource.patch(f"/{PK}/change_order_status/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@resource.arguments(ChangeStatus)
@answers(200, "OrderDetail", "The order with its items where they now are.")
def change_order_status(sent: Json, pk: int) -> Response:
    """Move the order's items to a status, all of them or none

    A 409 `transition_not_allowed` names every item that cannot go there.
    """
    chosen = None if sent["order_items"] is None else frozenset(sent["order_items"])
    with order_write(pk) as session:
        move_items(session, pk, MoveItems(sent["status"], chosen, sent["reason"]), audit_context())
    return answer_order(pk)


@resource.get(f"/{PK}/update_order_status/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "DerivedStatus", "What its items make of the order; nothing is changed.")
def report_order_status(pk: int) -> Json:
    """Report the status that follows from the order's items"""
    session = db.session()
    order = visible_order(session, pk, channel_scope())
    derived = OrderService(session).derived_status(order)
    return {
        "pk": order.id,
        "status": OrderStatus(order.status).wire,
        "derived_status": derived.wire,
        "differs": derived != order.status,
    }


@resource.post(f"/{PK}/update_order_status/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@answers(200, "OrderDetail", "The order with the status that follows from its items.")
def update_order_status(pk: int) -> Response:
    """Set the order's status to what follows from its items"""
    with order_write(pk) as session:
        order = visible_order(session, pk, channel_scope())
        OrderService(session).order_status_update(order, audit_context())
    return answer_order(pk)


@resource.post(f"/{PK}/accept_in_store/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@answers(200, "OrderDetail", "The order, ready to be picked up.")
def accept_order_in_store(pk: int) -> Response:
    """Everything of the order lies in the store and can be picked up"""
    with order_write(pk) as session:
        accept_in_store(session, pk, audit_context())
    return answer_order(pk)


@resource.post(f"/{PK}/deliver_in_store/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@answers(200, "OrderDetail", "The order, delivered.")
def deliver_order_in_store(pk: int) -> Response:
    """The customer has picked the order up"""
    with order_write(pk) as session:
        deliver_in_store(session, pk, audit_context())
    return answer_order(pk)


@resource.post(f"/{PK}/mark_as_not_sent/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@answers(200, "OrderDetail", "The order with `is_send` false.")
def mark_order_as_not_sent(pk: int) -> Response:
    """The order is approved, but not with the warehouse"""
    with order_write(pk) as session:
        mark_as_not_sent(session, pk, audit_context())
    return answer_order(pk)


@resource.post(f"/{PK}/split_packages/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@resource.arguments(SplitPackages)
@answers(200, "OrderDetail", "The order; an item of which only a part goes into a parcel is split.")
def split_order_packages(sent: Json, pk: int) -> Response:
    """Say all parcels of the order that are still to go, and what is in each"""
    drafts = [_draft(at, parcel) for at, parcel in enumerate(sent["packages"])]
    with order_write(pk) as session:
        split_packages(session, pk, drafts, audit_context())
    return answer_order(pk)


@resource.post(f"/{PK}/create_mapping/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@resource.arguments(CreateMapping)
@answers(200, "OrderDetail", "The order.")
def map_order_item(sent: Json, pk: int) -> Response:
    """Let go of the stock that an item has reserved, or reserve it from another stock list"""
    with order_write(pk) as session:
        item_ids_of(session, pk, [sent["order_item"]])
        create_mapping(session, sent["order_item"], audit_context(), stock_list_id=sent["stock_list"])
    return answer_order(pk)


@resource.post(f"/{PK}/update_order_item_send_stock/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@resource.arguments(CountStock)
@answers(200, "StockCount", "What all open orders hold of the item's product in its stock list.")
def count_order_item_stock(sent: Json, pk: int) -> Json:
    """Count anew how much of an item's product open orders have reserved"""
    with order_write(pk) as session:
        item_ids_of(session, pk, [sent["order_item"]])
        reserved = count_item_stock(session, sent["order_item"], audit_context())
    return {"order_item": sent["order_item"], "reserved": f"{reserved.normalize():f}"}


def _draft(at: int, parcel: dict[str, Any]) -> PackageDraft:
    contents = {each["order_item"]: each["quantity"] for each in parcel["contents"]}
    if len(contents) < len(parcel["contents"]):
        words = "Name each item once in a parcel."
        raise InvalidInput(words, fields={f"packages.{at}.contents": [words]})
    return PackageDraft(
        contents,
        cargo_company_id=parcel["cargo_company"],
        tracking_number=parcel["tracking_number"],
        tracking_url=parcel.get("tracking_url", ""),
        has_left=parcel["has_left"],
    )
