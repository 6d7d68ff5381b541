"""The process that opens an uploaded file: `python -m webapp.orders.tracking_file.child FILE OUT MOST_ROWS`.

OUT becomes JSON lines: what the file is, then [row number, [cells]] for each row. A refusal is one line
{"refused": code, "fact": …} instead, with exit code 3. Whatever else happens, the kernel's limits hold.
"""

import json
import sys
from pathlib import Path

from webapp.core.guarded import Guard, limit_this_process
from webapp.orders.tracking_file.limits import Unreadable
from webapp.orders.tracking_file.reading import read

REFUSED = 3  # exit code
GUARD = Guard()


def main(file: str, out: str, most_rows: str) -> int:
    """Read FILE into OUT; the exit code."""
    limit_this_process(GUARD)
    target = Path(out)
    try:
        with target.open("w", encoding="utf-8") as lines:
            kind, rows = read(Path(file), most_rows=int(most_rows))
            lines.write(json.dumps(kind._asdict()) + "\n")
            for row in rows:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    except Unreadable as refused:
        # A file of its own: whoever reads along still holds the one with the rows.
        target.unlink()
        target.write_text(json.dumps({"refused": refused.code, "fact": refused.fact}) + "\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
