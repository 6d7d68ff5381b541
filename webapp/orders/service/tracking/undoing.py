"""Undoing an upload: every item goes back to what it was, unless somebody has changed it since, its channel was told, or a
note of its order must be read first.

In batches of orders under their locks, like applying: each row gets its outcome in the transaction of the act.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext
from webapp.core.bulk import plain_array, text_array
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun
from webapp.orders.enums import LEFT_STATUSES, ActionKind, OrderStatus
from webapp.orders.locks import held_up, limit_waiting, lock_orders
from webapp.orders.models import IntegrationAction, TrackingRow
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.rejoining import join_again
from webapp.orders.service.timeline import Entry, record_all
from webapp.orders.service.tracking.facts import ItemState, OrderState, read_orders, uploader_of
from webapp.orders.service.tracking.shipping import Numbers, release, write_items, write_orders
from webapp.orders.service.tracking.uploads import locked_upload

AT_ONCE: Final = 200
UNSHIPPED: Final = "order.shipping_undone"

_NEXT = text("""
    SELECT DISTINCT order_id FROM tracking_row
    WHERE upload_id = :upload AND outcome = 'shipped' AND order_id > :after ORDER BY order_id LIMIT :limit
""")
_OUTCOMES = text("""
    UPDATE tracking_row kept SET outcome = given.outcome
    FROM unnest(CAST(:positions AS int[]), CAST(:outcomes AS text[])) AS given(position, outcome)
    WHERE kept.upload_id = :upload AND kept.position = given.position
""")
# A parcel of which nothing carries the number any more has what its items had before, and lies with us again unless
# something of it had left without a number.
_PARCELS = text("""
    UPDATE package SET tracking_number = given.number, shipped_at = CASE WHEN EXISTS (
        SELECT FROM order_item inside WHERE inside.package_id = package.id AND inside.status = ANY(CAST(:gone AS int[]))
    ) THEN package.shipped_at END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:numbers AS text[])) AS given(id, number)
    WHERE package.id = given.id AND NOT EXISTS (
        SELECT FROM order_item inside
        WHERE inside.package_id = package.id AND inside.tracking_number = package.tracking_number
    )
