"""PUT, POST and DELETE on orders, alone or up to a hundred at once."""

import json
from typing import Any

from flask import Blueprint, Response, request

from sandbox.shop.gateway import remember_payment
from sandbox.shop.order_writes import apply_changes, empty_order
from sandbox.shop.orders_api import API, api_base, json_body, json_text, the_shop
from sandbox.shop.problems import Refusal, invalid_order_id
from sandbox.shop.rendering import render_order
from sandbox.shop.store import Order, add_order, load_order, save_order
from sandbox.shop.webhooks import announce

MAX_BATCH = 100
writes = Blueprint("writes", __name__, url_prefix=API)


@writes.route("/orders/<int:order_id>", methods=["PUT", "PATCH", "POST"])
def update(order_id: int) -> Response:
    return _shown(_update(order_id, json_body()))


@writes.post("/orders")
def create() -> Response:
    return _shown(_create(json_body()), 201)


@writes.delete("/orders/<int:order_id>")
def delete(order_id: int) -> Response:
    return _shown(_delete(order_id, is_forced=request.args.get("force", "").lower() in ("true", "1")))


@writes.route("/orders/batch", methods=["POST", "PUT", "PATCH"])
def batch() -> Response:
    """Each order for itself: one refusal leaves the others done and stands in its place."""
    wanted = json_body()
    count = sum(len(wanted.get(part) or []) for part in ("create", "update", "delete"))
    if count > MAX_BATCH:
        message = f"Unable to accept more than {MAX_BATCH} items for this request."
        raise Refusal(413, "woocommerce_rest_request_entity_too_large", message)
    answer: dict[str, list[Any]] = {}
    for part, act in (("create", _create), ("update", _update_listed), ("delete", _delete_listed)):
        if wanted.get(part):
            answer[part] = [_tried(act, item) for item in wanted[part]]
    return json_text(json.dumps(answer, ensure_ascii=False))


def _create(wanted: dict[str, Any]) -> Order:
    shop = the_shop()
    if wanted.get("id"):
        raise Refusal(400, "woocommerce_rest_shop_order_exists", "Cannot create existing shop_order.")
    with shop.database.writing() as connection:
        order = empty_order(shop.zone)
        apply_changes(connection, order, wanted, shop.zone)
        add_order(connection, order)
        remember_payment(connection, order)
        announce(connection, "order.created", order)
    return order


def _update(order_id: int, wanted: dict[str, Any]) -> Order:
    shop = the_shop()
    with shop.database.writing() as connection:
        order = load_order(connection, order_id)
        if order is None:
            raise invalid_order_id(400)  # 400 here, 404 for a GET
        apply_changes(connection, order, wanted, shop.zone)
        save_order(connection, order)
        announce(connection, "order.updated", order)
    return shop.book_rest_as_refunded(order)


def _update_listed(wanted: dict[str, Any]) -> Order:
    return _update(int(wanted.get("id") or 0), wanted)


def _delete(order_id: int, *, is_forced: bool) -> Order:
    shop = the_shop()
    with shop.database.reading() as connection:
        order = load_order(connection, order_id)
    if order is None:
        raise invalid_order_id()
    if order["status"] == "trash" and not is_forced:
        raise Refusal(410, "woocommerce_rest_already_trashed", "The shop_order has already been deleted.")
    if not is_forced:
        return shop.move_order(order_id, "trash")
    with shop.database.writing() as connection:
        connection.execute("DELETE FROM shop_order WHERE id = ?", (order_id,))
        announce(connection, "order.deleted", order)
    return order


def _delete_listed(order_id: Any) -> Order:
    return _delete(int(order_id), is_forced=False)


def _tried(act: Any, item: Any) -> dict[str, Any]:
    try:
        order: dict[str, Any] = json.loads(render_order(json.dumps(act(item)), api_base()))
        return order
    except Refusal as refusal:
        error = {"code": refusal.code, "message": str(refusal), "data": refusal.data}
        return {"id": item.get("id", 0) if isinstance(item, dict) else item, "error": error}


def _shown(order: Order, status: int = 200) -> Response:
    return json_text(render_order(json.dumps(order, ensure_ascii=False), api_base()), status)
