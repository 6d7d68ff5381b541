"""Moving plans by name: `update_cancel_status`, `update_cancellation_plan`, all of a payment type, and wishes."""

from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import GOOD_IBAN, Counter, plans_of, refunds_of, ship
from tests.order_drafts import findings, line, payment
from webapp.core.audit import AuditContext, AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.worklist import OperationItem, Outcome, items
from webapp.orders.enums import CancelStatus, TenderKind
from webapp.orders.inputs import TransactionDraft
from webapp.orders.models import CancellationPlan, CancellationRequest, Order, OrderItem
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation import requests
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.opening import OpenedPlans
from webapp.orders.service.cancellation.refusals import UpdateCancelStatusRefused

D = Decimal


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def ids(order_id: int) -> list[int]:
    return [item.id for item in items_of_order(order_id)]


def move(order_id: int, items: list[int], status: CancelStatus, by: AuditContext, words: str = "") -> None:
    with unit_of_work() as unit:
        rows = [unit.get_one(OrderItem, item) for item in items]
        OrderService(unit).update_cancel_status(unit.get_one(Order, order_id), rows, status, by, words=words)


# update_cancel_status


def test_status_when_moved_step_by_step_then_each_by_its_own_method(counter: Counter) -> None:
    order_id = counter.order(tenders=(_transfer(),))
    counter.cancel(order_id, ibans=(GOOD_IBAN,), holder_names=("Elif Koç",))
    item = ids(order_id)
    seen = []
    for status, by in [
        (CancelStatus.CONFIRMATION_WAITING, counter.agent),
        (CancelStatus.CONFIRMED, counter.agent),
        (CancelStatus.APPROVED, counter.supervisor),
        (CancelStatus.COMPLETED, counter.finance),
    ]:
        move(order_id, item, status, by, words="Statement 7")
        seen.append((plans_of(order_id)[0].status, order_now(order_id).cancel_status))
    assert seen == [
        ("confirmation_waiting", "confirmation_waiting"),
        ("confirmed", "confirmed"),
        ("manuel_refund_need", "manuel_refund_need"),
        ("completed", "completed"),
    ]
    assert order_now(order_id).refund_amount == D("100.00")
    assert [(r.state, r.evidence) for r in refunds_of(order_id)] == [("succeeded", "Statement 7")]
    assert findings() == []


@pytest.mark.parametrize("status", [CancelStatus.WAITING, CancelStatus.MANUEL_REFUND_NEED])
def test_status_when_no_person_sets_it_then_refused(counter: Counter, status: CancelStatus) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    with pytest.raises(Conflict):
        move(order_id, ids(order_id), status, counter.supervisor)
    assert plans_of(order_id)[0].status == "waiting"


@pytest.mark.parametrize("status", [CancelStatus.CONFIRMED, CancelStatus.COMPLETED])
def test_status_when_it_is_out_of_turn_then_refused(counter: Counter, status: CancelStatus) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    with pytest.raises(Conflict):
        move(order_id, ids(order_id), status, counter.supervisor, words="x")
    assert plans_of(order_id)[0].status == "waiting"


def test_status_when_the_mover_may_not_approve_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    with pytest.raises(PermissionDenied):
        move(order_id, ids(order_id), CancelStatus.APPROVED, counter.agent)


