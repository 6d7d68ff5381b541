"""Refunds that a person carries out or finds out, and another try when a gateway has said no."""

import uuid
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk, order_now, paid_order
from tests.payments.paying_back import approve, breaks, open_plan, refunds_now, write_order
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied, TransitionNotAllowed
from webapp.orders.enums import RefundState, RefundWay, TenderKind
from webapp.orders.service.refunds.manual import check_now, settle_by_hand, try_again
from webapp.payments.models import LedgerEntry, Payee

IBAN = "TR330006100519786457841326"


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def waiting(desk: Desk, kind: TenderKind) -> tuple[int, uuid.UUID]:
    """An order whose money a person has to give back; its id and the refund's."""
    order_id = write_order(desk, ("100.00",), kind=kind)
    open_plan(desk, order_id, ibans=(IBAN,), holder_names=("Elif Koç",))
    approve(desk, order_id)
    return order_id, refunds_now()[0].id


def declined(desk: Desk, bank: BankServer) -> tuple[int, uuid.UUID]:
    """An order whose card took no refund; its id and the refund's."""
    order_id = paid_order(desk, bank)
    payment = db.session.scalar(text("SELECT gateway_ref FROM payment_transaction"))
    bank.control("POST", f"payments/{payment}/refunds", {"amount": 10_000})
    open_plan(desk, order_id)
    approve(desk, order_id)
    desk.work()
    desk.work()
    return order_id, refunds_now()[0].id


@pytest.mark.parametrize(
    ("kind", "may", "may_not"),
    [
        (TenderKind.CASH_REGISTER, Role.FINANCE, Role.SUPERVISOR),
        (TenderKind.FUNDS_TRANSFER, Role.ADMINISTRATOR, Role.AGENT),
        (TenderKind.LOYALTY, Role.FINANCE, Role.SUPERVISOR),
    ],
)
def test_evidence_ends_it_and_only_of_those_who_may(
    desk: Desk, kind: TenderKind, may: Role, may_not: Role
) -> None:
    order_id, refund_id = waiting(desk, kind)
    other, finance = desk.authority(may_not), desk.authority(may)
    with pytest.raises(PermissionDenied), unit_of_work() as unit:
        settle_by_hand(unit, refund_id, other, state=RefundState.SUCCEEDED, evidence="Paid.")
    with pytest.raises(InvalidInput, match="evidence"), unit_of_work() as unit:
        settle_by_hand(unit, refund_id, finance, state=RefundState.SUCCEEDED, evidence="  ")
    assert (refunds_now()[0].state, order_now(order_id).refund_amount) == ("manual", 0)

    with unit_of_work() as unit:
        settle_by_hand(unit, refund_id, finance, state=RefundState.SUCCEEDED, evidence=" Slip 17 ")

    refund = refunds_now()[0]
    assert (refund.state, refund.evidence, refund.evidence_by_id) == (
        "succeeded",
        "Slip 17",
        finance.context.staff_id,
    )
    order = order_now(order_id)
    assert (order.refund_amount, order.cancel_status) == (Decimal("100.00"), "completed")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "refund.succeeded")).one()
    assert (entry.staff_id, entry.changes) == (finance.context.staff_id, {"state": ["manual", "succeeded"]})
    assert breaks() == []
    with pytest.raises(TransitionNotAllowed), unit_of_work() as unit:
        settle_by_hand(unit, refund_id, finance, state=RefundState.DECLINED, evidence="No.")


@pytest.mark.parametrize("state", sorted(set(RefundState) - {RefundState.MANUAL}))
@pytest.mark.parametrize("said", [RefundState.SUCCEEDED, RefundState.DECLINED])
def test_evidence_of_a_refund_that_is_not_by_hand_is_refused_and_nothing_moves(
    desk: Desk, state: RefundState, said: RefundState
) -> None:
    """A worker may be at the bank with it: called declined meanwhile, it would be paid back a second time."""
    order_id, refund_id = waiting(desk, TenderKind.CASH_REGISTER)
    finance = desk.authority(Role.FINANCE)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE refund SET state = :state"), {"state": state.value})
    before = order_now(order_id).version

    with pytest.raises(Conflict), unit_of_work() as unit:
        settle_by_hand(unit, refund_id, finance, state=said, evidence="Slip 17")

    assert (refunds_now()[0].state, refunds_now()[0].evidence) == (state, "")
    assert order_now(order_id).version == before


