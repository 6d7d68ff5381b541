"""Asking the order's carrier for a label from its page."""

from flask import Response, make_response, render_template, request, url_for

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.orders.queries import detail
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service.labels import issue_labels
from webapp.orders.views.blueprint import blueprint
from webapp.ui.htmx import is_htmx, redirect, toast, trigger
from webapp.ui.i18n import gettext


@blueprint.post("/<int:order_id>/labels")
@requires(Permission.ORDERS_CHANGE_STATUS)
def ask_label(order_id: int) -> Response:
    """Have labels issued; the page shows them as soon as the carrier has answered."""
    visible_order(db.session(), order_id, channel_scope())
    with unit_of_work() as session:
        issue_labels(
            session,
            order_id,
            audit_context(),
            cargo_company_id=_number("carrier"),
            version=_number("version"),
        )
    told = gettext("The carrier is asked for a label.")
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    return trigger(toast(make_response("", 204), told), "order:changed", "operations:changed")


@blueprint.get("/<int:order_id>/errands")
@requires(Permission.ORDERS_VIEW)
def errands(order_id: int) -> Response:
    """What a carrier is being asked; when it has answered, the page asks for itself anew."""
    order = visible_order(db.session(), order_id, channel_scope())
    waiting = detail.open_errands(db.session(), order_id)
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id))
    response = make_response(render_template("orders/_errands.html", order=order, errands=waiting))
    return response if waiting else trigger(response, "order:changed")


def _number(name: str) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
