"""Old files are deleted by the clock: exports when they expire, uploaded spreadsheets when nobody needs them any more."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.operations import NewOperation, OperationRun, Queue
from webapp.core.periodic import slot_of
from webapp.orders.models import OrderExport, TrackingRow, TrackingUpload

TIDY_KIND: Final = "files.tidy"
EVERY_MINUTES: Final = 60
# The bytes of an upload are needed only until they are read; a month lets somebody ask what the file was.
BYTES_KEPT: Final = timedelta(days=30)
# The rows of a file with their verdicts: carriers write names and telephone numbers into other columns, and an erased
# customer's must be gone in time. The orders' own timelines keep what was done for ever.
ROWS_KEPT: Final = timedelta(days=30)
# Whatever no row names was left by a process that died; a younger one may still be being written.
ORPHANS_KEPT_S: Final = 24 * 3600.0


def tidy_slot(session: Session, now: datetime) -> list[NewOperation]:
    """Once an hour, by the worker that shares the folder with the web processes."""
    slot = slot_of(now, EVERY_MINUTES, "files")
    return [NewOperation(kind=TIDY_KIND, queue=Queue.FILES, dedupe_key="files", slot=slot, args={})]


def tidy(run: OperationRun, store: FileStore) -> None:
    """The handler; safe to run twice."""
    now = utc_now()
    with unit_of_work() as session:
        names = _forget_names(session, now)
        old = select(TrackingUpload.id).where(TrackingUpload.created_at < now - ROWS_KEPT)
        session.execute(delete(TrackingRow).where(TrackingRow.upload_id.in_(old)))
        session.execute(delete(OrderExport).where(OrderExport.created_at < now - BYTES_KEPT))
        run.fence(session)
    for name in names:
        store.remove(name)
    with unit_of_work() as session:
        kept = _names(session)
    removed = store.remove_older(ORPHANS_KEPT_S, keep=kept)
    with unit_of_work() as session:
        run.finish(session, {"seen": len(names) + removed})


def _forget_names(session: Session, now: datetime) -> list[str]:
    """Names of files whose time is over; no row names them any more."""
    expired = or_(OrderExport.expires_at < now, OrderExport.created_at < now - BYTES_KEPT)
    exports = select(OrderExport.stored_name).where(expired, OrderExport.stored_name.is_not(None))
    past = TrackingUpload.created_at < now - BYTES_KEPT
    uploads = select(TrackingUpload.stored_name).where(past, TrackingUpload.stored_name.is_not(None))
    names = [name for query in (exports, uploads) for name in session.scalars(query) if name]
    session.execute(update(OrderExport).where(expired).values(stored_name=None))
    session.execute(update(TrackingUpload).where(past).values(stored_name=None))
    return names


def _names(session: Session) -> frozenset[str]:
    queries = (select(OrderExport.stored_name), select(TrackingUpload.stored_name))
    return frozenset(name for query in queries for name in session.scalars(query) if name)
