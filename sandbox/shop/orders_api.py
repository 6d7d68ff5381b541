"""GET /orders and GET /orders/{id}."""

import math
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request

from sandbox.faults import Fault, FaultKind
from sandbox.shop.order_query import OrderQuery, read_query
from sandbox.shop.problems import Refusal, invalid_order_id
from sandbox.shop.rendering import render_order, render_orders
from sandbox.shop.shop import Shop
from sandbox.shop.store import Page
from sandbox.wire import FAULT

API = "/wp-json/wc/v3"
orders = Blueprint("orders", __name__, url_prefix=API)


def the_shop() -> Shop:
    shop: Shop = current_app.extensions["shop"]
    return shop


def api_base() -> str:
    return f"{request.host_url.rstrip('/')}{API}"


def json_body() -> dict[str, Any]:
    """Raises Refusal (400) for what is not a JSON object."""
    given = request.get_json(silent=True, force=True)
    if not isinstance(given, dict):
        raise Refusal(400, "rest_invalid_json", "Invalid JSON body passed.")
    return given


def json_text(body: str, status: int = 200) -> Response:
    return Response(body, status=status, content_type="application/json; charset=UTF-8")


@orders.get("/orders")
def list_orders() -> Response:
    shop = the_shop()
    query = read_query(request.args, shop.zone)
    page = _page(shop, query)
    response = json_text(render_orders(page.bodies, api_base(), query.decimals))
    pages = math.ceil(page.total / query.per_page)
    response.headers["X-WP-Total"] = str(page.total)
    response.headers["X-WP-TotalPages"] = str(pages)
    _add_links(response, query.page, pages)
    return response


@orders.get("/orders/<int:order_id>")
def get_order(order_id: int) -> Response:
    body = the_shop().order_body(order_id)
    if body is None:
        raise invalid_order_id()
    # An order in the trash is not in the list, but still answers here with status "trash".
    return json_text(render_order(body, api_base(), request.args.get("dp", type=int)))


def _page(shop: Shop, query: OrderQuery) -> Page:
    fault: Fault | None = request.environ.get(FAULT)
    kind = fault.kind if fault else None
    if kind is FaultKind.REPEATED_PAGE and query.start:
        query = replace(query, offset=max(0, query.start - query.per_page))
    page = shop.order_page(query)
    if kind is FaultKind.DUPLICATE_ROWS:
        return Page([body for body in page.bodies for _ in range(2)], page.total)
    if kind is FaultKind.CHANGE_BETWEEN_PAGES:
        shop.stir()
    return page


def _add_links(response: Response, page: int, pages: int) -> None:
    links = []
    if page > 1:
        links.append(f'<{_url_of_page(min(page - 1, pages))}>; rel="prev"')
    if page < pages:
        links.append(f'<{_url_of_page(page + 1)}>; rel="next"')
    if links:
        response.headers["Link"] = ", ".join(links)


def _url_of_page(page: int) -> str:
    """The request's own address with another page; the real shop repeats the signature too."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    return f"{api_base()}/orders?{urlencode([*pairs, ('page', str(page))])}"
