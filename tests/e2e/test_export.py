"""The list of orders as a file, from a browser: at once, and as work with a download."""

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, sign_in
from tests.e2e.test_tracking_upload import look
from tests.uploading import Uploads
from webapp.auth.roles import Role
from webapp.core.db import db
from webapp.core.hints import drain
from webapp.orders.views import exports

pytestmark = pytest.mark.browser


@pytest.fixture
def page(new_context: OpenContext, web_app: Flask, base_url: str, empty_database: None) -> Iterator[Page]:
    with web_app.app_context():
        desk = Uploads.open(db.session())
        for at in range(12):
            desk.order(f"{1001 + at}", status=500 if at < 3 else 400)
        context = new_context(accept_downloads=True)
        sign_in(context, web_app, base_url, Role.SUPERVISOR, name="Selin Koç")
        yield context.new_page()
        db.session.remove()


def test_the_list_when_exported_twice_then_each_time_the_file_is_what_the_list_shows(
    page: Page, tmp_path: Path
) -> None:
    page.goto("/orders/?status=500")
    page.get_by_role("link", name="Export this list").click()
    expect(page.get_by_role("button", name="Spreadsheet (.xlsx)")).to_be_visible()
    assert axe_problems(page) == []
    look(page, "9-export-menu")
    for name in ("first", "second"):
        with page.expect_download() as caught:
            page.get_by_role("button", name="Spreadsheet (.xlsx)").click()
        caught.value.save_as(tmp_path / name)
        rows = list(openpyxl.load_workbook((tmp_path / name).open("rb")).active.iter_rows(values_only=True))
        assert sorted(row[0] for row in rows[1:]) == ["1001", "1002", "1003"]


def test_a_long_list_when_exported_then_the_page_waits_and_offers_the_file(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 5)
    page.goto("/orders/")
    page.get_by_role("link", name="Export this list").click()
    page.get_by_role("button", name="Text (.csv)").click()
    expect(page.get_by_text("Being written")).to_be_visible()
    assert axe_problems(page) == []
    drain("files")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    assert len(Path(caught.value.path()).read_text().splitlines()) == 13
    assert axe_problems(page) == []
    look(page, "10-export")
