"""Puts the shop together: routes, the gate before them, faults around them."""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox.desk import furnish
from sandbox.shop.control import control
from sandbox.shop.extras_api import extras
from sandbox.shop.orders_api import orders, the_shop
from sandbox.shop.page import page
from sandbox.shop.problems import Refusal, error_body, no_route
from sandbox.shop.refunds_api import refunds
from sandbox.shop.shop import Shop
from sandbox.shop.webhooks_api import hooks
from sandbox.shop.writes_api import writes
from sandbox.wire import Wire


def create_app(shop: Shop) -> Flask:
    app = Flask("sandbox")  # templates and styles lie beside both servers
    app.extensions["shop"] = shop
    for blueprint in (orders, writes, refunds, extras, hooks, control, page):
        app.register_blueprint(blueprint)
    furnish(app, shop.faults, shop.settings, shop.journal)
    app.before_request(_check_credentials)
    app.register_error_handler(Refusal, Refusal.response)
    app.register_error_handler(404, _no_route)
    app.register_error_handler(405, _no_route)
    app.wsgi_app = Wire(app.wsgi_app, shop.faults, shop.journal, error_body)  # type: ignore[method-assign]
    return app


def _check_credentials() -> None:
    if request.routing_exception or not request.path.startswith("/wp-json/"):
        return
    shop = the_shop()
    shop.gate.check(request, basic_over_http=bool(shop.settings["basic_over_http"]))


def _no_route(error: HTTPException) -> Response | HTTPException:
    return no_route().response() if request.path.startswith("/wp-json/") else error
