"""Orders edited at the shop, payments that change, and refunds that were made there."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.order_drafts import (
    PLACED,
    draft,
    findings,
    items_of,
    line,
    make_channel,
    order_of,
    payment,
    rows,
    with_status,
    write,
)
from webapp.core.audit import AuditEntry
from webapp.orders.enums import AttentionKind, OrderStatus
from webapp.orders.inputs import DiscountDraft, ExternalRefundDraft, OrderDraft
from webapp.orders.models import (
    Attention,
    CancellationPlan,
    DiscountItem,
    Order,
    OrderItem,
    order_item_transaction,
)
from webapp.payments.models import LedgerEntry, Refund, Transaction


def off(amount: str, key: str = "c1") -> DiscountDraft:
    return DiscountDraft(key, "order", Decimal(amount))


TWO = draft(items=(line("1", "100.00"), line("2", "50.00")), discounts=(off("15.00"),))


def kinds(session: Session) -> list[str]:
    return list(session.scalars(select(Attention.kind).order_by(Attention.id)))


def plan_of(session: Session, **columns: object) -> CancellationPlan:
    plan = CancellationPlan(
        **{"order_id": order_of(session).id, "kind": "cancel", "currency": "TRY", **columns}
    )
    session.add(plan)
    session.commit()
    return plan


def paid(given: OrderDraft, amount: str, **fields: object) -> OrderDraft:
    return replace(given, transactions=(payment(amount, **fields),))


# Edited at the shop.


def test_a_changed_discount_when_no_plan_stands_then_the_order_is_distributed_anew_as_a_new_version(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    edited = draft(items=TWO.items, discounts=(off("30.00", "c2"),))
    verdicts = [write(channel, edited)[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    order = order_of(session)
    assert (order.amount, order.discount_amount, order.version) == (Decimal(120), Decimal(30), 2)
    assert [item.discount_amount for item in items_of(session)] == [Decimal(20), Decimal(10)]
    assert [each.remote_id for each in session.scalars(select(DiscountItem))] == ["c2"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.money.redistributed")).one()
    assert entry.summary == (
        "Changed at Demo shop: total 135 TRY to 120.00 TRY; rule distributed discount 30.00 TRY over 2 items"
    )
    first = items_of(session)[0]
    assert entry.changes["amount"] == ["135", "120"]
    assert entry.changes["items"][str(first.id)]["discount_amount"] == ["10", "20"]
    assert findings() == []


def test_a_line_added_and_one_taken_away_when_pulled_then_the_rows_follow_and_nothing_is_deleted(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    edited = draft(items=(line("2", "50.00", quantity=2), line("3", "20.00")))
    verdicts = [write(channel, edited)[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    gone, kept, new = items_of(session)
    assert (gone.status, gone.quantity, gone.amount, gone.ordered_quantity) == (100, 0, 0, 1)
    assert (kept.quantity, kept.discount_amount) == (2, 0)
    assert (new.sku, new.amount) == ("SKU-3", Decimal(20))
    order = order_of(session)
    assert (order.item_count, order.status, order.partially_cancelled) == (3, OrderStatus.APPROVED, True)
    assert len(session.execute(select(order_item_transaction)).all()) == 3
    assert findings() == []


@pytest.mark.parametrize("status", ["waiting", "completed"])
def test_an_edit_when_a_plan_stands_on_the_amounts_then_they_stay_and_it_is_raised(
    session: Session, status: str
) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    plan_of(session, status=status)

    verdicts = [write(channel, draft(items=TWO.items))[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    order = order_of(session)
    assert (order.amount, order.money_mismatch) == (Decimal(135), True)
    assert [item.discount_amount for item in items_of(session)] == [Decimal(10), Decimal(5)]
    assert kinds(session) == [AttentionKind.EDITED_WITH_PLAN]


def test_an_edit_when_the_plan_was_rejected_then_it_is_taken(session: Session) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    plan = plan_of(session, status="waiting")
    edited = draft(items=TWO.items)
    write(channel, edited)
    session.execute(update(CancellationPlan).where(CancellationPlan.id == plan.id).values(status="rejected"))
    session.commit()

    write(channel, edited)

    order = order_of(session)
    assert (order.amount, order.money_mismatch) == (Decimal(150), False)


def test_the_same_amounts_when_a_line_was_split_here_then_nothing_is_edited(session: Session) -> None:
    channel = make_channel(session)
    given = draft(items=(line("1", "100.00", quantity=2),))
    write(channel, given)
    item = items_of(session)[0]
    half = {"amount": Decimal(50), "quantity": Decimal(1), "tax_amount": Decimal("8.33")}
    session.execute(update(OrderItem).values(**{**half, "tax_amount": Decimal("8.34")}))
    session.add(
        OrderItem(
            order_id=item.order_id,
            remote_line_id="1",
            part=1,
            position=1,
            status=400,
            price_currency="TRY",
            price=Decimal(50),
            sku="SKU-1",
            name="Product 1",
            tax_rate=Decimal(20),
            external_status_id=item.external_status_id,
            **half,
        )
    )
    session.commit()

    assert write(channel, given)[0].verdict == "unchanged"
    write(channel, draft(items=(line("1", "90.00", quantity=2),)))

    assert [each.amount for each in items_of(session)] == [Decimal(50), Decimal(50)]
    assert kinds(session) == [AttentionKind.EDITED_WITH_PLAN]


def test_a_lower_total_when_we_hold_the_money_then_the_difference_is_raised(session: Session) -> None:
    channel = make_channel(session)
    write(channel, paid(TWO, "135.00", holder="us"))

    write(channel, paid(draft(items=TWO.items[:1]), "135.00", holder="us"))

    assert kinds(session) == [AttentionKind.PAID_MORE_THAN_TOTAL]
    assert order_of(session).amount == Decimal(100)


def test_other_amounts_that_cannot_be_when_pulled_then_the_order_stays_and_the_draft_says_why(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    result = write(channel, replace(TWO, shipping_amount=Decimal(-1)), draft("1002"))

    assert [each.verdict for each in result] == ["failed", "created"]
    assert order_of(session).version == 1


# Payments.


def test_a_payment_that_arrives_when_pulled_then_its_amounts_and_reference_are_taken(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, paid(TWO, "135.00", captured_amount=Decimal(0), paid_at=None))

    write(channel, paid(TWO, "135.00", gateway="stripe", gateway_ref="pi_1"))

    stored = session.scalars(select(Transaction)).one()
    assert (stored.captured_amount, stored.gateway_ref, stored.paid_at, stored.version) == (
        135,
        "pi_1",
        PLACED,
        2,
    )
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.payment.changed")).one()
    assert entry.changes["captured_amount"] == ["0", "135"]


def test_a_payment_that_the_channel_no_longer_names_when_pulled_then_it_holds_nothing(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, paid(TWO, "135.00", remote_id="first"))

    write(channel, paid(TWO, "135.00", remote_id="second"))

    stored = session.scalars(select(Transaction).order_by(Transaction.id)).all()
    assert [(each.remote_id, each.captured_amount) for each in stored] == [("first", 0), ("second", 135)]
    assert len(session.execute(select(order_item_transaction)).all()) == 4
    assert findings() == []


def test_a_payment_that_shrinks_below_what_went_back_when_pulled_then_ours_stays_and_it_is_raised(
    session: Session,
) -> None:
    channel = make_channel(session)
    refunds = (ExternalRefundDraft("9", Decimal("100.00")),)
    write(channel, replace(TWO, refunds=refunds))

    verdicts = [write(channel, replace(paid(TWO, "20.00"), refunds=refunds))[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    assert session.scalars(select(Transaction.captured_amount)).one() == Decimal(135)
    assert order_of(session).money_mismatch
    assert kinds(session) == [AttentionKind.PAYMENT_LOWERED]
    assert findings() == []


# Refunds.


def test_a_refund_made_there_when_pulled_then_it_is_booked_once(session: Session) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    refunded = replace(TWO, refunds=(ExternalRefundDraft("9", Decimal("35.00"), "late", PLACED),))

    verdicts = [write(channel, refunded)[0].verdict for _ in range(3)]

    assert verdicts == ["updated", "unchanged", "unchanged"]
    order = order_of(session)
    assert (order.refund_amount, order.version) == (Decimal(35), 2)
    refund = session.scalars(select(Refund)).one()
    assert (refund.state, refund.amount, refund.settled_at) == ("succeeded", Decimal(35), PLACED)
    assert session.scalars(select(LedgerEntry.kind)).one() == "refund"
    said = session.scalars(select(AuditEntry.summary).where(AuditEntry.tag == "order.refund.external")).one()
    assert said == "Demo shop paid back 35.00 TRY there"
    assert findings() == []


def test_our_own_refund_when_the_channel_reports_it_then_it_is_not_booked_again(session: Session) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    order = order_of(session)
    transaction = session.scalars(select(Transaction)).one()
    plan = plan_of(session, status="waiting_for_payment")
    session.add(
        Refund(
            order_id=order.id,
            plan_id=plan.id,
            transaction_id=transaction.id,
            amount=Decimal(35),
            currency="TRY",
            state="sending",
            idem_key="rf_0b9f",
        )
    )
    session.commit()

    write(channel, replace(TWO, refunds=(ExternalRefundDraft("9", Decimal("35.00"), "Order 1001 rf_0b9f"),)))

    assert rows(session, Refund) == 1
    assert order_of(session).refund_amount == 0


def test_refunds_beyond_what_was_paid_when_pulled_then_they_are_booked_whole_and_raised(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    given = replace(
        TWO,
        refunds=(ExternalRefundDraft("9", Decimal("100.00")), ExternalRefundDraft("10", Decimal("100.00"))),
    )

    verdicts = [write(channel, given)[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    order = order_of(session)
    assert (order.refund_amount, order.money_mismatch) == (Decimal(200), True)
    assert kinds(session) == [AttentionKind.REFUNDED_MORE_THAN_PAID]
    assert findings() == []


def test_refunds_when_there_are_several_payments_then_each_counts_against_one_that_holds_it(
    session: Session,
) -> None:
    channel = make_channel(session)
    payments = (payment("100.00", remote_id="card"), payment("35.00", remote_id="points", kind="loyalty"))
    write(channel, replace(TWO, transactions=payments))

    refunds = tuple(
        ExternalRefundDraft(str(at), Decimal(each)) for at, each in enumerate(("30.00", "60.00", "40.00"))
    )
    write(channel, replace(TWO, transactions=payments, refunds=refunds))

    of_refunds = select(Transaction.remote_id).join(Refund, Refund.transaction_id == Transaction.id)
    placed = session.scalars(of_refunds.order_by(Refund.remote_id)).all()
    assert placed == ["points", "card", "card"]
    assert findings() == []


def test_a_refund_deleted_there_when_pulled_then_ours_stays_in_the_books_and_it_is_raised(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, replace(TWO, refunds=(ExternalRefundDraft("9", Decimal("35.00")),)))

    verdicts = [write(channel, TWO)[0].verdict for _ in range(2)]

    assert verdicts == ["unchanged", "unchanged"]
    assert order_of(session).refund_amount == Decimal(35)
    assert kinds(session) == [AttentionKind.REFUND_VANISHED]


def test_a_full_refund_there_with_the_status_for_it_when_pulled_then_the_order_ends_as_refunded(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, with_status(TWO, OrderStatus.DELIVERED, "completed"))

    ended = with_status(TWO, OrderStatus.REFUNDED, "refunded")
    write(channel, replace(ended, refunds=(ExternalRefundDraft("9", Decimal("135.00")),)))

    order = order_of(session)
    assert (order.status, order.refund_amount, order.cancel_status) == (600, Decimal(135), "completed")
    plan = session.scalars(select(CancellationPlan)).one()
    assert (plan.kind, plan.status) == ("refund", "completed")
    assert rows(session, Order) == 1
    assert findings() == []


def test_another_currency_when_money_went_back_in_the_old_one_then_the_amounts_stay_and_it_is_raised(
    session: Session,
) -> None:
    channel = make_channel(session)
    refunds = (ExternalRefundDraft("9", Decimal("10.00")),)
    write(channel, replace(TWO, refunds=refunds))

    write(channel, replace(TWO, currency="EUR", refunds=refunds))

    assert order_of(session).currency == "TRY"
    assert kinds(session) == [AttentionKind.EDITED_WITH_PLAN]
    assert findings() == []


def test_another_currency_when_nothing_went_back_then_items_and_payments_are_in_it_too(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    write(channel, replace(TWO, currency="EUR"))

    assert order_of(session).currency == "EUR"
    assert findings() == []
