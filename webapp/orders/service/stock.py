"""How many units open orders have reserved of a product in a stock list.

Nothing keeps "reserved" on an item: it follows from the item's own columns, so that whoever changes them knows the
difference, and the sum over all items is what the row must say.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array
from webapp.orders.enums import LEFT_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.models import OrderItem

StockKey = tuple[int, int]  # product, stock list

# Goods of these items still lie with us and are promised to somebody.
RESERVING_STATUSES: Final = LIVE_STATUSES - LEFT_STATUSES

# One statement in sorted order: rows of the same products are locked alike by all writers.
_ADD = text("""
INSERT INTO product_stock (product_id, stock_list_id, reserved)
SELECT product_id, stock_list_id, greatest(difference, 0)
FROM unnest(CAST(:products AS bigint[]), CAST(:lists AS bigint[]), CAST(:differences AS numeric[]))
    AS given(product_id, stock_list_id, difference)
ON CONFLICT (product_id, stock_list_id) DO UPDATE
SET reserved = greatest(product_stock.reserved + (
        SELECT difference FROM unnest(CAST(:products AS bigint[]), CAST(:lists AS bigint[]), CAST(:differences AS numeric[]))
            AS given(product_id, stock_list_id, difference)
        WHERE given.product_id = excluded.product_id AND given.stock_list_id = excluded.stock_list_id
    ), 0), version = product_stock.version + 1
""")
_LOCK = text(
    "SELECT reserved FROM product_stock WHERE product_id = :product AND stock_list_id = :list FOR NO KEY UPDATE"
)
_COUNT_ANEW = text("""
INSERT INTO product_stock (product_id, stock_list_id, reserved)
SELECT :product, :list, coalesce(sum(quantity), 0) FROM order_item
WHERE product_id = :product AND stock_list_id = :list
    AND coalesce(status_before_cancel, status) = ANY(CAST(:reserving AS bigint[]))
ON CONFLICT (product_id, stock_list_id) DO UPDATE
SET reserved = excluded.reserved, version = product_stock.version + 1
RETURNING reserved
""")


def reserved_by(
    product_id: int | None,
    stock_list_id: int | None,
    status: int,
    before_cancel: int | None,
    quantity: Decimal,
) -> tuple[StockKey, Decimal] | None:
    """What an item with these columns reserves; None for unmapped, shipped and ended ones.

    An item that waits for a cancellation keeps its goods until the cancellation is approved.
    """
    if product_id is None or stock_list_id is None or quantity <= 0:
        return None
    if OrderStatus(before_cancel or status) not in RESERVING_STATUSES:
        return None
    return (product_id, stock_list_id), quantity


def reserved_of(item: OrderItem) -> tuple[StockKey, Decimal] | None:
    """What the item reserves as it stands."""
    return reserved_in(item, item.stock_list_id)


def reserved_in(item: OrderItem, stock_list_id: int | None) -> tuple[StockKey, Decimal] | None:
    """What the item would reserve in that stock list."""
    return reserved_by(item.product_id, stock_list_id, item.status, item.status_before_cancel, item.quantity)


def can_reserve(item: OrderItem) -> bool:
    """Whether it is a product of ours that still lies with us."""
    status = OrderStatus(item.status_before_cancel or item.status)
    return item.product_id is not None and item.quantity > 0 and status in RESERVING_STATUSES


def add_reservations(session: Session, differences: Mapping[StockKey, Decimal]) -> None:
    """Reserve more, or release: the last rows that a transaction locks, for popular products are everybody's."""
    keys = sorted(key for key, difference in differences.items() if difference)
    if keys:
        session.execute(
            _ADD,
            {
                "products": plain_array(product for product, _ in keys),
                "lists": plain_array(stock_list for _, stock_list in keys),
                "differences": plain_array(differences[key] for key in keys),
            },
        )


def count_reserved_anew(session: Session, item: OrderItem) -> tuple[Decimal | None, Decimal]:
    """Set what is reserved of a mapped item's product to the sum over all items; gives it before and after."""
    key = {"product": item.product_id, "list": item.stock_list_id}
    # Whoever has added a difference holds this row until his items can be read; who has not adds it after us.
    before: Decimal | None = session.execute(_LOCK, key).scalar_one_or_none()
    reserving = plain_array(sorted(status.value for status in RESERVING_STATUSES))
    after: Decimal = session.execute(_COUNT_ANEW, {**key, "reserving": reserving}).scalar_one()
    return before, after
