"""The service of webhooks as whoever asks, on a page or with a token, may use it."""

from flask import current_app
from sqlalchemy.orm import Session

from webapp.auth.permissions import audit_context, channel_scope
from webapp.core.reach import Reach
from webapp.core.secrets import current_vault
from webapp.core.settings import Settings
from webapp.webhooks.subscriptions import WebhookService


def service(session: Session) -> WebhookService:
    """For this request's person and their channels."""
    settings: Settings = current_app.extensions["kontor_settings"]
    reach = Reach(allow_private=settings.allow_private_network)
    return WebhookService(session, audit_context(), current_vault(), reach, channel_scope())
