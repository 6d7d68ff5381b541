"""GET and POST /orders/{id}/refunds. Without keys for repeats: asking twice pays twice."""

import json
from typing import Any

from flask import Blueprint, Response, request

from sandbox.shop.orders_api import API, api_base, json_body, json_text, the_shop
from sandbox.shop.problems import Refusal
from sandbox.shop.refunds import make_refund, refunds_of

refunds = Blueprint("refunds", __name__, url_prefix=f"{API}/orders/<int:order_id>/refunds")


@refunds.get("")
def list_refunds(order_id: int) -> Response:
    """An order that does not exist has an empty list; the real shop says so too."""
    with the_shop().database.reading() as connection:
        found = refunds_of(connection, order_id)
    per_page, page = request.args.get("per_page", 10, int), request.args.get("page", 1, int)
    shown = found[(page - 1) * per_page : page * per_page]
    response = json_text(json.dumps([_with_links(order_id, refund) for refund in shown], ensure_ascii=False))
    response.headers["X-WP-Total"] = str(len(found))
    response.headers["X-WP-TotalPages"] = str(-(-len(found) // per_page))
    return response


@refunds.get("/<int:refund_id>")
def get_refund(order_id: int, refund_id: int) -> Response:
    with the_shop().database.reading() as connection:
        found = [refund for refund in refunds_of(connection, order_id) if refund["id"] == refund_id]
    if not found:
        raise Refusal(404, "woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.")
    return json_text(json.dumps(_with_links(order_id, found[0]), ensure_ascii=False))


@refunds.post("")
def create_refund(order_id: int) -> Response:
    shop = the_shop()
    refund = make_refund(
        shop.database,
        shop.zone,
        order_id,
        json_body(),
        shop.gateway,
        int(shop.settings["refund_race_ms"]),
    )
    return json_text(json.dumps(_with_links(order_id, refund), ensure_ascii=False), 201)


def _with_links(order_id: int, refund: dict[str, Any]) -> dict[str, Any]:
    up = f"{api_base()}/orders/{order_id}"
    links = {
        "self": [{"href": f"{up}/refunds/{refund['id']}"}],
        "collection": [{"href": f"{up}/refunds"}],
        "up": [{"href": up}],
    }
    return {**refund, "_links": links}
