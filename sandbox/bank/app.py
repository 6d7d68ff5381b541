"""Puts the bank together: two doors, the control page, faults around them."""

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox.bank.bank import Bank
from sandbox.bank.control import control
from sandbox.bank.iyzico_api import iyzico
from sandbox.bank.page import page
from sandbox.bank.stripe_api import show_problem, stripe
from sandbox.bank.stripe_errors import error_body, unrecognized
from sandbox.desk import furnish
from sandbox.wire import Wire


def create_app(bank: Bank) -> Flask:
    app = Flask("sandbox")  # templates and styles lie beside both servers
    app.extensions["bank"] = bank
    for blueprint in (stripe, iyzico, control, page):
        app.register_blueprint(blueprint)
    app.register_error_handler(404, _unknown_route)
    app.register_error_handler(405, _unknown_route)
    furnish(app, bank.faults, bank.settings, bank.journal)
    app.wsgi_app = Wire(app.wsgi_app, bank.faults, bank.journal, error_body)  # type: ignore[method-assign]
    return app


def _unknown_route(error: HTTPException) -> ResponseReturnValue:
    if not request.path.startswith("/v1/"):
        return error
    return show_problem(unrecognized(request.method, request.path))
