"""Puts the carrier together: its API, the control page, faults around them."""

import json

from flask import Flask

from sandbox.carrier.api import api
from sandbox.carrier.carrier import Carrier
from sandbox.carrier.control import control
from sandbox.carrier.page import page
from sandbox.desk import furnish
from sandbox.wire import Wire


def create_app(carrier: Carrier) -> Flask:
    app = Flask("sandbox")  # templates and styles lie beside the servers
    app.extensions["carrier"] = carrier
    for blueprint in (api, control, page):
        app.register_blueprint(blueprint)
    furnish(app, carrier.faults, carrier.settings, carrier.journal)
    app.wsgi_app = Wire(app.wsgi_app, carrier.faults, carrier.journal, _error_body)  # type: ignore[method-assign]
    return app


def _error_body(_path: str, status: int) -> str:
    return json.dumps({"code": f"http_{status}", "message": "Please try again later."})
