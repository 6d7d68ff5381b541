"""Saved views in the head of the list: keep this list under a name, rename, share, move, delete, count."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, can, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_
from webapp.orders.forms.saved_views import ViewForm
from webapp.orders.queries.mine import KeptView
from webapp.orders.service.saved_views import (
    Owner,
    ViewDraft,
    change_view,
    delete_view,
    move_view,
    save_view,
)
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.list import asked_list, forget_mine, kept_views, view_count
from webapp.orders.views.list_state import ListState
from webapp.ui.htmx import is_htmx, redirect, toast
from webapp.ui.stale import notice_of


@blueprint.get("/views/new")
@requires(Permission.ORDERS_VIEW)
def new_view() -> Response:
    """What this list is to be called."""
    state = asked_list(db.session(), request.args)
    return _form(state, ViewForm(formdata=None))


@blueprint.post("/views/new")
@requires(Permission.ORDERS_VIEW)
def post_view() -> Response:
    """Keep the list."""
    state, form = asked_list(db.session(), request.form), ViewForm()
    if not form.validate():
        return _form(state, form, status=422)
    draft = ViewDraft(form.view_name.data, state.kept_query(), bool(form.is_shared.data))
    try:
        with unit_of_work() as session:
            view = save_view(session, draft, _owner())
            url = _url(view.id, view.query)
    except InvalidInput as refused:
        form.view_name.errors = [gettext(refused.message)]
        return _form(state, form, status=422)
    return _led_to(url, gettext("Saved the view “%(name)s”.", name=draft.name))


@blueprint.get("/views/<int:view_id>")
@requires(Permission.ORDERS_VIEW)
def edit_view(view_id: int) -> Response:
    """Name, whose it is, its place, and taking it away."""
    state, view = asked_list(db.session(), request.args), _view(db.session(), view_id)
    form = ViewForm(formdata=None)
    form.view_name.data, form.is_shared.data = view.name, view.is_shared
    form.view_version.data = str(view.version)
    return _form(state, form, view)


@blueprint.post("/views/<int:view_id>")
@requires(Permission.ORDERS_VIEW)
def post_view_change(view_id: int) -> Response:
    """Save what was changed; a colleague who was faster is named, and nothing typed is lost."""
    state, view, form = asked_list(db.session(), request.form), _view(db.session(), view_id), ViewForm()
    if not form.validate():
        return _form(state, form, view, status=422)
    query = state.kept_query() if form.take_over.data else None
    draft = ViewDraft(form.view_name.data, query, bool(form.is_shared.data))
    try:
        with unit_of_work() as session:
            changed = change_view(session, view_id, draft, _owner(), version=form.seen())
            url = _url(changed.id, changed.query)
    except InvalidInput as refused:
        form.view_name.errors = [gettext(refused.message)]
        return _form(state, form, view, status=422)
    except Conflict as refused:
        now = _view(db.session(), view_id)
        form.view_version.data = str(now.version)
        return _form(state, form, now, status=409, notice=notice_of(refused))
    return _led_to(url, gettext("Saved the view “%(name)s”.", name=draft.name))


@blueprint.post("/views/<int:view_id>/delete")
@requires(Permission.ORDERS_VIEW)
def post_view_delete(view_id: int) -> Response:
    """Take the view away."""
    name = _view(db.session(), view_id).name
    with unit_of_work() as session:
        delete_view(session, view_id, _owner(), version=ViewForm().seen())
    return _led_to(
        url_for("orders.index"), gettext("Deleted the view “%(name)s”. Its orders stay.", name=name)
    )


@blueprint.post("/views/<int:view_id>/move")
@requires(Permission.ORDERS_VIEW)
def post_view_move(view_id: int) -> Response:
    """One place to the left or right."""
    by = -1 if request.form.get("to") == "left" else 1
    view = _view(db.session(), view_id)
    with unit_of_work() as session:
        move_view(session, view_id, _owner(), by=by)
    return _led_to(_url(view.id, view.query), gettext("Moved the view “%(name)s”.", name=view.name))


@blueprint.get("/views/counts")
@requires(Permission.ORDERS_VIEW)
def view_counts() -> Response:
    """How many orders each saved view has, where that is cheap to say; asked for once the list stands."""
    counts = {view.id: view_count(db.session(), view) for view in kept_views(db.session())}
    return make_response(render_template("orders/_view_counts.html", counts=counts))


def _view(session: Session, view_id: int) -> KeptView:
    """One that the reader may see. Raises NotFound."""
    for view in kept_views(session, fresh=True):
        if view.id == view_id:
            return view
    raise NotFound(N_("There is no such view."))


def _owner() -> Owner:
    return Owner(audit_context(), current_staff().permissions)


def _url(view_id: int, query: str) -> str:
    return f"{url_for('orders.index')}?{query}{'&' if query else ''}saved={view_id}"


def _led_to(url: str, told: str) -> Response:
    forget_mine()
    return toast(redirect(url), told)


def _form(
    state: ListState, form: ViewForm, view: KeptView | None = None, *, status: int = 200, notice: str = ""
) -> Response:
    fragment = "orders/_view_form.html"
    may_change = view is None or (view.is_mine and not view.is_shared) or can(Permission.VIEWS_SHARE)
    context: dict[str, Any] = {
        "form": form,
        "view": view,
        "state": state,
        "notice": notice,
        "may_change": may_change,
        "in_dialog": is_htmx(),
        "fragment": fragment,
        "words": [
            (name, value)
            for name, values in state.query.items()
            if name not in ("after", "before", "saved")
            for value in values
        ],
    }
    page = fragment if is_htmx() else "orders/form.html"
    return make_response(render_template(page, **context), status)
