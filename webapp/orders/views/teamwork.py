"""Sharing the work: tags and who looks after an order, on its page and for many from the list."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from flask import Response, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.ids import possible
from webapp.core.operations import Operation
from webapp.core.worklist import Subject
from webapp.operations.watching import watch
from webapp.orders.forms.teamwork import AssignForm, AssignManyForm, TagManyForm
from webapp.orders.queries import detail
from webapp.orders.queries.teamwork import teamwork_of
from webapp.orders.service.assigning import assign, assign_many
from webapp.orders.service.many import MOST_TOUCHED
from webapp.orders.service.notes import colleagues
from webapp.orders.service.tags import active_tags, change_tags, tag_many
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.chosen import filter_words
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.many import chosen_rows, shown
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger
from webapp.ui.stale import notice_of

ORDER_CHANGED: Final = "order:changed"


@blueprint.get("/<int:order_id>/tags")
@requires(Permission.ORDERS_NOTE)
def choose_tags(order_id: int) -> Response:
    """The house's tags, those of the order ticked."""
    session = db.session()
    order = detail.head(session, order_id, channel_scope()).order
    team = teamwork_of(session, order_id)
    return part_of_page(
        "orders/_tag_menu.html", order=order, team=team, tags=active_tags(session), url=_tags_url(order_id)
    )


@blueprint.post("/<int:order_id>/tags")
@requires(Permission.ORDERS_NOTE)
def post_tags(order_id: int) -> Response:
    """Put on what was ticked, take off what was unticked; what a colleague did meanwhile stays."""
    detail.head(db.session(), order_id, channel_scope())
    before, after = _numbers("shown"), _numbers("tag")
    with unit_of_work() as session:
        change_tags(session, order_id, audit_context(), add=after - before, remove=before - after)
    return _done(order_id, gettext("Tags changed."))


@blueprint.get("/<int:order_id>/assign")
@requires(Permission.ORDERS_NOTE)
def ask_assign(order_id: int) -> Response:
    """Who looks after the order, and until when."""
    session = db.session()
    head = detail.head(session, order_id, channel_scope())
    team = teamwork_of(session, order_id)
    form = AssignForm(formdata=None)
    form.staff.data = str(team.assignee_id or "")
    form.due_on.data, form.version.data = team.due_on, str(team.version)
    return _assign_form(session, head.order, form)


@blueprint.post("/<int:order_id>/assign")
@requires(Permission.ORDERS_NOTE)
def post_assign(order_id: int) -> Response:
    """Give the order to somebody; a colleague who was faster is named, and what was chosen stays."""
    session = db.session()
    order = detail.head(session, order_id, channel_scope()).order
    form = AssignForm()
    form.offer(colleagues(session, order.channel_id), current_staff().id)
    if not form.validate():
        return _assign_form(session, order, form, status=422)
    try:
        with unit_of_work() as unit:
            assign(unit, order_id, form.to_input(), audit_context(), version=form.seen())
    except InvalidInput as refused:
        form.staff.errors = [gettext(refused.message)]
        return _assign_form(db.session(), order, form, status=422)
    except Conflict as refused:
        form.version.data = str(teamwork_of(db.session(), order_id).version)
        head = detail.head(db.session(), order_id, channel_scope())
        return _assign_form(db.session(), head.order, form, status=409, notice=notice_of(refused))
    return _done(order_id, gettext("Saved who looks after the order."))


@blueprint.post("/tag-many/ask")
@requires(Permission.ORDERS_NOTE)
def ask_tag_many() -> Response:
    """Which tag, for how many; changes nothing."""
    return _tag_form(
        db.session(), TagManyForm(formdata=None), chosen_rows(db.session(), MOST_TOUCHED), fresh=True
    )


