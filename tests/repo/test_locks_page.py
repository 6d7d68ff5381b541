"""docs/locks.md names every lock in the code, by its file and function, and tests that are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEBAPP = ROOT / "webapp"
PAGE = (ROOT / "docs" / "locks.md").read_text()
_LOCK = re.compile(r"with_for_update|\bFOR (?:NO KEY )?UPDATE\b(?!;|,| excl)|pg_advisory_\w*lock")


def locks() -> set[tuple[str, str]]:
    """(file, function or constant) of every statement that locks; what only speaks of locks is not one."""
    found = set()
    for path in WEBAPP.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for holder in ast.walk(tree):
            if isinstance(holder, ast.FunctionDef) and _locks(holder):
                found.add((str(path.relative_to(WEBAPP)), holder.name))
        for line in tree.body:
            if isinstance(line, ast.Assign | ast.AnnAssign) and _locks(line):
                target = line.targets[0] if isinstance(line, ast.Assign) else line.target
                found.add((str(path.relative_to(WEBAPP)), ast.unparse(target)))
    return found


def _locks(holder: ast.AST) -> bool:
    texts = [
        each.value
        for each in ast.walk(holder)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and not _is_docstring(holder, each)
    ]
    words = [each.attr for each in ast.walk(holder) if isinstance(each, ast.Attribute)]
    words += [each.arg or "" for each in ast.walk(holder) if isinstance(each, ast.keyword)]
    return any(_LOCK.search(each) for each in [*texts, *words])


def _is_docstring(holder: ast.AST, text: ast.Constant) -> bool:
    body = getattr(holder, "body", [])
    return bool(body) and isinstance(body[0], ast.Expr) and body[0].value is text


def test_locks_when_taken_anywhere_then_the_page_names_them() -> None:
    named = set(re.findall(r"`([\w/]+\.py)`\s+`(\w+)`", PAGE))
    found = locks()
    assert len(found) > 40
    assert sorted(found - named) == []
    assert sorted(named - found) == [], "named, but no lock any more"


def test_tests_when_named_on_the_page_then_they_are_there() -> None:
    tests = set(re.findall(r"`(\w+/test_\w+\.py)`", PAGE))
    assert len(tests) > 20
    assert [each for each in sorted(tests) if not (ROOT / "tests" / each).exists()] == []


def test_controls_when_named_on_the_page_then_their_file_has_one() -> None:
    for row in re.findall(r"^\| `\w.*\|$", PAGE.split("## Without")[0], re.MULTILINE):
        race, control = [cell.strip() for cell in row.strip("|").split("|")][-2:]
        files = re.findall(r"`(\w+/test_\w+\.py)`", race if control.startswith("in each") else control)
        for file in files:
            source = (ROOT / "tests" / file).read_text()
            assert re.search(
                r"def test_\w*(?:control|without|when_no_version|nothing_locks|takes_no_turns|do_not_hold|not_sorted)\w*\(",
                source,
            ), file
