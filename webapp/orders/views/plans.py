"""Deciding plans from the order's page, and following their refunds until the money has moved."""

import uuid
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, can, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.money import quantise
from webapp.core.text import N_
from webapp.orders.enums import CancelStatus, RefundState, RefundWay
from webapp.orders.forms.deciding import AnotherWayForm, EvidenceForm, RejectForm
from webapp.orders.models import CancellationPlan, Order
from webapp.orders.queries import plans as queries
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service.cancellation.deciding import approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.statuses import update_cancel_status
from webapp.orders.service.cancellation.which_plans import check_plan_seen
from webapp.orders.service.refunds.manual import ask_now, settle_by_hand, try_again
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.plan_words import plans_ctx
from webapp.payments.models import Refund
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger
from webapp.ui.i18n import gettext
from webapp.ui.stale import notice_of

ORDER_CHANGED = "order:changed"
ORDERS_CHANGED = "orders:changed"


@blueprint.get("/<int:order_id>/plans")
@requires(Permission.ORDERS_VIEW)
def plans(order_id: int) -> Response:
    """The order's open plans; it asks for itself while a refund is under way."""
    order = visible_order(db.session(), order_id, channel_scope())
    context = plans_ctx(db.session(), order_id, order.currency)
    response = part_of_page("orders/_plans.html", order=order, **context)
    # The last look of a page that was following a refund: what it moved is drawn anew.
    return response if context["plan_groups"] or not is_htmx() else trigger(response, ORDER_CHANGED)


@blueprint.post("/<int:order_id>/plans/<int:plan_id>/approve")
@requires(Permission.CANCEL_APPROVE)
def approve_plan(order_id: int, plan_id: int) -> Response:
    """Approve; when the figures have changed since the opening the plan waits again, with the new ones."""
    _plan(db.session(), order_id, plan_id)
    with money_act("cancellation_plan.approved", ("cancellation_plan", plan_id), order_id) as unit:
        approval = approved_order_cancel(
            unit, order_id, authority(), plan_id=plan_id, expected_version=_version()
        )
        is_approved = approval.is_approved
        number = unit.get_one(Order, order_id).number
    if not is_approved:
        told = gettext("The figures have changed since the plan was opened. Look at them and decide again.")
        return toast(_done(order_id), told, "warn")
    return toast(_done(order_id), gettext("Cancellation approved for %(number)s.", number=number))


@blueprint.get("/<int:order_id>/plans/<int:plan_id>/reject")
@requires(Permission.CANCEL_APPROVE)
def ask_reject(order_id: int, plan_id: int) -> Response:
    """Why is it rejected?"""
    plan = _plan(db.session(), order_id, plan_id)
    form = RejectForm(formdata=None)
    form.version.data = request.args.get("version") or str(plan.version)
    return _reject_form(plan, form)


@blueprint.post("/<int:order_id>/plans/<int:plan_id>/reject")
@requires(Permission.CANCEL_APPROVE)
def reject_plan(order_id: int, plan_id: int) -> Response:
    """Reject: every item goes back to where it was."""
    plan = _plan(db.session(), order_id, plan_id)
    form = RejectForm()
    if not form.validate():
        return _reject_form(plan, form, status=422)
    try:
        with money_act("cancellation_plan.rejected", ("cancellation_plan", plan_id), order_id) as unit:
            reject_order_cancel(
                unit,
                order_id,
                authority(),
                words=form.words.data,
                plan_id=plan_id,
                expected_version=_version(),
            )
            number = unit.get_one(Order, order_id).number
    except Conflict as refused:
        return _reject_form(plan, form, status=409, notice=notice_of(refused))
    told = gettext("Cancellation rejected for %(number)s; its items are back.", number=number)
    return toast(_done(order_id), told)


@blueprint.post("/<int:order_id>/plans/<int:plan_id>/confirm")
@requires(Permission.CANCEL_OPEN)
def confirm_plan(order_id: int, plan_id: int) -> Response:
    """The goods or the store have been checked: the plan can be approved."""
    _plan(db.session(), order_id, plan_id)
    items = queries.plan_ids_of_group(db.session(), order_id, plan_id)
    with money_act("cancellation_plan.confirmed", ("cancellation_plan", plan_id), order_id) as unit:
        check_plan_seen(unit, order_id, plan_id, _version(), authority())
        update_cancel_status(unit, order_id, items, CancelStatus.CONFIRMED, authority())
    return toast(_done(order_id), gettext("Checked: the plan can be approved."))


@blueprint.post("/refunds/<uuid:refund_id>/check")
@requires(Permission.ORDERS_VIEW)
def check_refund(refund_id: uuid.UUID) -> Response:
    """Ask the gateway at once instead of at the next time."""
    refund = _refund(db.session(), refund_id)
    order_id, amount = refund.order_id, _amount(refund)
    with unit_of_work() as session:
        ask_now(session, refund_id, audit_context())
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id))
    order = visible_order(db.session(), order_id, channel_scope())
    context = plans_ctx(db.session(), order_id, order.currency)
    response = make_response(render_template("orders/_plans.html", order=order, **context))
    return toast(response, gettext("Asking about the refund of %(amount)s now.", amount=amount))


@blueprint.get("/refunds/<uuid:refund_id>/evidence")
@requires(Permission.REFUND_MANUAL)
def ask_evidence(refund_id: uuid.UUID) -> Response:
    """What happened to a refund that a person pays?"""
    refund = _refund(db.session(), refund_id)
    form = EvidenceForm(formdata=None)
    form.version.data = str(refund.version)
    return _evidence_form(refund, form)


