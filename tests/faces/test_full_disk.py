"""F25: a disk is full, ours or the database's. Staff are told so, nothing is half done, and with room it goes on."""

import io
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.back_room import StaffClient, at_desk
from tests.disks import FULL, small_disk
from tests.factories import item, make_channel, make_order
from tests.uploading import csv_of, file_store
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.file_store import FileStore
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.room import NO_ROOM
from webapp.orders.models import OrderExport, OrderNote, TrackingUpload
from webapp.orders.views import exports

HTMX = {"HX-Request": "true"}
TOLD = "The server&#39;s disk is full. Nothing was saved; it can be done again once there is room."


@pytest.fixture
def order_id(session: Session) -> int:
    made = make_order(session, make_channel(session), number="1001", items=[item("10.00")])
    session.commit()
    return made.id


@pytest.fixture
def client(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.SUPERVISOR)


@pytest.fixture
def no_room_for_files(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """People's files lie on a full disk until it is called: a disk of their own, or /dev/full where none can be had."""
    with small_disk(file_store().folder, 1) as disk:
        if disk is not None:
            disk.fill()
            yield disk.make_room
            return
    if not FULL.exists():
        pytest.skip("neither a small disk nor /dev/full")
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "create", _create_without_room)
        yield patch.undo


@pytest.fixture
def no_room_for_rows(session: Session) -> Iterator[Callable[[], None]]:
    """PostgreSQL says of every new note what it says when its disk is full, until it is called."""
    with unit_of_work() as unit:
        unit.execute(
            text(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
            )
        )
        unit.execute(text("CREATE TRIGGER no_room BEFORE INSERT ON order_note EXECUTE FUNCTION no_room()"))
    yield _make_room_for_rows
    _make_room_for_rows()


def _make_room_for_rows() -> None:
    with unit_of_work() as unit:
        unit.execute(text("DROP FUNCTION IF EXISTS no_room CASCADE"))


def _create_without_room(store: FileStore, name: str) -> IO[bytes]:
    return FULL.open("wb")


def files() -> list[Path]:
    """What the store holds."""
    folder = file_store().folder
    return [path for path in folder.iterdir() if path.name != "ballast"] if folder.exists() else []


def hand_in(client: StaffClient) -> TestResponse:
    file = (io.BytesIO(csv_of([("Order number", "Tracking number"), ("1001", "TR1")])), "parcels.csv")
    return client.post(
        "/tracking/", data={"csrf_token": client.token, "file": file}, content_type="multipart/form-data"
    )


def write_note(client: StaffClient, order_id: int) -> TestResponse:
    form = {"csrf_token": client.token, "body": "She will call again.", "submission": str(uuid.uuid4())}
    return client.post(f"/orders/{order_id}/notes", data=form, headers=HTMX)


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_an_upload_when_the_disk_is_full_then_it_is_told_and_nothing_is_kept(
    client: StaffClient, no_room_for_files: Callable[[], None]
) -> None:
    before = files()

    refused = hand_in(client)

    assert refused.status_code == 507
    assert "<h1>There is no room left</h1>" in refused.text
    assert TOLD in refused.text
    assert (files(), count(TrackingUpload)) == (before, 0)
    assert client.get("/orders/").status_code == 200
    no_room_for_files()
    assert hand_in(client).status_code == 303
    assert count(TrackingUpload) == 1


def test_an_export_when_the_disk_is_full_then_it_waits_with_the_reason_and_is_written_once_there_is_room(
    client: StaffClient, no_room_for_files: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    before = files()
    asked = client.post("/orders/export", data={"csrf_token": client.token, "kind": "csv"})
    assert asked.status_code == 303

    drain("files")

    operation = db.session.scalars(select(Operation)).one()
    assert (operation.state, operation.last_error) == ("ready", NO_ROOM)
    assert files() == before
    no_room_for_files()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE operation SET next_run_at = now()"))
    drain("files")
    db.session.rollback()
    export = db.session.scalars(select(OrderExport)).one()
    assert export.row_count == 1
    assert export.stored_name is not None
    assert "1001" in file_store().path(export.stored_name).read_text(encoding="utf-8")


def test_a_note_when_the_databases_disk_is_full_then_it_is_told_and_with_room_it_is_taken(
    client: StaffClient, order_id: int, no_room_for_rows: Callable[[], None]
) -> None:
    refused = write_note(client, order_id)

    assert refused.status_code == 507
    assert TOLD in refused.text
    assert count(OrderNote) == 0
    assert client.get(f"/orders/{order_id}").status_code == 200
    no_room_for_rows()
    assert write_note(client, order_id).status_code == 200
    assert count(OrderNote) == 1
