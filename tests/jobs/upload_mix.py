"""A file as carriers send it, of any length, with the orders that it names: most rows ship, every fourth does not.

Twenty rows after twenty rows are alike; what each of them must become is said here, so that counts can be compared.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.factories import make_customer, make_order
from tests.uploading import HEADER, csv_of
from webapp.channels.models import Channel
from webapp.core.bulk import json_text
from webapp.orders.enums import OrderStatus

FIRST: Final = 100_000  # the first order's number
# An order of its own for each; "twice" has two rows, and so has "parts": of its five units two go alone.
BLOCK: Final = (
    *["good"] * 5, "parts", "unknown", *["good"] * 2, "had", "twice", "good", "rounded", "cancelled", *["good"] * 3, "other",
)  # fmt: skip
ROWS_OF_A_BLOCK: Final = len(BLOCK) + 2
VERDICTS: Final = {
    "good": ["will_ship"],
    "unknown": ["not_found"],
    "had": ["unchanged"],
    "twice": ["will_ship", "duplicate"],
    "parts": ["will_ship", "will_ship"],
    "rounded": ["rounded"],
    "cancelled": ["cancelled"],
    "other": ["other_number"],
}
# Orders that are there before: status, and the number that they have.
_STANDING: Final = {
    "good": (OrderStatus.APPROVED, None),
    "twice": (OrderStatus.APPROVED, None),
    "parts": (OrderStatus.APPROVED, None),
    "had": (OrderStatus.SHIPPED, "TR{number}"),
    "other": (OrderStatus.SHIPPED, "OLD{number}"),
    "cancelled": (OrderStatus.CANCELLED, None),
    "rounded": (OrderStatus.APPROVED, None),
}
_COPIES: Final = text("""
    WITH wanted AS (
        SELECT (given.document ->> 0)::text AS number, (given.document ->> 1)::int AS status,
            given.document ->> 2 AS tracking, (given.document ->> 3)::int AS units
        FROM jsonb_array_elements(CAST(:orders AS jsonb)) AS given(document)
    ), made AS (
        INSERT INTO orders
        SELECT (jsonb_populate_record(model, jsonb_build_object(
            'id', nextval(pg_get_serial_sequence('orders', 'id')), 'number', wanted.number,
            'remote_id', 'r' || wanted.number, 'status', wanted.status))).*
        FROM wanted, orders model WHERE model.id = :model
        RETURNING id, number, status
    )
    INSERT INTO order_item
    SELECT (jsonb_populate_record(model, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('order_item', 'id')), 'order_id', made.id, 'status', made.status,
        'tracking_number', wanted.tracking, 'quantity', wanted.units, 'ordered_quantity', wanted.units))).*
    FROM made JOIN wanted USING (number), order_item model WHERE model.order_id = :model
""")
_SEARCHED: Final = text("""
    INSERT INTO order_search (order_id, date_placed, folded)
    SELECT orders.id, orders.date_placed, orders.number FROM orders
    WHERE NOT EXISTS (SELECT FROM order_search known WHERE known.order_id = orders.id)
""")


def kinds(rows: int) -> Iterator[tuple[str, str]]:
    """Order number and kind of each order that a file of about so many rows names."""
    blocks = max(1, rows // ROWS_OF_A_BLOCK)
    for at in range(blocks * len(BLOCK)):
        yield f"{FIRST + at}", BLOCK[at % len(BLOCK)]


def expected(rows: int) -> list[str]:
    """What the preview must say, row by row."""
    return [verdict for _, kind in kinds(rows) for verdict in VERDICTS[kind]]


def the_file(rows: int) -> bytes:
    """The file itself."""
    lines: list[tuple[str, str, str]] = []
    for number, kind in kinds(rows):
        if kind == "parts":
            lines += [(number, f"TR{number}", "2"), (number, f"TR{number}-B", "3")]
        else:
            tracking = "7.28003E+15" if kind == "rounded" else f"TR{number}"
            lines += [(number, tracking, "")] * len(VERDICTS[kind])
    return csv_of([(*HEADER, "Quantity"), *lines])


def make_orders_of(session: Session, channel: Channel, rows: int) -> None:
    """The orders that the file names, as copies of one; in the caller's transaction."""
    model = make_order(session, channel, number="model", customer=make_customer(session, channel))
    wanted = [
        (
            number,
            int(_STANDING[kind][0]),
            (_STANDING[kind][1] or "").format(number=number) or None,
            5 if kind == "parts" else 1,
        )
        for number, kind in kinds(rows)
        if kind in _STANDING
    ]
    session.execute(_COPIES, {"orders": json_text(wanted), "model": model.id})
    session.execute(_SEARCHED)
