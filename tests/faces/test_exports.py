"""Exports of the list of orders: exactly that list, harmless in a spreadsheet, for the person who asked."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.back_room import StaffClient, at_desk
from tests.factories import item, make_cargo, make_channel, make_customer, make_order
from tests.formulas import FORMULAS
from tests.uploading import file_store
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import NewOperation, Operation, Queue, create
from webapp.orders.models import OrderAssignment, OrderExport, OrderTag, Tag
from webapp.orders.queries.criteria import Flag, OrderFilter, View
from webapp.orders.queries.kept_filter import filter_from_json, filter_to_json
from webapp.orders.views import exports
from webapp.orders.views.columns import COLUMNS


@pytest.fixture
def orders(session: Session) -> list[int]:
    """Sixty orders, so that the list has two pages; three of them shipped."""
    channel = make_channel(session)
    customer = make_customer(session, channel, first_name="Elif", last_name="Yılmaz")
    made = [
        make_order(
            session,
            channel,
            number=f"{1000 + at}",
            customer=customer,
            status=500 if at % 20 == 0 else 400,
            items=[item(f"{100 + at * 7 % 13}.50")],
            date_placed=datetime(2026, 11, 20, 22, 30, tzinfo=UTC) - timedelta(hours=at),
        ).id
        for at in range(60)
    ]
    session.commit()
    return made


@pytest.fixture
def client(app: Flask, orders: list[int]) -> StaffClient:
    return at_desk(app, Role.SUPERVISOR)


def export(client: StaffClient, kind: str = "csv", query: str = "") -> TestResponse:
    return client.post(f"/orders/export?{query}", data={"csrf_token": client.token, "kind": kind})


def lines(answer: TestResponse) -> list[list[str]]:
    text = answer.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def sheet(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data)).active


@pytest.mark.parametrize(
    "query",
    ["", "status=500", "sort=amount", "sort=-amount", "q=1042", "view=not_sent", "placed_from=2026-11-20&placed_to=2026-11-20", "amount_min=103"],
)  # fmt: skip
def test_an_export_when_of_a_list_then_it_has_the_list_s_very_orders_in_its_order(
    client: StaffClient, query: str
) -> None:
    exported = [row[0] for row in lines(export(client, query=query))[1:]]
    assert exported == _numbers_of_all_pages(client, query)


def _numbers_of_all_pages(client: StaffClient, query: str) -> list[str]:
    """As a person would read them: page after page by the links below the list."""
    numbers: list[str] = []
    path: str | None = f"/orders/?{query}&view=all" if query == "q=1042" else f"/orders/?{query}"
    while path is not None:
        page = client.get(path).text
        numbers += re.findall(r'href="/orders/\d+"[^>]*>(?:<bdi>)?(\d{4})(?:</bdi>)?</a>', page)
        after = re.search(r'href="([^"]*after=[^"]*)"', page)
        path = unescape(after.group(1)) if after else None
    return numbers


def test_the_columns_when_chosen_in_the_list_then_the_file_has_them_and_the_reader_s_clock(
    client: StaffClient,
) -> None:
    rows = lines(export(client))
    assert rows[0] == [
        "Number",
        "Placed",
        "Customer",
        "Channel",
        "Status",
        "Items",
        "Total",
        "Currency",
        "Tracking",
    ]
    # Half past ten in the evening in UTC is the next day in Istanbul.
    assert rows[1] == [
        "1000",
        "2026-11-21 01:30:00",
        "Elif Yılmaz",
        "Web shop TR",
        "Shipped",
        "1",
        "100.50",
        "TRY",
        "",
    ]
    data = {"csrf_token": client.token, "column": ["total", "modified"]}
    client.post("/orders/columns", data=data)
    assert lines(export(client))[0] == ["Number", "Total", "Currency", "Changed"]


def test_a_view_with_columns_of_its_own_when_exported_then_the_file_has_those(client: StaffClient) -> None:
    query = "status=500&cols=placed.total"
    assert "Placed · Total · Currency</p>" in client.get(f"/orders/export?{query}").text
    assert lines(export(client, query=query))[0] == ["Number", "Placed", "Total", "Currency"]


def test_a_spreadsheet_when_exported_then_figures_are_figures_and_times_are_times(
    client: StaffClient,
) -> None:
    answer = export(client, "xlsx", "q=1001")
    row = [cell.value for cell in sheet(answer.data)[2]]
    assert row[0] == "1001"
    assert row[1].isoformat() == "2026-11-21T00:30:00"
    assert Decimal(str(row[6])) == Decimal("107.50")
    assert "attachment; filename=orders-" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("payload", FORMULAS)
def test_a_word_of_any_column_when_it_looks_like_a_formula_then_it_stays_text(
    client: StaffClient, session: Session, payload: str
) -> None:
    channel = make_channel(session, payload)
    customer = make_customer(session, channel, first_name=payload, last_name="")
    carrier = make_cargo(session)
    made = make_order(
        session,
        channel,
        number="9001",
        customer=customer,
        tracking_number=payload,
        cargo_company_id=carrier.id,
    )
    tag, staff = Tag(name=payload), session.get_one(StaffUser, client.staff_id)
    carrier.name = staff.name = payload
    session.add(tag)
    session.flush()
    session.add_all(
        [OrderTag(order_id=made.id, tag_id=tag.id), OrderAssignment(order_id=made.id, staff_id=staff.id)]
    )
    session.commit()
    every = {"csrf_token": client.token, "column": [column.name for column in COLUMNS]}
    client.post("/orders/columns", data=every)

    (_, row) = lines(export(client, query="q=9001"))
    cells = [cell for line in sheet(export(client, "xlsx", "q=9001").data).iter_rows() for cell in line]

    written = [value for value in row if value.removeprefix("'").strip() == payload.strip()]
    assert len(written) == 6, row
    for value in written:
        assert value.startswith("'") or not value.lstrip().startswith(("=", "+", "-", "@", "＝")), value
    assert not [cell for cell in cells if cell.data_type in ("f", "e")]
    # Read again as a spreadsheet would read the text file.
    again = openpyxl.Workbook()
    again.active.append([value for value in row if value])
    assert not [cell for cell in again.active[1] if cell.data_type == "f"]


def test_tags_when_chosen_as_a_column_then_in_list_and_file_and_remembered_for_the_next(
    client: StaffClient, session: Session, orders: list[int]
) -> None:
    for name in ("Urgent", "Fragile"):
        tag = Tag(name=name)
        session.add(tag)
        session.flush()
        session.add(OrderTag(order_id=orders[0], tag_id=tag.id))
    session.commit()
    columns = {"csrf_token": client.token, "column": ["customer", "tags", "assignee"]}
    client.post("/orders/columns", data=columns)
    page = client.get("/orders/").text
    assert "<th>Tags</th>" in page
    for _ in range(2):
        header, first, second, *_rest = lines(export(client))
        assert header == ["Number", "Customer", "Tags", "Looked after by"]
        assert (first[2], second[2]) == ("Fragile, Urgent", "")


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (
            "2026-03-29",
            datetime(2026, 3, 28, 23, tzinfo=UTC),
            datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC),
        ),  # of 23 hours
        (
            "2026-10-25",
            datetime(2026, 10, 24, 22, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC),
        ),  # of 25 hours
    ],
)
@pytest.mark.parametrize("at_once", [5_000, 1])
def test_a_day_when_clocks_are_changed_then_the_file_has_the_reader_s_very_day(
    client: StaffClient,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    day: str,
    first: datetime,
    last: datetime,
    at_once: int,
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", at_once)
    session.execute(update(StaffUser).values(time_zone="Europe/Berlin"))
    channel = make_channel(session, "Berlin")
    second = timedelta(seconds=1)
    for number, at in (("B1", first - second), ("IN1", first), ("IN2", last), ("A1", last + second)):
        make_order(session, channel, number=number, date_placed=at)
    session.commit()

    answer = export(client, query=f"placed_from={day}&placed_to={day}")
    if at_once == 1:
        drain("files")
        page = client.get(answer.headers["Location"]).text
        answer = client.get(re.search(r'href="([^"]+/file)"', page).group(1))  # type: ignore[union-attr]

    assert [(row[0], row[1]) for row in lines(answer)[1:]] == [
        ("IN2", f"{day} 23:59:59"),
        ("IN1", f"{day} 00:00:00"),
    ]


def test_an_export_when_made_then_one_audit_row_without_the_words_that_were_searched_for(
    client: StaffClient,
) -> None:
    export(client, query="q=elif@example.com&status=400")
    db.session.rollback()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "orders.exported")).one()
    assert entry.staff_id == client.staff_id
    assert entry.changes["filter"][1] == {"statuses": [400], "words": "…"}
    assert "elif" not in str(entry.changes)
    assert db.session.scalars(select(OrderExport.query)).one() == {}


def test_whoever_may_not_export_when_asking_then_403_and_no_button(app: Flask, orders: list[int]) -> None:
    agent = at_desk(app, Role.AGENT)
    assert export(agent).status_code == 403
    assert "/orders/export" not in agent.get("/orders/").text
    assert "/orders/export" in at_desk(app, Role.SUPERVISOR).get("/orders/?status=400").text


def test_a_limited_person_when_exporting_then_only_their_channels(
    app: Flask, orders: list[int], session: Session
) -> None:
    other = make_channel(session, "Marketplace")
    make_order(session, other, number="5001")
    session.commit()
    limited = at_desk(app, Role.SUPERVISOR, channels=[other.id])
    assert [row[0] for row in lines(export(limited))[1:]] == ["5001"]


def test_exports_when_asked_for_too_often_then_429(client: StaffClient) -> None:
    codes = [export(client, query=f"q={1000 + at}").status_code for at in range(8)]
    assert codes == [200] * 6 + [429] * 2


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty orders are many here."""
    monkeypatch.setattr(exports, "AT_ONCE", 50)


