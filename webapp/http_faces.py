"""The faces of the product over HTTP: blueprints, the admin, error pages, security headers."""

from flask import Flask

from webapp import health
from webapp.admin import init_admin
from webapp.api import init_api
from webapp.auth import second_step_views, token_views
from webapp.auth import views as auth
from webapp.auth.login import init_login
from webapp.cargo import views as carriers
from webapp.channels import api as channel_webhooks
from webapp.channels import views as channels
from webapp.core.ids import RowId
from webapp.core.logging import init_request_log
from webapp.core.reading import init_reading
from webapp.core.settings import Settings
from webapp.metrics import init_metrics
from webapp.operations import views as operations
from webapp.orders import views as orders
from webapp.orders.views import (
    approval_limits,
    attention,
    audit,
    cancellations,
    customers,
    dashboard,
    finance,
    mentions,
    tracking,
)
from webapp.orders.views.badges import init_badges
from webapp.payments import api as gateway_webhooks
from webapp.ui.shell import init_ui
from webapp.webhooks import views as webhooks


def register(app: Flask, settings: Settings) -> None:
    """Hang every blueprint and handler into the app."""
    app.url_map.converters["int"] = RowId
    # First of all, so that whatever refuses a request later has its id and is counted.
    init_request_log(app, settings)
    init_metrics(app, settings)
    init_reading(app)
    init_ui(app, settings)
    init_login(app)
    for blueprint in (
        health.bp,
        auth.blueprint,
        second_step_views.blueprint,
        token_views.blueprint,
        operations.bp,
        channels.blueprint,
        channel_webhooks.webhooks,
        carriers.blueprint,
        orders.blueprint,
        cancellations.blueprint,
        attention.blueprint,
        audit.blueprint,
        dashboard.blueprint,
        finance.blueprint,
        tracking.blueprint,
        mentions.blueprint,
        customers.blueprint,
        approval_limits.blueprint,
        gateway_webhooks.webhooks,
        webhooks.blueprint,
    ):
        app.register_blueprint(blueprint)
    init_api(app)
    init_badges(app)
    init_admin(app)
