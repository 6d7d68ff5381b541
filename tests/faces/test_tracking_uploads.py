"""The pages of tracking uploads: what a file meets at the door, the preview, what comes of it."""

import io
from decimal import Decimal

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.back_room import StaffClient, at_desk
from tests.factories import item, make_channel
from tests.formulas import FORMULAS
from tests.overtaking import says_who_what_when
from tests.uploading import HEADER, Uploads, csv_of, file_store, items_now, status, upload_now, xlsx_of
from webapp.auth.roles import Role
from webapp.cargo.models import CargoCompany
from webapp.core.hints import drain
from webapp.orders.models import TrackingUpload


@pytest.fixture
def desk(session: Session) -> Uploads:
    return Uploads.open(session)


@pytest.fixture
def client(app: Flask, desk: Uploads) -> StaffClient:
    return at_desk(app, Role.AGENT)


def hand_in(client: StaffClient, content: bytes, name: str = "parcels.csv") -> TestResponse:
    data = {"csrf_token": client.token, "file": (io.BytesIO(content), name)}
    return client.post("/tracking/", data=data, content_type="multipart/form-data")


def act(client: StaffClient, path: str, **fields: object) -> TestResponse:
    return client.post(path, data={"csrf_token": client.token, **fields})


def checked(client: StaffClient, content: bytes) -> int:
    """Upload and check; the id in the address that the browser was sent to."""
    answer = hand_in(client, content)
    assert answer.status_code == 303
    drain("files")
    return int(answer.headers["Location"].rpartition("/")[2])


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        pytest.param(b"x" * (10 * 1024 * 1024 + 1), 413, "larger than 10 MB", id="a little too large"),
        pytest.param(b"x" * (12 * 1024 * 1024), 413, "larger than 10 MB", id="beyond any request"),
        pytest.param(b"%PDF-1.7", 415, "no spreadsheet", id="pdf"),
        pytest.param(bytes.fromhex("d0cf11e0a1b11ae1"), 415, "old Excel format", id="xls"),
        pytest.param(b"  \n", 422, "has no rows", id="empty"),
    ],
)
def test_a_file_when_it_cannot_be_taken_then_the_field_says_why_and_nothing_is_kept(
    client: StaffClient, content: bytes, code: int, words: str
) -> None:
    before = _kept()
    answer = hand_in(client, content)
    assert answer.status_code == code
    assert 'id="file-error"' in answer.text
    assert words in answer.text
    assert _kept() == before


def _kept() -> set[str]:
    folder = file_store().folder
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_no_file_when_sent_then_the_field_asks_for_one(client: StaffClient) -> None:
    answer = act(client, "/tracking/")
    assert answer.status_code == 422
    assert "Choose a file first." in answer.text


def test_a_file_whose_name_holds_what_no_name_does_when_handed_in_then_taken_without_it(
    client: StaffClient, session: Session
) -> None:
    answer = hand_in(client, csv_of([HEADER, ("1001", "TR900100101")]), "par\0cels\x1f.csv")
    assert answer.status_code == 303
    assert session.scalars(select(TrackingUpload.file_name)).one() == "parcels .csv"


def test_a_file_when_kept_then_under_a_random_name_that_only_this_account_reads(
    client: StaffClient, desk: Uploads
) -> None:
    upload_id = checked(client, csv_of([HEADER, ("1", "TR1000")]))
    name = upload_now(upload_id).stored_name or ""
    path = file_store().path(name)
    assert "parcels" not in name
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_preview_when_rows_have_problems_then_shows_them_with_what_to_do(
    client: StaffClient, desk: Uploads
) -> None:
    desk.order("1001")
    upload_id = checked(client, csv_of([HEADER, ("1001", "TR900100101"), ("9999", "TR900100102")]))
    page = client.get(f"/tracking/{upload_id}").text
    assert "Apply 1 row" in page
    assert "Order not found" in page
    assert "Compare it with the order" in page
    assert "k-cell-bad" in page
    assert "TR900100101" not in page.partition('id="upload-rows"')[2]
    assert (
        "TR900100101" in client.get(f"/tracking/{upload_id}?show=all").text.partition('id="upload-rows"')[2]
    )


