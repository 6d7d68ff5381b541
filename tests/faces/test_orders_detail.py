"""The page of one order: what it shows, what it costs, notes, the price of a row, refreshing, the raw payload."""

import uuid
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.factories import (
    item,
    make_cargo,
    make_channel,
    make_customer,
    make_entry,
    make_external_status,
    make_note,
    make_order,
    make_payment,
    make_payment_option,
    make_record,
)
from tests.services.test_order_queries_list import counted_statements
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditEntry
from webapp.core.operations import Operation
from webapp.orders.models import Attention, DiscountItem, IntegrationAction, Order, OrderNote, Package
from webapp.payments.models import Refund

HTMX = {"HX-Request": "true"}


@pytest.fixture
def shop(session: Session) -> Channel:
    return make_channel(session)


def full_order(session: Session, shop: Channel) -> Order:
    """An order with one of everything that its page shows."""
    card, swift = make_payment_option(session), make_cargo(session)
    order = make_order(
        session,
        shop,
        number="1535788520182137",
        customer=make_customer(session, shop, first_name="Gül", last_name="Özdemir", email="gul@example.com"),
        items=[
            item("127.98", sku="TS-BLK", attributes={"Colour": "Black", "Size": "M"}, quantity=Decimal(2)),
            item("12.50", name="Wool <b>scarf</b>"),
        ],
        payment_option_id=card.id,
        cargo_company_id=swift.id,
        tracking_number="TR/1 2",
        bin_number="454360",
        installment_count=3,
        external_status_id=make_external_status(session, shop, "wc-on-hold").id,
        notes="Please ring twice.",
        unapplied_discount=Decimal("3.00"),
    )
    payment = make_payment(session, order)
    session.add(
        Refund(
            order_id=order.id,
            transaction_id=payment.id,
            amount=Decimal("12.50"),
            currency="TRY",
            state="succeeded",
            idem_key="rf_1",
            remote_id="r1",
            reason="Scarf had a hole",
        )
    )
    session.add(
        DiscountItem(order_id=order.id, remote_id="c", scope="order", code="SPRING", amount=Decimal(3))
    )
    session.add(Package(order_id=order.id, number=1, tracking_number="PACK-1"))
    make_record(session, order)
    make_note(session, order, "Wants it before Friday.")
    make_entry(
        session,
        order,
        "Web shop TR changed the shipping address",
        tag="order.address.changed",
        changes={"line1": ["Bağdat Cad. 118/4", "Moda Cad. 22/1"]},
    )
    session.commit()
    return order