def test_a_large_list_when_exported_by_twenty_clicks_then_one_operation_and_its_file_is_the_list(
    client: StaffClient, large: None
) -> None:
    places = {export(client, kind="csv").headers["Location"] for _ in range(20)}
    (place,) = places
    assert "every 1s" in client.get(place).text
    assert client.get(f"{place}/file").status_code == 409
    assert drain("files") == 1

    assert "Only you can download it." in client.get(place).text
    answer = client.get(f"{place}/file")
    assert len(lines(answer)) == 61
    assert lines(answer)[1][4] == "Shipped"
    db.session.rollback()
    assert len(db.session.scalars(select(Operation)).all()) == 1


def test_a_large_list_when_in_turkish_then_the_worker_writes_it_so(
    app: Flask, orders: list[int], large: None
) -> None:
    client = at_desk(app, Role.SUPERVISOR)
    with unit_of_work() as session:
        session.execute(update(StaffUser).values(language="tr", time_zone="UTC"))
    place = export(client, kind="xlsx").headers["Location"]
    drain("files")
    rows = list(sheet(client.get(f"{place}/file").data).iter_rows(values_only=True))
    assert rows[0][4] == "Durum"
    assert rows[1][1].isoformat() == "2026-11-20T22:30:00"


def test_a_download_when_somebody_else_asks_or_a_day_has_passed_then_it_is_not_there(
    app: Flask, client: StaffClient, large: None
) -> None:
    place = export(client).headers["Location"]
    drain("files")
    other = at_desk(app, Role.ADMINISTRATOR)
    assert other.get(place).status_code == 404
    assert other.get(f"{place}/file").status_code == 404

    with unit_of_work() as session:
        session.execute(update(OrderExport).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert client.get(f"{place}/file").status_code == 409
    assert "deleted a day after" in client.get(place).text


def test_old_files_when_tidied_then_what_has_expired_is_deleted_and_the_rest_stays(
    client: StaffClient, large: None
) -> None:
    export(client)
    export(client, query="sort=amount")
    drain("files")
    db.session.rollback()
    old, new = db.session.scalars(select(OrderExport.stored_name).order_by(OrderExport.created_at))
    with unit_of_work() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(OrderExport).where(OrderExport.stored_name == old).values(expires_at=past))
        create(session, NewOperation(kind="files.tidy", queue=Queue.FILES, dedupe_key="files", args={}))
    drain("files")
    assert not file_store().path(old).exists()
    assert file_store().path(new).exists()


def test_a_filter_when_kept_for_a_worker_then_it_comes_back_as_it_was() -> None:
    wanted = OrderFilter(
        view=View.NOT_SENT,
        words="ışık",
        statuses=(400, 500),
        flags=(Flag.PARTLY_SHIPPED,),
        placed=(datetime(2026, 11, 1, tzinfo=UTC), None),
        least=Decimal("10.50"),
    )
    assert filter_from_json(filter_to_json(wanted)) == wanted
    assert replace(wanted) == wanted
