"""docs/faults.md: every fault has a row, and whatever test it names is there and says that it is about it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| F(\d+) \| .* \| ([^|]+) \|$", re.MULTILINE)


def test_the_list_when_read_then_each_fault_has_tests_that_name_it() -> None:
    rows = ROW.findall((ROOT / "docs/faults.md").read_text(encoding="utf-8"))

    numbers = [int(number) for number, _ in rows]
    assert numbers == sorted(set(numbers))
    assert set(range(1, 22)) <= set(numbers)
    silent = [
        (f"F{number}", path)
        for number, cell in rows
        for path in re.findall(r"`([^`]+)`", cell)
        if not re.search(rf"\bF{number}\b|F1 to F3", (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert silent == []
