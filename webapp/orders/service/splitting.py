"""A part of a row becomes a row of its own, so that it can move alone; rule R6 divides its money."""

from dataclasses import fields
from decimal import Decimal
from typing import Final

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from webapp.orders.models import OrderItem, order_item_transaction
from webapp.orders.pricing import RowMoney, split_steps, steps_from_json, steps_to_json

# What a row that is split off does not take over from the row it was part of.
_OWN_COLUMNS: Final = frozenset({"id", "part", "created_at", "modified_at", "version"})


def split_off(
    session: Session, item: OrderItem, quantity: Decimal, money: tuple[RowMoney, RowMoney], currency: str
) -> OrderItem:
    """The first `quantity` units as a row of their own, under the order's lock; every money column and its steps are divided.

    `money` is that of the part and of the rest, as pricing.split_row gives it. Nothing is reserved or released.
    """
    copied = {
        column.key: getattr(item, column.key)
        for column in OrderItem.__mapper__.column_attrs
        if column.key not in _OWN_COLUMNS
    }
    part = OrderItem(**copied)
    part.part = _next_part(session, item)
    steps = split_steps(steps_from_json(item.price_steps), item.quantity, quantity, currency)
    part.price_steps, item.price_steps = map(steps_to_json, steps)
    part.quantity, item.quantity = quantity, item.quantity - quantity
    part.ordered_quantity, item.ordered_quantity = quantity, item.ordered_quantity - quantity
    for column in fields(RowMoney):
        for row, amounts in zip((part, item), money, strict=True):
            setattr(row, column.name, getattr(amounts, column.name))
    item.version += 1
    session.add(part)
    session.flush()
    links = select(literal(part.id), order_item_transaction.c.transaction_id).where(
        order_item_transaction.c.order_item_id == item.id
    )
    session.execute(insert(order_item_transaction).from_select(["order_item_id", "transaction_id"], links))
    return part


def _next_part(session: Session, item: OrderItem) -> int:
    last = session.scalar(
        select(func.max(OrderItem.part)).where(
            OrderItem.order_id == item.order_id, OrderItem.remote_line_id == item.remote_line_id
        )
    )
    return 1 + (last or 0)
