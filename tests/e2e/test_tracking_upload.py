"""A carrier's spreadsheet from a browser: upload, choose columns, look at the rows, apply, undo."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.factories import item
from tests.uploading import HEADER, Uploads, csv_of, items_now, xlsx_of
from webapp.auth.roles import Role
from webapp.core.db import db
from webapp.core.hints import drain

pytestmark = pytest.mark.browser

# For a person who wants to look: a folder in which the pages are kept as pictures.
PICTURES = os.environ.get("KONTOR_PICTURES")


def look(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.fixture
def desk(web_app: Flask, empty_database: None) -> Iterator[Uploads]:
    with web_app.app_context():
        desk = Uploads.open(db.session())
        for number in ("1001", "1002", "1003"):
            desk.order(number, item(sku="SC-WL"), item(sku="SHOE-42", name="Boots"))
        desk.order("1004", status=100)
        desk.order("1005", status=50)
        yield desk
        db.session.remove()


@pytest.fixture
def page(new_context: OpenContext, web_app: Flask, base_url: str, desk: Uploads) -> Page:
    context = new_context(accept_downloads=True)
    sign_in(context, web_app, base_url, Role.AGENT, name="Ece Kaya")
    return context.new_page()


def upload(page: Page, content: bytes, name: str) -> None:
    page.goto("/tracking/")
    page.get_by_label("Spreadsheet").set_input_files({"name": name, "mimeType": "", "buffer": content})
    page.get_by_role("button", name="Upload and check").click()


def test_a_spreadsheet_when_uploaded_mapped_applied_and_undone_in_a_browser(
    page: Page, tmp_path: Path
) -> None:
    rows = [
        ("Colis", "Commande n°", "Réf."),
        ("TR900100101", 1001, ""),
        ("TR900100102", 1002, "SHOE-42"),
        ("TR900100104", 1004, ""),
        ("TR900100105", 1005, ""),
        (7280030000000000, 1003, ""),
        ("TR900100199", 9999, ""),
    ]
    page.goto("/tracking/")
    expect(page.get_by_role("heading", name="No uploads yet")).to_be_visible()
    assert axe_problems(page) == []
    look(page, "1-empty")
    upload(page, xlsx_of(rows), "yurtici-2811.xlsx")
    work(page, "Being checked")
    # The page looks for itself.
    expect(page.get_by_text("We do not know these titles")).to_be_visible()
    assert axe_problems(page) == []
    look(page, "2-columns")
    page.get_by_label("Tracking number", exact=True).select_option(label="A · Colis")
    page.get_by_role("button", name="Check with these columns").click()
    expect(page.locator("#order_number-error")).to_have_text("Choose the column that holds the order number.")
    expect(page.get_by_label("Tracking number", exact=True)).to_have_value("0")
    assert axe_problems(page) == []
    look(page, "3-not-yet")
    page.get_by_label("Order number", exact=True).select_option(label="B · Commande n°")
    page.get_by_label("SKU or item id").select_option(label="C · Réf.")
    page.get_by_role("button", name="Check with these columns").click()
    work(page, "Being checked")

    expect(page.get_by_role("button", name="Apply 2 rows")).to_be_visible()
    expect(page.get_by_role("row", name="7.28003E+15")).to_contain_text("Number was rounded")
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)
    look(page, "4-checked")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download the 4 rows with errors").click()
    caught.value.save_as(tmp_path / "errors.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "errors.xlsx").active
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        "1004",
        "1005",
        "1003",
        "9999",
    ]
    page.get_by_role("link", name="All rows 6").click()
    expect(page.get_by_role("row", name="TR900100101")).to_contain_text("Will ship")

    page.get_by_role("button", name="Apply 2 rows").click()
    work(page, "The numbers are being written.")
    expect(page.get_by_role("button", name="Undo…")).to_be_visible()
    look(page, "5-applied")
    assert axe_problems(page) == []
    page.get_by_role("link", name="All rows 6").click()
    page.get_by_role("link", name="1001").click()
    expect(
        page.get_by_role("link", name="TR900100101").or_(page.get_by_text("TR900100101")).first
    ).to_be_visible()
    look(page, "6-order")
    page.go_back()
    page.get_by_role("button", name="Undo…").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    work(page, "The upload is being undone.")
    expect(page.get_by_text("Undone", exact=True).first).to_be_visible()
    page.get_by_role("link", name="All rows 6").click()
    expect(page.get_by_role("row", name="TR900100101")).to_contain_text("Undone")
    look(page, "7-undone")
    assert items_now(1) == [(400, None), (400, None)]


def test_a_part_of_an_item_when_uploaded_in_a_browser_then_so_many_leave_and_the_order_shows_both(
    page: Page, desk: Uploads
) -> None:
    order_id = desk.order("2001", item(sku="MUG", name="Mug", quantity=Decimal(5)))
    rows = [
        (*HEADER, "SKU", "Quantity"),
        ("2001", "TR900200101", "MUG", 2),
        ("2001", "TR900200102", "MUG", 4),
    ]
    upload(page, xlsx_of(rows[:2]), "mugs.xlsx")
    work(page, "Being checked")
    expect(page.get_by_role("row", name="TR900200101")).to_contain_text("Will ship 2 of 5")
    page.get_by_role("button", name="Apply 1 row").click()
    work(page, "The numbers are being written.")
    expect(page.get_by_role("row", name="TR900200101")).to_contain_text("Shipped 2 of 5")
    look(page, "9-part")
    page.get_by_role("link", name="Upload another file").click()
    upload(page, xlsx_of([rows[0], rows[2]]), "more.xlsx")
    work(page, "Being checked")
    expect(page.get_by_role("row", name="TR900200102")).to_contain_text("Only 3 can still be sent")
    assert axe_problems(page) == []
    page.goto(f"/orders/{order_id}")
    expect(page.get_by_text("shipped 2 × Mug: TR900200101")).to_be_visible()
    look(page, "10-part-order")


def test_a_file_that_is_too_large_when_sent_then_the_field_says_so(page: Page) -> None:
    upload(page, b"x" * (12 * 1024 * 1024), "huge.csv")
    expect(page.locator("#file-error")).to_contain_text("larger than 10 MB")
    assert axe_problems(page) == []


def test_a_dropped_file_when_there_is_a_script_then_it_is_chosen(page: Page) -> None:
    page.goto("/tracking/")
    page.evaluate(
        """content => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([content], 'dropped.csv'));
            const form = document.querySelector('form[data-drop]');
            for (const name of ['dragover', 'drop'])
                form.dispatchEvent(new DragEvent(name, {dataTransfer: transfer, bubbles: true, cancelable: true}));
        }""",
        csv_of([HEADER, ("1001", "TR900100101")]).decode(),
    )
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_role("heading", name="dropped.csv")).to_be_visible()


def test_without_a_script_when_uploaded_and_applied_then_it_works_all_the_same(
    new_context: OpenContext, web_app: Flask, base_url: str, desk: Uploads
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, web_app, base_url, Role.AGENT)
    page = context.new_page()
    upload(page, csv_of([HEADER, ("1001", "TR900100101")]), "parcels.csv")
    work(page, "Being checked")
    page.get_by_role("link", name="Refresh").click()
    page.get_by_role("button", name="Apply 1 row").click()
    work(page, "The numbers are being written.")
    page.get_by_role("link", name="Refresh").click()
    expect(page.get_by_text("Applied", exact=True)).to_be_visible()
    assert items_now(1) == [(500, "TR900100101")] * 2


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_preview_when_on_a_phone_then_nothing_scrolls_sideways(
    new_context: OpenContext, web_app: Flask, base_url: str, desk: Uploads, language: str
) -> None:
    upload_id = desk.upload(csv_of([HEADER, ("9999", "TR900100101"), ("1001", "7.28E+15")]))
    context = new_context(viewport={"width": 390, "height": 780})
    sign_in(context, web_app, base_url, Role.AGENT, theme="dark", language=language)
    page = context.new_page()
    for path in ("/tracking/", f"/tracking/{upload_id}"):
        page.goto(path)
        assert axe_problems(page) == []
        assert not scrolls_sideways(page)
    look(page, f"8-phone-{language}")


def work(page: Page, said: str) -> None:
    """A worker takes what was asked for, once the page says that it was."""
    expect(page.get_by_text(said).first).to_be_visible()
    drain("files")
