"""Pack…: the dialog that puts an order's items into parcels, with a number and a carrier each."""

from collections.abc import Sequence
from typing import Any

from flask import Response, make_response, request, url_for
from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.cargo.models import CargoCompany
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.forms.packing import MOST, Packed, PackForm, asked_parcels, pack_form
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.queries import cancelling as queries
from webapp.orders.service.packable import can_be_packed, open_packages, packages_of
from webapp.orders.service.packing import split_packages
from webapp.orders.service.parcels import items_of
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.cancelling import ORDER_CHANGED
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.happened import said_of
from webapp.orders.views.items import quantity_text
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger


@blueprint.get("/<int:order_id>/pack")
@requires(Permission.ORDERS_CHANGE_STATUS)
def ask_pack(order_id: int) -> Response:
    """The parcels that are still to go, or one with everything in it."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    return _shown(session, order, _form(session, order))


@blueprint.post("/<int:order_id>/pack/more")
@requires(Permission.ORDERS_CHANGE_STATUS)
def one_more_parcel(order_id: int) -> Response:
    """The form as it was typed with an empty parcel more; changes nothing."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    return _shown(session, order, _form(session, order, more=1))


@blueprint.post("/<int:order_id>/pack")
@requires(Permission.ORDERS_CHANGE_STATUS)
def pack(order_id: int) -> Response:
    """Pack, or give the form back with what stands in its way; nothing typed is lost."""
    session = db.session()
    order = queries.visible_order(session, order_id, channel_scope())
    number, form = order.number, _form(session, order)
    if not form.validate():
        return _shown(session, order, form, status=422)
    try:
        drafts = form.to_input()
        with unit_of_work() as unit:
            split_packages(unit, order_id, drafts, audit_context(), version=form.expected_version)
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _again(order_id, form, 422)
    except Conflict as refused:
        return _again(order_id, form, 409, gettext(refused.message))
    told = ngettext(
        "Order %(number)s is packed into one parcel.",
        "Order %(number)s is packed into %(num)d parcels.",
        len(drafts),
        number=number,
    )
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    return close_dialog(trigger(toast(make_response("", 204), told), ORDER_CHANGED, "orders:changed"))


def _again(order_id: int, form: PackForm, status: int, notice: str = "") -> Response:
    """The form as it was typed, on the order as it is now; sent again it counts as having seen what came later."""
    session = db.session()
    session.rollback()
    order = queries.visible_order(session, order_id, channel_scope())
    news = queries.entries_after(session, order_id, form.seen_entry) if status == 409 else []
    form.version.data, form.seen.data = str(order.version), str(queries.newest_entry(session, order_id))
    return _shown(session, order, form, status=status, notice=notice, news=news, news_words=said_of)


def _form(session: Session, order: Order, *, more: int = 0) -> PackForm:
    items, open_ones, _ = _state(session, order)
    came_in = request.method == "POST"
    # One that was switched off brings what it was given.
    theirs = {package.cargo_company_id for package in open_ones if package.cargo_company_id is not None}
    carriers = session.execute(
        select(CargoCompany.id, CargoCompany.name)
        .where(CargoCompany.is_active | CargoCompany.id.in_(theirs))
        .order_by(CargoCompany.name)
    )
    form = pack_form(
        [item.id for item in items],
        [] if came_in else _begins(items, open_ones),
        [(row.id, row.name) for row in carriers],
        parcels=asked_parcels(request.form.get("parcels"), more) if came_in else None,
    )
    if not came_in:
        form.version.data = str(order.version)
        form.seen.data = str(queries.newest_entry(session, order.id))
    return form


def _state(session: Session, order: Order) -> tuple[list[OrderItem], list[Package], list[Package]]:
    """The items that can be packed, the parcels that can be packed anew, and those that stay as they are."""
    rows, packages = items_of(session, order), packages_of(session, order)
    open_ones = open_packages(session, packages, rows)
    fixed = [package for package in packages if package not in open_ones]
    keys = {package.id for package in fixed}
    return [row for row in rows if can_be_packed(row, keys)], open_ones, fixed


def _begins(items: Sequence[OrderItem], open_ones: Sequence[Package]) -> list[Packed]:
    if not open_ones:
        return [Packed({item.id: item.quantity for item in items})]
    return [
        Packed(
            {item.id: item.quantity for item in items if item.package_id == package.id},
            package.cargo_company_id,
            package.tracking_number or "",
        )
        for package in open_ones
    ]


def _shown(session: Session, order: Order, form: PackForm, *, status: int = 200, **context: Any) -> Response:
    """The form: in the dialog for htmx, else on a page of its own."""
    items, _, fixed = _state(session, order)
    return part_of_page(
        "orders/_pack.html",
        status=status,
        order=order,
        form=form,
        items=[item for item in items if item.id in form.keys],
        fixed=fixed,
        may_add=len(form.numbers) < MOST,
        quantity_text=quantity_text,
        in_dialog=is_htmx(),
        **context,
    )
