"""Bytes of an .xlsx or text file → rows of cells as text. Runs in the guarded child only (child.py).

What a file is decides its content, never its name. An .xlsx is looked at as a zip first, so that what unpacks to
gigabytes is refused before anything is unpacked; a lie about sizes ends in a checksum error.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from webapp.orders.tracking_file.limits import LONGEST_CELL, MOST_COLUMNS, Unreadable
from webapp.orders.tracking_file.unpacking import check_archive

XLSX_HEAD: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_OTHERS: Final = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"MZ",
    b"\x7fELF",
)
# Excel's sheets end there.
_LAST_ROW: Final = 1_048_576
# From here on a spreadsheet has rounded a number: it keeps 15 digits.
FIRST_ROUNDED: Final = 10**15
_DELIMITERS: Final = ",;\t"
_SAMPLE: Final = 65_536  # characters that are looked at for the delimiter
# A cell in quotes, which may hold delimiters and ends of lines.
_QUOTED: Final = re.compile(r'(?:^|(?<=[,;\t]))"(?:[^"]|"")*"', re.MULTILINE)
_ZEROS: Final = re.compile(r"0+")


class Line(NamedTuple):
    """A row as the sheet numbers it (from 1), with its cells as text."""

    number: int
    cells: list[str]


class Kind(NamedTuple):
    """What the file turned out to be: `xlsx` or `csv`, with the encoding and delimiter of the latter."""

    kind: str
    encoding: str = ""
    delimiter: str = ""


def read(path: Path, *, most_rows: int) -> tuple[Kind, Iterator[Line]]:
    """What the file is, and its rows that say something, the header among them. Raises Unreadable, also while iterating."""
    with path.open("rb") as file:
        head = file.read(4096)
    check_head(head)
    if head.startswith(XLSX_HEAD):
        return Kind("xlsx"), _checked(_sheet_rows(path, most_rows), most_rows)
    text, encoding = _decoded(path.read_bytes())
    text, delimiter = _delimited(text)
    return Kind("csv", encoding, delimiter), _checked(_text_rows(text, delimiter), most_rows)


def check_head(head: bytes) -> None:
    """Refuse by its first bytes what is no spreadsheet of ours. Raises Unreadable."""
    if not head.strip():
        raise Unreadable("empty")
    if head.startswith(_OLD_EXCEL):
        raise Unreadable("old_excel")
    if head.startswith(_OTHERS):
        raise Unreadable("not_a_spreadsheet")


def _checked(rows: Iterable[Line], most_rows: int) -> Iterator[Line]:
    """The rows that are not blank, within the limits."""
    seen = 0
    for number, cells in rows:
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise Unreadable("too_many_columns", str(number))
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise Unreadable("cell_too_long", str(number))
        seen += 1
        if seen > most_rows + 1:  # One of them is the header.
            raise Unreadable("too_many_rows", f"{most_rows:,}")
        yield Line(number, cells)
    if not seen:
        raise Unreadable("empty")


def _sheet_rows(path: Path, most_rows: int) -> Iterator[Line]:
    check_archive(path, most_rows=most_rows)
    # Not at the top: a text file needs none of it.
    import openpyxl
    from defusedxml.common import DefusedXmlException

    if not openpyxl.DEFUSEDXML:
        raise Unreadable("damaged")
    try:
        # As a stream: of a path openpyxl would judge the name, and ours has no ending.
        stream = path.open("rb")
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
        if sheet is None:
            raise Unreadable("empty")
        # Sheets lie about their size; one column more than we take shows that there is one too many.
        rows = sheet.iter_rows(max_row=_LAST_ROW, max_col=MOST_COLUMNS + 1)
        gap = None
        for number, row in enumerate(rows, start=1):
            # Between a sheet's near and far end lie a million rows that are one and the same object.
            if row is gap:
                continue
            cells = [_sheet_cell(cell) for cell in row]
            if any(cells):
                yield Line(number, cells)
            else:
                gap = row
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception as damage:
        # openpyxl lets through, or wraps, whatever its parsers raise: a file that it cannot read is one thing to say.
        is_attack = isinstance(damage, DefusedXmlException) or isinstance(
            damage.__cause__, DefusedXmlException
        )
        raise Unreadable("dangerous" if is_attack else "damaged") from damage


def _sheet_cell(cell: Any) -> str:
    """The cell as a person sees it, but numbers with all their digits; rounded ones as the sheet shows them."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    if isinstance(value, datetime):
        # NOW() has fractions of a second, of which no carrier knows.
        at = value.replace(microsecond=0)
        return at.date().isoformat() if at.time() == time() else at.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()


def _number(value: int | float, number_format: str) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if abs(value) >= FIRST_ROUNDED:
        return f"{Decimal(value):.5E}"
    if value != int(value):
        return repr(value)
    digits = str(int(value))
    # A column formatted 0000000000 shows zeros that are not in the number.
    return digits.zfill(len(number_format)) if _ZEROS.fullmatch(number_format) else digits


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and its encoding: by its mark, by the zeros that only UTF-16 has, else UTF-8, else Windows-1254."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _strictly(data, encoding), encoding
    head = data[:4096]
    if b"\x00" in head:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if max(even, odd) * 4 < len(head):
            raise Unreadable("not_a_spreadsheet")
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        return _strictly(data, encoding), encoding
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        return _strictly(data, "windows-1254"), "windows-1254"


def _strictly(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as damage:
        raise Unreadable("encoding") from damage
    return text


def _delimited(text: str) -> tuple[str, str]:
    """The text without Excel's own `sep=` line, and its delimiter: the one most often outside quotes in the first line
    that has one, for a report begins with a line that only says what it is.
    """
    if "\x00" in text:
        raise Unreadable("not_a_spreadsheet")
    first, _, rest = text.partition("\n")
    told = first.strip(" \r").lower()
    if told.startswith("sep=") and len(told) == 5 and told[4] in _DELIMITERS:
        return rest, told[4]
    for line in _QUOTED.sub("", text[:_SAMPLE]).splitlines():
        counts = {delimiter: line.count(delimiter) for delimiter in _DELIMITERS}
        best = max(counts, key=lambda delimiter: counts[delimiter])
        if counts[best]:
            return text, best
    return text, ","


def _text_rows(text: str, delimiter: str) -> Iterator[Line]:
    csv.field_size_limit(LONGEST_CELL * 100)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            yield Line(number, [_text_cell(cell) for cell in row])
    except csv.Error as damage:
        raise Unreadable("cell_too_long", str(number + 1)) from damage


def _text_cell(cell: str) -> str:
    """The cell without blanks and without the armour that keeps Excel from counting with it: ="00123"."""
    stripped = cell.strip()
    if stripped.startswith('="') and stripped.endswith('"'):
        return stripped[2:-1]
    return stripped.removeprefix("'") if stripped[:2] in ("'=", "'+", "'-", "'@") else stripped
