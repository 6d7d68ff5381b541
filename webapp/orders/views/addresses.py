"""Changing an order's addresses in their place on the page."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, can, channel_scope, requires
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_
from webapp.customers.places import province_of
from webapp.orders.addresses import Refusal, Side, Way, strategy
from webapp.orders.forms.addressing import AddressForm
from webapp.orders.models import Order
from webapp.orders.queries import cancelling as queries
from webapp.orders.queries import detail
from webapp.orders.service.address_versions import current
from webapp.orders.service.addresses import NO_REDIRECT, Changed, change_address, facts_of, waiting_change
from webapp.orders.service.withdrawing_addresses import withdraw_change
from webapp.orders.views.address_lines import shown_address
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.detail import part_of_page, show_ctx
from webapp.orders.views.happened import said_of
from webapp.ui.htmx import is_htmx, redirect, retarget, toast
from webapp.ui.i18n import gettext


@blueprint.get("/<int:order_id>/addresses/<side>")
@requires(Permission.ORDERS_VIEW)
def address(order_id: int, side: str) -> Response:
    """The address as it stands: what the form gives way to."""
    order = queries.visible_order(db.session(), order_id, channel_scope())
    return part_of_page("orders/_address.html", **_card(db.session(), order, _side(side)))


@blueprint.get("/<int:order_id>/addresses/<side>/edit")
@requires(Permission.ORDERS_EDIT_ADDRESS)
def edit_address(order_id: int, side: str) -> Response:
    """The form, or why it cannot be changed and what to do instead."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    form = AddressForm.of(_side(side), current(session, order, _side(side)))
    form.version.data, form.seen.data = str(order.version), str(queries.newest_entry(session, order_id))
    return _form(session, order, form)


@blueprint.post("/<int:order_id>/addresses/<side>/edit")
@requires(Permission.ORDERS_EDIT_ADDRESS)
def change(order_id: int, side: str) -> Response:
    """Change it, or give the form back with what stands in its way; nothing typed is lost."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    form = AddressForm.of(_side(side), current(session, order, _side(side)))
    if not form.check():
        return _form(session, order, form, status=422)
    try:
        with unit_of_work() as unit:
            changed = _change(unit, order_id, form)
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _again(order_id, form, 422)
    except Conflict as refused:
        return _again(order_id, form, 409, gettext(refused.message))
    return _done(order_id, changed)


@blueprint.post("/<int:order_id>/addresses/changes/<int:change_id>/withdraw")
@requires(Permission.ORDERS_EDIT_ADDRESS)
def withdraw_address(order_id: int, change_id: int) -> Response:
    """Take back a change that the channel has not heard of yet."""
    queries.visible_order(db.session(), order_id, channel_scope())
    with unit_of_work() as unit:
        withdraw_change(unit, order_id, change_id, audit_context())
    return _whole(
        order_id, gettext("Taken back. The address stays as it was, and the channel hears nothing.")
    )


@blueprint.get("/places/districts")
@requires(Permission.ORDERS_VIEW)
def districts() -> Response:
    """The districts of a province, to choose from."""
    known = province_of(request.args.get("province", ""))
    return make_response(
        render_template("orders/_districts.html", districts=known.districts if known is not None else ())
    )


def _card(session: Session, order: Order, side: Side) -> dict[str, Any]:
    same = order.shipping_address_id == order.billing_address_id
    changes = detail.waiting_addresses(session, order.id)
    card = shown_address(side, current(session, order, side), changes, same=same)
    return {"order": order, **card._asdict()}


def _change(unit: Session, order_id: int, form: AddressForm) -> Changed:
    draft, context = form.to_input(), audit_context()
    changed = change_address(unit, order_id, form.side, draft, context, version=form.expected_version)
    if form.side is Side.SHIPPING and form.also_billing.data:
        change_address(unit, order_id, Side.BILLING, draft, context)
    return changed


def _done(order_id: int, changed: Changed) -> Response:
    match changed.way:
        case Way.WRITE:
            told = gettext("Address changed.")
        case Way.PROPOSE:
            told = gettext("The channel is asked. The address changes here when it agrees.")
        case Way.REDIRECT:
            told = gettext("The carrier is asked. The address changes here when it confirms.")
        case None:
            told = gettext("The address was so already.")
    return _whole(order_id, told)


def _whole(order_id: int, told: str) -> Response:
    """The order's page as it is now."""
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    ctx = show_ctx(db.session(), order_id, channel_scope())
    whole = make_response(render_template("orders/_order.html", **ctx))
    return toast(retarget(whole, "#order", "outerHTML"), told)


def _again(order_id: int, form: AddressForm, status: int, notice: str = "") -> Response:
    """The form as it was typed, on the order as it is now; sent again it counts as having seen what came later."""
    session = db.session()
    session.rollback()
    order = queries.visible_order(session, order_id, channel_scope())
    news = queries.entries_after(session, order_id, form.seen_entry) if status == 409 else []
    form.version.data, form.seen.data = str(order.version), str(queries.newest_entry(session, order_id))
    return _form(session, order, form, status=status, notice=notice, news=news, news_words=said_of)


def _form(
    session: Session, order: Order, form: AddressForm, *, status: int = 200, **context: Any
) -> Response:
    decided = strategy(form.side, facts_of(session, order))
    refusal = gettext(decided.words) if isinstance(decided, Refusal) else ""
    way = None if isinstance(decided, Refusal) else decided.way
    if way is Way.REDIRECT and not can(Permission.ORDERS_REDIRECT_PARCEL):
        refusal = gettext(NO_REDIRECT)
    return part_of_page(
        "orders/_address_form.html",
        status=status,
        order=order,
        side=form.side.value,
        form=form,
        refusal=refusal,
        way=way,
        channel=session.get_one(Channel, order.channel_id),
        tells_channel=way is not None and decided.tells_channel,  # type: ignore[union-attr]
        change=waiting_change(session, order.id, form.side),
        same=order.shipping_address_id == order.billing_address_id,
        **context,
    )


def _side(side: str) -> Side:
    try:
        return Side(side)
    except ValueError:
        raise NotFound(N_("There is no such address.")) from None
