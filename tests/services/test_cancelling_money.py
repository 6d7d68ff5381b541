"""What `cancel_order` gives back and how: forced amounts, bank accounts, loyalty, shipping."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order
from tests.cancelling import (
    GOOD_IBAN,
    OTHER_IBAN,
    Counter,
    count,
    lines_of,
    plans_of,
    refunds_of,
    staff,
    tenders_of,
)
from tests.order_drafts import payment
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext
from webapp.core.db import db
from webapp.core.errors import InvalidInput, PermissionDenied
from webapp.orders.enums import RefundWay, TenderKind
from webapp.orders.service.cancellation.refusals import PurchaseTransactionNotFound
from webapp.payments.models import Payee

D = Decimal


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def ids(order_id: int) -> list[int]:
    return [item.id for item in items_of_order(order_id)]


# A forced amount


def test_forced_amount_without_the_permission_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    with pytest.raises(PermissionDenied, match="another amount than the computed one"):
        counter.cancel(order_id, forced_refund_amount=D("80.00"), adjustment_reason="Used")
    assert plans_of(order_id) == []


def test_forced_amount_with_the_permission_then_an_adjustment_with_its_reason(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    counter.cancel(
        order_id, by=counter.supervisor, forced_refund_amount=D("80.00"), adjustment_reason="Used twice"
    )
    (plan,) = plans_of(order_id)
    assert (plan.computed_amount, plan.adjustment_amount, plan.refund_amount) == (
        D("100.00"),
        D("-20.00"),
        D("80.00"),
    )
    assert plan.adjustment_reason == "Used twice"
    assert [row.adjustment_amount for row in lines_of(plan.id)] == [D("-12.00"), D("-8.00")]
    assert [item.forced_refund for item in items_of_order(order_id)] == [True, True]


@pytest.mark.parametrize("amount", ["-0.01", "100.01", "50.001"])
def test_forced_amount_outside_what_is_left_then_refused(counter: Counter, amount: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        counter.cancel(
            counter.order(), by=counter.supervisor, forced_refund_amount=D(amount), adjustment_reason="x"
        )
    assert refused.value.error_code == "forced_amount"


def test_forced_amount_without_words_then_refused(counter: Counter) -> None:
    with pytest.raises(InvalidInput) as refused:
        counter.cancel(counter.order(), by=counter.supervisor, forced_refund_amount=D("1.00"))
    assert refused.value.error_code == "adjustment_reason_missing"


def test_money_withheld_when_the_rest_is_cancelled_then_stays_withheld(counter: Counter) -> None:
    """Decision 6: what is left is less the computed amounts of earlier plans, not what they really paid."""
    order_id = counter.order("60.00", "40.00")
    first, second = ids(order_id)
    counter.cancel(
        order_id, first, by=counter.supervisor, forced_refund_amount=D("10.00"), adjustment_reason="Worn"
    )
    counter.approve(order_id, by=_another_supervisor())
    counter.cancel(order_id, second)
    assert [plan.refund_amount for plan in plans_of(order_id)] == [D("10.00"), D("40.00")]


def test_forced_amount_when_nothing_was_ever_paid_then_there_is_no_payment_for_it(counter: Counter) -> None:
    unpaid = payment("100.00", kind=TenderKind.PAY_ON_DELIVERY, captured_amount=D(0), holder="us")
    order_id = counter.order(tenders=(unpaid,))
    with pytest.raises(PurchaseTransactionNotFound, match=r"no payment that 50\.00 TRY could go back by"):
        counter.cancel(
            order_id, by=counter.supervisor, forced_refund_amount=D("50.00"), adjustment_reason="Goodwill"
        )


# Bank accounts


def transfer(amount: str, **fields: object) -> tuple[object, ...]:
    return (replace(payment(amount, kind=TenderKind.FUNDS_TRANSFER, holder="us"), **fields),)  # type: ignore[arg-type]


def test_iban_when_money_goes_back_by_bank_then_kept_for_its_transfer(counter: Counter) -> None:
    order_id = counter.order(tenders=transfer("100.00"))  # type: ignore[arg-type]
    spaced = "TR33 0006 1005 1978 6457 8413 26"
    counter.cancel(order_id, ibans=(spaced,), holder_names=(" Elif Koç ",))
    assert tenders_of(plans_of(order_id)[0].id) == [("transfer", D("100.00"))]
    counter.approve(order_id)
    (refund,) = refunds_of(order_id)
    payee = db.session.get_one(Payee, refund.payee_id)
    assert (payee.iban, payee.holder_name) == (GOOD_IBAN, "Elif Koç")
    assert (refund.way, refund.state, refund.amount) == ("transfer", "manual", D("100.00"))
    assert plans_of(order_id)[0].status == "manuel_refund_need"


def test_iban_when_a_digit_is_wrong_then_refused_at_opening(counter: Counter) -> None:
    order_id = counter.order(tenders=transfer("100.00"))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refused:
        counter.cancel(order_id, ibans=(GOOD_IBAN[:-1] + "7",), holder_names=("Elif Koç",))
    assert refused.value.error_code == "iban_invalid"


@pytest.mark.parametrize(("ibans", "names"), [((), ()), ((GOOD_IBAN,), ()), ((GOOD_IBAN,), ("  ",))])
def test_iban_when_it_or_its_holder_is_missing_then_opens_but_waits_for_it(
    counter: Counter, ibans: tuple[str, ...], names: tuple[str, ...]
) -> None:
    order_id = counter.order(tenders=transfer("100.00"))  # type: ignore[arg-type]
    counter.cancel(order_id, ibans=ibans, holder_names=names)
    with pytest.raises(InvalidInput) as refused:
        counter.approve(order_id)
    assert refused.value.error_code == "iban_missing"
    assert plans_of(order_id)[0].status == "waiting"


def test_iban_when_two_transfers_go_back_then_each_has_its_own(counter: Counter) -> None:
    first = transfer("60.00", remote_id="a")
    second = transfer("40.00", remote_id="b")
    order_id = counter.order(tenders=(*first, *second))  # type: ignore[arg-type]
    counter.cancel(order_id, ibans=(GOOD_IBAN, OTHER_IBAN), holder_names=("Elif Koç", "Ali Koç"))
    counter.approve(order_id)
    paid = {r.amount: db.session.get_one(Payee, r.payee_id).iban for r in refunds_of(order_id)}
    assert paid == {D("60.00"): GOOD_IBAN, D("40.00"): OTHER_IBAN}


def test_iban_when_the_card_takes_the_money_back_then_is_not_kept(counter: Counter) -> None:
    order_id = counter.order()
    told = counter.cancel(order_id, ibans=(GOOD_IBAN,), holder_names=("Elif Koç",))
    assert [problem.code for problem in told.draft.problems] == ["iban_not_needed"]
    assert count(Payee) == 0


def test_loyalty_when_it_stands_in_for_another_payment_then_needs_its_permission(counter: Counter) -> None:
    order_id = counter.order(tenders=transfer("100.00"))  # type: ignore[arg-type]
    with pytest.raises(PermissionDenied, match="as loyalty credit"):
        counter.cancel(order_id, fallback=RefundWay.LOYALTY)


# Shipping


@pytest.mark.parametrize(
    ("is_cargo_refund", "is_all", "policy", "shipping"),
    [
        (None, False, "none", "0.00"),
        (None, True, "remaining_if_last", "10.00"),
        (False, False, "none", "0.00"),
        (False, True, "none", "0.00"),
        (True, False, "proportional", "6.00"),
        (True, True, "full", "10.00"),
    ],
)
def test_cargo_refund_then_shipping_goes_back_by_its_policy(
    counter: Counter, is_cargo_refund: bool | None, is_all: bool, policy: str, shipping: str
) -> None:
    order_id = counter.order("60.00", "40.00", shipping_amount=D("10.00"))
    named = () if is_all else (ids(order_id)[0],)
    counter.cancel(order_id, *named, is_cargo_refund=is_cargo_refund)
    (plan,) = plans_of(order_id)
    assert (plan.shipping_policy, plan.shipping_amount) == (policy, D(shipping))


def test_cargo_refund_in_full_when_asked_twice_then_shipping_goes_back_once(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00", shipping_amount=D("10.00"))
    counter.cancel(order_id, ids(order_id)[0], is_cargo_refund=True)
    counter.cancel(order_id, is_cargo_refund=True)
    assert [plan.refund_amount for plan in plans_of(order_id)] == [D("66.00"), D("44.00")]


def _another_supervisor() -> AuditContext:
    return staff(Role.SUPERVISOR, "Ece Demir")
