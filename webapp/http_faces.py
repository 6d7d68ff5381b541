"""The faces of the product over HTTP: blueprints, the admin, error pages, security headers."""

from flask import Flask

from webapp import health
from webapp.core.logging import init_request_log
from webapp.core.settings import Settings
from webapp.metrics import init_metrics


def register(app: Flask, settings: Settings) -> None:
    """Hang every blueprint and handler into the app."""
    # First of all, so that whatever refuses a request later has its id and is counted.
    init_request_log(app, settings)
    init_metrics(app, settings)
    for blueprint in (health.bp,):
        app.register_blueprint(blueprint)
