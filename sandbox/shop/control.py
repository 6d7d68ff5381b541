"""/_control: makes things happen in the shop. Loopback only, without keys; README.md describes it."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.shop.orders_api import the_shop
from sandbox.shop.shop import wish_from
from sandbox.shop.store import Order

MAX_ORDERS_AT_ONCE = 1000
control = Blueprint("control", __name__, url_prefix="/_control")


@control.post("/orders")
def place_orders() -> tuple[Response, int]:
    return jsonify([_short(order) for order in wished(body())]), 201


@control.post("/orders/<int:order_id>/status")
def move_order(order_id: int) -> Response:
    return jsonify(_short(the_shop().move_order(order_id, str(body().get("status")))))


@control.post("/orders/<int:order_id>/trash")
def trash_order(order_id: int) -> Response:
    return jsonify(_short(the_shop().move_order(order_id, "trash")))


@control.post("/orders/<int:order_id>/touch")
def touch_order(order_id: int) -> Response:
    return jsonify(_short(the_shop().touch_silently(order_id)))


@control.post("/stir")
def stir() -> Response:
    the_shop().stir()
    return jsonify({})


@control.post("/webhooks/release")
def release_webhooks() -> Response:
    return jsonify({"sent": the_shop().webhooks.outbox.release()})


def wished(wanted: dict[str, Any]) -> list[Order]:
    """Places `count` orders with the wishes that are named; raises ValueError for an unknown one."""
    count = min(int(wanted.pop("count", 1)), MAX_ORDERS_AT_ONCE)
    wish = wish_from(wanted)
    return [the_shop().place_order(wish) for _ in range(count)]


def body() -> dict[str, Any]:
    """The JSON object or the form of the request; raises ValueError for anything else."""
    if not request.is_json:
        return request.form.to_dict()
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise ValueError("The body must be a JSON object.")
    return given


def _short(order: dict[str, Any]) -> dict[str, Any]:
    names = (
        "id",
        "number",
        "status",
        "currency",
        "total",
        "payment_method",
        "transaction_id",
        "date_modified_gmt",
    )
    return {name: order[name] for name in names}
