"""The blueprint of all pages of webhooks."""

from flask import Blueprint

from webapp.webhooks.subscriptions import host_of

blueprint = Blueprint("webhooks", __name__, url_prefix="/settings/webhooks")
blueprint.add_app_template_filter(host_of, "host_of")
