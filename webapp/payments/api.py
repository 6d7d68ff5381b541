"""Messages that payment gateways send us: `POST /payments/<account>/webhooks`."""

from flask import Blueprint, request
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.auth.permissions import public
from webapp.core.db import unit_of_work
from webapp.core.errors import PermissionDenied
from webapp.payments.webhooks import take_message

# An event with its whole charge is a few kilobytes; whoever sends more wants something else.
MOST_BYTES = 256 * 1024

webhooks = Blueprint("gateway_webhooks", __name__, url_prefix="/payments")


@webhooks.post("/<account>/webhooks")
@public
def receive(account: str) -> tuple[str, int]:
    """Take a signed message and answer at once. Public: it gives nothing away and believes nothing but the signature."""
    request.max_content_length = MOST_BYTES
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return "", 413
    try:
        with unit_of_work() as session:
            take_message(session, account, dict(request.headers), body)
    except PermissionDenied:
        return "", 401
    return "", 200
