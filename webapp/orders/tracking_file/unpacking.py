"""Whether an .xlsx is small enough to be parsed: asked of the archive and of its raw bytes, before any parser sees it.

A parser needs some twenty microseconds for an element, however little it says: four million rows of nothing pack into
100 kB and unpack within the limit of bytes. Counting them takes a moment.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from webapp.orders.tracking_file.limits import (
    LARGEST_UNPACKED,
    MOST_BLANK_ROWS,
    MOST_COLUMNS,
    MOST_MEMBERS,
    MOST_STYLES,
    Unreadable,
)

_CHUNK: Final = 1024 * 1024  # bytes that are looked at in one go
_TAIL: Final = 64  # bytes: no element's name is cut in two by the end of a chunk
_SHEET: Final = re.compile(r"xl/(worksheets/|sharedStrings)", re.IGNORECASE)
_ROW: Final = re.compile(rb"<(?:[\w.-]{1,30}:)?row[\s/>]")
# Cells, and the texts that cells share.
_CELL: Final = re.compile(rb"<(?:[\w.-]{1,30}:)?(?:c|si)[\s/>]")
_ELEMENT: Final = re.compile(rb"<\w")


def check_archive(path: Path, *, most_rows: int) -> None:
    """Refuse what would unpack or be parsed without end. Raises Unreadable; a lie about sizes ends in a checksum error."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members)
            for member in members:
                _check_elements(archive, member, most_rows)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as damage:
        raise Unreadable("damaged") from damage


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise Unreadable("unpacks_too_large")
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise Unreadable("unpacks_too_large")
    if not any(member.filename == "[Content_Types].xml" for member in members):
        raise Unreadable("not_a_spreadsheet")


def _check_elements(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_rows: int) -> None:
    limits = (
        ((_ROW, most_rows + MOST_BLANK_ROWS), (_CELL, 2 * MOST_COLUMNS * most_rows))
        if _SHEET.match(member.filename)
        else ((_ELEMENT, MOST_STYLES),)
    )
    seen = [0] * len(limits)
    for chunk, known in _chunks(archive, member):
        for at, (what, most) in enumerate(limits):
            seen[at] += sum(1 for found in what.finditer(chunk) if found.end() > known)
            if seen[at] > most:
                raise Unreadable("beyond_limits")


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """The member piece by piece, each with the end of the piece before, and how much of it was looked at already."""
    tail = b""
    with archive.open(member) as file:
        while piece := file.read(_CHUNK):
            # Nobody's spreadsheet program writes its parts in 16 bits; in them nothing would be found.
            if not tail and piece[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<"):
                raise Unreadable("damaged")
            yield tail + piece, len(tail)
            tail = piece[-_TAIL:]
