"""`/api/v1/vendor_orders/`: the parts of orders that others supply, for our programs and for the vendors' own.

A token that stands for one vendor sees and answers that vendor's part of orders; every other number is a 404.
"""

from collections.abc import Collection
from typing import Any, Final

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Key, Keys, Moment, Several, Text, Word, Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.api.preconditions import PreconditionFailed, wanted_tag
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires, vendor_scope
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import VendorWord
from webapp.orders.queries import collection
from webapp.orders.queries import vendor_orders as queries
from webapp.orders.service import VendorOrderService
from webapp.orders.service.vendor_order_service import VENDOR_SAYS
from webapp.orders.vendor_serializers import vendor_order_json

resource = Resource("api_vendor_orders", __name__, description="Vendor orders")


class VendorOrderQuery(OfOrder):
    """Which vendor orders. Different filters must all hold."""

    number__exact = Text(most=64, metadata={"description": "Exactly the order's number."})
    status = Words(OrderStatus)
    vendor = Keys(metadata={"description": "Data sources, separated by commas."})
    modified_date__gte = Moment(metadata={"description": "Changed since, for programs that keep a copy."})
    modified_date__lt = Moment()


class VendorStatus(Schema):
    """Where the vendor's items stand: all that are still to come, or the named ones. `450`: accepted, being prepared."""

    status = Word(OrderStatus, only=VENDOR_SAYS, required=True)
    items = Several(Key(), allow_none=True, load_default=None, validate=validate.Length(min=1))


class ShippingInfo(Schema):
    """The parcel that the vendor's items have left in: all that are still to come, or the named ones."""

    tracking_number = Text(most=64, required=True)
    tracking_url = fields.URL(schemes={"http", "https"}, validate=validate.Length(max=2_000), load_default="")
    cargo_company = Key(allow_none=True, load_default=None)
    items = Several(Key(), allow_none=True, load_default=None, validate=validate.Length(min=1))


@resource.get("/")
@requires(Permission.VENDOR_ORDERS)
@resource.arguments(VendorOrderQuery, location="query")
@answers(200, "VendorOrderPage", "One page of the vendor orders that match.")
def list_vendor_orders(wanted: Json) -> Json:
    """Vendor orders, the newest first

    A program that keeps a copy asks for what has changed: `?modified_date__gte=…&cursor=`, then follows `next`.
    """
    criteria = queries.VendorCriteria(
        order_id=wanted.get("order"),
        number=wanted.get("number__exact"),
        statuses=[int(status) for status in wanted.get("status", ())],
        vendors=wanted.get("vendor", ()),
        modified=(wanted.get("modified_date__gte"), wanted.get("modified_date__lt")),
    )
    statement = queries.vendor_orders(channel_scope(), vendor_scope(), criteria)
    return listed(wanted, statement, collection.by_id(queries.VENDOR_ORDER_ID), _written)


@resource.get(f"/{PK}/")
@requires(Permission.VENDOR_ORDERS)
@answers(200, "VendorOrder", "The vendor order, with its tag.")
def get_vendor_order(pk: int) -> Response:
    """One vendor order"""
    return _answer(pk)


@resource.patch(f"/{PK}/")
@requires(Permission.VENDOR_ORDERS)
@resource.arguments(VendorStatus)
@answers(200, "VendorOrder", "The vendor order where its items now are.")
def change_vendor_order(sent: Json, pk: int) -> Response:
    """Say where the vendor's items stand

    450 being prepared, 500 shipped, 510 shipped and informed, 540 attempted, 550 delivered; forward only. The order's own
    items move with them, and the channel is told. What cannot be supplied is cancelled by a plan.
    """
    _says(pk, VendorWord(sent["status"], _chosen(sent["items"])))
    return _answer(pk)


@resource.post(f"/{PK}/send_shipping_info/")
@requires(Permission.VENDOR_ORDERS)
@resource.arguments(ShippingInfo)
@answers(200, "VendorOrder", "The vendor order with its parcel.")
def send_shipping_info(sent: Json, pk: int) -> Response:
    """Say in which parcel the vendor's items have left

    The order's own items are shipped with that number, and the channel is told.
    """
    word = VendorWord(
        items=_chosen(sent["items"]),
        tracking_number=sent["tracking_number"],
        tracking_url=sent["tracking_url"],
        cargo_company_id=sent["cargo_company"],
    )
    _says(pk, word)
    return _answer(pk)


def _says(pk: int, word: VendorWord) -> None:
    """Raises NotFound, PreconditionFailed, and what the service raises."""
    queries.vendor_order_id(db.session(), channel_scope(), vendor_scope(), pk)
    wanted = wanted_tag()
    version: Final = None if wanted is None else wanted[0]
    try:
        with unit_of_work() as session:
            VendorOrderService(session).says(pk, word, audit_context(), version=version)
    except Conflict as refused:
        if refused.error_code != "stale_version":
            raise
        tag = f'"{refused.details["version"]}-{pk}"'
        raise PreconditionFailed(refused.message, details={"etag": tag}) from refused


def _chosen(items: Collection[int] | None) -> frozenset[int] | None:
    return None if items is None else frozenset(items)


def _answer(pk: int) -> Response:
    session = db.session()
    record = queries.vendor_record(session, channel_scope(), vendor_scope(), pk)
    response = jsonify(vendor_order_json(record, for_vendor=vendor_scope() is not None))
    response.headers["ETag"] = f'"{record.row.version}-{pk}"'
    return response


def _written(rows: Any) -> list[Json]:
    for_vendor = vendor_scope() is not None
    records = queries.with_lines(db.session(), rows)
    return [vendor_order_json(record, for_vendor=for_vendor) for record in records]
