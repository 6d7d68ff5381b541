"""Notes on an order: leave one, name colleagues in it, confirm that one was read."""

from flask import Response, request, url_for

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.ids import possible
from webapp.orders.forms import NoteForm
from webapp.orders.queries import detail
from webapp.orders.service.notes import add_note, colleagues, confirm_read
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.detail import part_of_page, timeline_ctx
from webapp.ui.htmx import is_htmx, redirect, toast, trigger
from webapp.ui.i18n import gettext

MENTIONS_CHANGED = "mentions:changed"


@blueprint.post("/<int:order_id>/notes")
@requires(Permission.ORDERS_NOTE)
def post_note(order_id: int) -> Response:
    """Leave a note; an invalid one comes back with what was typed."""
    detail.head(db.session(), order_id, channel_scope())
    form = NoteForm()
    if not form.validate_on_submit():
        return _timeline(order_id, form, status=422)
    with unit_of_work() as session:
        add_note(session, form.to_input(order_id), audit_context())
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id, _anchor="timeline"))
    return _timeline(order_id, NoteForm(formdata=None))


@blueprint.get("/<int:order_id>/colleagues")
@requires(Permission.ORDERS_NOTE)
def mentionable(order_id: int) -> Response:
    """Who may be named in a note on this order."""
    session = db.session()
    order = detail.head(session, order_id, channel_scope()).order
    mine = current_staff().id
    people = [each for each in colleagues(session, order.channel_id) if each.id != mine]
    return part_of_page("orders/_colleagues.html", order=order, people=people)


@blueprint.post("/<int:order_id>/notes/read")
@requires(Permission.ORDERS_VIEW)
def confirm_notes(order_id: int) -> Response:
    """Confirm that these notes of the order were read; what they held up can be done now."""
    head = detail.head(db.session(), order_id, channel_scope())
    ids = possible(request.form.getlist("note", type=int))
    with unit_of_work() as session:
        confirm_read(session, ids, audit_context(), channels=channel_scope())
    response = redirect(url_for("orders.show", order_id=order_id))
    if is_htmx():
        response = part_of_page("orders/_confirmed.html", order=head.order)
        trigger(response, "order:changed", MENTIONS_CHANGED)
    return toast(response, gettext("Kept that you have read it."))


def _timeline(order_id: int, form: NoteForm, *, status: int = 200) -> Response:
    head = detail.head(db.session(), order_id, channel_scope())
    return part_of_page(
        "orders/_timeline.html",
        status=status,
        order=head.order,
        form=form,
        keep=False,
        **timeline_ctx(db.session(), head),
    )
