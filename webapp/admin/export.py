"""Lists as CSV files that a spreadsheet opens without running anything in them."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Response, stream_with_context
from sqlalchemy.orm import Query

from webapp.core.clock import utc_now
from webapp.core.csv_cells import plain_cell

ROWS_AT_A_TIME = 500  # Read and written so many at once: a list of any length needs the same memory.


def csv_response(view: Any, query: "Query[Any]") -> Response:
    """The view's export columns of these rows, streamed."""
    filename = f"{view.url_name.strip('/').replace('/', '-')}-{utc_now():%Y-%m-%d}.csv"
    return Response(
        stream_with_context(_lines(view, query)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename={filename}"},
    )


def _lines(view: Any, query: "Query[Any]") -> Iterator[str]:
    # The mark tells Excel that this is UTF-8.
    yield "\ufeff" + _line([str(label) for _, label in view._export_columns])
    for row in query.yield_per(ROWS_AT_A_TIME):
        yield _line([plain_cell(view.get_export_value(row, name)) for name, _ in view._export_columns])


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