def test_page_when_opened_then_shows_everything_about_the_order(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = full_order(session, shop)

    page = at_desk(app).get(f"/orders/{order.id}").text

    for words in (
        "1535788520182137",
        "Gül Özdemir",
        "gul@example.com",
        "1 order",
        "Moda Cad. 22/1",
        "34710 Kadıköy, İstanbul",
        "TS-BLK",
        "M · Black",
        "Wool &lt;b&gt;scarf&lt;/b&gt;",
        "Credit card",
        "454360••••",
        "Swift Parcel",
        'href="https://swift.example.test/TR%2F1%202"',
        "PACK-1",
        "wc-on-hold",
        "SPRING",
        "Discount that nothing could take",
        "Scarf had a hole",
        "Made at the channel",
        "Please ring twice.",
        "Wants it before Friday.",
        "<del>Bağdat Cad. 118/4</del>",
        "<ins>Moda Cad. 22/1</ins>",
    ):
        assert words in page


def test_page_when_everything_is_on_the_order_then_takes_twelve_statements_at_most(
    app: Flask, session: Session, shop: Channel
) -> None:
    plain = make_order(session, shop)
    crowded = make_order(session, shop, items=[item() for _ in range(40)])
    for at in range(30):
        make_note(session, crowded)
        make_entry(session, crowded)
        make_payment(session, crowded, remote_id=f"p{at}")
        session.add(Package(order_id=crowded.id, number=at))
        session.add(DiscountItem(order_id=crowded.id, remote_id=str(at), scope="order", amount=Decimal(1)))
        session.add(
            IntegrationAction(channel_id=shop.id, order_id=crowded.id, kind="address", state="failed")
        )
    for kind in ("shipped_while_cancelling", "address_changed_late"):
        session.add(Attention(kind=kind, order_id=crowded.id, channel_id=shop.id, words="Look."))
    session.commit()
    client = at_desk(app)
    client.post(f"/orders/{crowded.id}/refresh", data={"csrf_token": client.token})

    with counted_statements() as few:
        client.get(f"/orders/{plain.id}")
    with counted_statements() as many:
        assert client.get(f"/orders/{crowded.id}").status_code == 200

    assert len(few) < len(many) <= 12


@pytest.mark.parametrize("order_id", ["0", "999999", "9223372036854775807", "99999999999999999999999"])
def test_page_when_there_is_no_such_order_then_404(app: Flask, session: Session, order_id: str) -> None:
    client = at_desk(app)

    for part in ("", "/peek", "/notes", "/timeline", "/payload", "/items/1/price"):
        assert client.get(f"/orders/{order_id}{part}").status_code == 404


def test_mismatch_when_the_shops_total_is_not_the_sum_then_said_in_plain_words(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop, items=[item("100.00")], amount=Decimal("90.00"), money_mismatch=True)
    session.commit()

    page = at_desk(app).get(f"/orders/{order.id}").text

    assert "The amounts of this order do not add up" in page
    assert "90.00" in page
    assert "100.00" in page
    assert "−10.00" in page


def test_troubles_when_there_are_any_then_stand_above_everything(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    make_record(session, order, state="failed", failure_words="SKU 77 is not mapped.")
    session.add(
        Attention(
            kind="shipped_while_cancelling", order_id=order.id, channel_id=shop.id, words="It left today."
        )
    )
    session.add(
        IntegrationAction(
            channel_id=shop.id,
            order_id=order.id,
            kind="address",
            state="failed",
            failure_code="409",
            failure_words="parcel already labelled",
        )
    )
    session.commit()

    page = at_desk(app).get(f"/orders/{order.id}").text

    for words in (
        "SKU 77 is not mapped.",
        "Shipped although being cancelled",
        "It left today.",
        "Web shop TR was not told",
        "parcel already labelled",
        "(409)",
    ):
        assert words in page


def test_link_when_a_shop_sends_something_else_than_a_web_address_then_it_is_no_link(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop, tracking_number="77", tracking_url="javascript:alert(1)")
    session.commit()

    page = at_desk(app).get(f"/orders/{order.id}").text

    assert "javascript:" not in page
    assert "<bdi>77</bdi>" in page


def test_peek_when_opened_then_is_a_row_with_the_items(app: Flask, session: Session, shop: Channel) -> None:
    order = full_order(session, shop)

    row = at_desk(app).get(f"/orders/{order.id}/peek", headers=HTMX).text

    assert row.strip().startswith(f'<tr class="k-peek" id="peek-{order.id}">')
    assert "TS-BLK" in row
    assert "2 ×" in row


def test_price_when_explained_then_tells_discounts_shares_and_tax_of_the_row(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(
        session,
        shop,
        items=[
            item(
                "100.00",
                discount_amount=Decimal("15.00"),
                shipping_amount=Decimal("6.00"),
                tax_rate=Decimal(20),
                tax_amount=Decimal("14.17"),
                price_steps=[{"key": "c1", "stage": "benefit", "amount": "15.00"}],
            ),
            item("85.00", shipping_amount=Decimal("6.00")),
        ],
    )
    session.add(
        DiscountItem(order_id=order.id, remote_id="c1", scope="order", code="SPRING", amount=Decimal(15))
    )
    session.commit()
    first = order_items(session, order)[0]

    lines = at_desk(app).get(f"/orders/{order.id}/items/{first}/price", headers=HTMX).text

    assert lines.strip().startswith(f'<tr class="k-peek" id="price-{first}">')
    for words in ("Share of the order&#39;s discount", "SPRING", "−15.00", "After discounts", "85.00"):
        assert words in lines
    assert "Tax in it, 20 %" in lines
    assert "91.00" in lines
    assert "12.00" in lines  # the whole shipping, of which the row has its share


def order_items(session: Session, order: Order) -> list[int]:
    from webapp.orders.models import OrderItem

    return list(
        session.scalars(
            select(OrderItem.id).where(OrderItem.order_id == order.id).order_by(OrderItem.position)
        )
    )


def test_price_when_the_row_is_of_another_order_then_404(app: Flask, session: Session, shop: Channel) -> None:
    mine, other = make_order(session, shop), make_order(session, shop)
    session.commit()

    answer = at_desk(app).get(f"/orders/{mine.id}/items/{order_items(session, other)[0]}/price")

    assert answer.status_code == 404


def test_note_when_posted_then_stands_in_the_timeline_and_the_log_says_only_that_there_is_one(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app, Role.AGENT)
    form = {"body": "  Rang, will wait.\n", "submission": str(uuid.uuid4()), "csrf_token": client.token}

    answer = client.post(f"/orders/{order.id}/notes", data=form, headers=HTMX)
    twice = client.post(f"/orders/{order.id}/notes", data=form, headers=HTMX)

    assert answer.status_code == twice.status_code == 200
    assert answer.text.count("Rang, will wait.") == twice.text.count("Rang, will wait.") == 1
    assert "hx-preserve" not in answer.text
    note = session.scalars(select(OrderNote)).one()
    assert (note.body, note.author, note.staff_id) == ("Rang, will wait.", "Ece Kaya", client.staff_id)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.note.added")).one()
    assert (entry.order_id, entry.staff_id, entry.changes, entry.summary) == (
        order.id,
        client.staff_id,
        {},
        "",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [("   ", "Write something first."), ("x" * 4001, "A note may have 4,000 characters")],
)
def test_note_when_not_valid_then_comes_back_with_what_was_typed(
    app: Flask, session: Session, shop: Channel, body: str, words: str
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app)
    form = {"body": body, "submission": str(uuid.uuid4()), "csrf_token": client.token}

    answer = client.post(f"/orders/{order.id}/notes", data=form, headers=HTMX)

    assert answer.status_code == 422
    assert words in answer.text
    assert body.strip() in answer.text
    assert session.scalar(select(func.count()).select_from(OrderNote)) == 0


def test_note_when_its_form_has_no_number_then_comes_back_and_nothing_is_lost(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app)

    answer = client.post(
        f"/orders/{order.id}/notes", data={"body": "Kept", "submission": "x", "csrf_token": client.token}
    )

    assert answer.status_code == 422
    assert "Reload the page" in answer.text
    assert ">Kept</textarea>" in answer.text


def test_note_when_posted_without_a_script_then_leads_back_to_the_timeline(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app)
    form = {"body": "Kept", "submission": str(uuid.uuid4()), "csrf_token": client.token}

    answer = client.post(f"/orders/{order.id}/notes", data=form)

    assert (answer.status_code, answer.location) == (303, f"/orders/{order.id}#timeline")


def test_note_when_the_order_is_not_theirs_then_404_and_nothing_is_written(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, make_channel(session, "Bazaar"))
    session.commit()
    client = at_desk(app, Role.AGENT, channels=[shop.id])
    form = {"body": "Kept", "submission": str(uuid.uuid4()), "csrf_token": client.token}

    for url in (f"/orders/{order.id}/notes", f"/orders/{order.id}/refresh"):
        assert client.post(url, data=form).status_code == 404
    assert session.scalar(select(func.count()).select_from(OrderNote)) == 0
    assert session.scalar(select(func.count()).select_from(Operation)) == 0


def test_refresh_when_pressed_twice_then_one_operation_is_followed_until_it_ends(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app)

    first = client.post(f"/orders/{order.id}/refresh", data={"csrf_token": client.token}, headers=HTMX)
    client.post(f"/orders/{order.id}/refresh", data={"csrf_token": client.token}, headers=HTMX)
    operation = session.scalars(select(Operation)).one()
    url = f"/orders/{order.id}/refresh/{operation.id}"
    assert f'hx-get="{url}"' in first.text
    assert f'hx-get="{url}"' in client.get(f"/orders/{order.id}").text
    operation.state = "done"
    session.commit()

    ended = client.get(url, headers=HTMX)

    assert "hx-trigger" not in ended.text
    assert "order:changed" in ended.headers["HX-Trigger"]
    assert "Read anew from the channel." in ended.headers["HX-Trigger"]


def test_refresh_when_the_channel_could_not_be_read_then_says_why_until_closed(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    session.commit()
    client = at_desk(app)
    client.post(f"/orders/{order.id}/refresh", data={"csrf_token": client.token})
    operation = session.scalars(select(Operation)).one()
    operation.state, operation.last_error = "dead", "401: the key was refused"
    session.commit()

    ended = client.get(f"/orders/{order.id}/refresh/{operation.id}", headers=HTMX)

    assert "401: the key was refused" in ended.headers["HX-Trigger"]
    assert '"kind": "error"' in ended.headers["HX-Trigger"]


def test_refresh_when_the_order_was_made_here_then_is_not_offered_and_refused(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop, remote_id=None)
    session.commit()
    client = at_desk(app)

    answer = client.post(f"/orders/{order.id}/refresh", data={"csrf_token": client.token}, headers=HTMX)

    assert "Refresh from channel" not in client.get(f"/orders/{order.id}").text
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("role", "status"), [(Role.SUPERVISOR, 200), (Role.OPERATOR, 200), (Role.AGENT, 403), (Role.FINANCE, 403)]
)
def test_payload_when_asked_for_then_only_those_who_repair_mappings_see_it(
    app: Flask, session: Session, shop: Channel, role: Role, status: int
) -> None:
    order = make_order(session, shop)
    make_record(session, order, payload={"billing": {"first_name": "<Elif>"}})
    session.commit()
    client = at_desk(app, role)

    answer = client.get(f"/orders/{order.id}/payload", headers=HTMX)

    assert answer.status_code == status
    assert ("Raw payload" in client.get(f"/orders/{order.id}").text) is (status == 200)
    assert ("&lt;Elif&gt;" in answer.text) is (status == 200)


def test_timeline_when_longer_than_a_part_then_the_rest_is_fetched_by_its_link(
    app: Flask, session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    for at in range(25):
        make_entry(session, order, f"entry {at:02}")
        make_note(session, order, f"note {at:02}")
    session.commit()
    client = at_desk(app)

    page = client.get(f"/orders/{order.id}").text
    links = [part.split('"')[0] for part in page.split('hx-get="')[1:] if "before=" in part.split('"')[0]]
    older = "".join(client.get(link, headers=HTMX).text for link in links)

    assert "entry 24" in page
    assert "entry 04" not in page
    assert "entry 04" in older
    assert "note 14" in older


@pytest.mark.parametrize("part", ["peek", "notes", "timeline", "payload"])
def test_part_when_asked_for_without_a_script_then_is_a_page_of_its_own(
    app: Flask, session: Session, shop: Channel, part: str
) -> None:
    order = full_order(session, shop)

    page = at_desk(app).get(f"/orders/{order.id}/{part}").text

    assert "<!DOCTYPE html>" in page
    assert "1535788520182137" in page


def test_page_in_turkish_when_opened_then_figures_and_days_are_written_as_there(
    app: Flask, session: Session, shop: Channel
) -> None:
    from tests.staff import make_staff, sign_in

    order = make_order(session, shop, items=[item("1234.50")])
    session.commit()
    client = app.test_client()
    sign_in(client, make_staff(language="tr"))

    page = client.get(f"/orders/{order.id}").text

    assert "1.234,50" in page
    assert "20 Kasım 2026 15:00" in page
