"""`/api/v1/order_items/`."""

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.orders.enums import OrderStatus
from webapp.orders.queries import collection as queries
from webapp.orders.queries.record import RecordedItem
from webapp.orders.serializers import item_json

resource = Resource("api_order_items", __name__, description="Items of orders")


class ItemQuery(OfOrder):
    """Which items."""

    status = Words(OrderStatus)


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


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "OrderItem", "The item.")
def get_order_item(pk: int) -> Json:
    """One order item"""
    return item_json(queries.item(db.session(), channel_scope(), pk))
