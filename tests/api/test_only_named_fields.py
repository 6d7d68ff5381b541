"""S10 at the pages: every deed of a form, sent together with every column of every table, does what it does without."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from wtforms.form import BaseForm

from tests.api.deeds.stage import ORDERS, Stage
from tests.api.test_both_faces import DEEDS
from webapp.core.db import Base

# Any form may carry the version that it was opened with.
COLUMNS = {column.key for mapper in Base.registry.mappers for column in mapper.local_table.columns} - {
    "version"
}


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_a_form_when_sent_with_every_column_then_only_its_own_fields_are_taken(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch, deed: Any
) -> None:
    stage = Stage.open(app, session, deed.role)
    what = deed.about or ORDERS
    plain_key, stuffed_key = what.make(stage, deed.fields or {})
    for key in (plain_key, stuffed_key):
        deed.before(stage, key)

    with _names_of_forms(monkeypatch) as named:
        plain = deed.page(stage, plain_key)
    strange = COLUMNS - named
    send = stage.browser.post
    monkeypatch.setattr(
        stage.browser,
        "post",
        lambda *args, data, **options: send(*args, data=_stuffed(data, strange), **options),
    )
    stuffed = deed.page(stage, stuffed_key)
    deed.after()

    assert len(strange) > 300
    assert stuffed.status_code == plain.status_code, stuffed.text
    assert what.rows(stuffed_key) == what.rows(plain_key)


def _stuffed(data: Any, strange: set[str]) -> dict[str, Any]:
    return {**dict.fromkeys(strange - set(data), "1"), **data}


@contextmanager
def _names_of_forms(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names that the forms of a request say they take."""
    named: set[str] = set()
    process = BaseForm.process

    def listening(form: BaseForm, *args: Any, **options: Any) -> None:
        named.update(form._fields)
        process(form, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(BaseForm, "process", listening)
        yield named
