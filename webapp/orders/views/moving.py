"""Move…: the dialog with the moves that are allowed, and the deeds with a button of their own."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_
from webapp.orders.enums import LIVE_STATUSES, OrderStatus
from webapp.orders.forms.moving import MoveForm, move_form
from webapp.orders.models import Order, OrderItem
from webapp.orders.queries import cancelling as queries
from webapp.orders.service import OrderService
from webapp.orders.service.moving import move_items, move_terms
from webapp.orders.states import BACKWARD_ITEM_MOVES, MoveTerms, offered_moves
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.cancelling import ORDER_CHANGED
from webapp.orders.views.deeds import DEEDS
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.happened import said_of
from webapp.orders.views.items import quantity_text
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger


@blueprint.get("/<int:order_id>/move")
@requires(Permission.ORDERS_CHANGE_STATUS)
def ask_move(order_id: int) -> Response:
    """The empty form: everything live ticked, and where it can go."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    return _shown(session, order, _form(session, order))


@blueprint.post("/<int:order_id>/move/offer")
@requires(Permission.ORDERS_CHANGE_STATUS)
def offer_move(order_id: int) -> Response:
    """Where what is ticked now can go; changes nothing. Without a script the whole form comes back with it."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    form = _form(session, order)
    if not is_htmx():
        return _shown(session, order, form)
    context = {"order": order, "form": form, **_offer(session, order, form)}
    return make_response(render_template("orders/_move_targets.html", **context))


@blueprint.post("/<int:order_id>/move")
@requires(Permission.ORDERS_CHANGE_STATUS)
def move(order_id: int) -> Response:
    """Move, or give the form back with what stands in its way; nothing typed is lost."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    number, form = order.number, _form(session, order)
    if not form.validate():
        return _shown(session, order, form, status=422)
    try:
        wanted = form.to_input()
        with unit_of_work() as unit:
            moved = move_items(unit, order_id, wanted, audit_context(), version=form.expected_version)
            count = len(moved.items)
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _again(order_id, form, 422)
    except Conflict as refused:
        return _again(order_id, form, 409, gettext(refused.message))
    status = gettext(wanted.target.label)
    told = gettext(
        "Order %(number)s: %(count)s moved to “%(status)s”.", number=number, count=count, status=status
    )
    return _done(order_id, told)


@blueprint.post("/<int:order_id>/deeds/<slug>")
@requires(Permission.ORDERS_CHANGE_STATUS)
def do_deed(order_id: int, slug: str) -> Response:
    """One of the deeds with a name; a refusal is a notice."""
    deed = DEEDS.get(slug)
    order = queries.visible_order(db.session(), order_id, channel_scope())
    if deed is None:
        raise NotFound(N_("There is no such deed."))
    number, version = order.number, request.form.get("version", type=int)
    with unit_of_work() as unit:
        service = OrderService(unit)
        acts: dict[str, Callable[..., Any]] = {
            "confirm_pay_on_delivery": service.confirm_pay_on_delivery,
            "accept_in_store": service.accept_in_store,
            "deliver_in_store": service.deliver_in_store,
            "mark_as_not_sent": service.mark_as_not_sent,
        }
        acts[slug](unit.get_one(Order, order_id), audit_context(), version=version)
    return _done(order_id, gettext(deed.done, number=number))


def _done(order_id: int, told: str) -> Response:
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    response = trigger(toast(make_response("", 204), told), ORDER_CHANGED, "orders:changed")
    return close_dialog(response)


def _again(order_id: int, form: MoveForm, status: int, notice: str = "") -> Response:
    """The form as it was typed, on the order as it is now; sent again it counts as having seen what came later."""
    session = db.session()
    session.rollback()
    order = queries.visible_order(session, order_id, channel_scope())
    news = queries.entries_after(session, order_id, form.seen_entry) if status == 409 else []
    form.version.data, form.seen.data = str(order.version), str(queries.newest_entry(session, order_id))
    return _shown(session, order, form, status=status, notice=notice, news=news, news_words=said_of)


def _form(session: Session, order: Order) -> MoveForm:
    form = move_form([item.id for item in _movable(session, order.id)])
    if not form.is_submitted():
        form.version.data = str(order.version)
        form.seen.data = str(queries.newest_entry(session, order.id))
    return form


def _movable(session: Session, order_id: int) -> Sequence[OrderItem]:
    """The items that no plan holds and that have not ended."""
    live = [int(status) for status in LIVE_STATUSES]
    query = select(OrderItem).where(OrderItem.order_id == order_id, OrderItem.status.in_(live))
    return session.scalars(query.order_by(OrderItem.position, OrderItem.part, OrderItem.id)).all()


def _offer(session: Session, order: Order, form: MoveForm) -> dict[str, Any]:
    """Fill the form's choice with what is allowed for the ticked items; which of them are steps back."""
    taken = set(form.taken())
    statuses = [OrderStatus(item.status) for item in _movable(session, order.id) if item.id in taken]
    terms = move_terms(session, order, current_staff().permissions)
    offered = sorted(offered_moves(statuses, terms))
    form.offer(offered)
    back = _steps_back(statuses, terms) & set(offered)
    return {"offered": offered, "steps_back": {status.wire for status in back}}


def _steps_back(statuses: Iterable[OrderStatus], terms: MoveTerms) -> set[OrderStatus]:
    return (
        {BACKWARD_ITEM_MOVES[status] for status in statuses if status in BACKWARD_ITEM_MOVES}
        if terms.may_go_back
        else set()
    )


def _shown(session: Session, order: Order, form: MoveForm, *, status: int = 200, **context: Any) -> Response:
    """The form: in the dialog for htmx, else on a page of its own."""
    offer = _offer(session, order, form)
    return part_of_page(
        "orders/_move.html",
        status=status,
        order=order,
        form=form,
        items=_movable(session, order.id),
        quantity_text=quantity_text,
        label_of=lambda item: gettext(OrderStatus(item.status).label),
        dot_of=lambda item: OrderStatus(item.status).dot,
        in_dialog=is_htmx(),
        **offer,
        **context,
    )