""")
_GONE: Final = plain_array(sorted(int(status) for status in LEFT_STATUSES))
ShippedRow = Row[int, int, str, Any]


def undo(run: OperationRun) -> None:
    """The handler: batch after batch until every row that shipped is undone or kept."""
    upload_id = int(run.args["upload_id"])
    done = after = 0
    while True:
        with unit_of_work() as session:
            taken, after = undo_batch(session, upload_id, run.requested_by_id, after)
            done += taken
            run.fence(session, done=done)
        if not taken:
            break
    with unit_of_work() as session:
        _finish(session, run, upload_id)


def undo_batch(session: Session, upload_id: int, staff_id: int | None, after: int) -> tuple[int, int]:
    """Undo the next orders, in the caller's transaction: how many rows got their outcome, and the last order's id."""
    ids = list(session.scalars(_NEXT, {"upload": upload_id, "after": after, "limit": AT_ONCE}))
    if not ids:
        return 0, after
    uploader = uploader_of(session, staff_id)
    limit_waiting(session)
    lock_orders(session, ids)
    rows = _shipped(session, upload_id, ids)
    orders = read_orders(session, ids)
    held = held_up(session, ids, uploader.context)
    # Whoever was moved to another desk meanwhile takes nothing back there.
    theirs = {
        key for key, each in orders.items() if uploader.scope is None or each.channel_id in uploader.scope
    }
    takes = theirs - set(held)
    untouched = [row for row in rows if row.order_id in takes and _is_untouched(row, orders[row.order_id])]
    undone = _untold(session, untouched)
    _take_back(session, undone, orders, uploader.context)
    _join_parts(session, undone)
    positions = {row.position for row in undone}
    session.execute(
        _OUTCOMES,
        {
            "upload": upload_id,
            "positions": plain_array([row.position for row in rows]),
            "outcomes": text_array(["undone" if row.position in positions else "kept" for row in rows]),
        },
    )
    return len(rows), ids[-1]


def _is_untouched(row: ShippedRow, order: OrderState) -> bool:
    """Whether every item of the row stands as the upload has left it."""
    items = {item.id: item for item in order.items}
    return all(
        before["item"] in items
        and items[before["item"]].version == before["version"]
        and items[before["item"]].tracking_number == row.tracking_number
        for before in row.done
    )


def _untold(session: Session, rows: Sequence[ShippedRow]) -> list[ShippedRow]:
    """The rows of whose parcel no channel was told; the word that was left for it is withdrawn with this."""
    query = select(IntegrationAction.id, IntegrationAction.order_id, IntegrationAction.args).where(
        IntegrationAction.order_id.in_({row.order_id for row in rows}),
        IntegrationAction.kind == ActionKind.TRACKING.value,
        IntegrationAction.state.not_in(("withdrawn",)),
    )
    left: dict[tuple[int, str, tuple[int, ...]], list[int]] = {}
    for action_id, order_id, args in session.execute(query):
        key = (order_id, str(args.get("tracking_number")), tuple(args.get("items", ())))
        left.setdefault(key, []).append(action_id)
    of_row = {row.position: left.get(_key(row), []) for row in rows}
    withdrawn = set(
        IntegrationActionService(session).withdraw([each for ids in of_row.values() for each in ids])
    )
    return [row for row in rows if withdrawn.issuperset(of_row[row.position])]


def _key(row: ShippedRow) -> tuple[int, str, tuple[int, ...]]:
    return row.order_id, row.tracking_number, tuple(sorted(before["item"] for before in row.done))


def _take_back(
    session: Session, rows: Sequence[ShippedRow], orders: Mapping[int, OrderState], context: AuditContext
) -> None:
    if not rows:
        return
    now = {item.id: item for order in orders.values() for item in order.items}
    after = {before["item"]: _as_before(now[before["item"]], before) for row in rows for before in row.done}
    write_items(session, after.values())
    release(session, [(now[item.id], item) for item in after.values()])
    _return_parcels(session, after)
    write_orders(session, orders, after, _numbers(orders, rows, after))
    record_all(session, context, [_entry(row) for row in rows])


def _return_parcels(session: Session, after: Mapping[int, ItemState]) -> None:
    numbers = {
        item.package_id: item.tracking_number for item in after.values() if item.package_id is not None
    }
    if numbers:
        ids = sorted(numbers)
        given = {"ids": plain_array(ids), "numbers": text_array([numbers[each] for each in ids])}
        session.execute(_PARCELS, {**given, "gone": _GONE})


def _join_parts(session: Session, rows: Sequence[ShippedRow]) -> None:
    """What applying has divided is one item again, unless either side has become something else meanwhile."""
    parts = [before for row in rows for before in row.done if "part_of" in before]
    join_again(
        session,
        {before["item"]: before["part_of"] for before in parts},
        {before["item"]: before["package"] for before in parts},
    )


def _as_before(item: ItemState, before: Mapping[str, Any]) -> ItemState:
    shipped = before.get("shipped")
    return item._replace(
        status=before["status"],
        tracking_number=before.get("number"),
        tracking_url=before.get("url"),
        cargo_company_id=before.get("carrier"),
        shipping_company=before.get("company"),
        shipped_date=datetime.fromisoformat(shipped) if shipped else None,
    )


def _numbers(
    orders: Mapping[int, OrderState], rows: Sequence[ShippedRow], after: Mapping[int, ItemState]
) -> Numbers:
    """An order that shows a number which is taken back shows that of another of its parcels, or none."""
    taken = {(row.order_id, row.tracking_number) for row in rows}
    numbers = {}
    for order in orders.values():
        shown = (order.tracking_number, order.tracking_url, order.cargo_company_id, order.shipping_company)
        if (order.id, order.tracking_number) in taken:
            items = [after.get(item.id, item) for item in order.items]
            other = next((item for item in items if item.tracking_number), None)
            carrier_id = items[0].cargo_company_id if other is None else other.cargo_company_id
            shown = (
                (None, None, carrier_id, None)
                if other is None
                else (other.tracking_number, other.tracking_url, carrier_id, other.shipping_company)
            )
        numbers[order.id] = shown
    return numbers


def _entry(row: ShippedRow) -> Entry:
    status = min(before["status"] for before in row.done)
    changes = {
        "tracking_number": [row.tracking_number, row.done[0].get("number")],
        "moved": {"items": [before["item"] for before in row.done]},
    }
    if status < OrderStatus.SHIPPED:
        changes["status"] = [int(OrderStatus.SHIPPED), status]
    return Entry(row.order_id, UNSHIPPED, row.tracking_number, changes)


def _shipped(session: Session, upload_id: int, ids: Sequence[int]) -> Sequence[ShippedRow]:
    query = select(
        TrackingRow.position, TrackingRow.order_id, TrackingRow.tracking_number, TrackingRow.done
    ).where(
        TrackingRow.upload_id == upload_id,
        TrackingRow.outcome == "shipped",
        TrackingRow.order_id.in_(ids),
    )
    return session.execute(query.order_by(TrackingRow.position)).all()


def _finish(session: Session, run: OperationRun, upload_id: int) -> None:
    upload = locked_upload(session, upload_id)
    upload.state, upload.undone_at = "undone", utc_now()
    upload.version += 1
    query = select(TrackingRow.outcome).where(
        TrackingRow.upload_id == upload_id, TrackingRow.outcome.in_(("undone", "kept"))
    )
    outcomes = list(session.scalars(query))
    run.finish(
        session,
        {"seen": len(outcomes), "updated": outcomes.count("undone"), "failed": outcomes.count("kept")},
    )
