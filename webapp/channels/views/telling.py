"""What a channel was not told, and trying all of it again."""

from flask import Response, url_for
from flask_babel import ngettext

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.channels import queries
from webapp.channels.views.blueprint import blueprint
from webapp.channels.views.overview import asked
from webapp.core.db import db, unit_of_work
from webapp.orders.service import IntegrationActionService
from webapp.ui.htmx import is_htmx, redirect, toast


@blueprint.post("/<int:channel_id>/told/again")
@requires(Permission.OPERATIONS_RETRY)
def tell_all_again(channel_id: int) -> Response:
    """Try everything anew that was given up; what something newer has made untrue stays."""
    queries.channel_name(db.session(), channel_scope(), channel_id)
    with unit_of_work() as session:
        sent = IntegrationActionService(session).send_all_again(channel_id, audit_context())
    told = ngettext("%(num)d message is sent again.", "%(num)d messages are sent again.", sent)
    if is_htmx():
        return asked(channel_id, told)
    return toast(redirect(url_for("channels.show", channel_id=channel_id)), told)