def test_status_when_a_part_of_a_plan_is_named_then_refused_with_its_items(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    counter.cancel(order_id)
    with pytest.raises(UpdateCancelStatusRefused, match="A plan moves as a whole") as refused:
        move(order_id, ids(order_id)[:1], CancelStatus.APPROVED, counter.supervisor)
    assert refused.value.details["items"] == ids(order_id)


def test_status_when_items_of_two_plans_are_named_then_refused(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    for item in ids(order_id):
        counter.cancel(order_id, item)
    with pytest.raises(UpdateCancelStatusRefused, match="several plans"):
        move(order_id, ids(order_id), CancelStatus.APPROVED, counter.supervisor)
    move(order_id, ids(order_id)[1:], CancelStatus.REJECTED, counter.supervisor)
    assert [plan.status for plan in plans_of(order_id)] == ["waiting", "rejected"]


def test_status_when_the_items_stand_in_no_plan_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    with pytest.raises(Conflict, match="None of these items"):
        move(order_id, ids(order_id), CancelStatus.APPROVED, counter.supervisor)


def test_status_when_approved_by_the_opener_above_the_limit_then_the_second_person_is_still_needed(
    session: Session,
) -> None:
    counter = Counter.open(session, limit="1.00")
    order_id = counter.order()
    counter.cancel(order_id, by=counter.supervisor)
    with pytest.raises(PermissionDenied, match="a second person"):
        move(order_id, ids(order_id), CancelStatus.APPROVED, counter.supervisor)


# update_cancellation_plan


def test_plan_when_updated_then_moves_and_keeps_its_invoice_number(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    plan_id = plans_of(order_id)[0].id
    with unit_of_work() as unit:
        plan = unit.get_one(CancellationPlan, plan_id)
        OrderService(unit).update_cancellation_plan(
            plan, CancelStatus.APPROVED, counter.supervisor, refund_invoice_number="INV-9"
        )
    (plan,) = plans_of(order_id)
    assert (plan.status, plan.refund_invoice_number) == ("approved", "INV-9")


def test_plan_when_only_its_invoice_number_is_given_then_its_status_stays(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    plan_id = plans_of(order_id)[0].id
    with unit_of_work() as unit:
        plan = unit.get_one(CancellationPlan, plan_id)
        OrderService(unit).update_cancellation_plan(plan, None, counter.agent, refund_invoice_number="INV-9")
    (plan,) = plans_of(order_id)
    assert (plan.status, plan.refund_invoice_number, plan.version) == ("waiting", "INV-9", 2)


# progress_cancel_status


def progress(counter: Counter, status: CancelStatus, by: AuditContext, reference: str = "") -> Operation:
    """Ask for it and do it."""
    with unit_of_work() as unit:
        asked, _ = OrderService(unit).progress_cancel_status("card", status, by, reference=reference)
        key = asked.id
    assert drain("upkeep") == 1
    db.session.rollback()
    return db.session.get_one(Operation, key, populate_existing=True)


def test_progress_then_every_plan_of_that_payment_type_has_its_verdict(session: Session) -> None:
    counter = Counter.open(session, limit="50.00")
    by_others = [counter.order(number=f"20{at}") for at in range(3)]
    own, cash = counter.order(number="3000"), counter.order(number="3001", payment_option_slug="cash")
    for order_id in (*by_others, cash):
        counter.cancel(order_id)
    counter.cancel(own, by=counter.supervisor)

    done = progress(counter, CancelStatus.APPROVED, counter.supervisor)

    verdicts = {
        order_now(each.order_id or 0).number: (each.outcome == Outcome.DONE, each.words[:26])
        for each in items(db.session(), done.id, limit=10)
    }
    done = db.session.get_one(Operation, done.id)
    assert verdicts == {
        "200": (True, ""),
        "201": (True, ""),
        "202": (True, ""),
        "3000": (False, "You opened this plan, and "),
    }
    assert (done.state, done.progress_done, done.progress_total) == ("done", 4, 4)
    assert {name: done.result[name] for name in ("seen", "updated", "failed")} == {  # type: ignore[index]
        "seen": 4,
        "updated": 3,
        "failed": 1,
    }
    assert [order_now(order_id).status for order_id in by_others] == [100, 100, 100]
    assert (order_now(own).status, order_now(cash).status) == (50, 50)
    # A refused attempt on money stays in the log, as every other one does.
    refused = db.session.scalars(select(AuditEntry).where(AuditEntry.refused)).one()
    assert (refused.tag, refused.order_id, refused.staff_id) == (
        "cancellation_plan.approved",
        own,
        counter.supervisor.staff_id,
    )


def test_progress_when_cut_off_and_run_again_then_no_plan_is_decided_twice(counter: Counter) -> None:
    orders = [counter.order(number=f"20{at}") for at in range(4)]
    for order_id in orders:
        counter.cancel(order_id)
    with unit_of_work() as unit:
        OrderService(unit).progress_cancel_status("card", CancelStatus.APPROVED, counter.supervisor)
        plans = [plans_of_one.id for order_id in orders for plans_of_one in _plans(unit, order_id)]
        # What a worker had written when it died: two plans are decided, and it says so.
        decided = update(OperationItem).where(OperationItem.subject_id.in_(plans[:2]))
        assert unit.execute(decided.values(outcome="done")).rowcount == 2  # type: ignore[attr-defined]
    assert drain("upkeep") == 1
    assert [order_now(order_id).status for order_id in orders] == [50, 50, 100, 100]


def test_progress_when_asked_twice_then_the_second_joins_the_first(counter: Counter) -> None:
    with unit_of_work() as unit:
        service = OrderService(unit)
        first, is_new = service.progress_cancel_status("card", CancelStatus.REJECTED, counter.supervisor)
        second, is_new_again = service.progress_cancel_status(
            "card", CancelStatus.REJECTED, counter.supervisor
        )
        assert (first.id == second.id, is_new, is_new_again) == (True, True, False)


@pytest.mark.parametrize("status", [CancelStatus.WAITING, CancelStatus.MANUEL_REFUND_NEED])
def test_progress_when_no_person_sets_that_status_then_refused(
    counter: Counter, status: CancelStatus
) -> None:
    with pytest.raises(UpdateCancelStatusRefused), unit_of_work() as unit:
        OrderService(unit).progress_cancel_status("card", status, counter.supervisor)


def test_progress_when_one_may_not_then_refused_at_once(counter: Counter) -> None:
    with pytest.raises(PermissionDenied), unit_of_work() as unit:
        OrderService(unit).progress_cancel_status("card", CancelStatus.APPROVED, counter.agent)


def test_progress_when_the_reference_is_prose_then_refused(counter: Counter) -> None:
    with pytest.raises(InvalidInput) as refused, unit_of_work() as unit:
        OrderService(unit).progress_cancel_status(
            "card", CancelStatus.COMPLETED, counter.finance, reference="Paid to Elif Koç, see mail"
        )
    assert list(refused.value.fields) == ["reference"]


def test_progress_to_completed_then_the_reference_is_the_evidence(counter: Counter) -> None:
    order_id = counter.order(tenders=(_transfer(),))
    counter.cancel(order_id, ibans=(GOOD_IBAN,), holder_names=("Elif Koç",))
    counter.approve(order_id)
    progress(counter, CancelStatus.COMPLETED, counter.finance, reference="Statement 2026-11")
    assert [(r.state, r.evidence) for r in refunds_of(order_id)] == [("succeeded", "Statement 2026-11")]


# Wishes of customers and channels


def wish(order_id: int, item_id: int, counter: Counter, quantity: int = 1) -> int:
    with unit_of_work() as unit:
        made = CancellationRequest(
            order_id=order_id,
            order_item_id=item_id,
            quantity=D(quantity),
            reason_id=counter.reason().reason_id,
        )
        unit.add(made)
        unit.flush()
        return made.id


def approve_wishes(order_id: int, wishes: list[int], context: AuditContext) -> OpenedPlans | None:
    with unit_of_work() as unit:
        return requests.approve_requests(unit, order_id, wishes, Authority.of_staff(unit, context))


def wishes_of(order_id: int) -> list[tuple[str, int | None]]:
    db.session.rollback()
    rows = db.session.execute(
        text("SELECT status, plan_id FROM cancellation_request WHERE order_id = :id ORDER BY id"),
        {"id": order_id},
    )
    return [(row[0], row[1]) for row in rows]


def test_wishes_when_approved_together_then_one_plan(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    wishes = [wish(order_id, item, counter) for item in ids(order_id)]
    approve_wishes(order_id, wishes, counter.agent)
    (plan,) = plans_of(order_id)
    assert wishes_of(order_id) == [("approved", plan.id)] * 2
    assert plan.refund_amount == D("100.00")


def test_wish_when_its_item_stands_in_an_open_plan_then_joins_it(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, second = ids(order_id)
    counter.cancel(order_id, first)
    opened = approve_wishes(
        order_id, [wish(order_id, first, counter), wish(order_id, second, counter)], counter.agent
    )
    assert opened is not None
    joined, fresh = plans_of(order_id)
    assert wishes_of(order_id) == [("approved", joined.id), ("approved", fresh.id)]


def test_wish_for_a_part_of_a_row_then_a_plan_for_that_part(counter: Counter) -> None:
    order_id = counter.order_of((line("1", "90.00", quantity=3),))
    approve_wishes(order_id, [wish(order_id, ids(order_id)[0], counter, 2)], counter.agent)
    assert [(item.quantity, item.status) for item in items_of_order(order_id)] == [(1, 400), (2, 50)]
    (plan,) = plans_of(order_id)
    assert (plan.refund_amount, wishes_of(order_id)) == (D("60.00"), [("approved", plan.id)])


def test_wish_when_its_plan_is_rejected_then_is_rejected_with_it(counter: Counter) -> None:
    order_id = counter.order()
    approve_wishes(order_id, [wish(order_id, ids(order_id)[0], counter)], counter.agent)
    counter.reject(order_id)
    assert [status for status, _ in wishes_of(order_id)] == ["rejected"]


def test_wish_when_rejected_then_no_other_and_no_plan_is_touched(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    no, yes = (wish(order_id, item, counter) for item in ids(order_id))
    with unit_of_work() as unit:
        requests.reject_request(
            unit, order_id, no, Authority.of_staff(unit, counter.agent), words="Already packed"
        )
    assert wishes_of(order_id) == [("rejected", None), ("waiting_approval", None)]
    assert plans_of(order_id) == []
    approve_wishes(order_id, [yes], counter.agent)
    assert wishes_of(order_id)[0] == ("rejected", None)
    with pytest.raises(TransitionNotAllowed):
        approve_wishes(order_id, [no], counter.agent)


def test_wish_when_rejected_without_words_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    made = wish(order_id, ids(order_id)[0], counter)
    with pytest.raises(InvalidInput), unit_of_work() as unit:
        requests.reject_request(unit, order_id, made, Authority.of_staff(unit, counter.agent), words=" ")


def test_wish_when_confirmed_then_can_still_be_approved(counter: Counter) -> None:
    order_id = counter.order()
    made = wish(order_id, ids(order_id)[0], counter)
    with unit_of_work() as unit:
        requests.confirm_request(unit, order_id, made, Authority.of_staff(unit, counter.agent))
    assert wishes_of(order_id) == [("confirmed", None)]
    approve_wishes(order_id, [made], counter.agent)
    assert wishes_of(order_id)[0][0] == "approved"


def test_wish_of_another_order_then_not_found(counter: Counter) -> None:
    order_id, other = counter.order(), counter.order(number="1002")
    made = wish(other, ids(other)[0], counter)
    with pytest.raises(NotFound):
        approve_wishes(order_id, [made], counter.agent)


def test_wishes_when_one_item_has_shipped_then_two_linked_plans(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, second = ids(order_id)
    wishes = [wish(order_id, first, counter), wish(order_id, second, counter)]
    with unit_of_work() as unit:
        returned = counter.reasons[1].reason_id
        unit.get_one(CancellationRequest, wishes[1]).reason_id = returned
    ship(order_id, second)
    approve_wishes(order_id, wishes, counter.agent)
    cancel, refund = plans_of(order_id)
    assert cancel.group_id == refund.group_id
    assert wishes_of(order_id) == [("approved", cancel.id), ("approved", refund.id)]


def _plans(session: Session, order_id: int) -> list[CancellationPlan]:
    return list(session.query(CancellationPlan).where(CancellationPlan.order_id == order_id))


def _transfer() -> TransactionDraft:
    return payment("100.00", kind=TenderKind.FUNDS_TRANSFER, holder="us")
