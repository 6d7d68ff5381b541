"""docs/security.md: every requirement has a row, and whatever a row names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| S(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def rows() -> list[tuple[str, ...]]:
    return [match.groups() for match in ROW.finditer((ROOT / "docs/security.md").read_text(encoding="utf-8"))]


def test_the_list_when_read_then_has_every_number_once() -> None:
    assert [int(number) for number, *_ in rows()] == list(range(1, 39))


def test_the_list_when_read_then_every_row_names_code_and_tests_that_exist() -> None:
    named = {
        (number, path)
        for number, _, *cells in rows()
        for cell in cells
        for path in re.findall(r"`([^`]+)`", cell)
    }

    assert len(named) > 76
    assert sorted((number, path) for number, path in named if not (ROOT / path).exists()) == []
    tested = {number for number, *_, tests in rows() if "`tests/" in tests}
    assert len(tested) == 38
