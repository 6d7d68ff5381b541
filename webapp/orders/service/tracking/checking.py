"""The preview: a worker reads an upload and gives every row its verdict. Nothing is changed but the upload's own rows."""

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.operations import OperationRun
from webapp.orders.models import TrackingRow, TrackingUpload
from webapp.orders.service.tracking.facts import uploader_of
from webapp.orders.service.tracking.judging import judge_all
from webapp.orders.service.tracking.reading import map_again, read_file
from webapp.orders.service.tracking.uploads import begin_applying, locked_upload
from webapp.orders.tracking_file.columns import from_json, is_complete
from webapp.orders.tracking_file.limits import Unreadable
from webapp.orders.tracking_file.verdicts import Verdict


def check(run: OperationRun, store: FileStore, *, most_rows: int) -> None:
    """The handler: read the file unless its rows are there, judge them, and apply them if somebody has asked already."""
    upload_id = int(run.args["upload_id"])
    with unit_of_work() as session:
        uploader = uploader_of(session, run.requested_by_id)
        # The count is written when the last row was.
        is_read = session.get_one(TrackingUpload, upload_id).row_count > 0
    try:
        if not is_read:
            read_file(run, upload_id, uploader, store, most_rows)
            _count_rows(run, upload_id)
        elif _is_mapped(upload_id):
            map_again(run, upload_id, uploader)
            judge_all(run, upload_id, uploader)
    except Unreadable as refused:
        _refuse(run, upload_id, refused)
        return
    if not _is_mapped(upload_id):
        _ask_for_columns(run, upload_id)
        return
    _finish(run, upload_id)


def _count_rows(run: OperationRun, upload_id: int) -> None:
    with unit_of_work() as session:
        upload = session.get_one(TrackingUpload, upload_id)
        written = session.scalar(
            select(func.count()).select_from(TrackingRow).where(TrackingRow.upload_id == upload_id)
        )
        upload.row_count = written or 0
        if upload.row_count <= int(upload.has_header):
            raise Unreadable("empty")
        run.fence(session, total=upload.row_count)


def _is_mapped(upload_id: int) -> bool:
    with unit_of_work() as session:
        return is_complete(from_json(session.get_one(TrackingUpload, upload_id).columns))


def count_verdicts(session: Session, upload_id: int) -> dict[str, int]:
    """How many rows have which verdict; the header has none and is not counted."""
    query = (
        select(TrackingRow.verdict, func.count())
        .where(TrackingRow.upload_id == upload_id, TrackingRow.verdict != "")
        .group_by(TrackingRow.verdict)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _finish(run: OperationRun, upload_id: int) -> None:
    with unit_of_work() as session:
        upload = locked_upload(session, upload_id)
        counts = count_verdicts(session, upload_id)
        upload.counts, upload.row_count = counts, sum(counts.values())
        upload.state, upload.checked_at = "checked", utc_now()
        upload.version += 1
        run.finish(session, {"seen": upload.row_count, "ready": counts.get(Verdict.WILL_SHIP, 0)})
        session.flush()
        if upload.apply_asked_by_id is not None and counts.get(Verdict.WILL_SHIP):
            begin_applying(session, upload, uploader_of(session, upload.apply_asked_by_id).context)


def _ask_for_columns(run: OperationRun, upload_id: int) -> None:
    with unit_of_work() as session:
        upload = locked_upload(session, upload_id)
        upload.state, upload.counts = "mapping", {}
        upload.version += 1
        run.finish(session, {"seen": upload.row_count})


def _refuse(run: OperationRun, upload_id: int, refused: Unreadable) -> None:
    with unit_of_work() as session:
        # Rows that were read before the one that cannot be.
        session.execute(delete(TrackingRow).where(TrackingRow.upload_id == upload_id))
        session.execute(
            update(TrackingUpload)
            .where(TrackingUpload.id == upload_id)
            .values(
                state="refused",
                refusal={"code": refused.code, "fact": refused.fact},
                version=TrackingUpload.version + 1,
            )
        )
        run.finish(session, {"seen": 0, "failed": 1})
