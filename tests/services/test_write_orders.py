"""Orders from a channel into the tables: created, left as they are, refused one by one."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from tests.order_drafts import (
    FROM_CHANNEL,
    HOME,
    OFFICE,
    PLACED,
    customer,
    draft,
    findings,
    items_of,
    line,
    make_channel,
    order_of,
    payment,
    rows,
    write,
)
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel, Mapping
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.customers.models import Address, Customer
from webapp.orders.enums import AttentionKind, FailureClass, OrderStatus
from webapp.orders.inputs import DiscountDraft, ExternalRefundDraft
from webapp.orders.models import (
    Attention,
    CancellationPlan,
    CancellationRequest,
    DiscountItem,
    ExternalStatus,
    Order,
    OrderItem,
    OrderSearch,
    order_item_transaction,
)
from webapp.orders.service.write_orders import write_orders
from webapp.payments.models import LedgerEntry, PaymentOption, Refund, Transaction

# A worked example: discounts, shipping and interest over four rows, to the cent.
EXAMPLE = draft(
    items=(line("1", "99.99"), line("2", "33.33"), line("3", "33.33"), line("4", "12.50")),
    discounts=(DiscountDraft("c1", "order", Decimal("25.00"), name="WELCOME"),),
    shipping_amount=Decimal("8.50"),
    interest_amount=Decimal("12.34"),
)


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """What is sent to the database while the test runs."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def amounts(*texts: str) -> list[Decimal]:
    return [Decimal(each) for each in texts]


def test_a_new_order_when_written_then_every_table_has_its_part(session: Session) -> None:
    channel = make_channel(session)

    results = write(channel, EXAMPLE)

    assert [(each.verdict, each.number) for each in results] == [("created", "1001")]
    order = order_of(session)
    assert order.id == results[0].order_id
    assert (order.status, order.is_send, order.item_count) == (OrderStatus.APPROVED, True, 4)
    assert (order.amount, order.discount_amount, order.money_mismatch) == (*amounts("174.99", "25.00"), False)
    assert order.shipping_address_id == order.shipping_address_seen_id == order.billing_address_id
    assert session.scalars(select(Transaction)).one().captured_amount == Decimal("174.99")
    assert session.scalars(select(DiscountItem)).one().applied_amount == Decimal("25.00")
    assert session.scalars(select(OrderSearch.folded)).one() == "1001 elif koc elif@example.com"
    assert session.scalars(select(ExternalStatus.code)).one() == "processing"
    assert session.scalars(select(PaymentOption.name)).one() == "Card"
    assert len(session.execute(select(order_item_transaction)).all()) == 4
    assert findings() == []


def test_the_worked_example_when_written_then_its_shares_are_right_to_the_cent(session: Session) -> None:
    write(make_channel(session), EXAMPLE)

    items = items_of(session)

    assert [item.discount_amount for item in items] == amounts("13.95", "4.65", "4.65", "1.75")
    assert [item.shipping_amount for item in items] == amounts("4.75", "1.58", "1.58", "0.59")
    interest = [item.installment_interest_amount + item.shipping_interest_amount for item in items]
    assert interest == amounts("6.89", "2.30", "2.29", "0.86")
    assert [step["key"] for step in items[0].price_steps] == ["c1"]


def test_a_new_order_when_written_then_the_timeline_says_where_from_and_what_the_rules_did(
    session: Session,
) -> None:
    write(make_channel(session), EXAMPLE)

    said = session.scalars(select(AuditEntry.summary).order_by(AuditEntry.id)).all()

    assert said == [
        "Pulled from Demo shop: 4 items, 174.99 TRY",
        "Rule distributed discount 25.00, shipping 8.50 and interest 12.34 TRY over 4 items",
    ]


def test_the_same_draft_again_when_written_then_nothing_is_written_and_nobody_is_locked(
    session: Session,
) -> None:
    channel = make_channel(session)
    given = replace(EXAMPLE, refunds=(ExternalRefundDraft("9", Decimal("5.00")),), notes="Ring twice")
    write(channel, given)

    with unit_of_work() as unit:
        results = write_orders(unit, unit.get_one(Channel, channel.id), [given], FROM_CHANNEL)
        # Any row written, or only locked, would have given the transaction a number.
        transaction = unit.scalar(text("SELECT pg_current_xact_id_if_assigned()::text"))

    assert [each.verdict for each in results] == ["unchanged"]
    assert transaction is None
    assert order_of(session).version == 1


