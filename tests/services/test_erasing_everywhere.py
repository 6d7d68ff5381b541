"""Every column that can hold a text: either a person is planted in it and erasing takes them out, or it says why none ever is."""

import threading
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, inspect, select, text
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.planted import IBAN, NAME, NEVER_COLUMNS, NEVER_TABLES, key_of, plant, text_columns, why_never
from tests.planted_rows import rows_everywhere
from tests.racing import race
from tests.services.test_erasing import PLANTED, channel, erase, pull, shop_order, the_customer, totals
from tests.staff import make_staff
from tests.uploading import csv_of, file_store, xlsx_of
from webapp.auth.models import StaffUser
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.orders.models import OrderExport, SavedView, TrackingUpload
from webapp.orders.queries.criteria import OrderFilter, Sort

__all__ = ["channel"]


@pytest.fixture(autouse=True)
def empty_folder(app: Flask) -> None:
    with app.app_context():
        for path in file_store().folder.glob("*"):
            path.unlink()


def whole_dump() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, bytes as the text they hold."""
    with db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            columns = inspect(connection).get_columns(table)
            bytes_of = [c["name"] for c in columns if isinstance(c["type"], LargeBinary)]
            shown = ", ".join(["t::text", *(f"encode(\"{name}\", 'escape')" for name in bytes_of)])
            for row in connection.execute(text(f'SELECT {shown} FROM "{table}" AS t')):
                yield table, " ".join(part or "" for part in row)


def whole_folder() -> Iterator[tuple[str, str]]:
    """Every file of the data folder's store as text, spreadsheets opened."""
    folder: Path = file_store().folder
    for path in folder.iterdir() if folder.is_dir() else ():
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as book:
                yield (
                    path.name,
                    " ".join(book.read(name).decode("utf-8", "ignore") for name in book.namelist()),
                )
        else:
            yield path.name, path.read_bytes().decode("utf-8", "ignore")


def everywhere() -> list[tuple[str, str]]:
    words = [word.lower() for word in (*PLANTED, IBAN, "kıvılcımlı", "\\u0131", "765 43 21", "%c4%b1")]
    kept = [*whole_dump(), *whole_folder()]
    return [(place, word) for place, shown in kept for word in words if word in shown.lower()]


def test_every_column_with_words_when_walked_then_a_person_is_planted_in_it_or_it_says_why_not(
    app: Flask,
) -> None:
    known = {key_of(column) for column in text_columns()}
    tables = {key.partition(".")[0] for key in known}
    assert set(NEVER_COLUMNS) - known == set()
    assert set(NEVER_TABLES) - tables == set()
    assert {key_of(column) for column in text_columns() if why_never(column) == ""} == set()


