"""Approving and rejecting: who may, figures that moved, money that was never captured, and caps that plans share."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import (
    GOOD_IBAN,
    Counter,
    card,
    lines_of,
    plans_of,
    refunds_of,
    ship,
    snapshot,
    staff,
    tenders_of,
)
from tests.order_drafts import PLACED, draft, findings, line, payment, write
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.core.hints import drain
from webapp.core.worklist import Subject, items
from webapp.orders.enums import CancelStatus, TenderKind
from webapp.orders.inputs import ExternalRefundDraft, TransactionDraft
from webapp.orders.models import CancellationPlan, CancellationPlanTender, IntegrationAction, Order
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.bulk import approve_many
from webapp.orders.service.cancellation.refusals import MoreThanOneOpenPlan
from webapp.orders.service.cancellation.statuses import came_back
from webapp.payments.models import Payee, Transaction

D = Decimal
NOW_KNOWN = PLACED + timedelta(hours=1)


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def ids(order_id: int) -> list[int]:
    return [item.id for item in items_of_order(order_id)]


# Who


@pytest.mark.parametrize("role", [Role.AGENT, Role.FINANCE, Role.OPERATOR])
def test_deciding_when_the_role_may_not_then_refused(counter: Counter, role: Role) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    somebody = counter.desk.authority(role).context
    before = snapshot()
    with pytest.raises(PermissionDenied, match="approve or reject"):
        counter.approve(order_id, by=somebody)
    with pytest.raises(PermissionDenied, match="approve or reject"):
        counter.reject(order_id, by=somebody)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("limit", "amount", "alone"),
    [("100.00", "100.00", True), ("99.99", "100.00", False), ("0.00", "0.01", False)],
)
def test_opener_when_the_amount_is_within_the_limit_then_may_approve_alone(
    session: Session, limit: str, amount: str, alone: bool
) -> None:
    counter = Counter.open(session, limit=limit)
    order_id = counter.order(amount)
    counter.cancel(order_id, by=counter.supervisor)
    if alone:
        assert counter.approve(order_id).is_approved
        return
    with pytest.raises(PermissionDenied, match="a second person must approve it") as refused:
        counter.approve(order_id)
    assert refused.value.error_code == "second_person_needed"
    assert counter.approve(order_id, by=staff(Role.SUPERVISOR, "Ece Demir")).is_approved


def test_opener_when_the_currency_has_no_limit_then_needs_another(session: Session) -> None:
    counter = Counter.open(session)
    order_id = counter.order(currency="EUR")
    counter.cancel(order_id, by=counter.supervisor)
    with pytest.raises(PermissionDenied, match="no limit is set for this currency"):
        counter.approve(order_id)


def test_opener_when_two_linked_plans_together_exceed_the_limit_then_needs_another(session: Session) -> None:
    counter = Counter.open(session, limit="99.00")
    order_id = counter.order("60.00", "40.00")
    ship(order_id, ids(order_id)[1])
    counter.cancel(order_id, by=counter.supervisor)
    with pytest.raises(PermissionDenied, match=r"100\.00 TRY goes back"):
        counter.approve(order_id)


# What follows


def test_approval_of_a_cancel_then_items_end_stock_is_free_and_the_channel_is_told(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, _ = ids(order_id)
    counter.cancel(order_id, first)
    counter.approve(order_id, invoice="INV-1")
    (plan,) = plans_of(order_id)
    assert (plan.status, plan.refund_invoice_number, plan.decided_by_id) == (
        "approved",
        "INV-1",
        counter.supervisor.staff_id,
    )
    assert [item.status for item in items_of_order(order_id)] == [100, 400]
    (action,) = db.session.scalars(select(IntegrationAction)).all()
    assert (action.kind, action.args["items"]) == ("cancel", [first])
    assert order_now(order_id).partially_cancelled


def test_rejection_then_every_item_has_its_own_status_again(counter: Counter) -> None:
    order_id = counter.order("50.00", "30.00", "20.00")
    first, second, third = ids(order_id)
    ship(order_id, second, status=510)
    ship(order_id, third, status=450)
    counter.cancel(order_id, first, second, third)
    counter.reject(order_id, words="The customer keeps them.")
    assert [item.status for item in items_of_order(order_id)] == [400, 510, 450]
    assert [item.status_before_cancel for item in items_of_order(order_id)] == [None, None, None]
    assert [plan.status for plan in plans_of(order_id)] == ["rejected", "rejected"]
    assert plans_of(order_id)[0].decision_words == "The customer keeps them."
    order = order_now(order_id)
    assert (order.status, order.cancel_status, order.has_open_plan) == (400, "rejected", False)
    assert (refunds_of(order_id), findings()) == ([], [])


def test_rejected_items_when_cancelled_again_then_a_new_plan_with_the_same_figures(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00", shipping_amount=D("10.00"))
    for _ in range(2):
        counter.cancel(order_id, ids(order_id)[0], is_cargo_refund=True)
        counter.reject(order_id)
    assert [plan.refund_amount for plan in plans_of(order_id)] == [D("66.00"), D("66.00")]


def test_approved_cancel_when_rejected_then_refused_for_its_goods_are_free(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    counter.approve(order_id)
    with pytest.raises(Conflict, match="Its goods are free already"):
        counter.reject(order_id)
    assert [refund.state for refund in refunds_of(order_id)] == ["ready"]


def test_deciding_when_nothing_is_open_then_says_who_decided(counter: Counter) -> None:
    order_id = counter.order()
    with pytest.raises(Conflict, match="has no open cancellation"):
        counter.approve(order_id)
    counter.cancel(order_id)
    counter.reject(order_id)
    with pytest.raises(Conflict, match="Selin Koç has rejected this plan on") as refused:
        counter.approve(order_id)
    assert refused.value.error_code == "no_open_plan"


def test_deciding_when_the_plan_is_of_another_order_then_not_found(counter: Counter) -> None:
    order_id, other = counter.order(), counter.order(number="1002")
    counter.cancel(other)
    with pytest.raises(NotFound):
        counter.approve(order_id, plan_id=plans_of(other)[0].id)


def test_deciding_when_two_actions_are_open_then_one_must_be_named(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    for item in ids(order_id):
        counter.cancel(order_id, item)
    with pytest.raises(MoreThanOneOpenPlan, match="2 open cancellations"):
        counter.approve(order_id)
    first, second = plans_of(order_id)
    counter.approve(order_id, plan_id=second.id)
    counter.reject(order_id, plan_id=first.id)
    assert [plan.status for plan in plans_of(order_id)] == ["rejected", "approved"]


def test_deciding_when_the_plan_changed_since_it_was_looked_at_then_conflict(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    seen = plans_of(order_id)[0].version
    counter.approve(order_id, version=seen)
    with pytest.raises(Conflict, match="Selin Koç has approved this plan") as refused:
        counter.approve(order_id, version=seen, plan_id=plans_of(order_id)[0].id)
    assert refused.value.error_code == "stale_form"


# Figures that moved


def test_approval_when_the_channel_paid_a_part_back_meanwhile_then_goes_back_with_the_difference(
    counter: Counter,
) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    _refunded_at_the_channel(counter, "30.00")

    approval = counter.approve(order_id)

    assert not approval.is_approved
    assert [(change.figure, change.opened_with, change.now) for change in approval.changes] == [
        ("computed_amount", D("100.00"), D("70.00")),
        ("refund_amount", D("100.00"), D("70.00")),
        ("owed_amount", D("100.00"), D("70.00")),
    ]
    (plan,) = plans_of(order_id)
    assert (plan.status, plan.refund_amount, plan.owed_amount) == ("waiting", D("70.00"), D("70.00"))
    assert tenders_of(plan.id) == [("gateway", D("70.00"))]
    assert [row.refund_amount for row in lines_of(plan.id)] == [D("70.00")]
    assert refunds_of(order_id)[0].plan_id is None
    assert counter.approve(order_id).is_approved
    assert [r.amount for r in refunds_of(order_id) if r.plan_id] == [D("70.00")]


def test_status_of_a_plan_when_its_figures_changed_then_it_waits_with_the_new_ones_and_the_next_go_approves_it(
    counter: Counter,
) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    _refunded_at_the_channel(counter, "30.00")

    def approve() -> list[str]:
        with unit_of_work() as unit:
            order = unit.get_one(Order, order_id)
            plans = OrderService(unit).update_cancel_status(
                order, [], CancelStatus.APPROVED, counter.supervisor
            )
            return ["back"] if came_back(plans, CancelStatus.APPROVED) else [plan.status for plan in plans]

    assert approve() == ["back"]
    assert [(plan.status, plan.refund_amount) for plan in plans_of(order_id)] == [("waiting", D("70.00"))]
    assert approve() == ["approved"]


def test_approving_many_when_the_figures_changed_then_refused_with_the_new_ones_kept(
    counter: Counter,
) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    _refunded_at_the_channel(counter, "30.00")

    def approve_all() -> list[tuple[str, str]]:
        with unit_of_work() as unit:
            (plan,) = plans_of(order_id)
            seen = Subject(plan.id, order_id, plan.version)
            by = Authority.of_staff(unit, counter.supervisor)
            operation, _ = approve_many(unit, [seen], by, submission=uuid4())
            key = operation.id
        drain("upkeep")
        return [(each.outcome, each.words[:24]) for each in items(db.session(), key, limit=2)]

    assert approve_all() == [("refused", "The figures have changed")]
    assert [(plan.status, plan.refund_amount) for plan in plans_of(order_id)] == [("waiting", D("70.00"))]
    kept = db.session.scalars(select(AuditEntry).where(AuditEntry.refused)).all()
    assert [(entry.tag, entry.order_id) for entry in kept] == [("cancellation_plan.approved", order_id)]
    assert approve_all() == [("done", "")]


def test_approval_when_another_plan_is_rejected_meanwhile_then_shipping_stays_as_it_was_opened(
    counter: Counter,
) -> None:
    order_id = counter.order("60.00", "40.00", shipping_amount=D("10.00"))
    first, second = ids(order_id)
    counter.cancel(order_id, first)
    counter.cancel(order_id, second)
    one, other = plans_of(order_id)
    assert (one.shipping_policy, other.shipping_policy) == ("none", "none")
    counter.approve(order_id, plan_id=one.id)
    assert counter.approve(order_id, plan_id=other.id).is_approved
    assert [r.amount for r in refunds_of(order_id)] == [D("60.00"), D("40.00")]


# Money that was not captured, or not ours


def test_payment_when_only_reserved_then_is_let_go_and_nothing_is_owed(counter: Counter) -> None:
    order_id = counter.order(tenders=(_reserved("100.00", "0.00"),))
    counter.cancel(order_id)
    (plan,) = plans_of(order_id)
    assert (plan.refund_amount, plan.owed_amount, plan.released_amount) == (D("100.00"), D(0), D("100.00"))
    counter.approve(order_id)
    assert [(r.way, r.amount, r.state) for r in refunds_of(order_id)] == [("release", D("100.00"), "ready")]


def test_payment_when_captured_in_part_then_the_captured_part_goes_back_and_the_rest_is_let_go(
    counter: Counter,
) -> None:
    order_id = counter.order(tenders=(_reserved("100.00", "30.00"),))
    counter.cancel(order_id)
    assert tenders_of(plans_of(order_id)[0].id) == [("gateway", D("30.00")), ("release", D("70.00"))]


def test_payment_when_never_captured_then_the_plan_is_done_when_approved(counter: Counter) -> None:
    unpaid = replace(
        payment("100.00", kind=TenderKind.PAY_ON_DELIVERY, holder="us"), captured_amount=D(0), paid_at=None
    )
    order_id = counter.order(tenders=(unpaid,))
    told = counter.cancel(order_id, diagnose=True)
    assert [problem.code for problem in told.draft.problems] == ["more_than_captured"]
    counter.cancel(order_id)
    counter.approve(order_id)
    assert (plans_of(order_id)[0].status, refunds_of(order_id)) == ("completed", [])
    assert order_now(order_id).status == 100


def test_refunds_of_the_channel_then_count_in_the_caps(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    _refunded_at_the_channel(counter, "50.00", "60.00", "40.00")
    counter.cancel(order_id)
    assert plans_of(order_id)[0].refund_amount == D("50.00")
    counter.approve(order_id)
    assert sum(refund.amount for refund in refunds_of(order_id)) == D("100.00")


def test_order_that_does_not_add_up_then_only_a_person_pays_it_back(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00", amount=D("105.00"))
    assert order_now(order_id).money_mismatch
    told = counter.cancel(order_id)
    assert "money_mismatch" in [problem.code for problem in told.draft.problems]
    counter.approve(order_id)
    assert [(r.way, r.state) for r in refunds_of(order_id)] == [("manual", "manual")]
    assert plans_of(order_id)[0].status == "manuel_refund_need"


def test_marketplace_money_then_the_channel_is_to_pay_it_back(counter: Counter) -> None:
    order_id = counter.order(tenders=(payment("100.00", kind=TenderKind.MARKETPLACE),))
    counter.cancel(order_id)
    counter.approve(order_id)
    (refund,) = refunds_of(order_id)
    assert (refund.way, refund.gateway) == ("channel", f"channel:{counter.desk.channel.id}")


def test_two_open_plans_then_neither_counts_on_money_of_the_other(counter: Counter) -> None:
    """60.00 + 40.00 of which only 70.00 was captured: the second plan gets the 10.00 that are left."""
    order_id = counter.order("60.00", "40.00", tenders=(_reserved("70.00", "70.00"),))
    first, second = ids(order_id)
    counter.cancel(order_id, first)
    counter.cancel(order_id, second)
    assert [(plan.refund_amount, plan.owed_amount) for plan in plans_of(order_id)] == [
        (D("60.00"), D("60.00")),
        (D("40.00"), D("10.00")),
    ]
    for plan in plans_of(order_id):
        assert counter.approve(order_id, plan_id=plan.id).is_approved
    assert sum(refund.amount for refund in refunds_of(order_id)) == D("70.00")


def test_approval_when_the_payment_was_lowered_meanwhile_then_never_more_than_was_captured(
    counter: Counter,
) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    with unit_of_work() as unit:
        unit.execute(update(Transaction).values(captured_amount=D("80.00")))
    approval = counter.approve(order_id)
    assert [(each.figure, each.now) for each in approval.changes] == [("owed_amount", D("80.00"))]
    assert counter.approve(order_id).is_approved
    assert [refund.amount for refund in refunds_of(order_id)] == [D("80.00")]


def test_approval_when_another_card_must_pay_meanwhile_then_the_same_amount_goes_back_over_that(
    counter: Counter,
) -> None:
    tenders = (card("60.00", remote_id="a"), card("60.00", remote_id="b"))
    order_id = counter.order("60.00", "60.00", tenders=tenders)
    first, second = ids(order_id)
    counter.cancel(order_id, first)
    with unit_of_work() as unit:
        unit.execute(
            update(Transaction).where(Transaction.remote_id == "a").values(captured_amount=D("1.00"))
        )
    assert counter.approve(order_id).is_approved
    (refund,) = refunds_of(order_id)
    assert db.session.get_one(Transaction, refund.transaction_id).remote_id == "b"
    assert items_of_order(order_id)[1].id == second


def test_interest_then_goes_back_over_the_card_that_carried_it(counter: Counter) -> None:
    plain = card("55.00", remote_id="a")
    bearing = replace(card("55.00", remote_id="b"), interest_amount=D("10.00"))
    order_id = counter.order("50.00", "50.00", interest_amount=D("10.00"), tenders=(plain, bearing))
    counter.cancel(order_id, ids(order_id)[0])
    (plan,) = plans_of(order_id)
    assert plan.refund_amount == D("55.00")
    parts = tenders_of(plan.id)
    assert sum(amount for _, amount in parts) == D("55.00")
    assert parts[-1][1] >= D("5.00")


def test_reasons_of_a_refused_form_then_all_of_them_are_told_at_once(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    with pytest.raises(InvalidInput) as refused:
        counter.cancel(order_id, reasons=[])
    assert sorted(refused.value.fields) == sorted(f"reason-{item}" for item in ids(order_id))


def _reserved(amount: str, captured: str) -> TransactionDraft:
    return replace(card(amount), authorised_amount=D(amount), captured_amount=D(captured))


def _refunded_at_the_channel(counter: Counter, amount: str, *amounts: str) -> None:
    """The channel's next word on order 1001: somebody paid that back there."""
    lines = tuple(line(str(at), each) for at, each in enumerate(amounts or ("100.00",), start=1))
    given = draft(items=lines, channel_id=counter.desk.channel.id, remote_modified_at=NOW_KNOWN)
    there = ExternalRefundDraft("r-1", D(amount), at=NOW_KNOWN)
    result = write(
        counter.desk.channel, replace(given, transactions=(card(str(given.amount)),), refunds=(there,))
    )[0]
    assert result.verdict == "updated", result.words
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Order)) == 1


