"""Stock…: where an item's units are reserved, letting them go, and counting anew what open orders hold."""

from typing import Any

from flask import Response, make_response, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.forms.stock import StockForm
from webapp.orders.models import Order, OrderItem
from webapp.orders.queries import cancelling as queries
from webapp.orders.queries.stock import item_of, stocks_of
from webapp.orders.service import OrderService
from webapp.orders.service.stock import can_reserve
from webapp.orders.service.store import count_item_stock
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.cancelling import ORDER_CHANGED
from webapp.orders.views.detail import part_of_page
from webapp.orders.views.happened import said_of
from webapp.orders.views.items import quantity_text
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger


@blueprint.get("/<int:order_id>/items/<int:item_id>/stock")
@requires(Permission.ORDERS_CHANGE_STATUS)
def ask_stock(order_id: int, item_id: int) -> Response:
    """What the stock lists have of it, and where its units are reserved now."""
    return _anew(order_id, item_id)


@blueprint.post("/<int:order_id>/items/<int:item_id>/stock")
@requires(Permission.ORDERS_CHANGE_STATUS)
def map_stock(order_id: int, item_id: int) -> Response:
    """Reserve there, or let go; or give the form back with what stands in its way."""
    session = db.session()
    _, item = _seen(session, order_id, item_id)
    form, name = StockForm(), item.name
    form.offer(stocks_of(session, item.product_id), item.stock_list_id, as_it_is=False)
    try:
        chosen = form.to_input()
        with unit_of_work() as unit:
            OrderService(unit).create_mapping(
                unit.get_one(OrderItem, item_id),
                audit_context(),
                stock_list_id=chosen,
                version=form.expected_version,
            )
    except InvalidInput as refused:
        form.refuse(refused.message)
        return _again(order_id, item_id, form, 422)
    except Conflict as refused:
        return _again(order_id, item_id, form, 409, gettext(refused.message))
    told = gettext("No stock is reserved for %(item)s any more.", item=name)
    if chosen is not None:
        told = gettext("The stock for %(item)s is reserved.", item=name)
    if not is_htmx():
        return toast(redirect(url_for("orders.show", order_id=order_id)), told)
    return close_dialog(trigger(toast(make_response("", 204), told), ORDER_CHANGED))


@blueprint.post("/<int:order_id>/items/<int:item_id>/stock/count")
@requires(Permission.ORDERS_CHANGE_STATUS)
def count_stock(order_id: int, item_id: int) -> Response:
    """Count anew what all open orders hold of its product in its list; a second time nothing changes."""
    _seen(db.session(), order_id, item_id)
    with unit_of_work() as unit:
        reserved = count_item_stock(unit, item_id, audit_context())
    told = gettext("Counted: open orders hold %(count)s.", count=quantity_text(reserved))
    return trigger(toast(_anew(order_id, item_id), told), ORDER_CHANGED)


def _seen(session: Session, order_id: int, item_id: int) -> tuple[Order, OrderItem]:
    """Raises NotFound also for an order that the reader may not know of."""
    order = queries.visible_order(session, order_id, channel_scope())
    return order, item_of(session, order.id, item_id)


def _anew(order_id: int, item_id: int) -> Response:
    """The form as the item stands now."""
    session = db.session()
    order, item = _seen(session, order_id, item_id)
    form = StockForm(formdata=None)
    form.version.data = str(order.version)
    form.seen.data = str(queries.newest_entry(session, order.id))
    form.offer(stocks_of(session, item.product_id), item.stock_list_id, as_it_is=True)
    return _shown(session, order, item, form)


def _again(order_id: int, item_id: int, form: StockForm, status: int, notice: str = "") -> Response:
    """The form as it was answered, on the order as it is now; sent again it counts as having seen what came later."""
    session = db.session()
    session.rollback()
    order, item = _seen(session, order_id, item_id)
    news = queries.entries_after(session, order_id, form.seen_entry) if status == 409 else []
    form.version.data, form.seen.data = str(order.version), str(queries.newest_entry(session, order_id))
    return _shown(session, order, item, form, status=status, notice=notice, news=news, news_words=said_of)


def _shown(
    session: Session, order: Order, item: OrderItem, form: StockForm, *, status: int = 200, **context: Any
) -> Response:
    """The form: in the dialog for htmx, else on a page of its own."""
    stocks = stocks_of(session, item.product_id)
    return part_of_page(
        "orders/_stock.html",
        status=status,
        order=order,
        item=item,
        form=form,
        can_reserve=can_reserve(item),
        stock_by_list={str(each.list_id): each for each in stocks},
        quantity_text=quantity_text,
        in_dialog=is_htmx(),
        **context,
    )
