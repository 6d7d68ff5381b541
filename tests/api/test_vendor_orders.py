"""Vendor orders over the API: for our own programs, and for a vendor's, which sees and answers its own part alone."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.api.programs import Program, make_token
from tests.api.test_rights import NOTED, api_routes
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter
from tests.faces.test_security_routes import checksums
from tests.factories import make_cargo, make_note
from tests.order_drafts import line
from tests.staff import make_staff
from webapp.auth import tokens
from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission, Role
from webapp.catalog.models import Product
from webapp.channels.models import DataSource
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.orders.models import IntegrationAction, Order, VendorOrder

ALONE = frozenset({Permission.VENDOR_ORDERS})


@pytest.fixture
def counter(session: Session) -> Counter:
    counter = Counter.open(session)
    for name in ("vera", "wolf"):
        source = DataSource(slug=name, name=name.title())
        session.add(source)
        session.flush()
        session.add(Product(sku=name[0].upper(), name=name, data_source_id=source.id))
    session.commit()
    return counter


@pytest.fixture
def order_id(counter: Counter) -> int:
    lines = (
        line("1", "10.00", sku="OWN"),
        line("2", "20.00", sku="V", quantity=2),
        line("3", "5.00", sku="W"),
    )
    return counter.order_of(lines)


def source(slug: str) -> int:
    return db.session.scalars(select(DataSource.id).where(DataSource.slug == slug)).one()


def part(slug: str) -> VendorOrder:
    db.session.rollback()
    return db.session.scalars(select(VendorOrder).where(VendorOrder.data_source_id == source(slug))).one()


def vendor(app: Flask, slug: str, *, owner: StaffUser | None = None) -> Program:
    """The vendor's own system."""
    with unit_of_work() as session:
        found = session.scalars(select(DataSource.id).where(DataSource.slug == slug)).one()
    new = tokens.NewToken(slug.title(), ALONE, data_source_id=found)
    person = (owner or make_staff(Role.SUPERVISOR)).id
    with unit_of_work() as session:
        secret, _ = tokens.create_token(session, SYSTEM, person, new)
    return Program(app, secret)


def ours(app: Flask) -> Program:
    return Program(app, make_token(make_staff(Role.SUPERVISOR)))


def test_vendor_when_it_lists_then_its_part_with_items_and_where_they_go_and_nothing_else_of_the_order(
    app: Flask, order_id: int
) -> None:
    caller = vendor(app, "vera")

    (one,) = caller.get("/vendor_orders/").json["results"]

    assert one == caller.get(f"/vendor_orders/{one['pk']}/").json
    assert [(each["sku"], each["quantity"], each["status"]) for each in one["items"]] == [("V", "2", "400")]
    assert (one["number"], one["order"], one["vendor"]["slug"], one["status"]) == (
        "1001",
        None,
        "vera",
        "400",
    )
    assert one["shipping_address"]["line1"]
    text_of_it = str(one)
    for hidden in ("OWN", "'W'", "amount", "@example.com", "price"):
        assert hidden not in text_of_it, hidden


def test_ours_when_it_lists_then_every_vendor_by_filter_and_page(app: Flask, order_id: int) -> None:
    caller = ours(app)
    assert caller.get("/vendor_orders/").json["count"] == 2
    assert (
        caller.get(f"/vendor_orders/?vendor={source('wolf')}").json["results"][0]["vendor"]["slug"] == "wolf"
    )
    assert caller.get("/vendor_orders/?status=450,500").json["count"] == 0
    assert caller.get(f"/vendor_orders/?order={order_id}&number__exact=1001").json["count"] == 2
    assert caller.get("/vendor_orders/?modified_date__gte=2100-01-01T00:00:00Z").json["count"] == 0
    walked, url = [], "/vendor_orders/?page_size=1&cursor="
    while url:
        page = caller.get(url).json
        walked += [each["pk"] for each in page["results"]]
        url = page["next"]
    assert walked == sorted(walked, reverse=True)
    assert len(walked) == 2
    assert caller.get("/vendor_orders/?vendr=1").status_code == 422


def test_status_when_the_vendor_says_it_then_its_items_move_and_the_channel_hears_of_it(
    app: Flask, order_id: int
) -> None:
    caller, pk = vendor(app, "vera"), part("vera").id

    answer = caller.patch(f"/vendor_orders/{pk}/", {"status": "450"})

    assert (answer.status_code, answer.json["status"]) == (200, "450")
    assert [item.status for item in items_of_order(order_id)] == [400, 450, 400]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "vendor_order.said")).one()
    assert entry.origin == "api"
    assert entry.actor.endswith("(Vera)")
    back = caller.patch(f"/vendor_orders/{pk}/", {"status": "400"})
    assert (back.status_code, "status" in back.json["fields"]) == (422, True)


def test_shipping_info_when_the_vendor_sends_it_then_shipped_once_however_often_it_is_sent(
    app: Flask, session: Session, order_id: int
) -> None:
    swift = make_cargo(session)
    session.commit()
    caller, pk = vendor(app, "vera"), part("vera").id
    body = {
        "tracking_number": "VER-7",
        "tracking_url": "https://swift.example/VER-7",
        "cargo_company": swift.id,
    }
    url, key = f"/vendor_orders/{pk}/send_shipping_info/", {"Idempotency-Key": "parcel-7"}

    first, again = (caller.post(url, body, headers=key) for _ in range(2))

    assert (first.status_code, first.json) == (200, again.json)
    assert first.json["items"][0]["tracking_number"] == "VER-7"
    assert first.json["items"][0]["cargo_company"]["pk"] == swift.id
    assert [item.status for item in items_of_order(order_id)] == [400, 500, 400]
    told = db.session.scalars(
        select(IntegrationAction.kind).where(IntegrationAction.order_id == order_id)
    ).all()
    assert told.count("tracking") == 1
    mistyped = caller.post(url, {"tracking_number": "VER-8"})
    assert mistyped.json["items"][0]["tracking_number"] == "VER-8"
    assert items_of_order(order_id)[1].tracking_number == "VER-8"