def test_a_part_of_an_item_when_shown_then_the_row_says_how_many_of_how_many_before_and_after(
    client: StaffClient, desk: Uploads
) -> None:
    desk.order("1001", item(sku="SC", quantity=Decimal(5)))
    rows = [("1001", "TR900100101", "SC", "2"), ("1001", "TR900100102", "SC", "9")]
    upload_id = checked(client, csv_of([(*HEADER, "SKU", "Quantity"), rows[0]]))
    assert "Will ship 2 of 5" in client.get(f"/tracking/{upload_id}?show=all").text
    assert "Apply 1 row" in client.get(f"/tracking/{upload_id}").text
    act(client, f"/tracking/{upload_id}/apply")
    drain("files")
    assert "Shipped 2 of 5" in client.get(f"/tracking/{upload_id}?show=all").text
    too_many = checked(client, csv_of([(*HEADER, "SKU", "Quantity"), rows[1]]))
    assert "Only 3 can still be sent" in client.get(f"/tracking/{too_many}").text


def test_address_carrier_and_day_when_in_the_file_then_the_orders_page_shows_them(
    client: StaffClient, desk: Uploads
) -> None:
    order_id = desk.order("1001")
    header = (*HEADER, "Carrier", "Tracking link", "Ship date")
    row = ("1001", "TR900100101", "Aras Kargo", "https://track.example/TR900100101", "24.11.2026 09:30")
    act(client, f"/tracking/{checked(client, csv_of([header, row]))}/apply")
    drain("files")
    delivery = (
        client.get(f"/orders/{order_id}").text.partition('id="delivery-title"')[2].partition("</dl>")[0]
    )
    assert 'href="https://track.example/TR900100101"' in delivery
    assert "Aras Kargo" in delivery
    assert "24 Nov" in delivery
    assert "09:30" in delivery


