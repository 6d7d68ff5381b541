"""S27 and S36 as far as reading the code shows them: nothing is unescaped unseen, nothing is pickled, no code is made of text."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where text is declared to be markup; each says why at the place.
MARKUP = {"webapp/ui/formatting.py", "webapp/orders/views/draft_words.py"}
NEVER_IMPORTED = {"pickle", "cPickle", "dill", "shelve", "marshal", "yaml"}
NEVER_CALLED = {"eval", "exec", "compile", "__import__"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in [ROOT / "worker.py", *sorted((ROOT / "webapp").rglob("*.py"))]:
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def called(tree: ast.Module) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_code_when_read_then_nothing_is_pickled_and_no_text_becomes_code() -> None:
    found = [(path, name) for path, tree in sources() for name in imported(tree) & NEVER_IMPORTED]
    found += [(path, name) for path, tree in sources() for name in called(tree) & NEVER_CALLED]

    assert found == []


def test_code_when_read_then_text_is_declared_markup_in_the_listed_files_alone() -> None:
    assert {path for path, tree in sources() if "Markup" in called(tree)} == MARKUP


def test_templates_when_read_then_nothing_is_exempt_from_escaping() -> None:
    exempt = ("|safe", "| safe", "autoescape false", "Markup(", "|tojson|safe")
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "webapp/templates").rglob("*.html")}

    assert len(texts) > 100
    assert [(str(path), word) for path, text in texts.items() for word in exempt if word in text] == []