def test_figures_when_they_changed_then_every_transfer_still_goes_to_the_account_that_was_named(
    counter: Counter,
) -> None:
    """Two linked plans with one account: drafted again, it is one account and not one for each plan."""
    first, second = (
        payment("50.00", remote_id=name, kind=TenderKind.FUNDS_TRANSFER, holder="us") for name in ("a", "b")
    )
    order_id = counter.order("60.00", "40.00", tenders=(first, second))
    ship(order_id, items_of_order(order_id)[1].id)
    counter.cancel(order_id, ibans=(GOOD_IBAN,), holder_names=("Elif Koç",))
    with unit_of_work() as unit:
        unit.execute(
            update(Transaction).where(Transaction.remote_id == "a").values(captured_amount=D("45.00"))
        )

    assert not counter.approve(order_id).is_approved

    with unit_of_work() as unit:
        rows = unit.execute(
            select(CancellationPlanTender.way, CancellationPlanTender.amount, Payee.iban)
            .outerjoin(Payee, Payee.id == CancellationPlanTender.payee_id)
            .join(CancellationPlan, CancellationPlan.id == CancellationPlanTender.plan_id)
            .where(CancellationPlan.order_id == order_id)
            .order_by(CancellationPlanTender.amount)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("transfer", D("10.00"), GOOD_IBAN),
        ("transfer", D("35.00"), GOOD_IBAN),
        ("transfer", D("50.00"), GOOD_IBAN),
    ]
    assert counter.approve(order_id).is_approved
