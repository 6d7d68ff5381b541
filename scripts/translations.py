"""Collect every text of the product, bring the catalogues up to date, and compile them.

    python scripts/translations.py            update webapp/translations/*/LC_MESSAGES/messages.{po,mo}
    python scripts/translations.py --check    only say what is untranslated or not compiled; exit status 1 if anything is

English is the source and needs no catalogue. Both files of a language are committed: nothing is compiled at run time.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
WEBAPP = ROOT / "webapp"
LANGUAGES = ("tr", "ar")
FIRST_DAY = datetime(2026, 11, 23, tzinfo=UTC)
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
# N_ marks what is translated later, _l what is translated when a form is drawn.
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "_l": None, "lazy_gettext": None}


def collect() -> Catalog:
    """Every message of the code and the templates."""
    catalog = Catalog(project="Kontor", version="1", charset="utf-8")
    for filename, _, message, comments, context in extract_from_dir(
        WEBAPP, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        catalog.add(message, None, [(filename, 0)], auto_comments=comments, context=context)
    return catalog


def updated(language: str, collected: Catalog) -> Catalog:
    """The language's catalogue with what the product says now; what it no longer says is dropped."""
    path = po_path(language)
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    known.update(collected, no_fuzzy_matching=True, update_header_comment=False)
    known.obsolete.clear()
    _plain_header(known)
    return known


def _plain_header(catalog: Catalog) -> None:
    """Nothing in the header that changes by itself: a catalogue differs only when a text does."""
    catalog.header_comment = f"# Kontor in {catalog.locale.english_name if catalog.locale else '?'}."
    catalog.project, catalog.version, catalog.fuzzy = "Kontor", "1", False
    catalog.creation_date = catalog.revision_date = FIRST_DAY
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = "Kontor"


def po_path(language: str) -> Path:
    """The catalogue that people edit."""
    return WEBAPP / "translations" / language / "LC_MESSAGES" / "messages.po"


def compiled(catalog: Catalog) -> bytes:
    """The catalogue as the product reads it."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """Messages without a translation."""
    return [str(message.id) for message in catalog if message.id and not _is_translated(message.string)]


def _is_translated(text: str | tuple[str, ...] | list[str]) -> bool:
    return all(text) if isinstance(text, tuple | list) else bool(text)


def write() -> None:
    """Bring both files of every language up to date."""
    collected = collect()
    for language in LANGUAGES:
        catalog = updated(language, collected)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=110, sort_output=True, no_location=True, omit_header=False)
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        print(f"{language}: {len(catalog)} messages, {len(untranslated(catalog))} without a translation")


def problems() -> Iterator[str]:
    """One line per message without a translation, and per catalogue that was edited and not compiled."""
    collected = collect()
    for language in LANGUAGES:
        catalog = updated(language, collected)
        yield from (f"{language}: no translation of {message!r}" for message in untranslated(catalog))
        with po_path(language).open("rb") as file:
            edited = read_po(file, locale=language)
        if po_path(language).with_suffix(".mo").read_bytes() != compiled(edited):
            yield f"{language}: messages.mo is not compiled from messages.po; run scripts/translations.py"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        found = list(problems())
        print("\n".join(found) or "Every text is translated.")
        sys.exit(1 if found else 0)
    write()
