"""Exports of the list of orders: small ones at once, large ones as an operation with a download that expires.

A file belongs to whoever asked for it. Every export leaves an audit row; nobody starts more than a few a minute.
"""

import hashlib
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import AuditContext, AuditEntry, record
from webapp.core.clock import utc_now
from webapp.core.db import unit_beside, unit_of_work
from webapp.core.errors import Conflict, NotFound, PermissionDenied
from webapp.core.file_store import FileStore
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue, create
from webapp.core.sheets import Cell, write_xlsx
from webapp.core.text import N_
from webapp.orders.models import OrderExport
from webapp.orders.queries import search
from webapp.orders.queries.criteria import OrderFilter, Scope, Sort
from webapp.orders.queries.exporting import Dress, Names, cells, csv_pieces, whole_list
from webapp.orders.queries.kept_filter import filter_from_json, filter_to_json
from webapp.orders.service.erasing import ERASED as ERASED_TAG
from webapp.orders.service.erasing_files import take_turn

EXPORT_KIND: Final = "orders.export"
# Up to here an answer is made while its reader waits: some 0.3 s.
AT_ONCE: Final = 5_000
# A spreadsheet's own limit, less its header.
MOST_IN_XLSX: Final = 1_048_575
KEPT_FOR: Final = timedelta(hours=24)
MOST_A_MINUTE: Final = 6
PROGRESS_EVERY: Final = 5_000  # rows


@dataclass(frozen=True, slots=True)
class Wish:
    """One list as a file: its filter, order and columns; `kind` is csv or xlsx."""

    wanted: OrderFilter
    sort: Sort
    columns: Sequence[str]
    kind: str

    def as_json(self) -> dict[str, Any]:
        """What the export's row keeps."""
        return {"filter": filter_to_json(self.wanted), "sort": self.sort.word}


def note_small_export(session: Session, wish: Wish, rows: int, context: AuditContext) -> None:
    """Write down that this list goes out at once. Raises Conflict (429) when somebody asks too often."""
    _refuse_too_many(session, context.staff_id)
    export = _new(wish, context)
    export.row_count, export.expires_at = rows, utc_now()
    # The words that were searched for are not needed again: they may name a customer.
    export.query = {}
    session.add(export)
    session.flush()
    _note(session, export, wish, context, rows)


def ask_export(session: Session, wish: Wish, context: AuditContext) -> tuple[OrderExport, Operation]:
    """Have a worker write the file; the same wish again is the same work while it is open.

    Raises Conflict (429) when somebody asks for too many different ones.
    """
    digest = hashlib.sha256(json.dumps([wish.as_json(), list(wish.columns), wish.kind]).encode()).hexdigest()
    export = _new(wish, context)
    operation, is_new = create(
        session,
        NewOperation(
            kind=EXPORT_KIND,
            queue=Queue.FILES,
            dedupe_key=f"staff:{context.staff_id}:{digest}",
            args={"export_id": str(export.id)},
            requested_by_id=context.staff_id,
            request_id=context.request_id,
        ),
    )
    if not is_new:
        return session.get_one(OrderExport, uuid.UUID(operation.args["export_id"])), operation
    _refuse_too_many(session, context.staff_id)
    export.operation_id = operation.id
    session.add(export)
    session.flush()
    _note(session, export, wish, context, None)
    return export, operation


def own_export(session: Session, export_id: uuid.UUID, staff_id: int) -> OrderExport:
    """The export, for whoever asked for it and nobody else. Raises NotFound."""
    export = session.get(OrderExport, export_id)
    if export is None or export.staff_id != staff_id:
        raise NotFound(N_("There is no such export."))
    return export


def take_download(session: Session, export_id: uuid.UUID, context: AuditContext) -> OrderExport:
    """The finished file of the person who asked. Raises NotFound, and Conflict before it is written and when it has expired."""
    export = own_export(session, export_id, context.staff_id or 0)
    if export.expires_at is None:
        raise Conflict(N_("The file is still being written."))
    if export.stored_name is None or export.expires_at <= utc_now():
        if export.removed_because is not None:
            raise Conflict(
                N_("The file was deleted because a customer in it was erased. Export the list again."),
                code="expired",
            )
        raise Conflict(N_("The file has expired. Export the list again."), code="expired")
    record(
        session,
        context,
        "orders.export.downloaded",
        subject=("order_export", export.id),
        summary=f"{export.row_count:,}",
    )
    return export


def run_export(
    run: OperationRun, store: FileStore, translator: Callable[[str], Callable[[str], str]]
) -> None:
    """The handler: write the file whole, then say that it is there. A second run writes another one."""
    while not _write_export(run, store, translator):
        """Somebody who may stand in the file was erased while it was written: it is written anew, without them."""


