"""The blueprint of tracking uploads, and what its pages share."""

from flask import Blueprint, current_app
from sqlalchemy.orm import Session

from webapp.auth.permissions import channel_scope, current_staff
from webapp.core.file_store import FileStore
from webapp.core.settings import Settings
from webapp.orders.models import TrackingUpload
from webapp.orders.service.tracking import visible_upload

blueprint = Blueprint("tracking", __name__, url_prefix="/tracking")


def settings() -> Settings:
    """The installation's settings."""
    found: Settings = current_app.extensions["kontor_settings"]
    return found


def store() -> FileStore:
    """Where uploaded files lie."""
    return FileStore.of_home(settings().home)


def seen(session: Session, upload_id: int) -> TrackingUpload:
    """The upload, if its reader may know of it. Raises NotFound."""
    return visible_upload(session, upload_id, current_staff().id, channel_scope())
