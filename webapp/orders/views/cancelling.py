"""Cancel…: the dialog, what it says while somebody fills it in, and the opening of the plan."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, can, channel_scope, requires
from webapp.core.db import db
from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.cancellation import CancelRequest
from webapp.orders.enums import OrderStatus, PlanKind, RefundWay
from webapp.orders.forms.cancelling import CancelForm, Choosable, Reason, cancel_form
from webapp.orders.models import Order, OrderItem
from webapp.orders.pricing import is_divisible
from webapp.orders.queries import cancelling as queries
from webapp.orders.service.cancellation.opening import diagnose, open_plans
from webapp.orders.states import plan_kind
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.draft_words import Outcome, not_drafted, outcome_of
from webapp.orders.views.happened import said_of
from webapp.orders.views.items import quantity_text
from webapp.payments.models import Transaction
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger

ORDER_CHANGED = "order:changed"


@blueprint.get("/<int:order_id>/cancel")
@requires(Permission.CANCEL_OPEN)
def ask_cancel(order_id: int) -> Response:
    """The empty form, nothing chosen: everything ticked, or the `item`s that the link names, as far as they are offered."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    form = _form(session, order)
    form.tick_only(set(request.args.getlist("item", type=int)))
    return _shown(session, order, form)


@blueprint.post("/<int:order_id>/cancel/preview")
@requires(Permission.CANCEL_OPEN)
def preview_cancel(order_id: int) -> Response:
    """What the form would do as it stands; writes nothing. Without a script the whole form comes back with it."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    form = _form(session, order)
    form.validate()
    if not is_htmx():
        return _shown(session, order, form)
    outcome = _outcome(session, order, form)
    context = {"order": order, "outcome": outcome, "aside": True}
    return make_response(render_template("orders/_cancel_outcome.html", **context))


@blueprint.post("/<int:order_id>/cancel")
@requires(Permission.CANCEL_OPEN)
def cancel(order_id: int) -> Response:
    """Open the plan, or give the form back with what stands in its way; nothing typed is lost."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    form = _form(session, order)
    if not form.validate():
        return _shown(session, order, form, status=422)
    try:
        with money_act("cancellation_plan.opened", ("order", order_id), order_id) as unit:
            opened = open_plans(
                unit, order_id, form.to_input(), authority(), expected_version=form.expected_version
            )
            count = len(opened.plans)
    except InvalidInput as refused:
        form.refuse(refused.fields)
        return _again(order_id, form, 422)
    except Conflict as refused:
        return _again(order_id, form, 409, gettext(refused.message))
    return _opened(order_id, order.number, count)


def _opened(order_id: int, number: str, count: int) -> Response:
    told = gettext("Cancellation plan opened for %(number)s.", number=number)
    if count > 1:
        told = gettext("Two linked plans opened for %(number)s.", number=number)
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    response = trigger(toast(make_response("", 204), told), ORDER_CHANGED, "orders:changed")
    return close_dialog(response)


def _again(order_id: int, form: CancelForm, status: int, notice: str = "") -> Response:
    """The form as it was typed, on the order as it is now; sent again it counts as having seen what came later."""
    session = db.session()
    session.rollback()
    order = queries.visible_order(session, order_id, channel_scope())
    news = queries.entries_after(session, order_id, form.seen_entry) if status == 409 else []
    form.version.data, form.seen.data = str(order.version), str(queries.newest_entry(session, order_id))
    return _shown(session, order, form, status=status, notice=notice, news=news, news_words=said_of)


def _form(session: Session, order: Order) -> CancelForm:
    reasons = [
        Reason(each.id, PlanKind(each.plan_kind), each.name, each.needs_text)
        for each in queries.active_reasons(session)
    ]
    items = [_choosable(item) for item in queries.live_items(session, order.id)]
    form = cancel_form(items, reasons, order.currency, may_choose_loyalty=can(Permission.REFUND_LOYALTY))
    if not form.is_submitted():
        form.version.data = str(order.version)
        form.seen.data = str(queries.newest_entry(session, order.id))
    return form


def _choosable(item: OrderItem) -> Choosable:
    units = int(item.quantity) if is_divisible(item.quantity) and item.quantity > 1 else 0
    return Choosable(item.id, kind_of(item), units)


def kind_of(item: OrderItem) -> PlanKind:
    """Whether cancelling the item is a cancel or a return, by where it stood before anybody wished it."""
    wished = item.status == OrderStatus.CANCELLATION_WAITING and item.status_before_cancel
    return plan_kind(OrderStatus(wished or item.status))


def _shown(
    session: Session, order: Order, form: CancelForm, *, status: int = 200, **context: Any
) -> Response:
    """The form with its outcome: in the dialog for htmx, else on a page of its own."""
    return part_of_page(
        "orders/_cancel.html",
        status=status,
        order=order,
        form=form,
        items=queries.live_items(session, order.id),
        quantity_text=quantity_text,
        outcome=_outcome(session, order, form),
        may_force=can(Permission.CANCEL_FORCE_AMOUNT),
        bank=_may_go_by_bank(session, order),
        in_dialog=is_htmx(),
        **context,
    )


def _outcome(session: Session, order: Order, form: CancelForm) -> Outcome:
    wrong = [str(error) for field in form for error in field.errors if field.name != "csrf_token"]
    if wrong and form.choosable and not form.taken():
        return not_drafted(wrong, order.currency)
    try:
        wanted = form.to_input()
    except InvalidInput as refused:
        return not_drafted([gettext(refused.message)], order.currency)
    except KeyError:
        return not_drafted(wrong, order.currency)
    draft = diagnose(session, order, wanted)
    return outcome_of(draft, order.currency, _tender_kinds(session, order.id), authority())


def _may_go_by_bank(session: Session, order: Order) -> bool:
    """Whether some of its money could go back by bank transfer, so that an account is worth asking for."""
    draft = diagnose(session, order, CancelRequest(is_all=True))
    return any(part.way is RefundWay.TRANSFER for plan in draft.plans for part in plan.tenders)


def _tender_kinds(session: Session, order_id: int) -> dict[int, str]:
    rows = session.execute(select(Transaction.id, Transaction.kind).where(Transaction.order_id == order_id))
    return {row.id: row.kind for row in rows}