@blueprint.post("/tag-many")
@requires(Permission.ORDERS_NOTE)
def post_tag_many() -> Response:
    """Have the tag put on or taken off by an operation."""
    session = db.session()
    form, rows = TagManyForm(), chosen_rows(session, MOST_TOUCHED)
    form.offer(active_tags(session))
    if not (form.validate() and form.is_still(len(rows))):
        return _tag_form(session, form, rows, status=422)
    try:
        with unit_of_work() as unit:
            operation, _ = tag_many(
                unit,
                _subjects(rows),
                int(form.put_tag.data),
                audit_context(),
                remove=form.deed.data == "remove",
                submission=uuid.UUID(form.submission.data),
            )
            return _under_way(operation, gettext("Tagging %(count)s orders.", count=len(rows)))
    except InvalidInput as refused:
        form.form_errors.append(gettext(refused.message))
    return _tag_form(db.session(), form, rows, status=422)


@blueprint.post("/assign-many/ask")
@requires(Permission.ORDERS_NOTE)
def ask_assign_many() -> Response:
    """To whom, until when; changes nothing."""
    form = AssignManyForm(formdata=None)
    form.staff.data = str(current_staff().id)
    return _many_form(db.session(), form, chosen_rows(db.session(), MOST_TOUCHED), fresh=True)


@blueprint.post("/assign-many")
@requires(Permission.ORDERS_NOTE)
def post_assign_many() -> Response:
    """Have the orders given to somebody by an operation, with a verdict each."""
    session = db.session()
    form, rows = AssignManyForm(), chosen_rows(session, MOST_TOUCHED)
    form.offer(colleagues(session), current_staff().id)
    if not (form.validate() and form.is_still(len(rows))):
        return _many_form(session, form, rows, status=422)
    try:
        with unit_of_work() as unit:
            operation, _ = assign_many(
                unit,
                _subjects(rows),
                form.to_input(),
                audit_context(),
                submission=uuid.UUID(form.submission.data),
            )
            return _under_way(operation, gettext("Giving %(count)s orders to somebody.", count=len(rows)))
    except InvalidInput as refused:
        form.form_errors.append(gettext(refused.message))
    return _many_form(db.session(), form, rows, status=422)


def _assign_form(
    session: Session, order: Any, form: AssignForm, *, status: int = 200, notice: str = ""
) -> Response:
    form.offer(colleagues(session, order.channel_id), current_staff().id)
    return part_of_page(
        "orders/_assign.html", status=status, order=order, form=form, notice=notice, in_dialog=is_htmx()
    )


def _tag_form(
    session: Session, form: TagManyForm, rows: Sequence[Any], *, status: int = 200, fresh: bool = False
) -> Response:
    form.offer(active_tags(session))
    return _shown_many("orders/_tag_many.html", form, rows, status, fresh=fresh)


def _many_form(
    session: Session, form: AssignManyForm, rows: Sequence[Any], *, status: int = 200, fresh: bool = False
) -> Response:
    form.offer(colleagues(session), current_staff().id)
    return _shown_many("orders/_assign_many.html", form, rows, status, fresh=fresh)


def _shown_many(fragment: str, form: Any, rows: Sequence[Any], status: int, *, fresh: bool) -> Response:
    if fresh:
        form.submission.data = str(uuid.uuid4())
        form.all_matching.data = "1" if request.form.get("all_matching") == "1" else ""
    form.expected.data = str(len(rows))
    own = () if fresh else tuple(field.name for field in form)
    return shown(
        fragment,
        form,
        total=len(rows),
        most=MOST_TOUCHED,
        status=status,
        rows=rows,
        filter_words=filter_words(*own),
    )


def _subjects(rows: Sequence[Any]) -> list[Subject]:
    return [Subject(row.id, row.id) for row in rows]


def _under_way(operation: Operation, told: str) -> Response:
    watch(operation)
    return toast(redirect(url_for("operations.show", operation_id=operation.id)), told)


def _numbers(name: str) -> set[int]:
    return possible(request.form.getlist(name, type=int))


def _tags_url(order_id: int) -> str:
    return url_for("orders.post_tags", order_id=order_id)


def _done(order_id: int, told: str) -> Response:
    response = redirect(url_for("orders.show", order_id=order_id))
    if is_htmx():
        response = Response("", 204)
        trigger(response, ORDER_CHANGED)
        close_dialog(response)
    return toast(response, told)