@blueprint.post("/refunds/<uuid:refund_id>/evidence")
@requires(Permission.REFUND_MANUAL)
def enter_evidence(refund_id: uuid.UUID) -> Response:
    """Book what a person has paid back, or found out, with the evidence."""
    refund = _refund(db.session(), refund_id)
    form = EvidenceForm()
    if not form.validate():
        return _evidence_form(refund, form, status=422)
    order_id, amount, state = refund.order_id, _amount(refund), RefundState(form.state.data)
    try:
        with money_act(f"refund.{state.value}", ("refund", refund_id), order_id) as unit:
            settle_by_hand(unit, refund_id, authority(), state=state, evidence=form.evidence.data)
    except InvalidInput as refused:
        form.evidence.errors = [gettext(refused.message)]
        return _evidence_form(_refund(db.session(), refund_id), form, status=422)
    except Conflict as refused:
        refund = _refund(db.session(), refund_id)
        return _evidence_form(refund, form, status=409, notice=notice_of(refused))
    if state is RefundState.SUCCEEDED:
        told = gettext("The refund of %(amount)s is booked as paid back.", amount=amount)
    else:
        told = gettext("The refund of %(amount)s is booked as declined.", amount=amount)
    return toast(_done(order_id), told)


@blueprint.get("/refunds/<uuid:refund_id>/again")
@requires(Permission.CANCEL_APPROVE)
def ask_another_way(refund_id: uuid.UUID) -> Response:
    """How else can a refund go back that was declined?"""
    return _another_way_form(_refund(db.session(), refund_id), _another_way())


@blueprint.post("/refunds/<uuid:refund_id>/again")
@requires(Permission.CANCEL_APPROVE)
def try_refund_again(refund_id: uuid.UUID) -> Response:
    """A new refund in place of one that was declined: the same way, or the one that the form names."""
    refund, form = _refund(db.session(), refund_id), _another_way()
    if "way" in request.form:
        return _go_another_way(refund, form)
    order_id, amount = refund.order_id, _amount(refund)
    with money_act("refund.tried_again", ("refund", refund_id), order_id) as unit:
        try_again(unit, refund_id, authority())
    return toast(_done(order_id), gettext("The refund of %(amount)s is tried again.", amount=amount))


def _go_another_way(refund: Refund, form: AnotherWayForm) -> Response:
    if not form.validate():
        return _another_way_form(refund, form, status=422)
    refund_id, order_id, amount = refund.id, refund.order_id, _amount(refund)
    way = RefundWay(form.way.data)
    account = {"iban": form.iban.data, "holder_name": form.holder_name.data}
    try:
        with money_act("refund.tried_again", ("refund", refund_id), order_id) as unit:
            try_again(unit, refund_id, authority(), way=way, **account)
    except InvalidInput as refused:
        for name in ("iban", "holder_name"):
            form[name].errors = [gettext(each) for each in refused.fields.get(name, [])]
        notice = "" if refused.fields else gettext(refused.message)
        return _another_way_form(_refund(db.session(), refund_id), form, status=422, notice=notice)
    except Conflict as refused:
        refund = _refund(db.session(), refund_id)
        return _another_way_form(refund, form, status=409, notice=notice_of(refused))
    told = gettext("%(amount)s goes back another way: %(way)s.", amount=amount, way=gettext(way.label))
    return toast(_done(order_id), told)


def _another_way() -> AnotherWayForm:
    return AnotherWayForm.offered(loyalty=can(Permission.REFUND_LOYALTY))


def _done(order_id: int) -> Response:
    if not is_htmx():
        return redirect(url_for("orders.show", order_id=order_id))
    return close_dialog(trigger(make_response("", 204), ORDER_CHANGED, ORDERS_CHANGED))


def _plan(session: Session, order_id: int, plan_id: int) -> CancellationPlan:
    visible_order(session, order_id, channel_scope())
    plan = session.get(CancellationPlan, plan_id)
    if plan is None or plan.order_id != order_id:
        raise NotFound(N_("There is no such cancellation plan."))
    return plan


def _refund(session: Session, refund_id: uuid.UUID) -> Refund:
    refund = session.get(Refund, refund_id)
    if refund is None:
        raise NotFound(N_("There is no such refund."))
    visible_order(session, refund.order_id, channel_scope())
    return refund


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _amount(refund: Refund) -> str:
    return f"{quantise(refund.amount, refund.currency)} {refund.currency}"


def _reject_form(plan: CancellationPlan, form: RejectForm, *, status: int = 200, **context: Any) -> Response:
    order = visible_order(db.session(), plan.order_id, channel_scope())
    return part_of_page(
        "orders/_reject.html",
        status=status,
        order=order,
        plan=plan,
        form=form,
        in_dialog=is_htmx(),
        **context,
    )


def _evidence_form(refund: Refund, form: EvidenceForm, *, status: int = 200, **context: Any) -> Response:
    order = visible_order(db.session(), refund.order_id, channel_scope())
    return part_of_page(
        "orders/_evidence.html",
        status=status,
        order=order,
        refund=refund,
        form=form,
        in_dialog=is_htmx(),
        **context,
    )


def _another_way_form(
    refund: Refund, form: AnotherWayForm, *, status: int = 200, notice: str = ""
) -> Response:
    return part_of_page(
        "orders/_another_way.html",
        status=status,
        order=visible_order(db.session(), refund.order_id, channel_scope()),
        refund=refund,
        form=form,
        notice=notice,
        in_dialog=is_htmx(),
    )
