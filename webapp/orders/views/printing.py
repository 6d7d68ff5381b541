"""Packing slips and address labels as pages to print: of one order, or of many from the bulk bar."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.ids import possible
from webapp.core.text import N_
from webapp.orders.models import Order
from webapp.orders.queries.printing import PrintedOrder, PrintedParcel, printed_orders
from webapp.orders.views.address_lines import address_lines
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.chosen import chosen_orders
from webapp.orders.views.items import item_words, quantity_text
from webapp.ui.barcodes import Barcode, code128
from webapp.ui.htmx import redirect

# A hundred ids fit in any browser's address bar, and a hundred sheets in a printer's tray.
MOST: Final = 100


class Slip(NamedTuple):
    """One sheet: an order and all its parcels."""

    printed: PrintedOrder
    barcode: Barcode | None
    address_lines: Sequence[str]
    parcels: Sequence[tuple[str, PrintedParcel]]


class Label(NamedTuple):
    """One sticker: a parcel of an order; `place` says which of how many."""

    printed: PrintedOrder
    parcel: PrintedParcel
    place: str
    address_lines: Sequence[str]
    order_barcode: Barcode | None
    tracking_barcode: Barcode | None


@blueprint.get("/print/slips")
@requires(Permission.ORDERS_VIEW)
def slips() -> Response:
    """A packing slip for each of these orders, a sheet each."""
    return _sheets("orders/slips.html", slips=[_slip(each) for each in _asked(db.session())])


@blueprint.get("/print/labels")
@requires(Permission.ORDERS_VIEW)
def labels_to_print() -> Response:
    """An address label for each parcel of these orders."""
    labels = [label for each in _asked(db.session()) for label in _labels(each)]
    return _sheets("orders/labels.html", labels=labels)


@blueprint.post("/print/<kind>")
@requires(Permission.ORDERS_VIEW)
def print_chosen(kind: str) -> Response:
    """From the bulk bar to the page that prints the chosen orders. Raises InvalidInput for none or too many."""
    endpoints = {"slips": "orders.slips", "labels": "orders.labels_to_print"}
    if kind not in endpoints:
        raise NotFound(N_("There is no such paper."))
    session = db.session()
    ids = list(session.scalars(chosen_orders(session, MOST).limit(MOST + 1)))
    if not ids:
        raise InvalidInput(gettext("Tick the orders first."))
    if len(ids) > MOST:
        words = gettext("%(most)s orders at once can be printed. Tick fewer, or narrow the list.", most=MOST)
        raise InvalidInput(words)
    return redirect(url_for(endpoints[kind], id=ids))


def _asked(session: Session) -> list[PrintedOrder]:
    given = request.args.getlist("id", type=int)
    ids = [number for number in dict.fromkeys(given) if number in possible(given)]
    found = printed_orders(session, ids[:MOST], channel_scope())
    if not found:
        raise NotFound(N_("There is nothing to print: no such order, or nothing of it is to be sent."))
    return found


def _sheets(page: str, **context: Any) -> Response:
    context |= {"quantity_text": quantity_text, "item_words": item_words}
    return make_response(render_template(page, **context))


def _slip(printed: PrintedOrder) -> Slip:
    named = [(_name(parcel), parcel) for parcel in printed.parcels]
    return Slip(printed, code128(printed.order.number), address_lines(printed.address), named)


def _name(parcel: PrintedParcel) -> str:
    if parcel.package is None:
        return str(gettext("Not in a parcel yet"))
    return str(gettext("Parcel %(number)s", number=parcel.package.number))


def _labels(printed: PrintedOrder) -> Iterator[Label]:
    order: Order = printed.order
    total = len(printed.parcels)
    for at, parcel in enumerate(printed.parcels, start=1):
        number = _tracking_number(order, parcel)
        yield Label(
            printed,
            parcel,
            gettext("Parcel %(number)s of %(total)s", number=at, total=total),
            address_lines(printed.address),
            code128(order.number),
            code128(number) if number else None,
        )


def _tracking_number(order: Order, parcel: PrintedParcel) -> str:
    """The parcel's own number; what lies in none yet goes under the order's, if the channel gave one."""
    if parcel.package is not None:
        return parcel.package.tracking_number or ""
    return next((item.tracking_number for item in parcel.items if item.tracking_number), "") or ""
