"""Lists as CSV files that a spreadsheet opens without running anything in them."""

import csv
import io
import tempfile
from typing import Any

from flask import Response, send_file
from sqlalchemy.orm import Query

from webapp.core.clock import utc_now
from webapp.core.csv_cells import plain_cell

ROWS_AT_A_TIME = 500
IN_MEMORY_BYTES = 2_000_000  # A longer file goes to the disk; a list of any length needs the same memory.


def csv_response(view: Any, query: "Query[Any]") -> Response:
    """The view's export columns of these rows. Written whole before it is sent: half a file looks like a whole one."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the response closes it
    # The mark tells Excel that this is UTF-8.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text)
    rows.writerow([str(label) for _, label in view._export_columns])
    for row in query.yield_per(ROWS_AT_A_TIME):
        rows.writerow([plain_cell(view.get_export_value(row, name)) for name, _ in view._export_columns])
    text.detach()
    file.seek(0)
    name = f"{view.url_name.strip('/').replace('/', '-')}-{utc_now():%Y-%m-%d}.csv"
    return send_file(file, mimetype="text/csv", as_attachment=True, download_name=name)
