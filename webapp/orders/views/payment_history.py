"""What the bank itself says of an order's payments: asked on demand, followed until it has answered."""

from typing import Any, Final

from flask import Response, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.text import N_
from webapp.orders.models import Order
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service import OrderService
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.detail import part_of_page
from webapp.payments.gateway import Outcome, Standing
from webapp.payments.history import newest_question, told_payments
from webapp.ui.htmx import is_htmx, redirect
from webapp.ui.i18n import gettext

STANDINGS: Final = {
    Standing.OPEN: N_("not paid"),
    Standing.RESERVED: N_("reserved on the card"),
    Standing.CAPTURED: N_("taken from the card"),
    Standing.CANCELLED: N_("let go"),
}
OUTCOMES: Final = {
    Outcome.SUCCEEDED: (N_("paid back"), "green"),
    Outcome.PENDING: (N_("accepted, not paid out yet"), "blue"),
    Outcome.DECLINED: (N_("failed"), "red"),
}


@blueprint.get("/<int:order_id>/payment-history")
@requires(Permission.ORDERS_VIEW)
def payment_history(order_id: int) -> Response:
    """The banks' last word; the fragment asks again while a question is under way."""
    order = visible_order(db.session(), order_id, channel_scope())
    return part_of_page(
        "orders/_payment_history.html", order=order, **payment_history_ctx(db.session(), order_id)
    )


@blueprint.post("/<int:order_id>/payment-history")
@requires(Permission.ORDERS_VIEW)
def ask_payment_history(order_id: int) -> Response:
    """Ask the banks now; a second click joins the question that is under way."""
    visible_order(db.session(), order_id, channel_scope())
    with unit_of_work() as session:
        OrderService(session).get_payment_history(session.get_one(Order, order_id), audit_context())
    if not is_htmx():
        return redirect(url_for(".payment_history", order_id=order_id))
    return payment_history(order_id)


def payment_history_ctx(session: Session, order_id: int) -> dict[str, Any]:
    """The newest question with its answer; both None when nobody has asked."""
    operation = newest_question(session, order_id)
    told = told_payments(operation.result) if operation is not None and operation.result else ()
    return {
        "operation": operation,
        "payments": told,
        "standings": {standing: gettext(words) for standing, words in STANDINGS.items()},
        "outcomes": {outcome: (gettext(words), dot) for outcome, (words, dot) in OUTCOMES.items()},
    }
