"""S21, S22 and the bombs: what is made to kill its reader ends the child at most; this process and its memory stay."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests import guarded_child
from tests.uploading import HEADER, xlsx_of
from webapp.app import create_app
from webapp.core.guarded import MIB, ROOT, Ended, Guard, guarded, run_guarded
from webapp.core.settings import Settings
from webapp.orders.tracking_file import child

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = "</sheetData></worksheet>"


def book(sheet: str | bytes, *, extra: dict[str, bytes] | None = None) -> bytes:
    """A real spreadsheet whose sheet was replaced."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_of([HEADER]))) as real,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in real.namelist():
            made.writestr(name, sheet if name == SHEET else real.read(name))
        for name, content in (extra or {}).items():
            made.writestr(name, content)
    return file.getvalue()


def inline(text: str, reference: str = "A1", row: int = 1) -> str:
    return f'<row r="{row}"><c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def billion_laughs() -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))
    return book(f'<?xml version="1.0"?><!DOCTYPE x [{entities}]>{HEAD}{inline("&a10;")}{TAIL}')


def outside_entity() -> bytes:
    return book(
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{HEAD}{inline("&e;")}{TAIL}'
    )


def sparse() -> bytes:
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    return book(f"{HEAD}{inline('Order number')}{far}{TAIL}")


def gigabyte_of_rows() -> bytes:
    rows = "".join(inline("x", f"A{n}", n) for n in range(1, 2001)).encode()
    return book(HEAD.encode() + rows * 500 + TAIL.encode())


def one_huge_cell() -> bytes:
    return book(f"{HEAD}{inline('x' * (60 * MIB))}{TAIL}")


def many_members() -> bytes:
    return book(f"{HEAD}{inline('x')}{TAIL}", extra={f"xl/media/{n}.png": b"" for n in range(300)})


def lying_sizes() -> bytes:
    """The directory says that the sheet is small; it unpacks to 80 MiB."""
    content = f"{HEAD}{inline('x' * (80 * MIB))}{TAIL}".encode()
    data = book(content)
    true = len(content).to_bytes(4, "little")
    return data.replace(true, (4096).to_bytes(4, "little"))


def hollow_rows() -> bytes:
    """48 MiB of rows without a cell: below the limit of what may unpack."""
    return book(HEAD + '<row r="1"/>' * (4 * MIB) + TAIL)


def shared_strings() -> bytes:
    """45 MiB of texts that a sheet does not even use."""
    texts = "<si><t>x</t></si>" * (45 * MIB // 17)
    head = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return with_part("xl/sharedStrings.xml", f"{head}{texts}</sst>", "sharedStrings")


def many_styles() -> bytes:
    """40 MiB of ways to look that nothing looks like."""
    head = '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'
    return with_part("xl/styles.xml", head + "<xf/>" * (8 * MIB) + "</cellXfs></styleSheet>", "styles")


def hollow_cells() -> bytes:
    """48 MiB of cells without a value, in one row."""
    return book(HEAD + '<row r="1">' + "<c/>" * (12 * MIB) + "</row>" + TAIL)


def sixteen_bits() -> bytes:
    """Rows of nothing whose bytes look like nobody's rows."""
    return book((HEAD + '<row r="1"/>' * (2 * MIB) + TAIL).encode("utf-16"))


def with_part(name: str, content: str, kind: str) -> bytes:
    """A real spreadsheet with one more part, or another one, that its list of contents names."""
    listed = (
        f'<Override PartName="/{name}" ContentType='
        f'"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"/></Types>'
    )
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_of([HEADER]))) as real,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for member in real.namelist():
            data = real.read(member)
            if member == "[Content_Types].xml" and name.encode() not in data:
                data = data.replace(b"</Types>", listed.encode())
            if member != name:
                made.writestr(member, data)
        made.writestr(name, content)
    return file.getvalue()


def open_quote() -> bytes:
    return b'Order number,Tracking number\r\n1001,"' + b"x" * (9 * MIB)


def watched(folder: Path, content: bytes) -> tuple[Ended, dict[str, str], int]:
    """The same, and the most memory that the child ever had, in bytes."""
    file, out = folder / "file", folder / "out"
    file.write_bytes(content)
    peak = 0
    with guarded(child.__name__, [str(file), str(out), "20000"], child.GUARD) as running:
        while (ended := running.ended()) is None:
            peak = max(peak, _peak(running.pid))
    said = out.read_text().partition("\n")[0] if out.exists() else ""
    return ended, json.loads(said) if said else {}, peak


def _peak(pid: int) -> int:
    try:
        words = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    high = [line.split()[1] for line in words.splitlines() if line.startswith("VmHWM")]
    return int(high[0]) * 1024 if high else 0


def read(folder: Path, content: bytes) -> tuple[Ended, dict[str, str]]:
    """How the child ended, and what it has said first."""
    file, out = folder / "file", folder / "out"
    file.write_bytes(content)
    ended = run_guarded(child.__name__, [str(file), str(out), "20000"], child.GUARD)
    said = out.read_text().partition("\n")[0] if out.exists() else ""
    return ended, json.loads(said) if said else {}


