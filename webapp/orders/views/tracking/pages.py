"""The pages of tracking uploads: all of them, and one with its preview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, Final, cast

from flask import Response, request, send_file
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, current_staff, requires
from webapp.cargo.carriers import carrier_names
from webapp.core.db import db
from webapp.core.operations import Operation
from webapp.core.sheets import write_xlsx
from webapp.operations.queries import bare_line
from webapp.operations.shown import shown
from webapp.orders.enums import Dot
from webapp.orders.forms.tracking import ColumnsForm, UploadForm
from webapp.orders.models import TrackingRow, TrackingUpload
from webapp.orders.queries import uploads as queries
from webapp.orders.service.tracking.uploads import (
    applied_before,
    bulk_tracking_number_update_status,
    can_be_undone,
)
from webapp.orders.tracking_file.columns import Field, from_json
from webapp.orders.tracking_file.limits import MOST_COLUMNS
from webapp.orders.tracking_file.verdicts import PROBLEMS, Verdict
from webapp.orders.views.tracking.blueprint import blueprint, seen, settings
from webapp.orders.views.tracking.words import (
    OPEN,
    STATES,
    STEPS,
    Cell,
    dot_of,
    headline,
    is_about,
    refusal_words,
    remedy,
)
from webapp.ui.htmx import render
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "newest"
BY_PLACE: Final = "place"
SAMPLE: Final = 4  # rows that help to choose columns
IN_MEMORY: Final = 2_000_000  # bytes; a longer file of errors goes to the disk
# What the list of rows can be narrowed to.
PROBLEM, ALL = "problems", "all"


@dataclass(frozen=True)
class Line:
    """A row of the preview."""

    row: TrackingRow
    headline: str
    dot: Dot
    remedy: str
    cells: list[Cell]


@blueprint.get("/")
@requires(Permission.TRACKING_UPLOAD)
def index() -> Response:
    """A form for a new file, and the files so far."""
    return index_page(UploadForm(formdata=None))


def index_page(form: UploadForm, *, status: int = 200) -> Response:
    """The page with this form; a refused file says why at its field."""
    return render(
        "tracking/index.html", "tracking/_list.html", status=status, **index_ctx(db.session(), form)
    )


def index_ctx(session: Session, form: UploadForm) -> dict[str, Any]:
    """One page of uploads; people limited to channels see their own."""
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    own = None if channel_scope() is None else current_staff().id
    before = cast(int, after[0]) if after else None
    rows = queries.uploads(session, own, before=before, limit=PAGE_SIZE + 1)
    return {
        "form": form,
        "page": page_of(
            [(upload, name, _with_errors(upload)) for upload, name in rows],
            sort=SORT,
            key=lambda row: (row[0].id,),
            after=after,
        ),
        "states": STATES,
        "Verdict": Verdict,
        "most_rows": settings().upload_rows,
    }


def _with_errors(upload: TrackingUpload) -> int:
    return sum(count for verdict, count in upload.counts.items() if verdict in PROBLEMS)


@blueprint.get("/<int:upload_id>")
@requires(Permission.TRACKING_UPLOAD)
def show(upload_id: int) -> Response:
    """One upload; its fragment asks for itself again while a worker is at it."""
    return upload_page(seen(db.session(), upload_id))


def upload_page(
    upload: TrackingUpload, *, form: ColumnsForm | None = None, status: int = 200, notice: str = ""
) -> Response:
    """The upload with its columns, counts and rows; `form` is one that came back."""
    context = upload_ctx(db.session(), upload, form)
    return render("tracking/show.html", "tracking/_upload.html", status=status, notice=notice, **context)


def upload_ctx(session: Session, upload: TrackingUpload, form: ColumnsForm | None) -> dict[str, Any]:
    """What the page shows. The counts are asked anew only while they can change."""
    status = bulk_tracking_number_update_status(session, upload.id)
    operation = session.get(Operation, upload.operation_id) if upload.operation_id else None
    columns = from_json(upload.columns)
    sample = queries.first_rows(session, upload, SAMPLE)
    return {
        "upload": upload,
        "stand": status,
        "state": STATES[upload.state],
        "step": STEPS.get(upload.state, 3),
        "is_open": upload.state in OPEN,
        "shown": shown(bare_line(operation)) if operation else None,
        "refusal": refusal_words(upload.refusal) if upload.state == "refused" else "",
        "before": applied_before(session, upload) if upload.state == "checked" else None,
        "can_undo": can_be_undone(upload),
        "form": form or _columns_form(upload, sample),
        "form_came_back": form is not None,
        "sample": sample,
        "columns": columns,
        "Verdict": Verdict,
        **_rows_ctx(session, upload, columns, status.verdicts),
    }


@blueprint.get("/<int:upload_id>/errors.xlsx")
@requires(Permission.TRACKING_UPLOAD)
def errors(upload_id: int) -> Response:
    """The rows that cannot be applied as a spreadsheet: their cells as they came, the reason in one more column."""
    session = db.session()
    upload = seen(session, upload_id)
    width = max((len(cells) for cells in queries.first_rows(session, upload, SAMPLE)), default=0)
    header = [*upload.titles] if upload.has_header else [""] * width
    width = max(width, len(header))
    header += [""] * (width - len(header))
    kept = _kept_columns(from_json(upload.columns), width)
    found = queries.every_row(session, upload.id, [verdict.value for verdict in PROBLEMS])
    known = carrier_names(session)
    rows = (
        [*_cells_at(row.cells, kept), reason(Verdict(row.verdict), row.fact, known), row.position]
        for row in found
    )
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    titles = [*_cells_at(header, kept), gettext("Reason"), gettext("Row")]
    write_xlsx(cast(Any, file), gettext("Errors"), titles, rows)
    file.seek(0)
    name = f"{upload.file_name.rpartition('.')[0] or upload.file_name}-errors.xlsx"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(file, mimetype=kind, as_attachment=True, download_name=name)


def _kept_columns(columns: Mapping[Field, int], width: int) -> list[int]:
    """All columns of the file, or as many as leave room for the two that are added: the mended file is read again."""
    others = [at for at in range(width) if at not in columns.values()]
    return sorted([*columns.values(), *others[: MOST_COLUMNS - 2 - len(columns)]])


def _cells_at(cells: Sequence[str], kept: Sequence[int]) -> list[str]:
    return [cells[at] if at < len(cells) else "" for at in kept]


def reason(verdict: Verdict, fact: str, carriers: str) -> str:
    """The verdict and what to do, as one text."""
    return f"{gettext(verdict.label)}. {remedy(verdict, fact, carriers=carriers)}".strip()


def columns_form(session: Session, upload: TrackingUpload) -> ColumnsForm:
    """The form as it was sent, with the columns of the file to choose from."""
    form = ColumnsForm()
    form.offer(upload.titles, _width(upload, queries.first_rows(session, upload, SAMPLE)))
    return form


def _columns_form(upload: TrackingUpload, sample: Any) -> ColumnsForm:
    form = ColumnsForm(formdata=None)
    form.offer(upload.titles, _width(upload, sample))
    form.show(from_json(upload.columns), has_header=upload.has_header, version=upload.version)
    return form


def _width(upload: TrackingUpload, sample: Any) -> int:
    return min(MOST_COLUMNS, max([len(upload.titles), *(len(cells) for cells in sample)]))


def _rows_ctx(
    session: Session, upload: TrackingUpload, columns: dict[Field, int], counts: Any
) -> dict[str, Any]:
    """One page of rows: those with problems unless the URL asks for others."""
    problems = sum(count for verdict, count in counts.items() if verdict in PROBLEMS)
    asked = request.args.get("show", "")
    known = {PROBLEM, ALL, *(verdict.value for verdict in Verdict)}
    chosen = asked if asked in known else (PROBLEM if problems else ALL)
    verdicts = {PROBLEM: [verdict.value for verdict in PROBLEMS], ALL: []}.get(chosen, [chosen])
    after = decode_cursor(request.args.get("after"), BY_PLACE, (int,))
    found = (
        queries.rows(
            session, upload.id, verdicts, after=cast(int, after[0]) if after else 0, limit=PAGE_SIZE + 1
        )
        if counts
        else []
    )
    page = page_of(found, sort=BY_PLACE, key=lambda row: (row.position,), after=after)
    is_asked = any(row.verdict == Verdict.CARRIER_UNKNOWN for row in page.rows)
    carriers = carrier_names(session) if is_asked else ""
    return {
        "page": page,
        "lines": [_line(row, columns, carriers) for row in page.rows],
        "chosen": chosen,
        "problems": problems,
        "all_rows": sum(counts.values()),
        "verdict_tabs": [(verdict, counts[verdict]) for verdict in Verdict if counts.get(verdict)],
    }


def _line(row: TrackingRow, columns: dict[Field, int], carriers: str) -> Line:
    verdict = Verdict(row.verdict)
    cells = []
    for field, at in columns.items():
        text = row.cells[at] if at < len(row.cells) else ""
        is_bad = verdict in PROBLEMS and is_about(verdict, field, " ".join(text.split()), row.fact)
        cells.append(Cell(text, is_bad))
    words = headline(verdict, row.fact, row.outcome)
    to_do = remedy(verdict, row.fact, row.outcome, carriers=carriers)
    return Line(row, words, dot_of(verdict, row.outcome), to_do, cells)
