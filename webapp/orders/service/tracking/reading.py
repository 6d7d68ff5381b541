"""A worker reads an upload: the guarded child turns bytes into cells, and each row is kept with what it means and its verdict.

The rows are taken while the child still writes them: whoever waits for the preview waits for one of the two, not both.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.cargo.carriers import carrier_slug, ensure_carriers
from webapp.cargo.check_digits import fits
from webapp.cargo.models import CargoCompany
from webapp.core.bulk import Rows
from webapp.core.db import unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.guarded import Running, guarded
from webapp.core.operations import OperationRun
from webapp.core.text import fold
from webapp.orders.models import TrackingRow, TrackingUpload
from webapp.orders.service.tracking.facts import Uploader
from webapp.orders.service.tracking.judging import judge_numbers, judged
from webapp.orders.service.tracking.uploads import REMEMBERED
from webapp.orders.tracking_file import child
from webapp.orders.tracking_file.cells import ReadRow, read_row
from webapp.orders.tracking_file.columns import (
    LOOKED_AT,
    Mapped,
    as_json,
    from_json,
    guess,
    header_at,
    is_complete,
    is_header,
)
from webapp.orders.tracking_file.judging import Judgement
from webapp.orders.tracking_file.limits import Unreadable
from webapp.orders.tracking_file.verdicts import Verdict

AT_ONCE: Final = 5_000  # rows a statement
_MEANING: Final = (
    "order_number tracking_number item quantity cargo_company_id tracking_url shipped_at verdict fact warning"
)
_VERDICT: Final = _MEANING.split().index("verdict")
_ROWS = Rows(TrackingRow, f"upload_id position cells {_MEANING} order_id outcome")
_NOTHING: Final = ("", "", "", None, None, "", None, "", "", "")
_LOOK_S: Final = 0.01  # between two looks at what the child has written
_MEANS = text("""
    UPDATE tracking_row kept SET order_number = given.order_number, tracking_number = given.tracking_number,
        item = given.item, quantity = given.quantity, cargo_company_id = given.cargo_company_id,
        tracking_url = given.tracking_url, shipped_at = given.shipped_at, verdict = given.verdict,
        fact = given.fact, warning = given.warning, order_id = NULL, outcome = ''
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given(position int, order_number text, tracking_number text,
        item text, quantity numeric, cargo_company_id bigint, tracking_url text, shipped_at timestamptz,
        verdict text, fact text, warning text)
    WHERE kept.upload_id = :upload AND kept.position = given.position
""")


@dataclass
class Meaning:
    """How cells become a row: the columns, the uploader's clock, and the carriers by any of their names."""

    mapped: Mapped
    uploader: Uploader
    carriers: Mapping[str, tuple[int, str]]

    def of(self, cells: Sequence[str]) -> tuple[Any, ...]:
        """The values of _MEANING; all empty while the columns are not known."""
        if not is_complete(self.mapped):
            return _NOTHING
        row = read_row(cells, self.mapped, self.uploader.zone)
        carrier_id, problem, fact, warning = self._carrier(row)
        return (
            row.order_number,
            row.tracking_number,
            fold(row.item),
            row.quantity,
            carrier_id,
            row.tracking_url,
            row.shipped_at,
            problem.value if problem else "",
            fact,
            warning,
        )

    def _carrier(self, row: ReadRow) -> tuple[int | None, Verdict | None, str, str]:
        if not row.carrier:
            return None, row.problem, row.fact, ""
        found = self.carriers.get(fold(row.carrier)) or self.carriers.get(carrier_slug(row.carrier) or "")
        if found is None:
            unknown = (
                (Verdict.CARRIER_UNKNOWN, row.carrier) if row.problem is None else (row.problem, row.fact)
            )
            return None, *unknown, ""
        carrier_id, slug = found
        doubtful = row.problem is None and not fits(slug, row.tracking_number)
        return carrier_id, row.problem, row.fact, slug if doubtful else ""


def read_file(
    run: OperationRun, upload_id: int, uploader: Uploader, store: FileStore, most_rows: int
) -> None:
    """Read the bytes into rows, once; the columns are guessed by their titles, and where they are known rows are judged.

    Raises Unreadable, when rows may have been kept already.
    """
    with unit_of_work() as session:
        upload = session.get_one(TrackingUpload, upload_id)
        stored_name = upload.stored_name
    if stored_name is None or not store.path(stored_name).exists():
        raise Unreadable("gone")
    out = store.path(f"{store.new_name()}.part")
    words = [str(store.path(stored_name)), str(out), str(most_rows)]
    out.touch()
    try:
        with guarded(child.__name__, words, child.GUARD) as running:
            _keep(run, upload_id, uploader, _written(running, out))
    finally:
        out.unlink(missing_ok=True)


def map_again(run: OperationRun, upload_id: int, uploader: Uploader) -> None:
    """Read the kept cells by the columns that staff have chosen."""
    with unit_of_work() as session:
        upload = session.get_one(TrackingUpload, upload_id)
        mapped, has_header = from_json(upload.columns), upload.has_header
        meaning = Meaning(mapped, uploader, _carriers(session))
        header = int(upload.reading.get("header", 1))
        run.fence(session)
    after = 0
    names = ["position", *_MEANING.split()]
    while True:
        with unit_of_work() as session:
            cells = select(TrackingRow.position, TrackingRow.cells).where(
                TrackingRow.upload_id == upload_id, TrackingRow.position > after
            )
            rows = session.execute(cells.order_by(TrackingRow.position).limit(AT_ONCE)).all()
            if not rows:
                return
            meant = [
                dict(
                    zip(names, (position, *_of_row(meaning, position, row, header, has_header)), strict=True)
                )
                for position, row in rows
            ]
            session.execute(_MEANS, {"upload": upload_id, "rows": json.dumps(meant, default=str)})
            run.fence(session)
            after = rows[-1].position


