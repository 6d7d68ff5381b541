"""Applying an upload: in batches of orders, each one transaction with its rows' outcomes, so that nothing is done twice.

Under the orders' locks every row is judged again by the rules that made the preview: what somebody has cancelled or
shipped meanwhile is refused then, and the row says why.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext
from webapp.core.bulk import json_list, plain_array, text_array
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun
from webapp.orders.locks import held_up, limit_waiting, lock_orders
from webapp.orders.models import TrackingRow
from webapp.orders.service.tracking.checking import count_verdicts
from webapp.orders.service.tracking.dividing import divide
from webapp.orders.service.tracking.facts import (
    ItemState,
    OrderState,
    facts_of,
    order_ids,
    read_orders,
    uploader_of,
)
from webapp.orders.service.tracking.judging import judge_rows
from webapp.orders.service.tracking.shipping import Shipment, ship
from webapp.orders.service.tracking.uploads import bulk_tracking_number_update_status, locked_upload
from webapp.orders.tracking_file.judging import Judgement
from webapp.orders.tracking_file.verdicts import Verdict

# Orders of one transaction: their locks are held for about a quarter of a second, and one wait for the disk is shared.
AT_ONCE: Final = 1_000

# By the index of what waits, from behind the batch before: the entries of what is done lie before it, dead. By the
# orders' ids: what lies together is written together. An order's rows come together, however many of them there are.
_NEXT = text("""
    SELECT position, order_number, tracking_number, item, quantity, cargo_company_id, tracking_url, shipped_at,
        order_id
    FROM tracking_row WHERE upload_id = :upload AND outcome = 'waiting' AND order_id > :after
    ORDER BY order_id FETCH FIRST :limit ROWS WITH TIES
""")
_DONE = text("""
    UPDATE tracking_row kept SET outcome = given.outcome, verdict = given.verdict, fact = given.fact,
        done = given.done
    FROM unnest(CAST(:positions AS int[]), CAST(:outcomes AS text[]), CAST(:verdicts AS text[]),
        CAST(:facts AS text[]), ARRAY(SELECT jsonb_array_elements(CAST(:done AS jsonb))))
        AS given(position, outcome, verdict, fact, done)
    WHERE kept.upload_id = :upload AND kept.position = given.position
""")


class WaitingRow(NamedTuple):
    """A row whose turn it is."""

    position: int
    order_number: str
    tracking_number: str
    item: str
    quantity: Decimal | None
    cargo_company_id: int | None
    tracking_url: str
    shipped_at: datetime | None
    order_id: int


def apply(run: OperationRun) -> None:
    """The handler: batch after batch until no row waits; after a kill the next run goes on with what still waits."""
    upload_id = int(run.args["upload_id"])
    with unit_of_work() as session:
        waiting = _count(session, upload_id)
        done = _count(session, upload_id, "shipped") + _count(session, upload_id, "refused")
        run.fence(session, done=done, total=waiting + done)
    after = 0
    while True:
        with unit_of_work() as session:
            taken, after = apply_batch(session, upload_id, run.requested_by_id, after)
            done += taken
            run.fence(session, done=done)
        if not taken:
            break
    with unit_of_work() as session:
        _finish(session, run, upload_id)


def apply_batch(session: Session, upload_id: int, staff_id: int | None, after: int = 0) -> tuple[int, int]:
    """Carry the next orders behind `after` out, in the caller's transaction.

    Gives how many rows got their outcome, 0 when none waits, and the last order's id.
    """
    given = {"upload": upload_id, "after": after, "limit": AT_ONCE}
    rows = [WaitingRow._make(row) for row in session.execute(_NEXT, given).all()]
    if not rows:
        return 0, after
    after = rows[-1].order_id
    rows.sort()
    uploader = uploader_of(session, staff_id)
    limit_waiting(session)
    locked = lock_orders(session, order_ids(session, {row.order_number for row in rows}, uploader.scope))
    # Read under the locks: whoever cancelled or shipped before us has committed by now.
    orders = read_orders(session, locked)
    judged = judge_rows(rows, facts_of(orders, held_up(session, locked, uploader.context)))
    _carry_out(session, upload_id, rows, judged, orders, uploader.context)
    return len(rows), after


def _carry_out(
    session: Session,
    upload_id: int,
    rows: Sequence[WaitingRow],
    judged: Sequence[Judgement],
    orders: Mapping[int, OrderState],
    context: AuditContext,
) -> None:
    of_position = {row.position: row for row in rows}
    shipping: Sequence[Judgement] = [
        each for each in judged if each.verdict is Verdict.WILL_SHIP and each.order_id is not None
    ]
    orders, shipping, origins = divide(session, orders, shipping)
    shipments = [_shipment(of_position[each.position], each) for each in shipping]
    written = ship(session, orders, shipments, context)
    before = {item.id: item for order in orders.values() for item in order.items}
    done = {
        each.position: [
            _undoable(before[item.id], item, before.get(origins.get(item.id, 0))) for item in written[at]
        ]
        for at, each in enumerate(shipping)
    }
    session.execute(
        _DONE,
        {
            "upload": upload_id,
            "positions": plain_array([each.position for each in judged]),
            "outcomes": text_array(["shipped" if each.position in done else "refused" for each in judged]),
            "verdicts": text_array([each.verdict.value for each in judged]),
            "facts": text_array([each.fact[:200] for each in judged]),
            "done": json_list([done.get(each.position) for each in judged]),
        },
    )


def _shipment(row: WaitingRow, judged: Judgement) -> Shipment:
    return Shipment(
        judged.order_id or 0,
        row.tracking_number,
        judged.moving,
        judged.numbered,
        row.cargo_company_id,
        row.tracking_url,
        row.shipped_at,
    )


def _undoable(before: ItemState, after: ItemState, origin: ItemState | None) -> dict[str, Any]:
    """What undoing needs: the version that must still stand, what was there before, and the item it was part of.

    What was nothing before is left out.
    """
    kept: dict[str, Any] = {"item": before.id, "version": after.version, "status": before.status}
    if origin is not None:
        kept["part_of"], kept["package"] = origin.id, origin.package_id
    if before.tracking_number is not None:
        kept["number"] = before.tracking_number
    if before.tracking_url is not None:
        kept["url"] = before.tracking_url
    if before.cargo_company_id is not None:
        kept["carrier"] = before.cargo_company_id
    if before.shipping_company is not None:
        kept["company"] = before.shipping_company
    if before.shipped_date is not None:
        kept["shipped"] = before.shipped_date.isoformat()
    return kept


def _count(session: Session, upload_id: int, outcome: str = "waiting") -> int:
    query = (
        select(func.count())
        .select_from(TrackingRow)
        .where(TrackingRow.upload_id == upload_id, TrackingRow.outcome == outcome)
    )
    return session.scalar(query) or 0


def _finish(session: Session, run: OperationRun, upload_id: int) -> None:
    upload = locked_upload(session, upload_id)
    upload.counts = count_verdicts(session, upload_id)
    upload.state, upload.applied_at = "applied", utc_now()
    upload.version += 1
    session.flush()
    status = bulk_tracking_number_update_status(session, upload_id)
    run.finish(
        session,
        {
            "seen": status.rows,
            "updated": status.shipped,
            "unchanged": status.unchanged,
            "failed": status.refused,
        },
    )