def test_an_order_named_twice_in_a_batch_when_written_then_the_newer_one_counts_for_both(
    session: Session,
) -> None:
    channel = make_channel(session)
    newer = replace(draft(), notes="newer", remote_modified_at=PLACED.replace(hour=12))

    results = write(channel, newer, draft())

    assert [each.verdict for each in results] == ["created", "created"]
    assert order_of(session).notes == "newer"
    assert rows(session, Order) == 1


def test_two_orders_of_one_customer_when_written_together_then_the_latest_says_who_they_are(
    session: Session,
) -> None:
    channel = make_channel(session)
    later = draft("1002", date_placed=PLACED.replace(day=21), customer=customer(last_name="Koç-Yılmaz"))

    write(channel, later, draft("1001"))

    known = session.scalars(select(Customer)).one()
    assert known.full_name == "Elif Koç-Yılmaz"
    assert known.sort_key == "koc-yilmaz elif"
    assert rows(session, Address) == 1


def test_an_older_order_of_a_known_customer_when_pulled_later_then_their_data_stay(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft("1001"))

    write(
        channel, draft("900", date_placed=PLACED.replace(day=1), customer=customer(phone="+90 212 000 00 00"))
    )

    assert session.scalars(select(Customer.phone)).one() == ""


def test_a_later_order_of_a_known_customer_when_written_then_all_their_orders_are_found_by_the_new_name(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft("1001"))

    write(
        channel, draft("1002", date_placed=PLACED.replace(day=21), customer=customer(email="neu@example.com"))
    )

    found = session.scalars(select(OrderSearch.folded).order_by(OrderSearch.order_id)).all()
    assert found == ["1001 elif koc neu@example.com", "1002 elif koc neu@example.com"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "customer.changed")).one()
    assert "example.com" not in f"{entry.summary} {entry.changes}"


def test_a_gift_when_written_then_its_receiver_finds_it_too(session: Session) -> None:
    gift = replace(HOME, first_name="Çağrı", last_name="Şahin")

    write(make_channel(session), draft(shipping_address=gift))

    assert session.scalars(select(OrderSearch.folded)).one() == "1001 elif koc elif@example.com cagri sahin"
    order = order_of(session)
    assert order.shipping_address_id != order.billing_address_id


def test_a_known_sku_when_written_then_the_item_has_its_product_and_stock_is_reserved(
    session: Session,
) -> None:
    session.add(StockList(id=5, code="main", name="Main"))
    session.add_all([Product(id=7, sku="OURS-1", name="Jeans"), Product(id=8, sku="SKU-2", name="Scarf")])
    session.flush()
    channel = make_channel(session, stock_list_id=5)
    session.add(Mapping(channel_id=channel.id, kind="sku", remote_value="SKU-1", local_value="OURS-1"))
    session.commit()
    shipped = line("2", "10.00", status=OrderStatus.SHIPPED)

    write(channel, draft(items=(line("1", "100.00", quantity=3), shipped, line("3", "5.00"))))

    assert [item.product_id for item in items_of(session)] == [7, 8, None]
    stock = session.scalars(select(ProductStock)).one()
    assert (stock.product_id, stock.stock_list_id, stock.reserved) == (7, 5, Decimal(3))


def test_a_known_carrier_when_named_in_the_shipping_option_then_the_parcel_can_be_followed(
    session: Session,
) -> None:
    items = (line(tracking_number="12 34", status=OrderStatus.SHIPPED),)

    write(make_channel(session), draft(items=items, shipping_option_slug="Yurtiçi Kargo - Ücretsiz"))

    carrier = session.scalars(select(CargoCompany)).one()
    item = items_of(session)[0]
    assert (carrier.slug, item.cargo_company_id) == ("yurtici", carrier.id)
    assert item.tracking_url == (
        "https://www.yurticikargo.com/tr/online-servisler/gonderi-sorgula?code=12%2034"
    )
    assert order_of(session).tracking_number == "12 34"


def test_an_order_not_approved_yet_when_written_then_it_is_not_with_the_warehouse(session: Session) -> None:
    write(make_channel(session), draft(items=(line(status=OrderStatus.PAYMENT_WAITING),), transactions=()))

    order = order_of(session)
    assert (order.status, order.is_send) == (OrderStatus.PAYMENT_WAITING, False)
    assert findings() == []


