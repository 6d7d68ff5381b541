"""What staff do with messages that a channel did not take: send one again, or say that it was done there by hand."""

from typing import Final

from flask import Response, make_response, request, url_for
from flask_babel import gettext
from sqlalchemy import select

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.orders.models import IntegrationAction
from webapp.orders.queries import detail
from webapp.orders.service import IntegrationActionService
from webapp.orders.views.blueprint import blueprint
from webapp.ui.htmx import is_htmx, redirect, toast, trigger

CHANGED: Final = ("order:changed", "attention:changed", "operations:changed")


@blueprint.post("/<int:order_id>/told/<int:action_id>/again")
@requires(Permission.OPERATIONS_RETRY)
def tell_again(order_id: int, action_id: int) -> Response:
    """Try a message anew, from its first attempt."""
    _check(order_id, action_id)
    with unit_of_work() as session:
        IntegrationActionService(session).send_again(action_id, audit_context())
    return _done(order_id, gettext("The channel is being told again."))


@blueprint.post("/<int:order_id>/told/<int:action_id>/by-hand")
@requires(Permission.ORDERS_CHANGE_STATUS)
def told_by_hand(order_id: int, action_id: int) -> Response:
    """Somebody did at the channel what it could not be told."""
    _check(order_id, action_id)
    with unit_of_work() as session:
        IntegrationActionService(session).done_by_hand(action_id, audit_context())
    return _done(order_id, gettext("Noted: it was done there by hand."))


def _check(order_id: int, action_id: int) -> None:
    """Raises NotFound unless it is a message of an order that the reader may know of."""
    detail.head(db.session(), order_id, channel_scope())
    wanted = select(IntegrationAction.id).where(
        IntegrationAction.id == action_id, IntegrationAction.order_id == order_id
    )
    if db.session().scalar(wanted) is None:
        raise NotFound(N_("There is no such message to a channel."))


def _done(order_id: int, told: str) -> Response:
    if is_htmx():
        return trigger(toast(make_response("", 204), told), *CHANGED)
    if request.form.get("back") == "attention":
        return toast(redirect(url_for("attention.index")), told)
    return toast(redirect(url_for("orders.show", order_id=order_id)), told)
