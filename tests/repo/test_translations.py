"""The catalogues: compiled as edited, and without a gap where every reader passes."""

import re

import pytest
from babel.messages.pofile import read_po

from scripts.translations import LANGUAGES, collect, compiled, po_path, untranslated, updated

EVERYWHERE = ("auth/", "ui/", "templates/auth/", "templates/errors/", "templates/ui/", "orders/enums")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_when_edited_then_compiled(language: str) -> None:
    with po_path(language).open("rb") as file:
        edited = read_po(file, locale=language)

    assert po_path(language).with_suffix(".mo").read_bytes() == compiled(edited)


@pytest.mark.parametrize("language", LANGUAGES)
def test_shell_statuses_and_sign_in_when_read_then_translated(language: str) -> None:
    collected = collect()
    seen_everywhere = {
        str(message.id)
        for message in collected
        if any(location[0].startswith(EVERYWHERE) for location in message.locations)
    }

    assert len(seen_everywhere) > 150
    assert seen_everywhere & set(untranslated(updated(language, collected))) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_when_it_has_placeholders_then_the_originals(language: str) -> None:
    for message in updated(language, collect()):
        if not message.id or not message.string:
            continue
        originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
        translations = message.string if isinstance(message.string, tuple | list) else (message.string,)
        known = set(PLACEHOLDER.findall(" ".join(originals)))
        for text in translations:
            assert set(PLACEHOLDER.findall(text)) <= known, (message.id, text)
        if not isinstance(message.id, tuple | list) and message.string:
            assert set(PLACEHOLDER.findall(str(message.string))) == known, message.id
