"""What staff do from the pages of orders: ask channels, choose columns."""

from collections.abc import Sequence
from typing import Any, Final

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.auth.service import set_preference
from webapp.channels.models import Channel
from webapp.channels.service import ChannelService
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.operations import Operation
from webapp.operations.watching import watch
from webapp.orders.models import Order
from webapp.orders.queries import detail
from webapp.orders.queries.criteria import Scope
from webapp.orders.queries.detail_statements import REFRESH_KIND
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.columns import PREFERENCE, chosen_columns, known_columns
from webapp.orders.views.list import list_ctx, list_url
from webapp.ui.htmx import is_htmx, push_url, redirect, toast, trigger
from webapp.ui.tables import PAGE_SIZE

OPERATIONS_CHANGED: Final = "operations:changed"
CLEAR_SELECTION: Final = "kontor:clear-selection"


@blueprint.post("/<int:order_id>/refresh")
@requires(Permission.CHANNELS_PULL)
def refresh(order_id: int) -> Response:
    """Ask the channel for this order again; a second click joins the first one's work."""
    detail.head(db.session(), order_id, channel_scope())
    with unit_of_work() as session:
        operation, _ = ChannelService().refresh_order(session, order_id, audit_context())
        operation_id = operation.id
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id))
    response = _refreshing(order_id, db.session().get(Operation, operation_id))
    return trigger(response, OPERATIONS_CHANGED)


@blueprint.get("/<int:order_id>/refresh/<uuid:operation_id>")
@requires(Permission.ORDERS_VIEW)
def refreshing(order_id: int, operation_id: Any) -> Response:
    """How far the refresh is; when it has ended the page asks for itself anew."""
    detail.head(db.session(), order_id, channel_scope())
    operation = db.session().get(Operation, operation_id)
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id))
    if operation is not None and operation.kind != REFRESH_KIND:
        operation = None
    response = _refreshing(order_id, operation)
    if operation is not None and not operation.is_open:
        trigger(response, "order:changed")
        if operation.state == "done":
            return toast(response, gettext("Read anew from the channel."))
        return toast(response, operation.last_error or gettext("The channel could not be read."), "error")
    return response


@blueprint.post("/refresh")
@requires(Permission.CHANNELS_PULL)
def refresh_chosen() -> Response:
    """Ask the channels for the ticked orders again."""
    if request.form.get("all_matching") == "1":
        raise InvalidInput(gettext("Only the ticked orders of a page are read anew. Pull orders for more."))
    ids = sorted({number for number in request.form.getlist("id", type=int) if number > 0})[:PAGE_SIZE]
    if not ids:
        raise InvalidInput(gettext("Tick the orders first."))
    with unit_of_work() as session:
        known = _known(session, ids, channel_scope())
        if not known:
            raise Conflict(
                gettext("None of these orders has a channel that is switched on and can be asked.")
            )
        asked = _refresh_each(session, known)
    response = make_response("", 204) if is_htmx() else redirect(list_url(db.session(), request.args))
    told = ngettext("%(num)d order is read anew.", "%(num)d orders are read anew.", asked)
    return trigger(toast(response, told), OPERATIONS_CHANGED, CLEAR_SELECTION)


@blueprint.post("/pull")
@requires(Permission.CHANNELS_PULL)
def pull() -> Response:
    """Pull every channel that the reader may see and that is switched on."""
    with unit_of_work() as session:
        query = select(Channel.id, Channel.name).where(Channel.is_active).order_by(Channel.name)
        scope = channel_scope()
        channels = session.execute(query if scope is None else query.where(Channel.id.in_(scope))).all()
        for channel in channels:
            operation, _ = ChannelService().pull(session, channel.id, audit_context())
            watch(operation)
    if not channels:
        raise Conflict(gettext("No channel is switched on. Connect one first."))
    response = make_response("", 204) if is_htmx() else redirect(url_for("orders.index"))
    names = ", ".join(channel.name for channel in channels)
    return trigger(toast(response, gettext("Pulling %(channels)s.", channels=names)), OPERATIONS_CHANGED)


@blueprint.post("/columns")
@requires(Permission.ORDERS_VIEW)
def choose_columns() -> Response:
    """Remember which columns this person wants to see; none at all means the usual ones."""
    chosen = known_columns(request.form.getlist("column"))
    with unit_of_work() as session:
        set_preference(session, current_staff().id, PREFERENCE, chosen or None)
    # A list whose URL names columns shows those: so there the choice goes into the URL, too.
    query = request.args.copy()
    if "cols" in query:
        query["cols"] = ".".join(chosen)
    url = list_url(db.session(), query)
    if not is_htmx():
        return redirect(url)
    shown = chosen_columns({PREFERENCE: chosen} if chosen else {})
    response = make_response(render_template("orders/_list.html", **list_ctx(db.session(), query, shown)))
    return push_url(response, url) if "cols" in query else response


def _refreshing(order_id: int, operation: Operation | None) -> Response:
    context = {"order_id": order_id, "refresh": operation, "can_refresh": True}
    return make_response(render_template("orders/_refresh.html", **context))


def _known(session: Session, ids: Sequence[int], scope: Scope) -> list[int]:
    query = (
        select(Order.id)
        .join(Channel, Channel.id == Order.channel_id)
        .where(Order.id.in_(ids), Order.remote_id.is_not(None), Channel.is_active)
    )
    if scope is not None:
        query = query.where(Order.channel_id.in_(scope))
    return list(session.scalars(query))


def _refresh_each(session: Session, ids: Sequence[int]) -> int:
    for order_id in ids:
        ChannelService().refresh_order(session, order_id, audit_context())
    return len(ids)
