"""What the control desks of both servers have in common: guard, shared API and buttons, words for mistakes."""

import secrets

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.control import shared_control
from sandbox.faults import FaultPlan
from sandbox.guard import guard
from sandbox.journal import Journal
from sandbox.pages import back, shared_actions
from sandbox.settings import Settings


def furnish(app: Flask, faults: FaultPlan, settings: Settings, journal: Journal) -> None:
    app.secret_key = secrets.token_hex()  # only signs the notice after a button was pressed
    app.json.sort_keys = False  # type: ignore[attr-defined]
    guard(app)
    app.register_blueprint(shared_control(faults, settings, journal))
    app.register_blueprint(shared_actions(faults, settings))
    app.register_error_handler(ValueError, _explain)


def _explain(error: ValueError) -> ResponseReturnValue:
    """A wish that cannot be: said on the page, or answered with 400."""
    if request.path.startswith("/do/"):
        return back(str(error))
    if request.path.startswith("/_control"):
        return jsonify({"message": str(error)}), 400
    raise error