def _of_row(
    meaning: Meaning, position: int, cells: Sequence[str], header: int, has_header: bool
) -> tuple[Any, ...]:
    """The row that names the columns means nothing, and nothing that stands above it."""
    if has_header and position <= header:
        return _NOTHING
    return meaning.of(cells)


def _written(running: Running, out: Path) -> Iterator[Any]:
    """What the child says, while it says it: what the file is, then its rows. Raises Unreadable for its refusal."""
    begun = b""
    with out.open("rb") as lines:
        while True:
            # Asked first: what it has written before its end is read after it.
            ended = running.ended()
            while line := lines.readline():
                begun += line
                if begun.endswith(b"\n"):
                    yield json.loads(begun)
                    begun = b""
            if ended is not None:
                break
            time.sleep(_LOOK_S)
    if ended.code == child.REFUSED:
        refused = json.loads(out.read_bytes())
        raise Unreadable(refused["refused"], refused["fact"])
    if ended.code != 0:
        raise Unreadable("beyond_limits")


def _keep(run: OperationRun, upload_id: int, uploader: Uploader, said: Iterator[Any]) -> None:
    kind = next(said)
    head = list(islice(said, LOOKED_AT))
    with unit_of_work() as session:
        # What an earlier, killed run has written.
        session.execute(delete(TrackingRow).where(TrackingRow.upload_id == upload_id))
        upload = session.get_one(TrackingUpload, upload_id)
        remembered = _remembered(session, uploader)
        header, titles = head[header_at([cells for _, cells in head], remembered)]
        has_header = is_header(titles)
        mapped = guess(titles, remembered) if has_header else {}
        upload.reading, upload.has_header = {**kind, "header": header}, has_header
        # A column without a title can be chosen too.
        upload.titles = titles + [""] * (max(len(cells) for _, cells in head) - len(titles))
        upload.columns = as_json(mapped)
        meaning = Meaning(mapped, uploader, _carriers(session))
        run.fence(session)
    keeping = _Keeping(upload_id, uploader)
    lines = chain(head, said)
    while batch := list(islice(lines, AT_ONCE)):
        rows = [
            (number, cells, _of_row(meaning, number, cells, header, has_header)) for number, cells in batch
        ]
        with unit_of_work() as session:
            keeping.keep(session, rows)
            run.fence(session)
    judge_numbers(run, upload_id, uploader, keeping.parted)


class _Asked(NamedTuple):
    """What a row asks for, before it is in the database."""

    position: int
    order_number: str
    tracking_number: str
    item: str
    quantity: Decimal | None


class _Keeping:
    """Keeps rows with their verdicts, batch after batch; `parted` are numbers whose rows lie in several batches."""

    def __init__(self, upload_id: int, uploader: Uploader) -> None:
        self.parted: set[str] = set()
        self._upload_id, self._uploader = upload_id, uploader
        self._seen: set[str] = set()

    def keep(self, session: Session, rows: Sequence[tuple[int, Sequence[str], tuple[Any, ...]]]) -> None:
        """Insert rows (position, cells, what they mean); those without an order number or with a bad cell stay as they are."""
        asked = [_Asked(at, *means[:4]) for at, _, means in rows if means[0] and not means[_VERDICT]]
        numbers = {each.order_number for each in asked}
        self.parted |= numbers & self._seen
        self._seen |= numbers
        verdicts = {each.position: each for each in judged(session, self._uploader, asked)}
        _ROWS.insert(
            session,
            [
                (self._upload_id, at, cells, *_with_verdict(means, verdicts.get(at)))
                for at, cells, means in rows
            ],
        )


def _with_verdict(means: tuple[Any, ...], found: Judgement | None) -> tuple[Any, ...]:
    """What a row means, with its verdict, order and outcome."""
    if found is None:
        return *means, None, ""
    outcome = "waiting" if found.verdict is Verdict.WILL_SHIP else ""
    return *means[:_VERDICT], found.verdict.value, found.fact[:200], means[-1], found.order_id, outcome


def _remembered(session: Session, uploader: Uploader) -> Mapping[str, str]:
    staff = session.get_one(StaffUser, uploader.context.staff_id)
    kept = staff.preferences.get(REMEMBERED)
    return kept if isinstance(kept, dict) else {}


def _carriers(session: Session) -> dict[str, tuple[int, str]]:
    """Every carrier that staff keep, by its name and short name; those that we know are there by themselves."""
    ensure_carriers(session)
    found: dict[str, tuple[int, str]] = {}
    rows = session.execute(
        select(CargoCompany.id, CargoCompany.slug, CargoCompany.name).where(CargoCompany.is_active)
    )
    for carrier_id, slug, name in rows:
        found[slug] = found[fold(slug)] = found[fold(name)] = (carrier_id, slug)
    return found
