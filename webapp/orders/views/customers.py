"""The page of one customer, and erasing them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.customers.models import Address
from webapp.operations.watching import watch
from webapp.orders.forms.erasing import EraseForm
from webapp.orders.queries import customers
from webapp.orders.queries.criteria import Place
from webapp.orders.service.erasing import ErasureReason
from webapp.orders.service.erasing_many import erase_soon
from webapp.orders.views.address_lines import address_lines
from webapp.orders.views.shown import Worder
from webapp.ui.htmx import is_htmx, redirect, render, toast
from webapp.ui.i18n import gettext
from webapp.ui.tables import decode_cursor, encode_cursor

SORT: Final = "-placed"

blueprint = Blueprint("customers", __name__, url_prefix="/customers")


@blueprint.get("/<int:customer_id>")
@requires(Permission.ORDERS_VIEW)
def show(customer_id: int) -> Response:
    """Who they are, what they ordered and got back, where their parcels went, what colleagues wrote."""
    return render("customers/show.html", "customers/_orders.html", **show_ctx(db.session(), customer_id))


def show_ctx(session: Session, customer_id: int) -> dict[str, Any]:
    """The head always; the rest of the page only where the whole page is wanted."""
    head, scope = _head(session, customer_id), channel_scope()
    page = customers.orders(session, customer_id, scope, _place())
    worder = Worder()
    context: dict[str, Any] = {
        "head": head,
        "customer": head.customer,
        "lines": [(row, worder.words(row)) for row in page.rows],
        "next_url": _page_url(customer_id, page.after),
        "first_url": None if page.before is None else url_for("customers.show", customer_id=customer_id),
    }
    if is_htmx():
        return context
    return {
        **context,
        "is_erased": head.customer.erased_at is not None and not head.customer.full_name,
        "sums": customers.sums(session, customer_id),
        "most_summed": customers.MOST_SUMMED,
        "addresses": _told_once(customers.addresses(session, customer_id)),
        "notes": customers.notes(session, customer_id),
    }


@blueprint.get("/<int:customer_id>/erase")
@requires(Permission.CUSTOMERS_ERASE)
def ask_erase(customer_id: int) -> Response:
    """Why, and the number to type."""
    form = EraseForm(formdata=None)
    form.submission.data = str(uuid.uuid4())
    return _erase_form(_head(db.session(), customer_id), form)


@blueprint.post("/<int:customer_id>/erase")
@requires(Permission.CUSTOMERS_ERASE)
def post_erase(customer_id: int) -> Response:
    """Have the customer erased; the operation's page says what became of it."""
    head = _head(db.session(), customer_id)
    form = EraseForm()
    form.offer()
    if not form.is_confirmed(customer_id):
        return _erase_form(head, form, status=422)
    with unit_of_work() as unit:
        operation, _ = erase_soon(
            unit,
            customer_id,
            ErasureReason(form.reason.data),
            audit_context(),
            submission=uuid.UUID(form.submission.data),
        )
        watch(operation)
        key = operation.id
    told = gettext("Erasing customer %(number)s.", number=customer_id)
    return toast(redirect(url_for("operations.show", operation_id=key)), told)


def _told_once(addresses: Sequence[Address]) -> list[tuple[Address, list[str]]]:
    """With the lines that are shown; versions that read alike are one."""
    told: dict[tuple[str, ...], tuple[Address, list[str]]] = {}
    for address in addresses:
        lines = address_lines(address)
        told.setdefault((*lines, address.phone), (address, lines))
    return list(told.values())


def _head(session: Session, customer_id: int) -> customers.CustomerHead:
    return customers.head(session, customer_id, channel_scope())


def _erase_form(head: customers.CustomerHead, form: EraseForm, *, status: int = 200) -> Response:
    form.offer()
    page = "customers/_erase.html" if is_htmx() else "customers/part.html"
    context = {
        "customer": head.customer,
        "form": form,
        "in_dialog": is_htmx(),
        "part": "customers/_erase.html",
    }
    return make_response(render_template(page, **context), status)


def _place() -> Place | None:
    values = decode_cursor(request.args.get("after"), SORT, (datetime, int))
    if values is None or not isinstance(values[0], datetime) or not isinstance(values[1], int):
        return None
    return Place(values[0], values[1])


def _page_url(customer_id: int, place: Place | None) -> str | None:
    if place is None:
        return None
    cursor = encode_cursor(SORT, (place.value, place.order_id))
    return url_for("customers.show", customer_id=customer_id, after=cursor)
