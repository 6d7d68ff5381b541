"""Lists of uploads and pages of their rows, with plain rows."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.orders.models import TrackingRow, TrackingUpload

ROWS_AT_ONCE: Final = 2_000


def uploads(
    session: Session, staff_id: int | None, *, before: int | None = None, limit: int
) -> Sequence[Row[TrackingUpload, str]]:
    """(upload, who uploaded it), the newest first; only this person's own unless `staff_id` is None."""
    query = select(TrackingUpload, StaffUser.name).outerjoin(
        StaffUser, StaffUser.id == TrackingUpload.uploaded_by_id
    )
    if staff_id is not None:
        query = query.where(TrackingUpload.uploaded_by_id == staff_id)
    if before is not None:
        query = query.where(TrackingUpload.id < before)
    return session.execute(query.order_by(TrackingUpload.id.desc()).limit(limit)).all()


def rows(
    session: Session,
    upload_id: int,
    verdicts: Collection[str],
    *,
    outcomes: Collection[str] = (),
    after: int = 0,
    limit: int,
) -> Sequence[TrackingRow]:
    """A page of rows with these verdicts, or outcomes, by their place in the file; all when neither is named."""
    query = select(TrackingRow).where(
        TrackingRow.upload_id == upload_id, TrackingRow.position > after, TrackingRow.verdict != ""
    )
    if verdicts:
        query = query.where(TrackingRow.verdict.in_(verdicts))
    if outcomes:
        query = query.where(TrackingRow.outcome.in_(outcomes))
    return session.scalars(query.order_by(TrackingRow.position).limit(limit)).all()


def first_rows(session: Session, upload: TrackingUpload, limit: int) -> Sequence[list[str]]:
    """The cells of the file's first rows, from the one that names the columns on if there is one."""
    begin = int(upload.reading.get("header", 0)) if upload.has_header else 0
    query = select(TrackingRow.cells).where(TrackingRow.upload_id == upload.id, TrackingRow.position >= begin)
    return session.scalars(query.order_by(TrackingRow.position).limit(limit)).all()


def every_row(
    session: Session, upload_id: int, verdicts: Collection[str]
) -> Iterator[Row[Any, Any, Any, Any]]:
    """(position, cells, verdict, fact) of every row with one of these verdicts, read piece by piece."""
    query = (
        select(TrackingRow.position, TrackingRow.cells, TrackingRow.verdict, TrackingRow.fact)
        .where(TrackingRow.upload_id == upload_id, TrackingRow.verdict.in_(verdicts))
        .order_by(TrackingRow.position)
    )
    yield from session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
