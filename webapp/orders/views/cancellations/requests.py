"""Wishes of customers and channels to cancel items: which wait, and what becomes of them."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.channels.queries import channel_names
from webapp.core.db import db
from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.enums import PlanKind, RequestStatus
from webapp.orders.forms.cancelling import Reason
from webapp.orders.forms.wishes import WishForm, wish_form
from webapp.orders.models import CancellationRequest, Order, OrderItem
from webapp.orders.queries import cancelling, plan_queue
from webapp.orders.service.cancellation.requests import (
    approve_requests,
    confirm_request,
    reject_request,
    who_decided_last,
)
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.cancellations.blueprint import blueprint
from webapp.orders.views.cancellations.tabs import tabs
from webapp.orders.views.cancelling import kind_of
from webapp.orders.views.items import quantity_text
from webapp.ui.htmx import close_dialog, is_htmx, redirect, render, toast, trigger
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "wished"
APPROVE, CONFIRM, REJECT = "approve", "confirm", "reject"


class Wish(NamedTuple):
    """One wish as the form shows it."""

    row: CancellationRequest
    item: OrderItem
    quantity: str
    reason: str
    status: RequestStatus


@blueprint.get("/requests")
@requires(Permission.ORDERS_VIEW)
def requests() -> Response:
    """Orders with wishes that nobody has decided, the longest waiting first."""
    return render("cancellations/requests.html", "cancellations/_requests.html", **requests_ctx(db.session()))


def requests_ctx(session: Session) -> dict[str, Any]:
    """One page of them."""
    scope = channel_scope()
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    rows = plan_queue.wished(
        session, scope, after_id=int(str(after[0])) if after else None, limit=PAGE_SIZE + 1
    )
    page = page_of(rows, sort=SORT, key=lambda row: (row.first_id,), after=after)
    return {
        "page": page,
        "channels": channel_names(session, scope),
        "tabs": tabs(plan_queue.count_queue(session, scope)),
    }


@blueprint.get("/requests/<int:order_id>")
@requires(Permission.CANCEL_OPEN)
def ask_decide(order_id: int) -> Response:
    """The order's wishes, all ticked."""
    session = db.session()
    order = cancelling.visible_order(session, order_id, channel_scope())
    return _shown(session, order, *_form(session, order))


@blueprint.post("/requests/<int:order_id>")
@requires(Permission.CANCEL_OPEN)
def decide(order_id: int) -> Response:
    """Approve, check or reject the ticked wishes; nothing typed is lost when it cannot be done."""
    session = db.session()
    order = cancelling.visible_order(session, order_id, channel_scope())
    form, wishes = _form(session, order)
    decision = request.form.get("decision", "")
    deed = _DEEDS.get(decision)
    if not wishes:
        notice = gettext(who_decided_last(session, order_id))
        return _shown(session, order, form, wishes, status=409, notice=notice)
    if deed is None or not form.validate():
        return _shown(session, order, form, wishes, status=422)
    seen = form.ticked()
    if not seen:
        form.form_errors.append(gettext("Tick at least one wish."))
        return _shown(session, order, form, wishes, status=422)
    try:
        with money_act(f"cancellation_request.{decision}", ("order", order_id), order_id) as unit:
            deed(unit, order_id, seen, form)
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _shown(db.session(), _again(order_id), form, wishes, status=422)
    except Conflict as refused:
        now = _again(order_id)
        return _shown(
            db.session(), now, *_form(db.session(), now), status=409, notice=gettext(refused.message)
        )
    return toast(_done(order_id), _told(decision, order.number))


def _approve(unit: Session, order_id: int, seen: dict[int, int], form: WishForm) -> None:
    approve_requests(unit, order_id, list(seen), authority(), reasons=form.chosen_reasons(), seen=seen)


def _confirm(unit: Session, order_id: int, seen: dict[int, int], form: WishForm) -> None:
    for wish in seen:
        confirm_request(unit, order_id, wish, authority(), seen=seen)


def _reject(unit: Session, order_id: int, seen: dict[int, int], form: WishForm) -> None:
    for wish in seen:
        reject_request(unit, order_id, wish, authority(), words=form.words.data or "", seen=seen)


_DEEDS: Final[dict[str, Callable[[Session, int, dict[int, int], WishForm], None]]] = {
    APPROVE: _approve,
    CONFIRM: _confirm,
    REJECT: _reject,
}


def _told(decision: str, number: str) -> str:
    match decision:
        case "approve":
            return str(gettext("Request approved for %(number)s: a plan is open.", number=number))
        case "confirm":
            return str(gettext("Checked: the request of %(number)s can be approved.", number=number))
        case _:
            return str(gettext("Request rejected for %(number)s.", number=number))


def _done(order_id: int) -> Response:
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id))
    return close_dialog(trigger(make_response("", 204), "order:changed", "orders:changed"))


def _again(order_id: int) -> Order:
    session = db.session()
    session.rollback()
    return cancelling.visible_order(session, order_id, channel_scope())


def _form(session: Session, order: Order) -> tuple[WishForm, list[Wish]]:
    rows = plan_queue.wishes_of(session, order.id)
    reasons = [
        Reason(each.id, PlanKind(each.plan_kind), each.name, each.needs_text)
        for each in cancelling.active_reasons(session)
    ]
    missing = {kind_of(item) for wish, item, _ in rows if wish.reason_id is None}
    form = wish_form({wish.id: wish.version for wish, *_ in rows}, reasons, sorted(missing))
    return form, [_wish(*row) for row in rows]


def _wish(row: CancellationRequest, item: OrderItem, reason: str | None) -> Wish:
    words = ": ".join(filter(None, (reason, row.reason_text)))
    return Wish(row, item, quantity_text(row.quantity), words, RequestStatus(row.status))


def _shown(
    session: Session,
    order: Order,
    form: WishForm,
    wishes: Sequence[Wish],
    *,
    status: int = 200,
    **context: Any,
) -> Response:
    fragment = "cancellations/_decide.html"
    page = fragment if is_htmx() else "cancellations/part.html"
    shown = {"order": order, "form": form, "wishes": wishes, "in_dialog": is_htmx(), **context}
    return make_response(render_template(page, fragment=fragment, **shown), status)
