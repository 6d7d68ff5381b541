"""Code 128, read back bar by bar: what the path draws is what was meant."""

import re

import pytest
from barcode.charsets import code128 as tables

from webapp.ui.barcodes import QUIET, Barcode, code128


def modules(drawn: Barcode) -> str:
    """The black and white modules that the path fills, without the quiet zones."""
    row = ["0"] * drawn.width
    for start, width in re.findall(r"M(\d+) 0h(\d+)v1h-\2z", drawn.path):
        row[int(start) : int(start) + int(width)] = "1" * int(width)
    text = "".join(row)
    assert text.startswith("0" * QUIET + "1")
    assert text.endswith("1" + "0" * QUIET)
    return text[QUIET:-QUIET]


def read(drawn: Barcode) -> str:
    """What a scanner reads: symbols of eleven modules, a checksum by weight, and the stop of thirteen."""
    row = modules(drawn)
    stop = tables.STOP + "11"
    assert row.endswith(stop)
    symbols = [row[at : at + 11] for at in range(0, len(row) - len(stop), 11)]
    values = [tables.CODES.index(symbol) for symbol in symbols]
    assert sum(value * max(at, 1) for at, value in enumerate(values[:-1])) % 103 == values[-1]
    by_set = {name: {v: k for k, v in table.items()} for name, table in (("A", tables.A), ("B", tables.B))}
    now = {v: k for k, v in tables.START_CODES.items()}[values[0]]
    said = ""
    for value in values[1:-1]:
        switch = {99: "C", 100: "B", 101: "A"}.get(value)
        if switch and switch != now:
            now = switch
        else:
            said += f"{value:02d}" if now == "C" else by_set[now][value]
    return said


@pytest.mark.parametrize("text", ["1001", "100012345", "TR-2026/0007", "#1001", "a", "SW1 99"])
def test_barcode_when_read_back_then_the_text(text: str) -> None:
    drawn = code128(text)
    assert drawn is not None
    assert (drawn.text, read(drawn)) == (text, text)


def test_text_that_code_128_cannot_say_then_no_barcode() -> None:
    assert code128("İ-1001") is None
