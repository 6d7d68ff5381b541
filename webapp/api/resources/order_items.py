"""`/api/v1/order_items/`."""

from marshmallow import Schema, validate

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Key, Several, Text, Word, Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import MoveItems
from webapp.orders.queries import collection as queries
from webapp.orders.queries.record import RecordedItem
from webapp.orders.serializers import item_json
from webapp.orders.service.moving import move_items

resource = Resource("api_order_items", __name__, description="Items of orders")


class ItemQuery(OfOrder):
    """Which items."""

    status = Words(OrderStatus)


class BulkStatus(Schema):
    """Which items go where; a step back needs a reason."""

    order_items = Several(Key(), required=True, validate=validate.Length(min=1))
    status = Word(OrderStatus, required=True)
    reason = Text(most=500, load_default="")


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(ItemQuery, location="query")
@answers(200, "OrderItemPage", "One page of the items that match.")
def list_order_items(wanted: Json) -> Json:
    """Order items, the newest first"""
    statuses = [int(status) for status in wanted.get("status", ())]
    statement = queries.items(channel_scope(), order_id=wanted.get("order"), statuses=statuses)
    return listed(
        wanted,
        statement,
        queries.by_id(queries.ITEM_ID),
        lambda rows: [item_json(RecordedItem(*row)) for row in rows],
    )


@resource.post("/bulk_status_update/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@resource.arguments(BulkStatus)
@resource.doc(**{"x-refusals": ["404"]})
@answers(200, "OrderItems", "The items where they now are.")
def bulk_status_update(sent: Json) -> Json:
    """Move items to a status, of one order or of several: all of them or none"""
    wanted, scope = sent["order_items"], channel_scope()
    by_order = queries.orders_of_items(db.session(), scope, wanted)
    with unit_of_work() as session:
        for order_id, item_ids in by_order.items():
            move = MoveItems(sent["status"], frozenset(item_ids), sent["reason"])
            move_items(session, order_id, move, audit_context())
    return {"results": [item_json(each) for each in queries.items_of_ids(db.session(), wanted)]}


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "OrderItem", "The item.")
def get_order_item(pk: int) -> Json:
    """One order item"""
    return item_json(queries.item(db.session(), channel_scope(), pk))
