"""The vendors of an order: their cards on its page, and the form for what a vendor says."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter
from tests.factories import make_cargo
from tests.order_drafts import line
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.catalog.models import Product
from webapp.channels.models import DataSource
from webapp.core.db import db
from webapp.orders.models import VendorOrder

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    counter = Counter.open(session)
    vera = DataSource(slug="vera", name="Vera & Co")
    session.add(vera)
    session.flush()
    session.add_all(Product(sku=sku, name=sku, data_source_id=vera.id) for sku in ("V-1", "V-2"))
    session.commit()
    return counter


@pytest.fixture
def order_id(counter: Counter) -> int:
    lines = (
        line("1", "10.00", sku="OWN", name="Our mug"),
        line("2", "10.00", sku="V-1", name="Vera lamp"),
        line("3", "10.00", sku="V-2", name="Vera chair"),
    )
    return counter.order_of(lines)


def url_of(order_id: int) -> str:
    db.session.rollback()
    key = db.session.scalars(select(VendorOrder.id).where(VendorOrder.order_id == order_id)).one()
    return f"/orders/{order_id}/vendors/{key}"


def version_of(order_id: int) -> int:
    db.session.rollback()
    return db.session.scalars(select(VendorOrder.version).where(VendorOrder.order_id == order_id)).one()


def say(client: StaffClient, order_id: int, *items: int, **fields: Any):  # type: ignore[no-untyped-def]
    ticks = {f"items-{item}": "y" for item in items}
    form = {"csrf_token": client.token, "version": version_of(order_id), **ticks, **fields}
    return client.post(url_of(order_id), data=form, headers=HTMX)


def test_order_page_when_others_supply_a_part_then_a_card_each(app: Flask, order_id: int) -> None:
    page = at_desk(app, Role.AGENT).get(f"/orders/{order_id}").text
    for words in ("Supplied by Vera &amp; Co", "Vera lamp", "Vera chair", "The vendor says…"):
        assert words in page, words
    assert "The vendor says…" not in at_desk(app, Role.FINANCE).get(f"/orders/{order_id}").text


def test_order_page_when_nobody_else_supplies_then_no_card(app: Flask, counter: Counter) -> None:
    own = counter.order(number="1002")
    assert "Supplied by" not in at_desk(app, Role.AGENT).get(f"/orders/{own}").text


def test_form_when_opened_then_only_the_vendors_items(app: Flask, order_id: int) -> None:
    form = at_desk(app, Role.AGENT).get(url_of(order_id), headers=HTMX).text
    assert ("Vera lamp" in form, "Our mug" in form) == (True, False)


def test_word_when_it_names_a_parcel_then_the_items_ship_and_the_card_shows_it(
    app: Flask, session: Session, order_id: int
) -> None:
    swift = make_cargo(session).id
    session.commit()
    _, lamp, chair = [item.id for item in items_of_order(order_id)]
    desk = at_desk(app, Role.AGENT)
    answer = say(desk, order_id, lamp, tracking_number="VER-7", cargo_company_id=str(swift))
    assert (answer.status_code, "order:changed" in answer.headers["HX-Trigger"]) == (204, True)
    assert [item.status for item in items_of_order(order_id)] == [400, 500, 400]
    page = desk.get(f"/orders/{order_id}").text
    assert "VER-7" in page and "wrote down what a vendor said: VER-7" in page
    assert "Vera chair" in desk.get(url_of(order_id), headers=HTMX).text
    assert chair


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Say where the items stand"),
        ({"status": "450", "tracking_number": "VER-7"}, "choose shipped or later"),
        ({"status": "550", "ticks": "none"}, "at least one item"),
    ],
)
def test_word_when_it_makes_no_sense_then_422_and_what_was_typed_stays(
    app: Flask, order_id: int, fields: dict[str, str], sentence: str
) -> None:
    items = [item.id for item in items_of_order(order_id)[1:]]
    ticked = [] if fields.pop("ticks", "") else items
    answer = say(at_desk(app, Role.AGENT), order_id, *ticked, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    for value in fields.values():
        assert f'value="{value}"' in answer.text
    assert [item.status for item in items_of_order(order_id)] == [400, 400, 400]


def test_word_when_a_colleague_was_faster_then_409_and_what_was_typed_stays(
    app: Flask, order_id: int
) -> None:
    _, lamp, chair = [item.id for item in items_of_order(order_id)]
    seen = version_of(order_id)
    say(at_desk(app, Role.SUPERVISOR), order_id, lamp, chair, status="450")
    answer = say(at_desk(app, Role.AGENT), order_id, lamp, tracking_number="VER-7", version=str(seen))
    assert answer.status_code == 409
    assert (
        "has changed the vendor's part" in answer.text.replace("&#39;", "'")
        and 'value="VER-7"' in answer.text
    )
    says_who_what_when(answer.text, "Selin Koç", "the vendor's part")
    assert order_now(order_id).status == 400
    assert [item.status for item in items_of_order(order_id)] == [400, 450, 450]


def test_word_when_the_role_or_the_channel_is_not_theirs_then_403_and_404(app: Flask, order_id: int) -> None:
    assert say(at_desk(app, Role.FINANCE), order_id, status="450").status_code == 403
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    assert say(stranger, order_id, status="450").status_code == 404
    assert at_desk(app, Role.AGENT).get(f"/orders/{order_id}/vendors/{2**70}").status_code == 404
    assert [item.status for item in items_of_order(order_id)] == [400, 400, 400]
