"""Files that programs hand in: what the page refuses at once is refused at once here, by the same code."""

import io

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.api.programs import program
from tests.order_drafts import make_channel
from tests.uploading import file_store
from webapp.core.db import db
from webapp.orders.models import TrackingUpload


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty"),
        (b"  \n", 422, "empty"),
        (b"%PDF-1.7 report", 415, "not_a_spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", 415, "old_excel"),
    ],
)
def test_a_file_when_its_first_bytes_show_no_spreadsheet_then_refused_at_once_and_not_kept(
    app: Flask, session: Session, content: bytes, status: int, code: str
) -> None:
    make_channel(session)
    data = {"file": (io.BytesIO(content), "parcels.xlsx")}
    before = sorted(file_store().folder.rglob("*"))

    answer = program(app).open(
        "POST", "/orders/bulk_tracking_number_update/", data=data, content_type="multipart/form-data"
    )

    assert (answer.status_code, answer.json["code"], list(answer.json["fields"])) == (status, code, ["file"])
    assert db.session.scalar(select(func.count(TrackingUpload.id))) == 0
    assert sorted(file_store().folder.rglob("*")) == before
