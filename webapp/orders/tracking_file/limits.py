"""How much of a spreadsheet is read. Whatever is beyond is refused with a sentence, never cut off silently."""

from typing import Final

LARGEST_FILE: Final = 10 * 1024 * 1024  # bytes, as uploaded
LARGEST_UNPACKED: Final = 50 * 1024 * 1024  # bytes: 200,000 rows of three columns unpack to about 30 MiB
MOST_MEMBERS: Final = 200  # files inside an .xlsx; an ordinary one has a dozen
MOST_COLUMNS: Final = 20
MOST_BLANK_ROWS: Final = 80_000  # that a sheet keeps for their looks; each costs as much as a full one
MOST_STYLES: Final = 100_000  # elements of parts that hold no rows: styles, names, themes
LONGEST_CELL: Final = 1_000  # characters
MOST_ROWS: Final = 20_000  # below the header; KONTOR_UPLOAD_ROWS raises it
MOST_ROWS_EVER: Final = 200_000


class Unreadable(Exception):
    """The file is refused: a code of REFUSALS (wording.py) and the fact that its sentence names."""

    def __init__(self, code: str, fact: str = "") -> None:
        super().__init__(code, fact)
        self.code = code
        self.fact = fact
