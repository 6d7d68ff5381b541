"""Messages that channels send us: `POST /channels/<id>/webhooks/orders`."""

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.auth.permissions import audit_context, public
from webapp.channels.service import ChannelService
from webapp.core.audit import Origin
from webapp.core.db import unit_of_work
from webapp.core.errors import PermissionDenied

# An order of a few hundred lines; whoever sends more wants something else.
MOST_BYTES = 256 * 1024

webhooks = Blueprint("channel_webhooks", __name__, url_prefix="/channels")


@webhooks.post("/<int:channel_id>/webhooks/orders")
@public
def receive(channel_id: int) -> tuple[str, int]:
    """Take a signed message and answer at once. Public: it gives nothing away and believes nothing but the signature."""
    request.max_content_length = MOST_BYTES
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return "", 413
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        with unit_of_work() as session:
            ChannelService().take_webhook(session, channel_id, headers, body, audit_context(Origin.CHANNEL))
    except PermissionDenied:
        return "", 401
    return "", 200
