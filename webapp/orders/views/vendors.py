"""What vendors supply of an order, and writing down what a vendor says of it."""

from typing import Any

from flask import Response, make_response, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_
from webapp.orders.enums import LIVE_STATUSES, OrderStatus
from webapp.orders.forms.vendors import VendorForm, vendor_form
from webapp.orders.queries import vendors as queries
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.queries.vendors import VendorPart
from webapp.orders.service import VendorOrderService
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.items import quantity_text
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger
from webapp.ui.stale import notice_of


@blueprint.get("/<int:order_id>/vendors/<int:vendor_order_id>")
@requires(Permission.ORDERS_CHANGE_STATUS)
def ask_vendor(order_id: int, vendor_order_id: int) -> Response:
    """What does the vendor say?"""
    part = _part(db.session(), order_id, vendor_order_id)
    form = _form(db.session(), part)
    form.version.data = str(part.row.version)
    return _shown(order_id, part, form)


@blueprint.post("/<int:order_id>/vendors/<int:vendor_order_id>")
@requires(Permission.ORDERS_CHANGE_STATUS)
def vendor_says(order_id: int, vendor_order_id: int) -> Response:
    """Write it into the order, or give the form back with what stands in its way; nothing typed is lost."""
    part = _part(db.session(), order_id, vendor_order_id)
    form, vendor = _form(db.session(), part), part.vendor
    if not form.validate():
        return _shown(order_id, part, form, status=422)
    try:
        with unit_of_work() as session:
            service = VendorOrderService(session)
            service.says(vendor_order_id, form.to_input(), audit_context(), version=form.expected_version)
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _shown(order_id, _part(db.session(), order_id, vendor_order_id), form, status=422)
    except Conflict as refused:
        part = _part(db.session(), order_id, vendor_order_id)
        form.version.data = str(part.row.version)
        return _shown(order_id, part, form, status=409, notice=notice_of(refused))
    told = gettext("Noted what %(vendor)s said.", vendor=vendor)
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    response = trigger(toast(make_response("", 204), told), "order:changed", "orders:changed")
    return close_dialog(response)


def _part(session: Session, order_id: int, vendor_order_id: int) -> VendorPart:
    """Raises NotFound also for an order that the reader may not know of."""
    visible_order(session, order_id, channel_scope())
    part = queries.vendor_part(session, order_id, vendor_order_id)
    if part is None:
        raise NotFound(N_("This order has no such vendor."))
    return part


def _form(session: Session, part: VendorPart) -> VendorForm:
    live = [line.item.id for line in part.lines if line.item.status in LIVE_STATUSES]
    return vendor_form(live, queries.carriers(session))


def _shown(
    order_id: int, part: VendorPart, form: VendorForm, *, status: int = 200, **context: Any
) -> Response:
    """The form: in the dialog for htmx, else on a page of its own."""
    session = db.session()
    return part_of_page(
        "orders/_vendor.html",
        status=status,
        order=visible_order(session, order_id, channel_scope()),
        theirs=part,
        form=form,
        live=set(form.keys),
        quantity_text=quantity_text,
        order_status=OrderStatus,
        in_dialog=is_htmx(),
        **context,
    )
