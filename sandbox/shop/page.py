"""The shop's control page at `/`: what a person can see and press in the sandbox shop."""

import json
from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from sandbox.pages import REFUND_FAULTS, back, shared_context
from sandbox.shop.catalogue import MARKETS
from sandbox.shop.control import wished
from sandbox.shop.order_query import STATUSES
from sandbox.shop.orders_api import the_shop
from sandbox.shop.payments import TITLES

SHOWN_ORDERS = 25
page = Blueprint("page", __name__)


@page.get("/")
def show() -> str:
    shop = the_shop()
    shared = shared_context(shop.faults, shop.settings, shop.journal, REFUND_FAULTS)
    return render_template(
        "shop.html",
        **shared,
        **_orders(),
        default_path="/wp-json/wc/v3/orders*",
        countries=[market.country for market in MARKETS],
        methods=[method for method in TITLES if method],
        statuses=STATUSES,
    )


@page.post("/do/orders")
def place_orders() -> Response:
    placed = wished({name: value for name, value in request.form.items() if value})
    return back(f"Placed {', '.join(order['number'] for order in placed)}.")


@page.post("/do/move")
def move_order() -> Response:
    order = the_shop().move_order(request.form.get("id", 0, int), request.form["status"])
    return back(f"Order {order['number']} is {order['status']}.")


@page.post("/do/touch")
def touch_order() -> Response:
    order = the_shop().touch_silently(request.form.get("id", 0, int))
    return back(f"Order {order['number']} says something else; its modified date stayed.")


def _orders() -> dict[str, Any]:
    with the_shop().database.reading() as connection:
        counts = connection.execute(
            "SELECT status, count(*) FROM shop_order GROUP BY status ORDER BY 2 DESC"
        ).fetchall()
        newest = connection.execute("SELECT body FROM shop_order ORDER BY id DESC LIMIT ?", (SHOWN_ORDERS,))
        orders = [json.loads(row["body"]) for row in newest]
    return {
        "counts": [tuple(row) for row in counts],
        "total": sum(row[1] for row in counts),
        "orders": orders,
    }
