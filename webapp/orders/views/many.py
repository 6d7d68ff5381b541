"""Orders chosen in a list for one deed over many: what the bulk bar's dialogs share."""

from collections.abc import Sequence
from typing import Any

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session

from webapp.auth.permissions import channel_scope
from webapp.core.ids import possible
from webapp.orders.queries import chosen
from webapp.orders.views.list import asked_list, statistics_of
from webapp.ui.htmx import is_htmx


def chosen_rows(session: Session, most: int) -> Sequence[Any]:
    """The ticked orders, or all that the list's filter finds now, one more than `most` at most: the form carries
    the filter, not ids. Rows of id, number, currency, amount, version.
    """
    scope = channel_scope()
    if request.form.get("all_matching") != "1":
        ids = sorted(possible(request.form.getlist("id", type=int)))
        return chosen.orders_of(session, ids[: most + 1], scope)
    wanted = asked_list(session, request.form).wanted
    query = chosen.matching_orders(wanted, scope, statistics_of(session))
    found = [] if query is None else session.scalars(query.limit(most + 1)).all()
    return chosen.orders_of(session, found, scope)


def shown(
    fragment: str,
    form: Any,
    *,
    total: int,
    most: int,
    page: str = "orders/bulk.html",
    status: int = 200,
    **context: Any,
) -> Response:
    """The dialog of a deed on `total` things for htmx, within `page` without; more than `most` cannot be sent."""
    words = render_template(
        fragment if is_htmx() else page,
        fragment=fragment,
        form=form,
        total=total,
        is_too_long=total > most,
        most=most,
        in_dialog=is_htmx(),
        **context,
    )
    return make_response(words, status)