def _write_export(
    run: OperationRun, store: FileStore, translator: Callable[[str], Callable[[str], str]]
) -> bool:
    """Whether the file is there, or nobody wants it any more."""
    export_id = uuid.UUID(run.args["export_id"])
    with unit_of_work() as session:
        export = session.get_one(OrderExport, export_id)
        if export.removed_because is not None:
            run.finish(session, {"seen": 0})
            return True
        erased = _last_erased(session)
        staff, scope = _reader(session, export.staff_id)
        kind, kept = export.kind, dict(export.query)
        wanted, sort = filter_from_json(kept["filter"]), Sort.of_word(kept["sort"])
        dress = Dress(export.columns, translator(staff.language), ZoneInfo(staff.time_zone))
        statistics = search.read_statistics(session) if wanted.words else None
    name = store.new_name()
    try:
        with store.create(name) as file, unit_of_work() as session:
            query = whole_list(wanted, scope, sort, statistics, dress.columns)
            rows = cells(session, query, dress, Names.read(session))
            counted = _Counted(rows, run, is_xlsx=kind == "xlsx")
            _write(file, kind, dress, counted)
        with unit_of_work() as session:
            take_turn(session)
            if _last_erased(session) != erased:
                store.remove(name)
                return False
            export = session.get_one(OrderExport, export_id)
            export.stored_name, export.row_count = name, counted.count
            export.byte_size = store.path(name).stat().st_size
            export.expires_at = utc_now() + KEPT_FOR
            export.query = {}
            run.finish(session, {"seen": counted.count})
    except BaseException:
        store.remove(name)
        raise
    return True


def _last_erased(session: Session) -> int:
    """The newest entry of somebody's erasure; entries are written in turns (erasing_files.take_turn)."""
    return session.scalar(select(func.max(AuditEntry.id)).where(AuditEntry.tag == ERASED_TAG)) or 0


class _Counted:
    """Rows on their way into a file, and how many went by; the lease is renewed meanwhile."""

    def __init__(self, rows: Iterator[list[Cell]], run: OperationRun, *, is_xlsx: bool) -> None:
        self._rows = rows
        self._run = run
        self._most = MOST_IN_XLSX if is_xlsx else sys.maxsize
        self.count = 0

    def __iter__(self) -> Iterator[list[Cell]]:
        for row in self._rows:
            self.count += 1
            if self.count % PROGRESS_EVERY == 0:
                with unit_beside() as session:
                    self._run.fence(session, done=self.count)
            if self.count > self._most:
                raise Conflict(N_("A spreadsheet holds at most 1,048,575 rows. Export the list as .csv."))
            yield row


def _write(file: IO[bytes], kind: str, dress: Dress, rows: _Counted) -> None:
    if kind == "xlsx":
        write_xlsx(file, dress.translate("Orders"), dress.titles(), rows)
        return
    for piece in csv_pieces(dress.titles(), iter(rows)):
        file.write(piece)


def _reader(session: Session, staff_id: int) -> tuple[StaffUser, Scope]:
    """Whoever asked, with what they may see now. Raises PermissionDenied."""
    staff = session.get(StaffUser, staff_id)
    allowed = ROLE_PERMISSIONS[Role(staff.role)] if staff is not None and staff.is_active else frozenset()
    if staff is None or Permission.EXPORTS_RUN not in allowed:
        raise PermissionDenied(N_("You may not export orders. Ask a supervisor."))
    if not staff.limited_to_channels:
        return staff, None
    query = select(StaffChannel.channel_id).where(StaffChannel.staff_id == staff_id)
    return staff, frozenset(session.scalars(query))


def _new(wish: Wish, context: AuditContext) -> OrderExport:
    return OrderExport(
        id=uuid.uuid4(),
        staff_id=context.staff_id or 0,
        kind=wish.kind,
        query=wish.as_json(),
        columns=list(wish.columns),
    )


def _refuse_too_many(session: Session, staff_id: int | None) -> None:
    # One at a time per person: twenty clicks at one moment count each other.
    session.execute(select(StaffUser.id).where(StaffUser.id == staff_id).with_for_update())
    recent = select(func.count()).where(
        OrderExport.staff_id == staff_id, OrderExport.created_at > utc_now() - timedelta(minutes=1)
    )
    if (session.scalar(recent) or 0) >= MOST_A_MINUTE:
        raise Conflict(
            N_("That were many exports in one minute. Wait a little, then try again."),
            code="too_many_exports",
            http_status=429,
            details={"retry_after_s": 60},
        )


def _note(session: Session, export: OrderExport, wish: Wish, context: AuditContext, rows: int | None) -> None:
    narrowed = {
        name: value
        for name, value in filter_to_json(wish.wanted).items()
        if value != cast(Any, filter_to_json(OrderFilter()))[name] and name != "words"
    }
    if wish.wanted.words:
        narrowed["words"] = "…"
    record(
        session,
        context,
        "orders.exported",
        subject=("order_export", export.id),
        summary=wish.kind.upper() if rows is None else f"{wish.kind.upper()}, {rows:,}",
        changes={"filter": [None, narrowed], "columns": [None, list(wish.columns)]},
    )
