"""A worker that is shot while it works on uploads: `python -m tests.jobs.upload_killing_worker files` (see killing_worker).

AT_ONCE          orders of one batch
NAIVE_OUTCOMES   1: the control: what was done is committed before the rows' outcomes are
"""

import os
import sys
from typing import Any

import worker
from tests.jobs.killing_worker import Gun, wrap
from webapp.core.operations import OperationRun
from webapp.orders.service.tracking import applying, checking, reading


def commit_the_deed_first(gun: Gun) -> None:
    """The mistake that the control makes."""
    original = applying.ship

    def ship(session: Any, *args: Any) -> Any:
        written = original(session, *args)
        session.commit()
        gun.at("deed committed alone")
        return written

    applying.ship = ship


def main() -> None:
    gun = Gun(dict(os.environ))
    applying.AT_ONCE = checking.AT_ONCE = int(os.environ.get("AT_ONCE", "200"))  # type: ignore[misc]
    reading.AT_ONCE = int(os.environ.get("AT_ONCE", "5000"))  # type: ignore[misc]
    wrap(reading, "run_guarded", gun, after="file read")
    wrap(checking, "write_verdicts", gun, after="verdicts written, not committed")
    wrap(applying, "lock_orders", gun, after="orders locked")
    wrap(applying, "ship", gun, after="shipped, not committed")
    wrap(applying, "apply_batch", gun, after="outcomes written, not committed")
    wrap(OperationRun, "fence", gun, after="fenced, not committed")
    if os.environ.get("NAIVE_OUTCOMES"):
        commit_the_deed_first(gun)
    worker.main(sys.argv[1])


if __name__ == "__main__":
    main()
