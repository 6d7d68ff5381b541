"""A part of a row becomes a row of its own, so that it can move alone; rule R6 divides its money."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array
from webapp.orders.models import OrderItem
from webapp.orders.pricing import RowMoney, split_row, split_steps, steps_from_json, steps_to_json

# What a row that is split off does not take over from the row it was part of.
_OWN_COLUMNS: Final = frozenset({"id", "part", "created_at", "modified_at", "version"})
_LINKS = text("""
    INSERT INTO order_item_transaction (order_item_id, transaction_id)
    SELECT given.part, link.transaction_id
    FROM unnest(CAST(:parts AS bigint[]), CAST(:items AS bigint[])) AS given(part, item)
    JOIN order_item_transaction link ON link.order_item_id = given.item
""")


def split_off(
    session: Session, item: OrderItem, quantity: Decimal, money: tuple[RowMoney, RowMoney], currency: str
) -> OrderItem:
    """The first `quantity` units as a row of their own, under the order's lock; every money column and its steps are divided.

    `money` is that of the part and of the rest, as pricing.split_row gives it. Nothing is reserved or released.
    """
    part = _divided(item, quantity, money, currency)
    part.part = 1 + _last_parts(session, [item])[item.order_id, item.remote_line_id]
    session.add(part)
    session.flush()
    _link(session, [(part, item)])
    return part


def split_off_many(session: Session, parts: Sequence[tuple[int, Decimal]]) -> list[int]:
    """The same for many (item, quantity), one after the other, under their orders' locks: the new rows' ids.

    Unlike the rows that they were part of they lie in no parcel. Raises ValueError for a part that its row has not.
    """
    found = select(OrderItem).where(OrderItem.id.in_({item_id for item_id, _ in parts}))
    items = {item.id: item for item in session.scalars(found.execution_options(populate_existing=True))}
    last = _last_parts(session, items.values())
    made = []
    for item_id, quantity in parts:
        item = items[item_id]
        currency = item.price_currency
        money = split_row(RowMoney.of(item), item.quantity, quantity, currency)
        part = _divided(item, quantity, money, currency)
        last[item.order_id, item.remote_line_id] += 1
        part.part, part.package_id = last[item.order_id, item.remote_line_id], None
        made.append((part, item))
    session.add_all([part for part, _ in made])
    session.flush()
    _link(session, made)
    return [part.id for part, _ in made]


def _divided(
    item: OrderItem, quantity: Decimal, money: tuple[RowMoney, RowMoney], currency: str
) -> OrderItem:
    """The part, which is no row yet; `item` becomes the rest."""
    copied = {
        column.key: getattr(item, column.key)
        for column in OrderItem.__mapper__.column_attrs
        if column.key not in _OWN_COLUMNS
    }
    part = OrderItem(**copied)
    steps = split_steps(steps_from_json(item.price_steps), item.quantity, quantity, currency)
    part.price_steps, item.price_steps = map(steps_to_json, steps)
    part.quantity, item.quantity = quantity, item.quantity - quantity
    part.ordered_quantity, item.ordered_quantity = quantity, item.ordered_quantity - quantity
    for column in fields(RowMoney):
        for row, amounts in zip((part, item), money, strict=True):
            setattr(row, column.name, getattr(amounts, column.name))
    item.version += 1
    return part


def _link(session: Session, made: Sequence[tuple[OrderItem, OrderItem]]) -> None:
    """A part was paid by the payments that its row was paid by."""
    session.execute(
        _LINKS,
        {
            "parts": plain_array(part.id for part, _ in made),
            "items": plain_array(item.id for _, item in made),
        },
    )


def _last_parts(session: Session, items: Collection[OrderItem]) -> dict[tuple[int, str], int]:
    """The highest part of each of the items' lines."""
    query = select(OrderItem.order_id, OrderItem.remote_line_id, func.max(OrderItem.part))
    query = query.where(
        OrderItem.order_id.in_({item.order_id for item in items}),
        OrderItem.remote_line_id.in_({item.remote_line_id for item in items}),
    )
    rows = session.execute(query.group_by(OrderItem.order_id, OrderItem.remote_line_id))
    return {(row[0], row[1]): row[2] for row in rows}
