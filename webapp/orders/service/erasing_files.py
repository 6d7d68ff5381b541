"""Files on disk in which an erased customer may stand: exports that wait to be downloaded, uploaded spreadsheets.

An export's file is opened: only one that names the person goes before its time, and its page says why. Whoever finishes
an export and whoever erases take turns (`take_turn`), so that no file is kept which was read before and written after.
"""

import codecs
import html
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Final

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array
from webapp.core.clock import utc_now
from webapp.core.db import after_commit
from webapp.core.file_store import FileStore
from webapp.orders.models import OrderExport, TrackingUpload
from webapp.orders.service.erasing_words import KnownBy

ERASED: Final = "erased"
_PIECE: Final = 256 * 1024  # bytes
_OVERLAP: Final = 1_000  # characters; nothing that names a person is longer
_TURN = text("SELECT pg_advisory_xact_lock(7305, 1)")
# An uploaded file is not needed once its rows are read; what was refused has none.
_UPLOADS = text("""
    SELECT id, stored_name FROM tracking_upload upload
    WHERE stored_name IS NOT NULL AND state <> 'reading' AND (
        state = 'refused'
        OR EXISTS (SELECT 1 FROM tracking_row row WHERE row.upload_id = upload.id AND (
            row.order_id = ANY(CAST(:ids AS bigint[]))
            OR (row.order_id IS NULL AND (row.cells::text ~* :sure
                OR (row.cells::text ~* :first AND row.cells::text ~* :last))))))
""")


def take_turn(session: Session) -> None:
    """Until this transaction ends nobody else erases a customer or finishes an export."""
    session.execute(_TURN)


def forget_files(session: Session, store: FileStore, known: KnownBy, order_ids: Sequence[int]) -> None:
    """Delete, when this transaction is committed, every file that may name the person. Before their data are erased."""
    take_turn(session)
    names = [*_exports(session, store, known), *_uploads(session, known, order_ids)]

    def remove() -> None:
        for name in names:
            store.remove(name)

    after_commit(session, remove)


def _exports(session: Session, store: FileStore, known: KnownBy) -> Iterator[str]:
    """Names of files that go; an export that is still to be written and searches for the person is given up."""
    kept = select(OrderExport).where(
        or_(OrderExport.stored_name.is_not(None), func.jsonb_typeof(OrderExport.query["filter"]) == "object")
    )
    for export in session.scalars(kept.with_for_update()).all():
        searched = str((export.query.get("filter") or {}).get("words") or "")
        named = known.in_text(searched)
        if export.stored_name is not None and _names(store, export.stored_name, export.kind, known):
            yield export.stored_name
            named = True
        if named:
            values: dict[str, object] = {
                "stored_name": None,
                "query": {},
                "removed_because": ERASED,
                "expires_at": utc_now(),
            }
            session.execute(update(OrderExport).where(OrderExport.id == export.id).values(values))


def _uploads(session: Session, known: KnownBy, order_ids: Sequence[int]) -> list[str]:
    given = {"ids": plain_array(order_ids), **known.given()}
    found = session.execute(_UPLOADS, given).all()
    if found:
        gone = TrackingUpload.id.in_([row.id for row in found])
        session.execute(update(TrackingUpload).where(gone).values(stored_name=None))
    return [row.stored_name for row in found]


def _names(store: FileStore, name: str, kind: str, known: KnownBy) -> bool:
    path = store.path(name)
    if not path.exists():
        return False
    if kind == "csv":
        with path.open("rb") as file:
            return any(known.in_text(piece) for piece in _pieces(file))
    # Written by ourselves: no bomb.
    with zipfile.ZipFile(path) as book:
        for member in book.namelist():
            with book.open(member) as sheet:
                if any(known.in_text(html.unescape(piece)) for piece in _pieces(sheet)):
                    return True
    return False


def _pieces(file: IO[bytes]) -> Iterator[str]:
    """The text in pieces that overlap. First and last name of two rows may meet in one: then a file goes in vain."""
    decoder, before = codecs.getincrementaldecoder("utf-8")("ignore"), ""
    while piece := file.read(_PIECE):
        shown = before + decoder.decode(piece)
        yield shown
        before = shown[-_OVERLAP:]
