"""Vendor orders as mirrors: items that somebody else supplies, with the status that the order's own items have.

An item is a vendor's when its product has a data source, and another one than the order's channel. Whoever moves items
mirrors them in the same transaction: single orders by standing.restate, batches by write_orders and shipping.ship.
Orders without such items cost nothing: who writes them knows their data sources already.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array
from webapp.orders.enums import OrderStatus
from webapp.orders.models import VendorOrder, VendorOrderItem
from webapp.orders.states import order_status

_VENDOR_ITEMS: Final = """
    FROM order_item item JOIN orders ON orders.id = item.order_id JOIN channel ON channel.id = orders.channel_id
    WHERE item.order_id = ANY(CAST(:ids AS bigint[])) AND item.data_source_id IS NOT NULL
        AND item.data_source_id IS DISTINCT FROM channel.data_source_id
"""
_ORDERS = text(f"""
    INSERT INTO vendor_order (order_id, data_source_id, number, status)
    SELECT DISTINCT item.order_id, item.data_source_id, orders.number, 200 {_VENDOR_ITEMS}
    ORDER BY item.order_id, item.data_source_id
    ON CONFLICT (order_id, data_source_id) DO NOTHING
""")
# A product that is another vendor's now.
_MOVED_AWAY = text("""
    DELETE FROM vendor_order_item mirror USING vendor_order vendor, order_item item
    WHERE vendor.id = mirror.vendor_order_id AND item.id = mirror.order_item_id
        AND vendor.order_id = ANY(CAST(:ids AS bigint[]))
        AND item.data_source_id IS DISTINCT FROM vendor.data_source_id
    RETURNING mirror.vendor_order_id
""")
_ITEMS = text(f"""
    INSERT INTO vendor_order_item AS mirror (vendor_order_id, order_item_id, status)
    SELECT vendor.id, item.id, item.status
    FROM (SELECT item.id, item.order_id, item.data_source_id, item.status {_VENDOR_ITEMS}) item
    JOIN vendor_order vendor ON vendor.order_id = item.order_id AND vendor.data_source_id = item.data_source_id
    ORDER BY vendor.id, item.id
    ON CONFLICT (vendor_order_id, order_item_id) DO UPDATE SET status = excluded.status
    WHERE mirror.status <> excluded.status
    RETURNING mirror.vendor_order_id
""")  # noqa: S608 - our own words
_STATUSES = text("""
    UPDATE vendor_order SET status = given.status, version = vendor_order.version + 1,
        modified_at = clock_timestamp()
    FROM unnest(CAST(:ids AS bigint[]), CAST(:statuses AS int[])) AS given(id, status)
    WHERE vendor_order.id = given.id
""")
_KNOWN = text("SELECT DISTINCT order_id FROM vendor_order WHERE order_id = ANY(CAST(:ids AS bigint[]))")


def mirror_vendor_items(session: Session, order_ids: Collection[int]) -> None:
    """Have these orders' vendor items at their vendors as they are now; the orders are locked, or new."""
    if not order_ids:
        return
    session.flush()
    given = {"ids": plain_array(sorted(order_ids))}
    session.execute(_ORDERS, given)
    touched = {*session.scalars(_MOVED_AWAY, given), *session.scalars(_ITEMS, given)}
    _restate(session, order_ids, touched)


def mirror_known(session: Session, order_ids: Collection[int]) -> None:
    """The same for those of many orders that have a vendor already; one statement where none has."""
    known = set(session.scalars(_KNOWN, {"ids": plain_array(sorted(order_ids))})) if order_ids else set()
    mirror_vendor_items(session, known)


def _restate(session: Session, order_ids: Collection[int], touched: Collection[int]) -> None:
    """A vendor order stands where its items stand, by the rule of orders; one without items has nothing to supply.

    `touched`: those of which a line has changed; their version counts up even where their status stays.
    """
    rows = session.execute(
        select(VendorOrder.id, VendorOrder.status, VendorOrderItem.status)
        .outerjoin(VendorOrderItem, VendorOrderItem.vendor_order_id == VendorOrder.id)
        .where(VendorOrder.order_id.in_(order_ids))
        .order_by(VendorOrder.id)
    ).all()
    items: dict[int, list[OrderStatus]] = defaultdict(list)
    now: dict[int, int] = {}
    for vendor_id, status, item_status in rows:
        now[vendor_id] = status
        if item_status is not None:
            items[vendor_id].append(OrderStatus(item_status))
    changed = {
        vendor_id: int(status)
        for vendor_id, before in now.items()
        if (status := order_status(items[vendor_id]) or OrderStatus.CANCELLED) != before
        or vendor_id in touched
    }
    if changed:
        ids = sorted(changed)
        given = {"ids": plain_array(ids), "statuses": plain_array(changed[each] for each in ids)}
        session.execute(_STATUSES, given)
