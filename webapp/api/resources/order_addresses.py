"""Changing an order's addresses: written at once, or asked for where channel or carrier decide."""

from typing import Final

from flask import Response
from marshmallow import Schema

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Key
from webapp.api.listing import listed
from webapp.api.order_inputs import NewAddress
from webapp.api.paging import Json, PageQuery
from webapp.api.preconditions import answer_order, order_write
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db
from webapp.orders.addresses import Side, Way
from webapp.orders.desk_serializers import address_change_json, errand_json
from webapp.orders.inputs import AddressDraft
from webapp.orders.queries import beside
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.queries.collection import by_id
from webapp.orders.service.addresses import change_address
from webapp.orders.service.withdrawing_addresses import withdraw_change

resource = Resource("api_order_addresses", __name__, description="Addresses of orders")
_WRITTEN: Final = "The order with its new address."
_ASKED: Final = "The order as it still is: the new address waits for the channel's or the carrier's answer."


class Withdraw(Schema):
    """Which change is taken back."""

    address_change = Key(required=True)


@resource.post(f"/{PK}/change_shipping_address/")
@requires(Permission.ORDERS_EDIT_ADDRESS)
@resource.arguments(NewAddress)
@answers(200, "OrderDetail", _WRITTEN)
@answers(202, "OrderDetail", _ASKED)
def change_shipping_address(address: AddressDraft, pk: int) -> Response:
    """Change where the order goes; a parcel that has left is redirected, which needs its own permission"""
    return _changed(Side.SHIPPING, address, pk)


@resource.post(f"/{PK}/change_billing_address/")
@requires(Permission.ORDERS_EDIT_ADDRESS)
@resource.arguments(NewAddress)
@answers(200, "OrderDetail", _WRITTEN)
@answers(202, "OrderDetail", _ASKED)
def change_billing_address(address: AddressDraft, pk: int) -> Response:
    """Change whom the order is billed to; free until there is an invoice number"""
    return _changed(Side.BILLING, address, pk)


@resource.get(f"/{PK}/address_changes/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(PageQuery, location="query")
@answers(
    200,
    "AddressChangePage",
    "One page of the changes; those whose `state` is `waiting` are still to be answered.",
)
def list_address_changes(wanted: Json, pk: int) -> Json:
    """Changes of the order's addresses that channel or carrier decide about, the newest first

    `integration_action` is the message to the channel about it.
    """
    visible_order(db.session(), pk, channel_scope())
    return listed(
        wanted,
        beside.address_changes(pk),
        by_id(beside.CHANGE_ID),
        lambda rows: [address_change_json(row) for row in rows],
    )


@resource.get(f"/{PK}/cargo_errands/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(PageQuery, location="query")
@answers(200, "CargoErrandPage", "One page of what carriers were asked.")
def list_cargo_errands(wanted: Json, pk: int) -> Json:
    """What carriers were asked about the order's parcels, the newest first: labels, new addresses, redirects"""
    visible_order(db.session(), pk, channel_scope())
    return listed(
        wanted,
        beside.errands(pk),
        by_id(beside.ERRAND_ID),
        lambda rows: [errand_json(row) for (row,) in rows],
    )


@resource.post(f"/{PK}/withdraw_address_change/")
@requires(Permission.ORDERS_EDIT_ADDRESS)
@resource.arguments(Withdraw)
@answers(200, "OrderDetail", "The order, whose address stays as it was.")
def withdraw_address_change(sent: Json, pk: int) -> Response:
    """Take back a new address that the channel has not heard of yet; later it is a 409 `too_late`"""
    with order_write(pk) as session:
        withdraw_change(session, pk, sent["address_change"], audit_context())
    return answer_order(pk)


def _changed(side: Side, address: AddressDraft, pk: int) -> Response:
    with order_write(pk) as session:
        changed = change_address(session, pk, side, address, audit_context())
    return answer_order(pk, 200 if changed.way in (None, Way.WRITE) else 202)
