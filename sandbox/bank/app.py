"""Puts the bank together: two doors, the control page, faults around them."""

from flask import Flask

from sandbox.bank.bank import Bank
from sandbox.bank.control import control
from sandbox.bank.iyzico_api import iyzico
from sandbox.bank.page import page
from sandbox.bank.stripe_api import stripe
from sandbox.bank.stripe_errors import error_body
from sandbox.desk import furnish
from sandbox.wire import Wire


def create_app(bank: Bank) -> Flask:
    app = Flask("sandbox")  # templates and styles lie beside both servers
    app.extensions["bank"] = bank
    for blueprint in (stripe, iyzico, control, page):
        app.register_blueprint(blueprint)
    furnish(app, bank.faults, bank.settings, bank.journal)
    app.wsgi_app = Wire(app.wsgi_app, bank.faults, bank.journal, error_body)  # type: ignore[method-assign]
    return app