def test_the_errors_when_downloaded_then_each_row_has_its_reason_and_no_cell_is_a_formula(
    client: StaffClient, desk: Uploads
) -> None:
    rows = [("9999", "TR900100102", "=1+1"), ("1001", "7,28003E+15", "@x")]
    upload_id = checked(client, csv_of([(*HEADER, "Note"), *rows], delimiter=";"))
    answer = client.get(f"/tracking/{upload_id}/errors.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert "parcels-errors.xlsx" in answer.headers["Content-Disposition"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[0] == ["Order number", "Tracking number", "Note", "Reason", "Row"]
    assert cells[1][:3] == ["9999", "TR900100102", "=1+1"]
    assert cells[1][3].startswith("Order not found.")
    assert cells[2][3].startswith("Number was rounded.")
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_a_carrier_when_unknown_then_the_page_and_the_errors_say_which_are_known(
    client: StaffClient, desk: Uploads, session: Session
) -> None:
    session.add(CargoCompany(slug="gone", name="Gone Parcel", is_active=False))
    session.commit()
    desk.order("1001")
    upload_id = checked(client, csv_of([(*HEADER, "Carrier"), ("1001", "TR900100101", "Pigeon Post")]))

    page = client.get(f"/tracking/{upload_id}").get_data(as_text=True)
    answer = client.get(f"/tracking/{upload_id}/errors.xlsx")

    said = "“Pigeon Post” is no carrier that we know. Write one of: Aras Kargo, DHL, "
    assert said in page
    reason = openpyxl.load_workbook(io.BytesIO(answer.data)).active["D2"].value
    assert reason.startswith(f"Carrier unknown. {said}")
    assert reason.endswith("Yurtiçi Kargo.")
    assert "Gone Parcel" not in page + reason


@pytest.mark.parametrize("payload", FORMULAS)
def test_the_errors_when_a_cell_looks_like_a_formula_then_it_stays_text(
    client: StaffClient, desk: Uploads, payload: str
) -> None:
    upload_id = checked(client, xlsx_of([(*HEADER, "Note"), ("9999", "TR900100102", payload)]))
    answer = client.get(f"/tracking/{upload_id}/errors.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type in ("f", "e")]


def test_the_errors_of_a_wide_file_when_downloaded_then_they_can_be_mended_and_uploaded_again(
    client: StaffClient, desk: Uploads
) -> None:
    more = [f"Note {at}" for at in range(18)]
    row = [*more, "TR900100102", "9999"]
    upload_id = checked(client, csv_of([(*more, "Tracking number", "Order number"), row]))
    errors = client.get(f"/tracking/{upload_id}/errors.xlsx").data
    desk.order("9999")

    again = checked(client, errors)

    titles = upload_now(again).titles
    assert titles == [*more[:16], "Tracking number", "Order number", "Reason", "Row"]
    assert status(again).waiting == 1


def test_applying_and_undoing_when_asked_from_the_page_then_the_order_follows(
    client: StaffClient, desk: Uploads
) -> None:
    order_id = desk.order("1001")
    upload_id = checked(client, xlsx_of([HEADER, ("1001", "TR900100101")]))
    version = upload_now(upload_id).version
    assert act(client, f"/tracking/{upload_id}/apply", version=version).status_code == 303
    assert 'hx-trigger="every 1s"' in client.get(f"/tracking/{upload_id}").text
    drain("files")
    assert items_now(order_id) == [(500, "TR900100101")]
    page = client.get(f"/tracking/{upload_id}").text
    assert "every 1s" not in page
    assert "Undo…" in page
    assert "shipped Wool scarf: TR900100101" in client.get(f"/orders/{order_id}").text

    version = upload_now(upload_id).version
    assert act(client, f"/tracking/{upload_id}/undo", version=version).status_code == 303
    drain("files")
    assert items_now(order_id) == [(400, None)]


def test_a_stale_page_when_it_applies_then_409_says_so_and_nothing_is_applied(
    client: StaffClient, desk: Uploads
) -> None:
    order_id = desk.order("1001")
    upload_id = checked(client, csv_of([HEADER, ("1001", "TR900100101")]))
    answer = act(client, f"/tracking/{upload_id}/apply", version=1)
    assert answer.status_code == 409
    assert "moved this upload on since the page was opened" in answer.text
    says_who_what_when(answer.text, "Ece Kaya", "moved this upload on")
    drain("files")
    assert items_now(order_id) == [(400, None)]


def test_columns_when_chosen_wrong_then_422_at_the_field_and_what_was_chosen_stays(
    client: StaffClient, desk: Uploads
) -> None:
    desk.order("1001")
    upload_id = checked(client, csv_of([("Kutu", "Kod", "Tür"), ("TR900100101", "1001", "A")]))
    assert "We do not know these titles" in client.get(f"/tracking/{upload_id}").text
    fields = {"order_number": "1", "item": "2", "has_header": "y", "version": upload_now(upload_id).version}
    answer = act(client, f"/tracking/{upload_id}/columns", **fields)
    assert answer.status_code == 422
    assert 'id="tracking_number-error"' in answer.text
    assert '<option selected value="2">' in answer.text

    right = {**fields, "tracking_number": "0", "item": "-1"}
    assert act(client, f"/tracking/{upload_id}/columns", **right).status_code == 303
    drain("files")
    assert status(upload_id).waiting == 1


def test_an_upload_of_somebody_else_when_limited_to_channels_then_404_on_every_route(
    app: Flask, desk: Uploads, session: Session
) -> None:
    other_id = make_channel(session, "Marketplace").id
    session.commit()
    desk.order("1001", item())
    upload_id = desk.upload(csv_of([HEADER, ("1001", "TR900100101")]))
    limited = at_desk(app, Role.AGENT, channels=[other_id])
    assert limited.get(f"/tracking/{upload_id}").status_code == 404
    assert limited.get(f"/tracking/{upload_id}/errors.xlsx").status_code == 404
    for deed in ("columns", "apply", "check", "undo"):
        assert act(limited, f"/tracking/{upload_id}/{deed}").status_code == 404
    assert "parcels.csv" not in limited.get("/tracking/").text


def test_finance_when_it_opens_the_page_then_403(app: Flask, desk: Uploads) -> None:
    assert at_desk(app, Role.FINANCE).get("/tracking/").status_code == 403
