"""The preview: a worker reads an upload and gives every row its verdict. Nothing is changed but the upload's own rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, Protocol

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array, text_array
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.operations import OperationRun
from webapp.orders.models import TrackingRow, TrackingUpload
from webapp.orders.service.tracking.facts import Uploader, read_facts, uploader_of
from webapp.orders.service.tracking.reading import map_again, read_file
from webapp.orders.service.tracking.uploads import begin_applying, locked_upload
from webapp.orders.tracking_file.columns import from_json, is_complete
from webapp.orders.tracking_file.judging import Judgement, OrderFact, SheetRow, judge
from webapp.orders.tracking_file.limits import Unreadable
from webapp.orders.tracking_file.verdicts import Verdict

# Orders that are read and judged in one transaction.
AT_ONCE: Final = 5_000
# Known from the cells alone: no order can change it.
OF_THE_CELLS: Final = (
    Verdict.NO_ORDER_NUMBER,
    Verdict.NO_NUMBER,
    Verdict.ROUNDED,
    Verdict.BAD_NUMBER,
    Verdict.BAD_QUANTITY,
    Verdict.BAD_VALUE,
    Verdict.CARRIER_UNKNOWN,
)
# A number's rows come together, however many of them there are.
_NEXT = text("""
    SELECT position, order_number, tracking_number, item, quantity FROM tracking_row
    WHERE upload_id = :upload AND order_number > :after AND NOT (verdict = ANY(CAST(:cells AS text[])))
    ORDER BY order_number FETCH FIRST :limit ROWS WITH TIES
""")
_JUDGED = text("""
    UPDATE tracking_row kept SET verdict = given.verdict, fact = given.fact, order_id = given.order_id,
        outcome = CASE WHEN given.verdict = 'will_ship' THEN 'waiting' ELSE '' END
    FROM unnest(CAST(:positions AS int[]), CAST(:verdicts AS text[]), CAST(:facts AS text[]),
        CAST(:orders AS bigint[])) AS given(position, verdict, fact, order_id)
    WHERE kept.upload_id = :upload AND kept.position = given.position
""")


class NamedRow(Protocol):
    """What a row names, whichever query has read it."""

    @property
    def position(self) -> int: ...
    @property
    def order_number(self) -> str: ...
    @property
    def tracking_number(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def quantity(self) -> Decimal | None: ...


SheetRows = Sequence[NamedRow]
Facts = Mapping[str, Sequence[OrderFact]]


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
    except Unreadable as refused:
        _refuse(run, upload_id, refused)
        return
    if not _is_mapped(upload_id):
        _ask_for_columns(run, upload_id)
        return
    _judge_all(run, upload_id, uploader)
    _finish(run, upload_id)


def judge_rows(rows: SheetRows, orders: Facts) -> list[Judgement]:
    """The verdicts of these rows, which name whole order numbers, by how the orders of each number stand."""
    named: dict[str, list[SheetRow]] = defaultdict(list)
    for row in rows:
        named[row.order_number].append(SheetRow(row.position, row.tracking_number, row.item, row.quantity))
    judged: list[Judgement] = []
    for number, of_number in named.items():
        judged += judge(of_number, orders.get(number, ()))
    return judged


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


def _judge_all(run: OperationRun, upload_id: int, uploader: Uploader) -> None:
    after, done = "", 0
    cells = text_array([verdict.value for verdict in OF_THE_CELLS])
    while True:
        with unit_of_work() as session:
            given = {"upload": upload_id, "after": after, "cells": cells, "limit": AT_ONCE}
            rows = session.execute(_NEXT, given).all()
            if not rows:
                return
            after = rows[-1].order_number
            numbers = {row.order_number for row in rows}
            orders = read_facts(session, numbers, uploader.scope, uploader.context)
            write_verdicts(session, upload_id, judge_rows(sorted(rows), orders))
            done += len(rows)
            run.fence(session, done=done)


def write_verdicts(session: Session, upload_id: int, judged: Sequence[Judgement]) -> None:
    """Keep these verdicts; rows that will ship wait to be applied."""
    session.execute(
        _JUDGED,
        {
            "upload": upload_id,
            "positions": plain_array([each.position for each in judged]),
            "verdicts": text_array([each.verdict.value for each in judged]),
            "facts": text_array([each.fact[:200] for each in judged]),
            "orders": plain_array([each.order_id for each in judged]),
        },
    )


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