def test_an_order_cancelled_at_the_channel_before_we_saw_it_when_written_then_a_closed_plan_says_so(
    session: Session,
) -> None:
    write(make_channel(session), draft(items=(line(status=OrderStatus.CANCELLED),), transactions=()))

    plan = session.scalars(select(CancellationPlan)).one()
    assert (plan.kind, plan.origin, plan.status, plan.is_all) == ("cancel", "channel", "completed", True)
    assert (plan.computed_amount, plan.refund_amount) == (Decimal(100), Decimal(0))
    order = order_of(session)
    assert (order.status, order.cancel_status, order.has_open_plan) == (100, "completed", False)
    assert findings() == []


def test_an_order_cancelled_there_whose_money_we_hold_when_written_then_somebody_must_pay_it_back(
    session: Session,
) -> None:
    ours = payment("100.00", holder="us", gateway="stripe", gateway_ref="pi_1")

    write(make_channel(session), draft(items=(line(status=OrderStatus.CANCELLED),), transactions=(ours,)))

    item = items_of(session)[0]
    assert (item.status, item.status_before_cancel) == (50, 400)
    assert session.scalars(select(CancellationRequest.origin)).one() == "channel"
    assert session.scalars(select(Attention.kind)).one() == AttentionKind.ENDED_WITH_OUR_MONEY
    assert findings() == []


def test_an_order_partly_refunded_there_when_written_then_the_refund_counts_in_the_books(
    session: Session,
) -> None:
    refunds = (
        ExternalRefundDraft("77", Decimal("30.00"), "too late", PLACED),
        ExternalRefundDraft("78", Decimal(0)),
    )

    write(make_channel(session), draft(refunds=refunds))

    refund = session.scalars(select(Refund)).one()
    assert (refund.state, refund.plan_id, refund.remote_id) == ("succeeded", None, "77")
    assert refund.amount == session.scalars(select(LedgerEntry.amount)).one() == Decimal("30.00")
    assert order_of(session).refund_amount == Decimal("30.00")
    assert findings() == []


@pytest.mark.parametrize("paid", [(), (payment("100.00"),)], ids=["no payment", "less paid"])
def test_more_refunded_there_than_was_paid_when_written_then_nothing_is_clipped(
    session: Session, paid: tuple
) -> None:
    write(
        make_channel(session),
        draft(refunds=(ExternalRefundDraft("77", Decimal("130.00")),), transactions=paid),
    )

    order = order_of(session)
    assert (order.refund_amount, order.money_mismatch) == (Decimal("130.00"), True)
    assert session.scalars(select(Refund.amount)).one() == Decimal("130.00")
    assert session.scalars(select(Attention.kind)).one() == AttentionKind.REFUNDED_MORE_THAN_PAID
    assert findings() == []


def test_a_total_that_misses_its_parts_by_more_than_rounding_when_written_then_it_is_imported_and_flagged(
    session: Session,
) -> None:
    results = write(make_channel(session), draft(amount=Decimal("90.00")))

    assert results[0].verdict == "created"
    assert order_of(session).money_mismatch
    assert findings() == []


def test_an_order_without_lines_when_written_then_it_has_the_channels_status(session: Session) -> None:
    results = write(make_channel(session), draft(items=(), amount=Decimal(0), transactions=()))

    assert results[0].verdict == "created"
    assert (order_of(session).status, order_of(session).item_count) == (OrderStatus.APPROVED, 0)
    assert findings() == []


def test_texts_with_quotes_commas_braces_and_nul_when_written_then_they_come_back_as_they_were(
    session: Session,
) -> None:
    awkward = 'a "b", {c}\\d\n\te NULL, ç'
    given = draft(
        items=(line(name=awkward, extra_field={"note": awkward, "price": Decimal("1.10")}),),
        notes=awkward + "\x00",
        customer=customer(first_name="NULL"),
    )

    results = write(make_channel(session), given)

    assert results[0].verdict == "created"
    assert order_of(session).notes == awkward
    item = items_of(session)[0]
    assert (item.name, item.extra_field) == (awkward, {"note": awkward, "price": "1.10"})
    assert session.scalars(select(Customer.first_name)).one() == "NULL"


