"""One upload and one export, measured in a process of its own: `python -m bench.one_upload ROWS`; prints JSON.

Beside the upload: reading the same file in the same child, and one set-based UPDATE of as many orders, rolled back.
"""

import io
import json
import os
import resource
import sys
import time
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from sqlalchemy import text

from bench.world import EMAIL
from webapp.app import create_app
from webapp.auth.models import StaffUser
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.guarded import run_guarded
from webapp.core.heap import settle_heap
from webapp.core.hints import drain
from webapp.core.settings import Settings
from webapp.orders.queries.criteria import OrderFilter, Sort
from webapp.orders.queries.exporting import Dress, Names, cells, csv_pieces, whole_list
from webapp.orders.service.tracking import (
    bulk_tracking_number_update,
    bulk_tracking_number_update_status,
    store_upload,
)
from webapp.orders.tracking_file import child

MOST_ROWS = 200_000
# Delivered orders of the copy go back to the shelf: the seeded world has sent most of what it has.
SHELVED = text("""
    WITH chosen AS (SELECT o.id, o.number FROM orders o WHERE o.status = 550 AND NOT EXISTS (
            SELECT 1 FROM order_item i WHERE i.order_id = o.id AND i.status <> 550) ORDER BY o.id LIMIT :rows),
    items AS (UPDATE order_item i SET status = 400, tracking_number = NULL FROM chosen WHERE i.order_id = chosen.id),
    shelved AS (UPDATE orders o SET status = 400, tracking_number = NULL FROM chosen WHERE o.id = chosen.id)
    SELECT number FROM chosen ORDER BY id
""")
ONE_UPDATE = text("""
    WITH given AS (SELECT unnest(CAST(:numbers AS text[])) AS number),
    found AS (SELECT o.id, given.number FROM orders o JOIN given ON given.number = o.number),
    items AS (UPDATE order_item i SET status = 500, tracking_number = 'TR' || found.number, version = version + 1
        FROM found WHERE i.order_id = found.id)
    UPDATE orders o SET status = 500, tracking_number = 'TR' || found.number, version = version + 1
    FROM found WHERE o.id = found.id
""")


def peak_mb() -> float:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(rows: int) -> dict[str, Any]:
    settings = Settings.from_env(os.environ)
    with create_app(settings).app_context():
        settle_heap()
        return {**_upload(FileStore.of_home(settings.home), rows), **_export()}


def _upload(store: FileStore, rows: int) -> dict[str, Any]:
    with unit_of_work() as session:
        numbers = list(session.scalars(SHELVED, {"rows": rows}))
        staff_id = session.query(StaffUser.id).filter_by(email=EMAIL).scalar()
    stored = store.take(io.BytesIO(_sheet(numbers)), largest=64 * 1024 * 1024)
    _tidy()
    floor = _floor(store, stored.name, numbers)
    _tidy()
    context = AuditContext(Origin.COMMAND, staff_id=staff_id, actor="Bench")
    began = time.perf_counter()
    with unit_of_work() as session:
        upload_id = store_upload(session, stored, "bench.xlsx", context).id
        bulk_tracking_number_update(session, upload_id, context)
    while drain("files"):
        pass
    took = time.perf_counter() - began
    with unit_of_work() as session:
        status = bulk_tracking_number_update_status(session, upload_id)
    if status.shipped != len(numbers):
        raise RuntimeError(f"{status}")
    return {"rows": len(numbers), "upload_s": took, **floor, "upload_mb": peak_mb()}


def _floor(store: FileStore, name: str, numbers: list[str]) -> dict[str, float]:
    began = time.perf_counter()
    out = store.path(f"{store.new_name()}.part")
    run_guarded(child.__name__, [str(store.path(name)), str(out), str(MOST_ROWS)], child.GUARD)
    read = time.perf_counter() - began
    out.unlink()
    began = time.perf_counter()
    db.session.execute(ONE_UPDATE, {"numbers": numbers})
    updated = time.perf_counter() - began
    db.session.rollback()
    return {"read_s": read, "update_s": updated}


def _tidy() -> None:
    """Sweep what the statement before has left, so that neither the floor nor the upload pays for it."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE orders, order_item"))


def _sheet(numbers: list[str]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["Order number", "Tracking number"])
    for number in numbers:
        sheet.append([number, f"TR{number}"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _export() -> dict[str, Any]:
    """All orders as CSV, by the list's own query; the first piece's time, the rate, the memory it adds."""
    before = peak_mb()
    columns = ["placed", "customer", "channel", "status", "items", "total", "tracking"]
    dress = Dress(columns, lambda words: words, ZoneInfo("Europe/Istanbul"))
    began = time.perf_counter()
    session = db.session()
    query = whole_list(OrderFilter(), None, Sort(), None)
    pieces = csv_pieces(dress.titles(), cells(session, query, dress, Names.read(session)))
    next(pieces)
    first = time.perf_counter() - began
    lines = 500 + sum(piece.count(b"\n") for piece in pieces)
    took = time.perf_counter() - began
    session.rollback()
    return {"first_s": first, "exported": lines, "export_s": took, "export_mb": peak_mb() - before}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
