"""The papers name files and functions; whoever moves one is told where it is still called by its old name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted(
    [ROOT / "README.md", ROOT / "sandbox/README.md", *ROOT.glob("bench/*.md"), *ROOT.glob("docs/**/*.md")]
)
# `name.py`, `folder/name.py`, `folder/name.py::function`; a placeholder such as `<name>` is not a file.
NAMED = re.compile(r"(?<![\w/.<>-])([\w/-]+\.py)(?:::(\w+))?")
HOUSES = ("webapp", "sandbox", "tests", "bench", "scripts", "migrations")


def python_files() -> list[Path]:
    found = [ROOT / "worker.py"]
    for house in HOUSES:
        found.extend((ROOT / house).rglob("*.py"))
    return found


def named_in(paper: Path) -> Iterator[tuple[str, str]]:
    for match in NAMED.finditer(paper.read_text()):
        yield match.group(1), match.group(2) or ""


def missing(paper: Path, files: list[Path]) -> list[str]:
    wrong = []
    for name, function in named_in(paper):
        meant = [path for path in files if path.as_posix().endswith(f"/{name}")]
        if not meant:
            wrong.append(name)
        elif function and not any(f"def {function}(" in path.read_text() for path in meant):
            wrong.append(f"{name}::{function}")
    return wrong


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_that_a_paper_names_when_looked_for_then_are_there(paper: Path) -> None:
    assert missing(paper, python_files()) == []


def test_a_paper_that_names_what_is_not_there_when_looked_for_then_is_found_out(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("See `orders/nowhere.py`, `webapp/cli.py::nothing` and `webapp/cli.py`.")
    assert missing(paper, python_files()) == ["orders/nowhere.py", "webapp/cli.py::nothing"]