def test_what_did_not_happen_is_tried_again_under_the_same_cap(desk: Desk) -> None:
    order_id, refund_id = waiting(desk, TenderKind.CASH_REGISTER)
    finance, supervisor = desk.authority(Role.FINANCE), desk.authority()
    with unit_of_work() as unit:
        settle_by_hand(unit, refund_id, finance, state=RefundState.DECLINED, evidence="Till closed.")
    assert order_now(order_id).cancel_status == "manuel_refund_need"
    with unit_of_work() as unit:
        again = try_again(unit, refund_id, supervisor)
        assert (again.way, again.state, again.amount) == ("store", "manual", Decimal("100.00"))
        assert again.idem_key == f"rf_{again.id}" != f"rf_{refund_id}"
    with pytest.raises(Conflict, match="tried again already"), unit_of_work() as unit:
        try_again(unit, refund_id, supervisor)
    assert db.session.scalars(select(LedgerEntry)).all() == []
    assert breaks() == []


def test_a_card_that_takes_no_refund_is_paid_back_by_transfer(desk: Desk, bank: BankServer) -> None:
    order_id, refund_id = declined(desk, bank)
    assert (refunds_now()[0].state, order_now(order_id).cancel_status) == ("declined", "manuel_refund_need")
    supervisor, finance = desk.authority(), desk.authority(Role.FINANCE)
    for iban, holder in ((IBAN[:-1] + "7", "Elif Koç"), (IBAN, "إليف")):
        with pytest.raises(InvalidInput), unit_of_work() as unit:
            try_again(unit, refund_id, supervisor, way=RefundWay.TRANSFER, iban=iban, holder_name=holder)
    with pytest.raises(InvalidInput, match="another way only"), unit_of_work() as unit:
        try_again(unit, refund_id, supervisor, way=RefundWay.STORE)
    with pytest.raises(PermissionDenied, match="loyalty"), unit_of_work() as unit:
        try_again(unit, refund_id, supervisor, way=RefundWay.LOYALTY)

    with unit_of_work() as unit:
        again = try_again(
            unit, refund_id, supervisor, way=RefundWay.TRANSFER, iban=IBAN, holder_name="Elif Koç"
        )
        assert (again.way, again.state) == ("transfer", "manual")
        again_id = again.id
    assert db.session.scalars(select(Payee.holder_name)).all() == ["Elif Koç"]
    with unit_of_work() as unit:
        settle_by_hand(unit, again_id, finance, state=RefundState.SUCCEEDED, evidence="Bank reference 9")
    assert order_now(order_id).cancel_status == "completed"
    assert breaks() == []


def test_nothing_is_tried_again_that_was_not_declined_or_no_longer_fits(desk: Desk, bank: BankServer) -> None:
    _, refund_id = waiting(desk, TenderKind.CASH_REGISTER)
    supervisor = desk.authority()
    with pytest.raises(Conflict, match="Only a refund that was declined"), unit_of_work() as unit:
        try_again(unit, refund_id, supervisor)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE refund SET state = 'declined'"))
        unit.execute(text("UPDATE payment_transaction SET captured_amount = 99.99"))
    with pytest.raises(InvalidInput, match=r"Only 99\.99"), unit_of_work() as unit:
        try_again(unit, refund_id, supervisor)
    assert len(refunds_now()) == 1


def test_check_now_has_the_machine_look_at_once(desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank)
    open_plan(desk, order_id)
    approve(desk, order_id)
    bank.fault(kind="reset_after", path="/v1/refunds", method="POST", count=1)
    desk.work()
    waits = text("SELECT next_run_at > clock_timestamp() FROM operation WHERE kind = 'refund.run'")
    with unit_of_work() as unit:
        assert unit.scalar(waits)
        check_now(unit, refunds_of(unit))
        assert not unit.scalar(waits)


def refunds_of(session: Session) -> uuid.UUID:
    refund_id: uuid.UUID = session.scalar(text("SELECT id FROM refund"))
    return refund_id
