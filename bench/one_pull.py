"""One whole pull of a shop in a process of its own; prints what it did, how long it took and how much memory it had."""

import json
import os
import resource
import sys
import time

from webapp.app import create_app
from webapp.channels.fetching import FetchOrders
from webapp.channels.inputs import NewChannel
from webapp.channels.service import ChannelService
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.heap import settle_heap
from webapp.core.hints import drain
from webapp.core.operations import Operation, OperationRun
from webapp.core.settings import Settings

EARLY_PAGES = 10
early_mb: list[float] = []
_fence = OperationRun.fence


def main(url: str) -> None:
    """Make the channel, pull it, tell."""
    OperationRun.fence = _watched  # type: ignore[method-assign,assignment]
    context = AuditContext(origin=Origin.COMMAND, actor="Bench")
    new = NewChannel(
        name="Bench shop",
        channel_type="woocommerce",
        base_url=url,
        credentials={"consumer_key": "ck_sandbox", "consumer_secret": "cs_sandbox"},
        requests_per_minute=6_000,
    )
    with create_app(Settings.from_env(os.environ)).app_context():
        settle_heap()
        with unit_of_work() as session:
            channel_id = ChannelService().create_channel(session, new, context).id
        with unit_of_work() as session:
            operation_id = (
                ChannelService()
                .backfill(session, channel_id, FetchOrders(fetch_all_orders=True), context)[0]
                .id
            )
        began = time.perf_counter()
        while not _is_done(operation_id):
            drain("channels")
        seconds = time.perf_counter() - began
        result = db.session.get_one(Operation, operation_id).result or {}
    told = {
        "seconds": seconds,
        "peak_mb": _peak_mb(),
        "early_mb": early_mb[-1],
        "created": result.get("created", 0),
    }
    print(json.dumps(told))


def _is_done(operation_id: object) -> bool:
    db.session.rollback()
    operation = db.session.get_one(Operation, operation_id)
    if operation.state == "dead":
        raise SystemExit(operation.last_error or "The pull was given up.")
    return not operation.is_open


def _watched(run: OperationRun, *args: object, **words: object) -> None:
    _fence(run, *args, **words)  # type: ignore[arg-type]
    if len(early_mb) < EARLY_PAGES:
        early_mb.append(_peak_mb())


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1])
