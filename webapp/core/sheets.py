"""Spreadsheets that we write: text is text, so that nothing that a stranger typed runs as a formula."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final

import openpyxl
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Cell = str | int | Decimal | datetime | None
# What openpyxl would take for a formula or for an error.
_SPECIAL: Final = ("=", "#")
# Characters that XML cannot hold.
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LONGEST_TITLE: Final = 31  # characters of a sheet's name


def check_spreadsheet_reader() -> None:
    """Refuse to start when spreadsheets would be read by a parser that follows entities (S22). Raises RuntimeError."""
    if not openpyxl.DEFUSEDXML:
        raise RuntimeError("defusedxml is not installed: uploaded spreadsheets could not be read safely.")


def write_xlsx(file: IO[bytes], title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write one sheet; how many rows below its header. Times must be without a zone: the reader's clock."""
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(title[:LONGEST_TITLE])
    sheet.freeze_panes = "A2"
    count = 0
    try:
        sheet.append([_cell(sheet, text) for text in header])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
            count += 1
        book.save(file)
    finally:
        _remove_draft(sheet)
    return count


def _remove_draft(sheet: Any) -> None:
    """openpyxl deletes its temporary file of the rows when it saves, else at a normal end, which a worker never has."""
    writer = sheet._writer
    if writer is None or not Path(writer.out).exists():
        return
    if not sheet.closed:
        with suppress(OSError):  # its last bytes find no room either
            sheet.close()
    writer.cleanup()


def _cell(sheet: WriteOnlyWorksheet, value: Cell) -> Any:
    if not isinstance(value, str):
        return value
    if not value.isprintable():
        value = _ILLEGAL.sub("", value)
    if not value.startswith(_SPECIAL):
        return value
    cell: Any = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell
