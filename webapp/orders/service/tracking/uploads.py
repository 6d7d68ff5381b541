"""What staff and the API do with uploads of tracking numbers."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.auth.service import set_preference
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.file_store import StoredFile
from webapp.core.operations import NewOperation, Operation, Queue, create
from webapp.core.overtaken import overtaken
from webapp.core.text import N_
from webapp.orders.locks import require_read
from webapp.orders.models import TrackingRow, TrackingUpload
from webapp.orders.service.tracking.facts import Scope
from webapp.orders.tracking_file.columns import Field, as_json, header_words, is_complete
from webapp.orders.tracking_file.verdicts import PROBLEMS, Verdict

CHECK_KIND: Final = "tracking.check"
APPLY_KIND: Final = "tracking.apply"
UNDO_KIND: Final = "tracking.undo"
# "Within its day": until the same hour of the next day; later the parcels are under way.
UNDONE_WITHIN: Final = timedelta(hours=24)
# In a person's preferences: field → the title its column had.
REMEMBERED: Final = "tracking.columns"


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """How an upload stands. The counts of rows add up to `rows`.

    state: reading, mapping, checked, applying, applied, undoing, undone, refused. waiting: to be shipped when it is
    applied; shipped: done; unchanged: had this number already, or the file says it twice; refused: see the rows.
    """

    upload_id: int
    state: str
    rows: int
    waiting: int
    shipped: int
    unchanged: int
    refused: int
    undone: int
    verdicts: Mapping[str, int]
    operation_id: uuid.UUID | None
    refusal: Mapping[str, Any]


def store_upload(
    session: Session, stored: StoredFile, file_name: str, context: AuditContext
) -> TrackingUpload:
    """Take a file whose bytes lie in the store; a worker reads and judges it. Nothing is applied before somebody asks."""
    upload = TrackingUpload(
        file_name=" ".join(file_name.replace("\0", "").split())[-200:] or "file",
        stored_name=stored.name,
        content_hash=stored.digest,
        byte_size=stored.size,
        uploaded_by_id=context.staff_id,
    )
    session.add(upload)
    session.flush()
    _note(session, upload, context, "tracking_upload.stored", {"bytes": [None, stored.size]})
    _begin(session, upload, CHECK_KIND, context)
    return upload


def visible_upload(session: Session, upload_id: int, staff_id: int | None, scope: Scope) -> TrackingUpload:
    """The upload, if this person may know of it: rows name orders, so people limited to channels see their own only.

    Raises NotFound.
    """
    upload = session.get(TrackingUpload, upload_id)
    if upload is None or (scope is not None and upload.uploaded_by_id != staff_id):
        raise NotFound(N_("There is no such upload."))
    return upload


def choose_columns(
    session: Session,
    upload_id: int,
    columns: Mapping[Field, int],
    context: AuditContext,
    *,
    has_header: bool = True,
    version: int | None = None,
) -> Operation:
    """Say which column is which, and have the rows judged by it; the person's next file with these titles knows.

    Raises InvalidInput when a required column is missing or one column means two things, Conflict once it is applied.
    """
    upload = _locked(session, upload_id, version)
    _refuse_unless(upload, {"mapping", "checked"})
    _check_columns(columns, len(upload.titles))
    upload.columns = as_json(columns)
    upload.has_header = has_header
    _remember(session, upload, columns, context.staff_id)
    return _begin(session, upload, CHECK_KIND, context)


def check_again(session: Session, upload_id: int, context: AuditContext) -> Operation:
    """Judge the rows by how the orders stand now. Raises Conflict once it is applied."""
    upload = _locked(session, upload_id)
    _refuse_unless(upload, {"checked"})
    return _begin(session, upload, CHECK_KIND, context)


def bulk_tracking_number_update(
    session: Session, upload_id: int, context: AuditContext, *, version: int | None = None
) -> tuple[Operation, bool]:
    """Have the rows that will ship applied, as one operation; asked again it is the same work (False).

    An upload that is still being read is applied as soon as it is checked. Raises NotFound, and Conflict when its
    columns must be chosen first, when nothing of it will ship, or when it was refused.
    """
    upload = _locked(session, upload_id, version)
    if upload.state in ("applying", "applied") and upload.operation_id is not None:
        return session.get_one(Operation, upload.operation_id), False
    if upload.state == "reading" and upload.operation_id is not None:
        is_new = upload.apply_asked_by_id is None
        upload.apply_asked_by_id = context.staff_id
        return session.get_one(Operation, upload.operation_id), is_new
    _refuse_unless(upload, {"checked"})
    if not upload.counts.get(Verdict.WILL_SHIP):
        raise Conflict(_nothing_words(upload), code="nothing_to_apply")
    return begin_applying(session, upload, context), True


def begin_applying(session: Session, upload: TrackingUpload, context: AuditContext) -> Operation:
    """The operation that applies a checked upload; one for ever, by its slot."""
    waiting = upload.counts.get(Verdict.WILL_SHIP, 0)
    upload.apply_asked_by_id = context.staff_id
    _note(session, upload, context, "tracking_upload.applied", {"rows": [None, waiting]})
    return _begin(session, upload, APPLY_KIND, context)


def undo_upload(
    session: Session, upload_id: int, context: AuditContext, *, version: int | None = None
) -> Operation:
    """Take back what an upload did, for items that nobody has changed since and whose channel was not told yet.

    Raises Conflict unless it was applied within the last day, and MustReadFirst for a note on one of its orders.
    """
    upload = _locked(session, upload_id, version)
    if upload.state in ("undoing", "undone") and upload.operation_id is not None:
        return session.get_one(Operation, upload.operation_id)
    _refuse_unless(upload, {"applied"})
    if not can_be_undone(upload):
        raise Conflict(
            N_("It was applied more than a day ago. Change the orders one by one instead."), code="too_late"
        )
    shipped = select(TrackingRow.order_id).where(
        TrackingRow.upload_id == upload_id,
        TrackingRow.outcome == "shipped",
        TrackingRow.order_id.is_not(None),
    )
    require_read(session, cast(Select[tuple[int]], shipped), context)
    _note(session, upload, context, "tracking_upload.undone", {})
    return _begin(session, upload, UNDO_KIND, context)


def can_be_undone(upload: TrackingUpload) -> bool:
    """Whether the day has not passed; which items still can is found out one by one."""
    return (
        upload.state == "applied"
        and upload.applied_at is not None
        and utc_now() - upload.applied_at < UNDONE_WITHIN
    )


def bulk_tracking_number_update_status(session: Session, upload_id: int) -> UploadStatus:
    """How the upload stands, with counts that add up. The caller has checked who may know of it. Raises NotFound."""
    upload = session.get(TrackingUpload, upload_id)
    if upload is None:
        raise NotFound(N_("There is no such upload."))
    # The header has no verdict.
    query = (
        select(TrackingRow.verdict, TrackingRow.outcome, func.count())
        .where(TrackingRow.upload_id == upload.id, TrackingRow.verdict != "")
        .group_by(TrackingRow.verdict, TrackingRow.outcome)
    )
    verdicts: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    unchanged = refused = 0
    for verdict, outcome, count in session.execute(query):
        verdicts[verdict] = verdicts.get(verdict, 0) + count
        outcomes[outcome] = outcomes.get(outcome, 0) + count
        if outcome in ("", "refused"):
            refused += count if verdict in PROBLEMS else 0
            unchanged += 0 if verdict in PROBLEMS else count
    return UploadStatus(
        upload_id=upload.id,
        state=upload.state,
        rows=upload.row_count,
        waiting=outcomes.get("waiting", 0),
        shipped=outcomes.get("shipped", 0) + outcomes.get("kept", 0),
        unchanged=unchanged,
        refused=refused,
        undone=outcomes.get("undone", 0),
        verdicts=verdicts,
        operation_id=upload.operation_id,
        refusal=upload.refusal,
    )


def applied_before(session: Session, upload: TrackingUpload) -> TrackingUpload | None:
    """The newest other upload of the very same bytes that was applied and not undone."""
    query = (
        select(TrackingUpload)
        .where(
            TrackingUpload.content_hash == upload.content_hash,
            TrackingUpload.id != upload.id,
            TrackingUpload.state.in_(("applying", "applied")),
        )
        .order_by(TrackingUpload.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def locked_upload(session: Session, upload_id: int) -> TrackingUpload:
    """The upload, locked until the transaction ends and read anew. Raises NotFound."""
    query = select(TrackingUpload).where(TrackingUpload.id == upload_id).with_for_update()
    upload = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if upload is None:
        raise NotFound(N_("There is no such upload."))
    return upload


# Each attempt goes on where the last one died, so many of them are worth it.
_MOST_ATTEMPTS: Final = 30
_STATE_OF_KIND: Final = {CHECK_KIND: "reading", APPLY_KIND: "applying", UNDO_KIND: "undoing"}


def _begin(session: Session, upload: TrackingUpload, kind: str, context: AuditContext) -> Operation:
    slot = None if kind == CHECK_KIND else f"{kind}:{upload.id}"
    operation, _ = create(
        session,
        NewOperation(
            kind=kind,
            queue=Queue.FILES,
            dedupe_key=f"upload:{upload.id}",
            slot=slot,
            args={"upload_id": upload.id},
            max_attempts=_MOST_ATTEMPTS,
            requested_by_id=context.staff_id,
            request_id=context.request_id,
        ),
    )
    upload.state = _STATE_OF_KIND[kind]
    upload.operation_id = operation.id
    upload.version += 1
    session.flush()
    return operation


def _locked(session: Session, upload_id: int, version: int | None = None) -> TrackingUpload:
    upload = locked_upload(session, upload_id)
    if version is not None and version != upload.version:
        template = N_(
            "%(who)s has moved this upload on since the page was opened. Look at it and decide again."
        )
        raise overtaken(session, ("tracking_upload", upload_id), template, code="stale_version")
    return upload


def _refuse_unless(upload: TrackingUpload, states: set[str]) -> None:
    if upload.state not in states:
        raise Conflict(_STATE_WORDS[upload.state], code=f"upload_{upload.state}")


_STATE_WORDS: Final = {
    "reading": N_("The file is still being read. Wait until it is checked."),
    "mapping": N_("Say first which columns hold the order number and the tracking number."),
    "checked": N_("It was not applied yet."),
    "applying": N_("It is being applied right now."),
    "applied": N_("It was applied already."),
    "undoing": N_("It is being undone right now."),
    "undone": N_("It was undone. Upload the file again to apply it."),
    "refused": N_("The file could not be read. Mend it and upload it again."),
}


def _nothing_words(upload: TrackingUpload) -> str:
    if upload.counts.get(Verdict.UNCHANGED):
        return N_("Already applied: no row of this file would change anything.")
    return N_(
        "No row of this file can be applied. Download the rows with errors, mend them and upload them again."
    )


_MISSING: Final = {
    Field.ORDER_NUMBER: N_("Choose the column that holds the order number."),
    Field.TRACKING_NUMBER: N_("Choose the column that holds the tracking number."),
}


def _check_columns(columns: Mapping[Field, int], width: int) -> None:
    problems: dict[str, list[str]] = {}
    for field, at in columns.items():
        if not 0 <= at < width:
            problems[field.value] = [N_("Choose a column of the file.")]
    for field in _MISSING:
        if field not in columns:
            problems[field.value] = [_MISSING[field]]
    taken: dict[int, Field] = {}
    for field, at in columns.items():
        if at in taken and field.value not in problems:
            problems[field.value] = [N_("This column already means something else.")]
        taken.setdefault(at, field)
    if problems or not is_complete(columns):
        raise InvalidInput(N_("The columns are not right yet."), fields=problems)


def _remember(
    session: Session, upload: TrackingUpload, columns: Mapping[Field, int], staff_id: int | None
) -> None:
    if staff_id is not None and upload.has_header:
        titles = {field.value: header_words(upload.titles[at]) for field, at in columns.items()}
        set_preference(
            session, staff_id, REMEMBERED, {name: words for name, words in titles.items() if words}
        )


def _note(
    session: Session, upload: TrackingUpload, context: AuditContext, tag: str, changes: Mapping[str, Any]
) -> None:
    record(
        session,
        context,
        tag,
        subject=("tracking_upload", upload.id),
        words=upload.file_name,
        changes=changes,
    )
