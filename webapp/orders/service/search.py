"""What search compares of an order, kept up to date with its number, customer and receiver."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.bulk import Rows, plain_array
from webapp.customers.identity import order_search_text
from webapp.orders.models import OrderSearch

ROWS = Rows(OrderSearch, "order_id date_placed folded")

_FACTS = text("""
SELECT o.id, o.date_placed, o.number, customer.search_folded, address.first_name, address.last_name
FROM orders o JOIN customer ON customer.id = o.customer_id JOIN address ON address.id = o.shipping_address_id
WHERE o.id = ANY(CAST(:ids AS bigint[])) ORDER BY o.id
""")
_KEEP_CHANGED = (
    "ON CONFLICT (order_id) DO UPDATE SET date_placed = excluded.date_placed, folded = excluded.folded"
    " WHERE (order_search.date_placed, order_search.folded) IS DISTINCT FROM (excluded.date_placed, excluded.folded)"
)

_OF_CUSTOMERS = text("SELECT id FROM orders WHERE customer_id = ANY(CAST(:ids AS bigint[]))")


def orders_of(session: Session, customer_ids: Iterable[int]) -> set[int]:
    """The ids of every order of these customers."""
    return set(session.scalars(_OF_CUSTOMERS, {"ids": plain_array(customer_ids)}))


def refresh_search(session: Session, order_ids: Iterable[int]) -> None:
    """Write the search rows of these orders anew from what the database has now."""
    ids = list(order_ids)
    if not ids:
        return
    rows = [
        (
            row.id,
            row.date_placed,
            order_search_text(row.number, row.search_folded, f"{row.first_name} {row.last_name}"),
        )
        for row in session.execute(_FACTS, {"ids": plain_array(ids)})
    ]
    ROWS.insert(session, rows, tail=_KEEP_CHANGED)