@pytest.mark.parametrize(
    ("bomb", "codes"),
    [
        pytest.param(billion_laughs, {"dangerous"}, id="billion laughs"),
        pytest.param(outside_entity, {"dangerous"}, id="entity of another file"),
        pytest.param(gigabyte_of_rows, {"unpacks_too_large"}, id="a gigabyte of rows"),
        pytest.param(one_huge_cell, {"unpacks_too_large"}, id="one huge cell"),
        pytest.param(many_members, {"unpacks_too_large"}, id="300 members"),
        pytest.param(lying_sizes, {"damaged", "unpacks_too_large"}, id="a directory that lies"),
        pytest.param(open_quote, {"cell_too_long"}, id="a quote that never ends"),
        pytest.param(hollow_rows, {"beyond_limits"}, id="rows of nothing"),
        pytest.param(hollow_cells, {"beyond_limits"}, id="cells of nothing"),
        pytest.param(shared_strings, {"beyond_limits"}, id="millions of texts"),
        pytest.param(many_styles, {"beyond_limits"}, id="millions of styles"),
        pytest.param(sixteen_bits, {"damaged"}, id="rows of nothing in 16 bits"),
    ],
)
def test_a_bomb_when_read_then_the_child_refuses_it_with_little_time_and_memory(
    tmp_path: Path, bomb: Callable[[], bytes], codes: set[str]
) -> None:
    """S21: 2 s and 200 MiB. Processor time, which a busy machine does not stretch; memory as the kernel has counted it."""
    content = bomb()
    ended, said, peak = watched(tmp_path, content)
    assert (ended.code, said.get("refused")) == (child.REFUSED, said.get("refused")), ended
    assert said["refused"] in codes
    assert ended.cpu_s <= 2.0
    assert peak <= 200 * MIB


def test_a_sheet_with_a_cell_at_its_far_end_when_read_then_its_near_rows_are_there(tmp_path: Path) -> None:
    """4.7 kB that make other readers ask for 512 GiB; real sheets look like this when somebody has formatted a column."""
    ended, said, peak = watched(tmp_path, sparse())
    assert (ended.code, said["kind"]) == (0, "xlsx")
    assert ended.cpu_s <= 2.0
    assert peak <= 200 * MIB
    assert len((tmp_path / "out").read_text().splitlines()) == 2


def test_the_reader_when_it_begins_then_it_takes_its_limits_on_before_it_touches_the_file(
    tmp_path: Path,
) -> None:
    """Read from outside, by the kernel's own word, while the child waits for the file's first byte."""
    pipe, out = tmp_path / "pipe", tmp_path / "out"
    os.mkfifo(pipe)
    words = [sys.executable, "-m", child.__name__, str(pipe), str(out), "10"]
    running = subprocess.Popen(words, cwd=ROOT)
    try:
        with pipe.open("wb"):  # Opens when the child opens its end.
            limits = Path(f"/proc/{running.pid}/limits").read_text()
    finally:
        running.kill()
        running.wait()
    of_name = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    guard = child.GUARD
    assert of_name["Max address space"] == str(guard.memory) == str(512 * MIB)
    assert of_name["Max cpu time"] == str(guard.cpu_s) == "20"
    assert of_name["Max file size"] == str(guard.written)
    assert of_name["Max core file size"] == "0"


def test_the_child_when_it_runs_then_the_kernel_holds_its_limits(tmp_path: Path) -> None:
    ended, limits = misbehave(tmp_path, "report")
    assert ended.code == 0
    guard = guarded_child.GUARD
    assert limits == {"AS": guard.memory, "CPU": guard.cpu_s, "FSIZE": guard.written}


@pytest.mark.parametrize(
    ("deed", "codes"),
    [("memory", {1}), ("spin", {-signal.SIGXCPU, -signal.SIGKILL}), ("sleep", {-signal.SIGKILL})],
)
def test_a_child_that_takes_too_much_when_guarded_then_it_ends_and_this_process_goes_on(
    tmp_path: Path, deed: str, codes: set[int]
) -> None:
    ended, _ = misbehave(tmp_path, deed, wall_s=3.0 if deed == "sleep" else 30.0)
    assert ended.code in codes


def misbehave(folder: Path, deed: str, *, wall_s: float = 30.0) -> tuple[Ended, dict[str, int]]:
    out = folder / "limits"
    ended = run_guarded("tests.guarded_child", [deed, str(out)], Guard(wall_s=wall_s))
    return ended, json.loads(out.read_text())


def test_the_child_when_it_starts_then_it_is_given_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    class Spy(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **named: Any) -> None:
            seen.append(named["env"])
            super().__init__(*args, **named)

    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere")
    monkeypatch.setattr("webapp.core.guarded.subprocess.Popen", Spy)
    misbehave(tmp_path, "report")
    assert {"SECRET_KEY", "DATABASE_URL"}.isdisjoint(seen[0])
    assert "PATH" in seen[0] or "PATH" not in os.environ


def test_the_product_when_spreadsheets_would_follow_entities_then_it_does_not_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert openpyxl.DEFUSEDXML is True
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="defusedxml"):
        create_app(settings)
