"""Spreadsheets that we write, and what writing one leaves behind."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from webapp.core.sheets import write_xlsx


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def broken_rows() -> Iterator[list[str]]:
    yield ["1001"]
    raise ConnectionError("the database has gone")


def test_a_sheet_when_it_is_written_then_it_has_every_row_and_leaves_no_draft(drafts: Path) -> None:
    file = io.BytesIO()

    assert write_xlsx(file, "Orders", ["Number"], [["1001"], ["=1+1"]]) == 2

    assert [row[0].value for row in openpyxl.load_workbook(file).active.rows] == ["Number", "1001", "=1+1"]
    assert list(drafts.iterdir()) == []


def test_a_sheet_when_its_rows_break_off_then_no_draft_of_them_stays_on_the_disk(drafts: Path) -> None:
    """The draft holds what the rows hold: names and addresses."""
    with pytest.raises(ConnectionError):
        write_xlsx(io.BytesIO(), "Orders", ["Number"], broken_rows())

    assert list(drafts.iterdir()) == []
