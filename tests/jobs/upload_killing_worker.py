"""A worker that is shot while it works on uploads: `python -m tests.jobs.upload_killing_worker files` (see killing_worker).

AT_ONCE          orders of one batch, and rows; else as many as the product takes
NAIVE_OUTCOMES   1: a control: what was done is committed before the rows' outcomes are
NAIVE_JUDGING    1: with it: rows are carried out as the preview saw them, without a look at the orders as they are
"""

import os
import sys
from typing import Any

import worker
from tests.jobs.killing_worker import Gun, wrap
from webapp.core.operations import OperationRun
from webapp.orders.enums import OrderStatus
from webapp.orders.service.tracking import applying, judging, reading, undoing
from webapp.orders.service.tracking.judging import Facts
from webapp.orders.tracking_file.judging import OrderFact


def commit_the_deed_first(gun: Gun) -> None:
    """The mistake that the control makes."""
    original = applying.ship

    def ship(session: Any, *args: Any) -> Any:
        written = original(session, *args)
        session.commit()
        gun.at("deed committed alone")
        return written

    applying.ship = ship


def believe_the_preview() -> None:
    """The other mistake: whatever was approved when the file was looked at is taken to be so for ever."""
    original = applying.judge_rows

    def judge_rows(rows: Any, orders: Facts) -> Any:
        return original(
            rows, {number: [_as_seen(each) for each in found] for number, found in orders.items()}
        )

    applying.judge_rows = judge_rows


def _as_seen(order: OrderFact) -> OrderFact:
    items = (item._replace(status=int(OrderStatus.APPROVED), tracking_number=None) for item in order.items)
    return order._replace(items=tuple(items))


def main() -> None:
    gun = Gun(dict(os.environ))
    if os.environ.get("AT_ONCE"):
        at_once = int(os.environ["AT_ONCE"])
        applying.AT_ONCE = judging.AT_ONCE = reading.AT_ONCE = undoing.AT_ONCE = at_once  # type: ignore[misc]
    wrap(reading, "judged", gun, after="rows judged, not kept")
    wrap(reading, "judge_numbers", gun, after="file read")
    wrap(judging, "write_verdicts", gun, after="verdicts written, not committed")
    wrap(applying, "lock_orders", gun, after="orders locked")
    wrap(applying, "ship", gun, after="shipped, not committed")
    wrap(applying, "apply_batch", gun, after="outcomes written, not committed")
    wrap(undoing, "lock_orders", gun, after="orders locked to undo")
    wrap(undoing, "join_again", gun, after="taken back and joined, not committed")
    wrap(undoing, "undo_batch", gun, after="undone, not committed")
    wrap(OperationRun, "fence", gun, after="fenced, not committed")
    if os.environ.get("NAIVE_OUTCOMES"):
        commit_the_deed_first(gun)
    if os.environ.get("NAIVE_JUDGING"):
        believe_the_preview()
    worker.main(sys.argv[1])


if __name__ == "__main__":
    main()
