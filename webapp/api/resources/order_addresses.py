"""Changing an order's addresses: written at once, or asked for where channel or carrier decide."""

from typing import Final

from flask import Response

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.order_inputs import NewAddress
from webapp.api.preconditions import answer_order, order_write
from webapp.auth.permissions import Permission, audit_context, requires
from webapp.orders.addresses import Side, Way
from webapp.orders.inputs import AddressDraft
from webapp.orders.service.addresses import change_address

resource = Resource("api_order_addresses", __name__, description="Addresses of orders")
_WRITTEN: Final = "The order with its new address."
_ASKED: Final = "The order as it still is: the new address waits for the channel's or the carrier's answer."


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


def _changed(side: Side, address: AddressDraft, pk: int) -> Response:
    with order_write(pk) as session:
        changed = change_address(session, pk, side, address, audit_context())
    return answer_order(pk, 200 if changed.way in (None, Way.WRITE) else 202)