def test_shipping_info_when_a_part_of_the_items_left_then_only_those(app: Flask, counter: Counter) -> None:
    counter.order_of((line("1", "10.00", sku="V"), line("2", "20.00", sku="V")), number="1002")
    pk = part("vera").id
    caller = vendor(app, "vera")
    first, second = [each["pk"] for each in caller.get(f"/vendor_orders/{pk}/").json["items"]]
    answer = caller.post(
        f"/vendor_orders/{pk}/send_shipping_info/", {"tracking_number": "V1", "items": [second]}
    )
    assert [(each["pk"], each["status"]) for each in answer.json["items"]] == [
        (first, "400"),
        (second, "500"),
    ]


def test_tag_when_a_line_has_changed_since_then_412_and_nothing_moves(
    app: Flask, counter: Counter, order_id: int
) -> None:
    caller, pk = vendor(app, "vera"), part("vera").id
    tag = caller.get(f"/vendor_orders/{pk}/").headers["ETag"]
    before = part("vera").modified_at
    ours(app).patch(f"/vendor_orders/{pk}/", {"status": "450"})

    answer = caller.patch(f"/vendor_orders/{pk}/", {"status": "500"}, headers={"If-Match": tag})

    assert (answer.status_code, answer.json["code"]) == (412, "precondition_failed")
    assert [item.status for item in items_of_order(order_id)] == [400, 450, 400]
    assert part("vera").modified_at > before
    fresh = {"If-Match": answer.json["etag"]}
    assert caller.patch(f"/vendor_orders/{pk}/", {"status": "500"}, headers=fresh).status_code == 200
    wrong = {"If-Match": "seven"}
    assert caller.patch(f"/vendor_orders/{pk}/", {"status": "550"}, headers=wrong).status_code == 400


def test_another_vendors_part_when_it_is_named_then_404_and_nothing_moves(
    app: Flask, session: Session, order_id: int
) -> None:
    caller, foreign = vendor(app, "vera"), part("wolf").id
    before = checksums(session, but=NOTED)

    answers = [
        caller.get(f"/vendor_orders/{foreign}/"),
        caller.patch(f"/vendor_orders/{foreign}/", {"status": "450"}),
        caller.post(f"/vendor_orders/{foreign}/send_shipping_info/", {"tracking_number": "X-1"}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert caller.get(f"/vendor_orders/?vendor={source('wolf')}").json["count"] == 0
    assert checksums(session, but=NOTED) == before
    other_item = items_of_order(order_id)[2].id
    mine = caller.patch(f"/vendor_orders/{part('vera').id}/", {"status": "450", "items": [other_item]})
    assert mine.status_code == 422


def test_vendors_token_when_it_asks_for_anything_else_then_403(app: Flask, order_id: int) -> None:
    caller = vendor(app, "vera", owner=make_staff())
    # Even one whose row says more than may be given to it.
    with unit_of_work() as unit:
        unit.execute(text("UPDATE api_token SET permissions = permissions || '{orders.view,cancel.open}'"))
    wrong = [
        (method, url)
        for method, url, demand in api_routes(app)
        if demand is not Permission.VENDOR_ORDERS and caller.open(method, url, json={}).status_code != 403
    ]
    assert wrong == []


def test_vendors_token_when_it_would_be_given_more_then_refused(app: Flask, counter: Counter) -> None:
    more = tokens.NewToken("Vera", ALONE | {Permission.ORDERS_VIEW}, data_source_id=source("vera"))
    person = make_staff().id
    with pytest.raises(InvalidInput), unit_of_work() as session:
        tokens.create_token(session, SYSTEM, person, more)


def test_vendor_when_its_tokens_owner_sees_other_channels_then_404(app: Flask, order_id: int) -> None:
    caller = vendor(app, "vera", owner=make_staff(Role.SUPERVISOR, channel_ids=[]))
    assert caller.get("/vendor_orders/").json["count"] == 0
    assert caller.get(f"/vendor_orders/{part('vera').id}/").status_code == 404


def test_note_that_must_be_read_when_a_vendor_answers_then_not_held_up_but_our_own_program_is(
    app: Flask, order_id: int
) -> None:
    with unit_of_work() as unit:
        make_note(unit, unit.get_one(Order, order_id), must_read=True)
    url, body = f"/vendor_orders/{part('vera').id}/", {"status": "450"}
    refused = ours(app).patch(url, body)
    assert (refused.status_code, refused.json["code"]) == (409, "note_unread")
    assert vendor(app, "vera").patch(url, body).status_code == 200


def test_a_cancelled_line_when_the_rest_still_stands_then_the_vendor_sees_that_it_changed(
    app: Flask, counter: Counter
) -> None:
    order_id = counter.order_of((line("1", "10.00", sku="V"), line("2", "20.00", sku="V")), number="1002")
    before = (part("vera").version, part("vera").modified_at)
    counter.cancel(order_id, items_of_order(order_id)[0].id)
    counter.approve(order_id)
    after: Any = part("vera")
    assert order_now(order_id).status == after.status == 400
    assert after.version > before[0]
    assert after.modified_at > before[1]
