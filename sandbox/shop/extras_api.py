"""What hangs on an order: notes, and tracking by a core feature or an extension that may be missing."""

import json
import random
from typing import Any

from flask import Blueprint, Response, request

from sandbox.shop.catalogue import PRODUCTS
from sandbox.shop.orders_api import API, json_body, json_text, the_shop
from sandbox.shop.problems import Refusal, invalid_parameters, no_route
from sandbox.shop.store import attach, attachments, load_order
from sandbox.stamps import gmt_text, local_text, now

extras = Blueprint("extras", __name__)
TRACKING = "/wp-json/wc-shipment-tracking/v3/orders/<int:order_id>/shipment-trackings"


@extras.get(f"{API}/orders/<int:order_id>/notes")
def list_notes(order_id: int) -> Response:
    _check_order(order_id)
    return _shown(list(reversed(_of(order_id, "note"))))


@extras.post(f"{API}/orders/<int:order_id>/notes")
def add_note(order_id: int) -> Response:
    _check_order(order_id)
    wanted = json_body()
    if not wanted.get("note"):
        raise Refusal(
            400,
            "rest_missing_callback_param",
            "Missing parameter(s): note",
            {"status": 400, "params": ["note"]},
        )
    shop, moment = the_shop(), now()
    note = {
        "id": 0,
        "author": "system",
        "date_created": local_text(moment, shop.zone),
        "date_created_gmt": gmt_text(moment),
        "note": str(wanted["note"]),
        "customer_note": wanted.get("customer_note") is True,
    }
    return _added(order_id, "note", note)


@extras.get(f"{API}/orders/<int:order_id>/fulfillments")
def list_fulfillments(order_id: int) -> Response:
    _check_feature("fulfillments")
    _check_order(order_id)
    return _shown(_of(order_id, "fulfillment"))


@extras.post(f"{API}/orders/<int:order_id>/fulfillments")
def add_fulfillment(order_id: int) -> Response:
    _check_feature("fulfillments")
    _check_order(order_id)
    wanted = json_body()
    is_fulfilled = wanted.get("is_fulfilled") is True
    fulfillment = {
        "id": 0,
        "entity_type": "WC_Order",
        "entity_id": str(order_id),
        "status": wanted.get("status") or ("fulfilled" if is_fulfilled else "unfulfilled"),
        "is_fulfilled": is_fulfilled,
        "date_updated": gmt_text(now()).replace("T", " "),
        "date_deleted": None,
        "meta_data": wanted.get("meta_data") or [],
    }
    return _added(order_id, "fulfillment", fulfillment)


@extras.get(TRACKING)
def list_trackings(order_id: int) -> Response:
    _check_feature("shipment_tracking")
    _check_order(order_id)
    return _shown(_of(order_id, "tracking"))


@extras.post(TRACKING)
def add_tracking(order_id: int) -> Response:
    _check_feature("shipment_tracking")
    _check_order(order_id)
    wanted = json_body()
    if not wanted.get("tracking_number"):
        raise invalid_parameters({"tracking_number": ("rest_invalid_param", "tracking_number is required.")})
    link = str(wanted.get("custom_tracking_link") or "")
    tracking = {
        "tracking_id": f"{random.getrandbits(128):032x}",
        "tracking_provider": wanted.get("tracking_provider") or wanted.get("custom_tracking_provider") or "",
        "tracking_link": link.replace("%1$s", str(wanted["tracking_number"])),
        "tracking_number": str(wanted["tracking_number"]),
        "date_shipped": wanted.get("date_shipped") or gmt_text(now())[:10],
    }
    return _added(order_id, "tracking", tracking)


@extras.get(f"{API}/products")
def list_products() -> Response:
    """All products, or those with one of the SKUs in `sku`."""
    wanted = {sku for sku in request.args.get("sku", "").split(",") if sku}
    found = [product for product in PRODUCTS if not wanted or product.sku in wanted]
    shown = [
        {
            "id": product.id,
            "name": product.name,
            "type": "variable" if product.variation_id else "simple",
            "status": "publish",
            "sku": product.sku,
            "price": f"{product.price:.2f}",
            "regular_price": f"{product.price:.2f}",
            "manage_stock": True,
            "stock_quantity": 25,
            "stock_status": "instock",
        }
        for product in found
    ]
    response = _shown(shown)
    response.headers["X-WP-Total"], response.headers["X-WP-TotalPages"] = str(len(shown)), "1"
    return response


def _check_feature(name: str) -> None:
    if not the_shop().settings[name]:
        raise no_route()


def _check_order(order_id: int) -> None:
    with the_shop().database.reading() as connection:
        if load_order(connection, order_id) is None:
            raise Refusal(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.")


def _of(order_id: int, kind: str) -> list[dict[str, Any]]:
    with the_shop().database.reading() as connection:
        return attachments(connection, order_id, kind)


def _added(order_id: int, kind: str, body: dict[str, Any]) -> Response:
    """Stored without a new `date_modified`: the real shop does not move it for these."""
    with the_shop().database.writing() as connection:
        attach(connection, order_id, kind, body)
    return _shown(body, 201)


def _shown(value: Any, status: int = 200) -> Response:
    return json_text(json.dumps(value, ensure_ascii=False), status)