@pytest.mark.parametrize(
    ("bad", "failure_class", "words"),
    [
        (
            draft("1002", items=(line(sku="x" * 121),)),
            FailureClass.VALIDATION,
            "Line 1: “sku” has 121 characters, 120 can be kept.",
        ),
        (
            draft("1002", items=(line(quantity=-1),)),
            FailureClass.VALIDATION,
            "The database refuses it: ck_order_item_quantity_not_negative.",
        ),
        (
            draft("1002", items=(line(), line())),
            FailureClass.VALIDATION,
            "Two lines of the order have the same id.",
        ),
        (draft("1002", currency="XXX"), FailureClass.MONEY, "“XXX” is not an ISO 4217 currency code."),
        (draft("1002", items=(line(amount="1.001"),)), FailureClass.MONEY, "1.001 has more decimals than TRY knows."),
        (draft("1002", items=(line(name="\ud800"),)), FailureClass.VALIDATION, "A text of the order holds characters"),
        (draft(" "), FailureClass.VALIDATION, "The order has no number."),
        (
            draft("1002", remote_id="r1"),
            FailureClass.VALIDATION,
            "Demo shop has an order with the number 1002 already.",
        ),
        (replace(draft("1002"), items=(object(),)), FailureClass.BUG, "AttributeError"),
    ],
    ids=["too long", "constraint", "line twice", "currency", "decimals", "surrogate", "no number", "number taken", "bug"],
)  # fmt: skip
def test_one_bad_draft_when_written_among_good_ones_then_it_alone_fails_and_says_why(
    session: Session, bad: object, failure_class: FailureClass, words: str
) -> None:
    channel = make_channel(session)
    if "already" in words:
        write(channel, draft("1002"))
    good = [draft(str(number)) for number in (1001, 1003, 1004, 1005, 1006)]

    results = write(channel, good[0], good[1], bad, *good[2:])  # type: ignore[arg-type]

    assert [each.verdict for each in results] == [
        "created",
        "created",
        "failed",
        "created",
        "created",
        "created",
    ]
    assert results[2].failure_class is failure_class
    assert results[2].words.startswith(words)
    assert findings() == []


def test_two_orders_with_one_number_in_a_batch_when_written_then_the_second_is_refused(
    session: Session,
) -> None:
    results = write(make_channel(session), draft("1001"), draft("1001", remote_id="another"))

    assert sorted(each.verdict for each in results) == ["created", "failed"]
    assert rows(session, Order) == 1
    assert findings() == []


def test_a_unit_of_work_when_it_has_written_then_the_next_one_plans_as_usual(session: Session) -> None:
    write(make_channel(session), draft())

    assert session.scalar(text("SHOW enable_seqscan")) == "on"
    assert session.scalar(text("SHOW lock_timeout")) == "0"


def test_a_batch_of_any_size_when_written_then_it_takes_the_same_number_of_statements(
    session: Session, statements: list[str]
) -> None:
    channel = make_channel(session)
    write(channel, *(draft(str(number)) for number in range(100, 105)))
    statements.clear()

    write(channel, *(draft(str(number)) for number in range(200, 203)))
    of_three = len(statements)
    statements.clear()
    write(channel, *(draft(str(number)) for number in range(300, 390)))

    assert len(statements) == of_three
    assert of_three <= 32


def test_a_person_erased_after_the_order_when_it_is_pulled_again_then_nothing_of_them_comes_back(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft(notes="Ask for Elif"))
    session.execute(
        text("UPDATE customer SET first_name='', last_name='', email='', search_folded='', erased_at=now()")
    )
    session.commit()
    again = draft(
        notes="Ask for Elif Koç", shipping_address=OFFICE, customer=customer(phone="+90 532 111 11 11")
    )

    write(channel, again, draft("900", date_placed=PLACED.replace(day=1)))

    known = session.scalars(select(Customer)).one()
    assert (known.first_name, known.phone) == ("", "")
    found = session.scalars(select(OrderSearch.folded).where(OrderSearch.folded.like("900%"))).one()
    assert found == "900"
    assert OFFICE.company not in session.scalars(select(Address.company)).all()
    assert order_of(session).notes == "Ask for Elif"


def test_nothing_to_write_when_called_then_nothing_comes_back(session: Session) -> None:
    assert write(make_channel(session)) == []
    assert rows(session, OrderItem) == 0


def test_a_negative_total_when_written_then_it_is_taken_as_it_is(session: Session) -> None:
    given = draft(discounts=(DiscountDraft("fee", "fee", Decimal("130.00")),), transactions=())

    write(make_channel(session), given)

    order = order_of(session)
    assert (order.amount, order.unapplied_discount, order.money_mismatch) == (
        *amounts("-30.00", "30.00"),
        False,
    )
    assert findings() == []