def test_a_person_in_every_column_and_in_files_when_erased_then_neither_dump_nor_folder_has_a_word_of_them(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    customer = the_customer(session)
    staff = make_staff()
    rows_everywhere(session, staff)
    wanted = {key_of(column) for column in text_columns() if why_never(column) is None}
    assert wanted - plant() == set()
    files = write_files(session, staff)
    before = totals(session)
    assert {place for place, _ in everywhere()} >= {key.partition(".")[0] for key in wanted} - {
        "webhook_event"
    }

    assert erase(customer.id)

    assert everywhere() == []
    assert {name for name in files if file_store().path(files[name]).exists()} == {"of_others"}
    assert totals(session) == before
    after = sorted(whole_dump())
    assert erase(customer.id) is False
    assert sorted(whole_dump()) == after


def write_files(session: Session, staff: StaffUser) -> dict[str, str]:
    """Two exports and an upload with the person in them, and an export without; their names in the store."""
    contents = {
        "csv": csv_of([("Number", "Customer"), ("7001", NAME)]),
        "xlsx": xlsx_of([("Number", "Customer"), ("7001", NAME)]),
        "upload": csv_of([("Order", "Name"), ("7001", NAME)]),
        "of_others": csv_of([("Number", "Customer"), ("7002", "Ali Veli")]),
    }
    names = {}
    for name, content in contents.items():
        names[name] = file_store().new_name()
        with file_store().create(names[name]) as file:
            file.write(content)
    with unit_of_work() as unit:
        for name in ("csv", "xlsx", "of_others"):
            kind = "xlsx" if name == "xlsx" else "csv"
            unit.add(
                OrderExport(
                    id=uuid.uuid4(),
                    staff_id=staff.id,
                    kind=kind,
                    query={},
                    columns=[],
                    stored_name=names[name],
                )
            )
        unit.get_one(TrackingUpload, 77).stored_name = names["upload"]
    return names


def test_an_export_when_a_customer_in_it_was_erased_then_its_page_says_so_and_nobody_downloads_it(
    app: Flask, session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    customer_id, client = the_customer(session).id, at_desk(app)
    name = file_store().new_name()
    with file_store().create(name) as file:
        file.write(csv_of([("Number", "Customer"), ("7001", NAME)]))
    export_id = uuid.uuid4()
    with unit_of_work() as unit:
        made = OrderExport(id=export_id, staff_id=client.staff_id, kind="csv", query={}, columns=[])
        made.stored_name, made.row_count = name, 1
        unit.add(made)
        unit.flush()
        unit.execute(text("UPDATE order_export SET expires_at = now() + interval '1 hour'"))
    assert client.get(f"/orders/exports/{export_id}/file").status_code == 200

    erase(customer_id)

    assert "a customer in it was erased" in client.get(f"/orders/exports/{export_id}").text
    assert client.get(f"/orders/exports/{export_id}/file").status_code == 409


@pytest.mark.parametrize(
    ("query", "after"),
    [
        ("view=all&q=K%C4%B1v%C4%B1lc%C4%B1ml%C4%B1&status=450", "view=all&status=450"),
        ("q=ZUBEYDE.K%40example.com", ""),
        ("q=0532+765+43+21", ""),
        ("q=Leylak+Sokak+7", ""),
        ("q=Ay%C5%9Fe&status=450", "q=Ay%C5%9Fe&status=450"),
        ("q=1001", "q=1001"),
    ],
)
def test_a_saved_view_when_its_search_names_the_person_then_the_search_goes_and_its_filters_stay(
    session: Session, channel: Channel, query: str, after: str
) -> None:
    pull(channel.id, shop_order())
    owner = make_staff().id
    with unit_of_work() as unit:
        unit.add(SavedView(owner_id=owner, name="Mine", query=query))
    erase(the_customer(session).id)
    db.session.rollback()
    assert db.session.scalars(select(SavedView.query)).one() == after


def test_a_saved_view_when_others_have_the_same_name_then_the_name_alone_names_nobody(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    namesake = {
        **shop_order()["billing"],
        "first_name": "Ali",
        "email": "ali@example.com",
        "phone": "5551112233",
    }
    pull(channel.id, shop_order(id=8002, number="8002", customer_id=9, billing=namesake, shipping=namesake))
    customer_id = session.scalar(text("SELECT id FROM customer WHERE remote_id = '4711'"))
    owner = make_staff().id
    with unit_of_work() as unit:
        unit.add(SavedView(owner_id=owner, name="A", query="q=K%C4%B1v%C4%B1lc%C4%B1ml%C4%B1"))
        unit.add(SavedView(owner_id=owner, name="B", query="q=Z%C3%BCbeyde+K%C4%B1v%C4%B1lc%C4%B1ml%C4%B1"))
    erase(customer_id)
    db.session.rollback()
    views = db.session.scalars(select(SavedView.query).order_by(SavedView.name)).all()
    assert views == ["q=K%C4%B1v%C4%B1lc%C4%B1ml%C4%B1", ""]


# An export that was read before somebody is erased, and finished after.


def _finish_while_erasing(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let an export read its rows, erase a customer in them up to the last moment before the commit, let the export
    finish, let the erasure commit; the words of the file that is kept then."""
    from webapp.orders.service import erasing, exports

    staff, customer_id = make_staff(), the_customer(session).id
    context = AuditContext(Origin.PAGE, staff_id=staff.id, actor=staff.name)
    wish = exports.Wish(OrderFilter(), Sort.of_word("-placed"), ["customer"], "csv")
    with unit_of_work() as unit:
        exports.ask_export(unit, wish, context)
    read, nearly_erased, finished = threading.Event(), threading.Event(), threading.Event()
    write, refresh = exports._write, erasing.refresh_search

    def slow_write(*args: Any) -> None:
        write(*args)
        if not read.is_set():
            read.set()
            nearly_erased.wait(30)

    def slow_refresh(*args: Any) -> None:
        refresh(*args)
        nearly_erased.set()
        finished.wait(1.5)

    monkeypatch.setattr(exports, "_write", slow_write)
    monkeypatch.setattr(erasing, "refresh_search", slow_refresh)

    def exporting() -> None:
        drain("files")
        finished.set()

    def erasing_them() -> bool:
        read.wait(30)
        return erase(customer_id)

    assert race(app, [exporting, erasing_them]) == [None, True]
    return [shown for _, shown in whole_folder()]


def test_an_export_when_somebody_in_it_is_erased_before_it_is_finished_then_written_anew_without_them(
    app: Flask, session: Session, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(channel.id, shop_order())
    kept = _finish_while_erasing(app, session, monkeypatch)
    assert len(kept) == 1
    assert "Zübeyde" not in kept[0]


def test_an_export_when_it_takes_no_turns_with_erasing_then_somebody_erased_stays_in_a_file(
    app: Flask, session: Session, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    from webapp.orders.service import erasing_files, exports

    pull(channel.id, shop_order())
    for module in (erasing_files, exports):
        monkeypatch.setattr(module, "take_turn", lambda session: None)
    assert "Zübeyde" in _finish_while_erasing(app, session, monkeypatch)[0]
