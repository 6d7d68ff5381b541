"""Where an item's product lies, and how much of it is promised already."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from webapp.catalog.models import ProductStock, StockList
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.orders.models import OrderItem


@dataclass(frozen=True, slots=True)
class Stock:
    """Units of a product in a stock list, and how many of them open orders have reserved."""

    list_id: int
    name: str
    stock: Decimal
    reserved: Decimal


def item_of(session: Session, order_id: int, item_id: int) -> OrderItem:
    """The item of this order, which the caller may see. Raises NotFound."""
    item = session.get(OrderItem, item_id)
    if item is None or item.order_id != order_id:
        raise NotFound(N_("This order has no such item."))
    return item


def stocks_of(session: Session, product_id: int | None) -> Sequence[Stock]:
    """Every stock list by name, with what it has of the product: 0 where nothing was ever noted."""
    here = and_(ProductStock.stock_list_id == StockList.id, ProductStock.product_id == product_id)
    query = (
        select(
            StockList.id,
            StockList.name,
            func.coalesce(ProductStock.stock, 0),
            func.coalesce(ProductStock.reserved, 0),
        )
        .outerjoin(ProductStock, here)
        .order_by(StockList.name, StockList.id)
    )
    return [Stock(*row) for row in session.execute(query)]
