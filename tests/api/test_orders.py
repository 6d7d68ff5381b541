"""`/api/v1/orders/`: reading, walking, making, editing, deleting."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.api.programs import program
from tests.order_drafts import HOME, PLACED, draft, line, make_channel, order_of, payment, write
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import Base
from webapp.orders.enums import TenderKind
from webapp.orders.models import Order
from webapp.orders.service import deleting

NEW: dict[str, Any] = {
    "channel": 1,
    "number": "W-1",
    "remote_id": None,
    "status": "400",
    "date_placed": "2026-11-20T09:30:00Z",
    "customer": {"remote_id": "42", "first_name": "Elif", "last_name": "Koç", "email": "elif@example.com"},
    "shipping_address": {"line1": "Moda Cad. 22/1", "city": "İstanbul", "country": "TR"},
    "billing_address": {"line1": "Moda Cad. 22/1", "city": "İstanbul", "country": "TR"},
    "currency": "TRY",
    "amount": "108.50",
    "shipping_amount": "8.50",
    "items": [
        {
            "remote_line_id": "1",
            "position": 1,
            "name": "Kettle",
            "quantity": "2",
            "amount": "100.00",
            "price": "50.00",
            "status": "400",
        }
    ],
}


def numbers(answer: Any) -> list[str]:
    return [row["number"] for row in answer.json["results"]]


def test_the_list_when_asked_for_by_number_then_contains_and_exact_differ(
    app: Flask, session: Session
) -> None:
    write(make_channel(session), draft("8610"), draft("12286101"), draft("77"))
    caller = program(app)

    assert sorted(numbers(caller.get("/orders/?number=8610"))) == ["12286101", "8610"]
    assert numbers(caller.get("/orders/?number__exact=8610")) == ["8610"]
    assert numbers(caller.get("/orders/?number=7")) == ["77"]
    assert caller.get("/orders/?number=%25").json["count"] == 0  # a percent sign stands for itself


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=500", ["2"]),
        ("status=400,500", ["3", "2", "1"]),
        ("channel=2", ["3"]),
        ("channel=1,2", ["3", "2", "1"]),
        ("date_placed__gte=2026-11-21T00:00:00Z", ["3", "2"]),
        ("date_placed__lt=2026-11-21T00:00:00%2B00:00", ["1"]),
        ("modified_date__gte=2199-01-01T00:00:00Z", []),
        ("modified_date__gte=2020-01-01T00:00:00Z", ["3", "2", "1"]),
        ("currency=eur", ["3"]),
        ("customer=999", []),
        ("payment_option=1", ["3", "2", "1"]),
        ("payment_option=9", []),
        ("cargo_company=9", []),
        ("cancel_status=waiting", []),
        ("remote_id=r2", ["2"]),
        ("amount__gte=100.01", ["2"]),
        ("ordering=date_placed", ["1", "2", "3"]),
        ("ordering=-pk", ["3", "2", "1"]),
        ("page_size=2", ["3", "2"]),
        ("page_size=2&page=2", ["1"]),
    ],
)
def test_the_list_when_filtered_then_exactly_what_matches(
    app: Flask, session: Session, query: str, expected: list[str]
) -> None:
    shop, other = make_channel(session), make_channel(session, name="Second shop")
    day = timedelta(days=1)
    shipped = line(status=500, amount="120.00")
    write(shop, draft("1"), draft("2", items=(shipped,), date_placed=PLACED + day))
    write(other, draft("3", channel_id=2, currency="EUR", date_placed=PLACED + 2 * day))

    answer = program(app).get(f"/orders/?{query}")

    assert answer.status_code == 200, answer.json
    assert numbers(answer) == expected
    assert not answer.json["count_is_estimate"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page_size=201", "page_size"),
        ("page=0", "page"),
        ("page=51&page_size=200", "page"),
        ("cursor=nonsense", "cursor"),
        ("status=401", "status"),
        ("date_placed__gte=2026-11-21", "date_placed__gte"),
        ("nummer=1", "nummer"),
        ("ordering=amount", "ordering"),
        ("number=%00", ""),
    ],
)
def test_the_list_when_asked_for_what_it_cannot_give_then_422_names_the_field(
    app: Flask, session: Session, query: str, field: str
) -> None:
    answer = program(app).get(f"/orders/?{query}")

    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
    assert list(answer.json["fields"]) == [field]


def test_the_list_when_walked_by_its_links_then_every_order_once(app: Flask, session: Session) -> None:
    write(make_channel(session), *(draft(str(n)) for n in range(1, 8)))  # all placed at the same moment
    caller = program(app)
    for start in (
        "/orders/?page_size=3",
        "/orders/?page_size=3&cursor=",
        "/orders/?page_size=3&cursor=&ordering=pk",
    ):
        seen, url = [], start
        while url:
            answer = caller.get(url)
            seen += numbers(answer)
            url = answer.json["next"]
        assert sorted(seen) == [str(n) for n in range(1, 8)], start
    second = caller.get("/orders/?page=2&page_size=3&status=400").json
    assert second["previous"].endswith("/api/v1/orders/?page_size=3&status=400&page=1")
    assert second["next"].endswith("page=3")


@pytest.mark.parametrize("ordering", ["-date_placed", "date_placed", "-modified_date", "pk", "-pk"])
def test_the_list_when_walked_back_then_the_same_pages_in_the_other_order(
    app: Flask, session: Session, ordering: str
) -> None:
    write(make_channel(session), *(draft(str(n)) for n in range(1, 9)))  # all placed at the same moment
    caller = program(app)
    there, url = [], f"/orders/?page_size=3&cursor=&status=400&ordering={ordering}"
    while url:
        answer = caller.get(url).json
        there.append([each["number"] for each in answer["results"]])
        url = answer["next"]
    back, url = [there[-1]], answer["previous"]
    while url:
        answer = caller.get(url).json
        back.append([each["number"] for each in answer["results"]])
        assert "status=400" in answer["next"]
        url = answer["previous"]

    assert [len(each) for each in there] == [3, 3, 2]
    assert back == there[::-1]
    assert caller.get(answer["next"]).json["results"][0]["number"] == there[1][0]


def test_a_cursor_when_it_is_of_another_order_or_list_then_422(app: Flask, session: Session) -> None:
    write(make_channel(session), *(draft(str(n)) for n in range(1, 5)))
    caller = program(app)
    second = caller.get(caller.get("/orders/?page_size=2&cursor=").json["next"]).json["previous"]
    cursor = second.partition("cursor=")[2]

    for url in (f"/orders/?ordering=pk&cursor={cursor}", f"/order_items/?cursor={cursor}"):
        answer = caller.get(url)
        assert (answer.status_code, list(answer.json["fields"])) == (422, ["cursor"])


def test_the_list_when_pages_end_then_next_goes_on_by_cursor(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.api.paging.DEEPEST", 4)
    write(make_channel(session), *(draft(str(n)) for n in range(1, 8)))
    caller = program(app)
    seen, urls, url = [], [], "/orders/?page_size=2"
    while url:
        urls.append(url)
        answer = caller.get(url)
        seen += numbers(answer)
        url = answer.json["next"]

    assert sorted(seen) == [str(n) for n in range(1, 8)]
    assert ["cursor=" in each for each in urls] == [False, False, True, True]


def test_the_count_when_there_are_more_than_are_counted_then_an_estimate_that_says_so(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.core.paging.MOST_COUNTED", 5)
    write(make_channel(session), *(draft(str(n)) for n in range(1, 8)))

    answer = program(app).get("/orders/").json

    assert answer["count_is_estimate"] is True
    assert answer["count"] >= 6


def test_the_list_when_an_order_was_paid_by_transfer_then_the_transfer_is_in_it(
    app: Flask, session: Session
) -> None:
    paid = payment("100.00", kind=TenderKind.FUNDS_TRANSFER)
    write(make_channel(session), draft(transactions=(paid,)), draft("1002"))

    rows = {row["number"]: row for row in program(app).get("/orders/").json["results"]}

    assert [each["amount"] for each in rows["1001"]["fundstransfertransaction_set"]] == ["100.00"]
    assert rows["1002"]["fundstransfertransaction_set"] == []


def test_a_new_order_when_sent_then_written_with_its_shares_and_answered_in_full(
    app: Flask, session: Session
) -> None:
    make_channel(session)
    caller = program(app, Role.SUPERVISOR)

    answer = caller.post("/orders/", NEW)

    assert answer.status_code == 201, answer.json
    made = answer.json
    assert answer.headers["Location"].endswith(f"/api/v1/orders/{made['pk']}/")
    assert (made["number"], made["amount"], made["net_shipping_amount"]) == ("W-1", "108.50", 8.5)
    assert [row["shipping_amount"] for row in made["orderitem_set"]] == ["8.50"]
    created = session.scalars(select(AuditEntry).where(AuditEntry.order_id == made["pk"])).first()
    assert (created.origin, created.actor) == ("api", "Selin Koç (Warehouse)")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"number": "W-0"}, 409, "order_duplicated_field"),
        ({"amount": "8.555"}, 422, "invalid_amount"),
        ({"amount": 108.5}, 422, "invalid_input"),
        ({"currency": "XXQ"}, 422, "unknown_currency"),
        ({"channel": 99}, 404, "not_found"),
        ({"number": "9" * 65}, 422, "order_refused"),
        ({"pk": 7}, 422, "invalid_input"),
        (
            {"transactions": [{"remote_id": "p", "kind": "card", "amount": "1", "gateway": "stripe"}]},
            422,
            "invalid_input",
        ),
    ],
)
def test_a_new_order_when_it_cannot_be_taken_then_refused_and_nothing_written(
    app: Flask, session: Session, change: dict[str, Any], status: int, code: str
) -> None:
    write(make_channel(session), draft("W-0"))

    answer = program(app).post("/orders/", {**NEW, **change})

    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_an_edit_when_sent_then_the_fields_the_version_and_the_log_change(
    app: Flask, session: Session
) -> None:
    write(make_channel(session), draft())
    caller = program(app, Role.AGENT)
    before = caller.get("/orders/1/")

    answer = caller.patch(
        "/orders/1/",
        {"notes": "Ring twice", "delivery_range": {"lower": "2026-12-01T09:00:00Z", "upper": None}},
        headers={"If-Match": before.headers["ETag"]},
    )

    assert answer.status_code == 200, answer.json
    assert answer.json["notes"] == "Ring twice"
    assert answer.json["delivery_range"] == {"lower": "2026-12-01T09:00:00Z", "upper": None}
    assert answer.headers["ETag"] != before.headers["ETag"]
    assert caller.open("PUT", "/orders/1/", json={"segment": "vip"}).json["notes"] is None


def test_an_edit_when_the_order_changed_meanwhile_then_412_says_what_and_nothing_moves(
    app: Flask, session: Session
) -> None:
    write(make_channel(session), draft())
    mine, other = program(app, Role.AGENT), program(app, Role.AGENT, name="Deniz Arslan")
    tag = mine.get("/orders/1/").headers["ETag"]
    other.patch("/orders/1/", {"segment": "vip"})

    answer = mine.patch("/orders/1/", {"segment": "staff"}, headers={"If-Match": tag})

    assert (answer.status_code, answer.json["code"]) == (412, "precondition_failed")
    (change,) = answer.json["changes"]
    assert (change["by"], change["what"], change["summary"]) == (
        "Deniz Arslan (Warehouse)",
        "order.updated",
        "changed segment",
    )
    assert order_of(session).segment == "vip"
    assert (
        mine.patch("/orders/1/", {"segment": "b"}, headers={"If-Match": answer.json["etag"]}).status_code
        == 200
    )
    assert mine.patch("/orders/1/", {"segment": "c"}, headers={"If-Match": "*"}).status_code == 200
    assert mine.patch("/orders/1/", {"segment": "d"}, headers={"If-Match": "7"}).status_code == 400


def test_deleting_when_the_order_has_no_money_then_gone_with_its_rows(app: Flask, session: Session) -> None:
    write(make_channel(session), draft(transactions=()))
    caller = program(app)

    assert caller.open("DELETE", "/orders/1/").status_code == 204

    assert caller.get("/orders/1/").status_code == 404
    assert session.scalar(select(func.count()).select_from(Order)) == 0
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.tag, entry.order_id, entry.origin) == ("order.deleted", 1, "api")


def test_deleting_when_the_order_has_money_then_409_and_nothing_moves(app: Flask, session: Session) -> None:
    write(make_channel(session), draft())

    answer = program(app).open("DELETE", "/orders/1/")

    assert (answer.status_code, answer.json["code"]) == (409, "order_has_money")
    assert order_of(session).number == "1001"


def test_the_remote_id_when_asked_for_then_the_channels_own(app: Flask, session: Session) -> None:
    write(make_channel(session), draft())

    assert program(app).get("/orders/1/get_remote_id/").json == {
        "pk": 1,
        "number": "1001",
        "channel": 1,
        "remote_id": "r1001",
    }


def test_both_addresses_when_given_then_the_detail_has_them_apart(app: Flask, session: Session) -> None:
    write(make_channel(session), draft(billing_address=replace(HOME, company="Koç Tekstil")))

    detail = program(app).get("/orders/1/").json

    assert (detail["shipping_address"]["company"], detail["billing_address"]["company"]) == (
        "",
        "Koç Tekstil",
    )


def test_every_table_when_it_points_to_orders_then_deleting_knows_what_becomes_of_it() -> None:
    """A table that comes later must say whether it keeps its order from being deleted or goes with it."""
    told = {model.__tablename__ for model in (*deleting._MONEY, *deleting._DECIDED, *deleting._GONE_WITH_IT)}
    pointing = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "orders"
    }

    assert pointing - told == {"attention"}  # its entries stay, without their order
