"""One order in full: who may know of it, what belongs to it, its timeline, and its payload for the API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.factories import (
    NOON,
    item,
    make_address,
    make_cargo,
    make_channel,
    make_customer,
    make_entry,
    make_external_status,
    make_note,
    make_order,
    make_orders,
    make_payment,
    make_payment_option,
    make_record,
)
from webapp.channels.models import Channel
from webapp.core.audit import AuditPersonal
from webapp.core.errors import NotFound
from webapp.orders.models import DiscountItem, OrderItem
from webapp.orders.queries import detail, timeline
from webapp.orders.queries.record import order_record
from webapp.orders.serializers import ADDED_ITEM_FIELDS, ADDED_ORDER_FIELDS, order_detail, plain_number
from webapp.payments.models import Refund

# The keys of the reference's own detail and of its items.
REFERENCE_ORDER = """
pk number channel status date_placed customer shipping_address billing_address currency amount shipping_amount
shipping_tax_rate extra_field orderitem_set discountitem_set transaction_set payment_option payment_option_slug
bin_number installment installment_count installment_interest_amount cargo_company invoice_number invoice_date
e_archive_url refund_amount discount_refund_amount shipping_refund_amount discount_amount cancellation_info
status_display tracking_number is_send cancel_status net_shipping_amount remote_addr language_code
fundstransfertransaction_set has_gift_box gift_box_note tracking_url external_status payondeliverytransaction_set
loyaltytransaction_set bextransaction_set cancellationplan_set cashregistertransaction_set client_type
shipping_interest_amount notes delivery_range shipping_option_slug segment carrier_shipping_code
"""
REFERENCE_ITEM = """
pk order product status price_currency price tax_rate extra_field price_list stock_list invoice_number invoice_date
e_archive_url cancel_status status_display installment_interest_amount net_amount tracking_number shipping_company
discount_amount shipment_code benefitapplicant_set external_status retail_price attributes attributes_kwargs
tracking_url image parent data_source estimated_delivery_date
"""


@pytest.fixture
def shop(session: Session) -> Channel:
    return make_channel(session)


def test_order_when_of_another_channel_then_there_is_no_such_order(session: Session, shop: Channel) -> None:
    order = make_order(session, shop, number="1")

    assert detail.head(session, order.id, frozenset({shop.id})).order.number == "1"
    for scope, order_id in (
        (frozenset({shop.id + 1}), order.id),
        (frozenset(), order.id),
        (None, order.id + 1),
    ):
        with pytest.raises(NotFound):
            detail.head(session, order_id, scope)


def test_head_when_read_then_names_what_the_order_points_to(session: Session, shop: Channel) -> None:
    customer = make_customer(session, shop)
    billing = make_address(session, customer, company="Koç Tekstil")
    card, swift = make_payment_option(session), make_cargo(session)
    external = make_external_status(session, shop, "on-hold")
    make_order(session, shop, customer=customer, status=600)
    order = make_order(
        session,
        shop,
        customer=customer,
        billing_address_id=billing.id,
        payment_option_id=card.id,
        cargo_company_id=swift.id,
        external_status_id=external.id,
    )
    make_record(session, order, state="failed", failure_words="No SKU is mapped.")

    head = detail.head(session, order.id, None)

    assert (head.payment_name, head.carrier_name, head.external_status) == (
        "Credit card",
        "Swift Parcel",
        "on-hold",
    )
    assert head.billing.company == "Koç Tekstil"
    assert head.history == detail.CustomerHistory(orders=2, returns=1)
    assert head.last_sent is not None
    assert head.last_sent.failure == "No SKU is mapped."


def test_number_when_two_channels_use_it_then_it_names_no_single_order(
    session: Session, shop: Channel
) -> None:
    bazaar = make_channel(session, "Bazaar")
    mine, theirs = make_order(session, shop, number="1001"), make_order(session, bazaar, number="1001")

    assert detail.id_of_number(session, "1001", None) is None
    assert detail.id_of_number(session, "1001", frozenset({shop.id})) == mine.id
    assert detail.id_of_number(session, "100", None) is None
    signed = make_order(session, shop, number="#2002")
    assert detail.id_of_number(session, "2002", None) == signed.id
    assert detail.orders_of_number(session, "1001") == [(mine.id, "Web shop TR"), (theirs.id, "Bazaar")]


def test_payments_when_read_then_each_has_its_refunds(session: Session, shop: Channel) -> None:
    order = make_order(session, shop)
    card = make_payment(session, order)
    make_payment(session, order, kind="loyalty", remote_id="points", captured_amount=Decimal(5))
    for at, (key, amount) in enumerate((("r1", "10.00"), ("r2", "2.50"))):
        session.add(
            Refund(
                order_id=order.id,
                transaction_id=card.id,
                amount=Decimal(amount),
                currency="TRY",
                state="succeeded",
                idem_key=f"rf_{key}",
                remote_id=key,
                created_at=NOON + timedelta(minutes=at),
            )
        )
    session.flush()

    first, second = detail.payments(session, order.id)

    assert [refund.amount for refund in first.refunds] == [Decimal("10.00"), Decimal("2.50")]
    assert second.refunds == []


def test_payload_when_kept_then_every_figure_is_as_the_channel_wrote_it(
    session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    make_record(session, order, payload={"total": "10.50", "rate": 1})

    found = detail.raw_payload(session, order.id)

    assert found is not None
    assert '"total": "10.50"' in found[1]
    assert detail.raw_payload(session, order.id + 1) is None


def test_timeline_when_long_then_comes_newest_first_in_parts_with_what_names_a_person(
    session: Session, shop: Channel
) -> None:
    order = make_order(session, shop)
    made = [make_entry(session, order, f"entry {at}") for at in range(timeline.ENTRIES + 1)]
    make_entry(session, order, "", tag=timeline.NOTE_ADDED)
    session.add(AuditPersonal(entry_id=made[-1].id, changes={"city": ["Ankara", "Bursa"]}))
    session.flush()

    newest = timeline.entries(session, order.id)
    oldest = timeline.entries(session, order.id, before_id=newest.before_id)

    assert [entry.summary for entry in newest.rows] == [
        f"entry {at}" for at in range(timeline.ENTRIES, 0, -1)
    ]
    assert newest.rows[0].changes == {"city": ["Ankara", "Bursa"]}
    assert [entry.summary for entry in oldest.rows] == ["entry 0"]
    assert oldest.before_id is None


def test_notes_when_many_then_come_newest_first_in_parts(session: Session, shop: Channel) -> None:
    order = make_order(session, shop)
    for at in range(timeline.NOTES + 2):
        make_note(session, order, f"note {at}", created_at=NOON + timedelta(minutes=at))

    newest = timeline.notes(session, order.id)
    oldest = timeline.notes(session, order.id, before_id=newest.before_id)

    assert newest.rows[0].row.body == f"note {timeline.NOTES + 1}"
    assert [note.row.body for note in oldest.rows] == ["note 1", "note 0"]


def test_detail_payload_when_written_then_has_the_references_fields_and_types(
    session: Session, shop: Channel
) -> None:
    order = make_order(
        session,
        shop,
        number="1535788520612146",
        items=[
            item(
                "127.98",
                discount_amount=Decimal("7.98"),
                tax_rate=Decimal("8"),
                shipping_amount=Decimal("8.5"),
            ),
            item("10.00", quantity=Decimal("2.5")),
        ],
        payment_option_slug="credit_card",
    )
    make_payment(session, order)
    make_payment(session, order, kind="funds_transfer", remote_id="bank", captured_amount=Decimal(0))
    session.add(
        DiscountItem(order_id=order.id, remote_id="c1", scope="order", code="SPRING", amount=Decimal("7.98"))
    )
    session.flush()
    session.refresh(order)

    payload = order_detail(order_record(session, order.id, None))

    assert set(payload) == set(REFERENCE_ORDER.split()) | set(ADDED_ORDER_FIELDS)
    assert payload["status"] == "400"
    assert payload["status_display"] == "approved"
    assert payload["currency"] == "try"
    assert payload["amount"] == "138.50"
    assert payload["net_shipping_amount"] == 8.5
    assert payload["date_placed"] == "2026-11-20T12:00:00Z"
    assert payload["is_send"] is True
    assert payload["has_gift_box"] is False
    assert [len(payload[name]) for name in ("transaction_set", "fundstransfertransaction_set")] == [1, 1]
    assert payload["bextransaction_set"] == payload["cancellationplan_set"] == []
    assert payload["discountitem_set"][0]["code"] == "SPRING"
    first, second = payload["orderitem_set"]
    assert set(first) == set(REFERENCE_ITEM.split()) | set(ADDED_ITEM_FIELDS)
    assert (first["price"], first["net_amount"], first["tax_rate"]) == ("127.98", "120.00", "8.00")
    assert second["quantity"] == "2.5"


def test_detail_payload_when_the_order_grows_then_takes_no_more_statements(
    session: Session, shop: Channel
) -> None:
    from tests.services.test_order_queries_list import counted_statements

    small = make_order(session, shop)
    large = make_order(session, shop, items=[item() for _ in range(30)])
    for order in (small, large):
        make_payment(session, order)
    session.flush()
    session.expunge_all()

    with counted_statements() as few:
        order_detail(order_record(session, small.id, None))
    with counted_statements() as many:
        order_detail(order_record(session, large.id, None))

    assert len(many) == len(few) == 5


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0", 0), ("7.00", 7), ("8.50", 8.5), ("0.125", 0.125), ("1234567.89", 1234567.89)],
)
def test_number_when_the_reference_asks_for_one_then_it_reads_as_the_amount(
    amount: str, written: int | float
) -> None:
    assert plain_number(Decimal(amount)) == written
    assert type(plain_number(Decimal(amount))) is type(written)


def test_items_when_read_then_come_in_the_orders_own_order(session: Session, shop: Channel) -> None:
    order = make_order(session, shop, items=[item(sku="B"), item(sku="A")])
    session.add(
        OrderItem(
            order_id=order.id,
            remote_line_id="1",
            part=1,
            position=1,
            sku="B, part",
            status=400,
            price_currency="TRY",
        )
    )
    session.flush()

    assert [each.row.sku for each in detail.items(session, order.id)] == ["B", "B, part", "A"]
    assert len(make_orders(session, shop, 2)) == 2
