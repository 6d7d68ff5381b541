"""Bank transfers of finance: gathered, exported once, closed with the bank's reference, returned one by one."""

import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk, order_now
from tests.payments.pain_rules import broken_rules
from tests.payments.paying_back import approve, breaks, open_plan, refunds_now, write_order
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry, AuditPersonal
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied
from webapp.orders.enums import RefundState, RefundWay, TenderKind
from webapp.orders.models import CancellationPlan
from webapp.orders.queries.transfers import transfers_of, waiting_by_currency
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.refunds import batches, exporting
from webapp.orders.service.refunds.batches import add_transfers, close_batch, gather, remove_transfers
from webapp.orders.service.refunds.exporting import FileKind, download, export_batch
from webapp.orders.service.refunds.manual import settle_by_hand, settle_plan_by_hand, try_again
from webapp.orders.service.refunds.transferred import name_payee, return_transfer
from webapp.payments.account_setup import NewAccount, new_account
from webapp.payments.models import LedgerEntry, Payee, Refund, TransferBatch

IBAN, OTHER_IBAN = "TR330006100519786457841326", "DE89370400440532013000"


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


@pytest.fixture
def finance(desk: Desk) -> Authority:
    return desk.authority(Role.FINANCE)


def add_account(by: Authority, currency: str = "TRY") -> None:
    values = {"holder": "Örnek Mağaza A.Ş.", "iban": IBAN, "bic": "TGBATRIS", "currency": currency}
    with unit_of_work() as session:
        new_account(session, NewAccount(f"bank-{currency.lower()}", "bank_transfer", "", values), by.context)


def waiting(desk: Desk, *amounts: str, iban: str = IBAN, holder: str = "Elif Koç") -> list[uuid.UUID]:
    """An order for each amount whose money waits to go back by transfer; the refunds' ids."""
    for number, amount in enumerate(amounts, start=1001):
        order_id = write_order(desk, (amount,), str(number), kind=TenderKind.FUNDS_TRANSFER)
        open_plan(desk, order_id, ibans=(iban,), holder_names=(holder,))
        approve(desk, order_id)
    return [refund.id for refund in refunds_now()]


def gathered(finance: Authority, currency: str = "TRY") -> int:
    with unit_of_work() as session:
        return gather(session, currency, finance).batch.id


def exported(finance: Authority) -> int:
    add_account(finance)
    batch_id = gathered(finance)
    with unit_of_work() as session:
        export_batch(session, batch_id, finance)
    return batch_id


def closed(desk: Desk, finance: Authority, reference: str = "BANK-77") -> int:
    batch_id = exported(finance)
    with unit_of_work() as session:
        close_batch(session, batch_id, reference, finance)
    desk.work()
    return batch_id


def batch_now(batch_id: int) -> TransferBatch:
    db.session.rollback()
    return db.session.get_one(TransferBatch, batch_id)


def states() -> list[str]:
    return [refund.state for refund in refunds_now()]


def test_a_batch_is_gathered_exported_and_closed_and_every_refund_has_succeeded(
    desk: Desk, finance: Authority
) -> None:
    refunds = waiting(desk, "60.00", "40.50")
    with unit_of_work() as session:
        assert [(w.currency, w.count, w.total) for w in waiting_by_currency(session)] == [
            ("TRY", 2, Decimal("100.50"))
        ]
    batch_id = exported(finance)
    batch = batch_now(batch_id)
    reference = batch.reference
    assert (batch.state, batch.transfer_count, batch.total_amount) == ("exported", 2, Decimal("100.50"))
    with unit_of_work() as session:
        xml = download(session, batch_id, FileKind.XML, finance)
    assert broken_rules(xml) == []
    assert all(refund_id.hex.encode() in xml for refund_id in refunds)
    assert states() == ["manual", "manual"], "the bank has not carried it out yet"

    with unit_of_work() as session:
        _, operation = close_batch(session, batch_id, " BANK-77 ", finance)
        assert operation.requested_by_id == finance.context.staff_id
    desk.work()

    assert [(r.state, r.evidence, r.evidence_by_id) for r in refunds_now()] == [
        ("succeeded", f"Batch {reference}, bank reference BANK-77", finance.context.staff_id)
    ] * 2
    assert db.session.scalars(select(CancellationPlan.status)).all() == ["completed", "completed"]
    assert sum(e.amount for e in db.session.scalars(select(LedgerEntry))) == Decimal("100.50")
    tags = db.session.scalars(
        select(AuditEntry.tag).where(AuditEntry.staff_id == finance.context.staff_id).order_by(AuditEntry.id)
    ).all()
    assert [tag for tag in tags if tag.startswith("transfer_batch")] == [
        "transfer_batch.gathered",
        "transfer_batch.exported",
        "transfer_batch.downloaded",
        "transfer_batch.closed",
    ]
    assert tags.count("refund.succeeded") == 2
    assert breaks() == []


def test_a_batch_is_exported_once_and_downloaded_as_often_as_wanted(desk: Desk, finance: Authority) -> None:
    waiting(desk, "60.00")
    batch_id = exported(finance)
    for kind in FileKind:
        with unit_of_work() as session:
            first = download(session, batch_id, kind, finance)
        # Another account and another day change nothing of what the bank was given.
        with unit_of_work() as session:
            session.execute(text('UPDATE gateway_account SET conf = conf || \'{"holder": "Other"}\''))
        with unit_of_work() as session:
            assert download(session, batch_id, kind, finance) == first
    with pytest.raises(Conflict, match="Selin Koç exported batch"), unit_of_work() as session:
        export_batch(session, batch_id, finance)
    with pytest.raises(Conflict, match="was exported"), unit_of_work() as session:
        add_transfers(session, batch_id, refund_ids(), finance)
    with pytest.raises(Conflict, match="was exported"), unit_of_work() as session:
        remove_transfers(session, batch_id, refund_ids(), finance)
    assert batch_now(batch_id).transfer_count == 1


def refund_ids() -> list[uuid.UUID]:
    return list(db.session.scalars(select(Refund.id)))


@pytest.mark.parametrize("round_", range(5))
def test_two_exports_at_once_have_one_winner(app: Flask, desk: Desk, finance: Authority, round_: int) -> None:
    waiting(desk, "60.00")
    add_account(finance)
    batch_id = gathered(finance)
    barrier, outcomes = threading.Barrier(2), []

    def export() -> None:
        with app.app_context():
            barrier.wait()
            try:
                with unit_of_work() as session:
                    export_batch(session, batch_id, finance)
                outcomes.append("exported")
            except Conflict as lost:
                outcomes.append(lost.error_code)

    threads = [threading.Thread(target=export) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already_exported", "exported"]


def test_without_the_batch_s_lock_both_would_export(
    app: Flask, desk: Desk, finance: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: two that both read before either writes would give the bank two files."""
    waiting(desk, "60.00")
    add_account(finance)
    batch_id = gathered(finance)
    both_have_read, outcomes = threading.Barrier(2), []

    def unlocked(session: Session, wanted: int) -> TransferBatch:
        batch = session.get_one(TransferBatch, wanted)
        both_have_read.wait()
        return batch

    monkeypatch.setattr(exporting, "locked_batch", unlocked)

    def export() -> None:
        with app.app_context(), unit_of_work() as session:
            export_batch(session, batch_id, finance)
        outcomes.append("exported")

    threads = [threading.Thread(target=export) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["exported", "exported"]


def test_what_is_taken_out_waits_again_and_can_be_put_in_again(desk: Desk, finance: Authority) -> None:
    first, second = waiting(desk, "60.00", "40.00")
    batch_id = gathered(finance)
    with unit_of_work() as session:
        remove_transfers(session, batch_id, [first], finance)
    assert (batch_now(batch_id).transfer_count, batch_now(batch_id).total_amount) == (1, Decimal("40.00"))
    with unit_of_work() as session:
        result = add_transfers(session, batch_id, [first, second], finance)
        assert (result.added, [each.refund_id for each in result.left_out]) == (1, [second])
        assert [row.refund_id for row in transfers_of(session, batch_id)] == [first, second]
    assert batch_now(batch_id).total_amount == Decimal("100.00")


def test_what_the_bank_could_not_carry_out_is_left_out_with_the_reason(
    desk: Desk, finance: Authority
) -> None:
    (refund_id,) = waiting(desk, "60.00", holder="إليف")
    with pytest.raises(Conflict, match="Latin letters"), unit_of_work() as session:
        gather(session, "TRY", finance)
    with pytest.raises(InvalidInput), unit_of_work() as session:
        name_payee(session, refund_id, finance, iban=IBAN, holder_name="إليف")
    with unit_of_work() as session:
        name_payee(session, refund_id, finance, iban=OTHER_IBAN, holder_name="Elif Koç")
    assert gathered(finance)
    payees = db.session.scalars(select(Payee.iban).order_by(Payee.id)).all()
    assert payees == [IBAN, OTHER_IBAN], "what was entered before stays as it was"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "refund.payee_named")).one()
    assert OTHER_IBAN not in str(entry.changes) + entry.summary
    personal = db.session.scalars(select(AuditPersonal).where(AuditPersonal.entry_id == entry.id)).one()
    assert personal.changes["iban"] == [IBAN, OTHER_IBAN]
    with pytest.raises(Conflict, match="take it out first"), unit_of_work() as session:
        name_payee(session, refund_id, finance, iban=IBAN, holder_name="Elif Koç")


def test_gathering_when_more_wait_than_a_batch_holds_then_those_without_an_account_do_not_hide_the_rest(
    desk: Desk, finance: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = waiting(desk, "60.00", "40.00")
    with unit_of_work() as session:
        session.get_one(Refund, older).payee_id = None
    monkeypatch.setattr(batches, "MOST_TRANSFERS", 1)
    batch_id = gathered(finance)
    with unit_of_work() as session:
        assert [row.refund_id for row in transfers_of(session, batch_id)] == [newer]


def test_an_export_needs_an_account_in_the_currency_and_a_day_that_the_bank_takes(
    desk: Desk, finance: Authority
) -> None:
    waiting(desk, "60.00")
    add_account(finance, "EUR")
    batch_id = gathered(finance)
    with pytest.raises(Conflict, match="no bank account that pays in TRY"), unit_of_work() as session:
        export_batch(session, batch_id, finance)
    add_account(finance)
    today = utc_now().date()
    for day in (today - timedelta(days=1), today + timedelta(days=31)):
        with pytest.raises(InvalidInput), unit_of_work() as session:
            export_batch(session, batch_id, finance, execution_date=day)
    with unit_of_work() as session:
        export_batch(session, batch_id, finance, execution_date=today + timedelta(days=2))
    assert batch_now(batch_id).execution_date == today + timedelta(days=2)
    with pytest.raises(Conflict, match="No transfer in EUR"):
        gathered(finance, "EUR")


def test_a_transfer_in_a_batch_is_settled_by_its_batch_alone(desk: Desk, finance: Authority) -> None:
    (refund_id,) = waiting(desk, "60.00")
    add_account(finance)
    batch_id = gathered(finance)
    settle_is_refused(refund_id, finance)
    with unit_of_work() as session:
        export_batch(session, batch_id, finance)
    settle_is_refused(refund_id, finance)
    plan = db.session.scalars(select(CancellationPlan)).one()
    order_id, plan_id = plan.order_id, plan.id
    with pytest.raises(Conflict, match="lies in batch"), unit_of_work() as session:
        settle_plan_by_hand(session, order_id, plan_id, finance, evidence="Paid.")
    assert (states(), db.session.scalars(select(LedgerEntry)).all()) == (["manual"], [])


def settle_is_refused(refund_id: uuid.UUID, finance: Authority) -> None:
    with pytest.raises(Conflict, match="lies in batch"), unit_of_work() as session:
        settle_by_hand(session, refund_id, finance, state=RefundState.SUCCEEDED, evidence="Paid.")


def test_a_batch_is_closed_once_and_with_a_reference(desk: Desk, finance: Authority) -> None:
    waiting(desk, "60.00")
    batch_id = gathered(finance)
    with pytest.raises(Conflict, match="not exported yet"), unit_of_work() as session:
        close_batch(session, batch_id, "BANK-1", finance)
    add_account(finance)
    with unit_of_work() as session:
        export_batch(session, batch_id, finance)
    for wrong in (" ", "x" * 65):
        with pytest.raises(InvalidInput), unit_of_work() as session:
            close_batch(session, batch_id, wrong, finance)
    with unit_of_work() as session:
        close_batch(session, batch_id, "BANK-1", finance)
    with pytest.raises(Conflict, match="closed already"), unit_of_work() as session:
        close_batch(session, batch_id, "BANK-2", finance)
    desk.work()
    desk.work()
    assert (states(), batch_now(batch_id).bank_reference) == (["succeeded"], "BANK-1")


def test_a_transfer_that_came_back_is_booked_back_and_goes_out_to_another_account(
    desk: Desk, finance: Authority
) -> None:
    first, second = waiting(desk, "60.00", "40.00")
    batch_id = closed(desk, finance)
    with unit_of_work() as session:
        before = download(session, batch_id, FileKind.XML, finance)
    with unit_of_work() as session:
        refund = return_transfer(session, first, finance, words="Account closed, says the bank.")
        order_id = refund.order_id
    assert sorted(states()) == ["declined", "succeeded"]
    assert (order_now(order_id).refund_amount, order_now(order_id).cancel_status) == (0, "manuel_refund_need")
    assert breaks() == []

    supervisor = desk.authority()
    with unit_of_work() as session:
        again = try_again(
            session, first, supervisor, way=RefundWay.TRANSFER, iban=OTHER_IBAN, holder_name="Elif Koç"
        ).id
    with pytest.raises(Conflict, match="tried again already"), unit_of_work() as session:
        try_again(session, first, supervisor)
    with unit_of_work() as session:
        # The first batch's file is what the bank was given, whatever became of its transfers.
        assert download(session, batch_id, FileKind.XML, finance) == before
        new = gather(session, "TRY", finance)
        assert [row.refund_id for row in transfers_of(session, new.batch.id)] == [again]
        export_batch(session, new.batch.id, finance)
        close_batch(session, new.batch.id, "BANK-88", finance)
    desk.work()
    assert (order_now(order_id).refund_amount, order_now(order_id).cancel_status) == (60, "completed")
    assert breaks() == []
    assert second in [refund.id for refund in refunds_now() if refund.state == "succeeded"]


def test_a_transfer_that_the_bank_refused_before_the_batch_was_closed_is_left_out_of_it(
    desk: Desk, finance: Authority
) -> None:
    first, second = waiting(desk, "60.00", "40.00")
    batch_id = gathered(finance)
    with pytest.raises(Conflict, match="went to no bank"), unit_of_work() as session:
        return_transfer(session, first, finance, words="No.")
    add_account(finance)
    with unit_of_work() as session:
        export_batch(session, batch_id, finance)
    with pytest.raises(InvalidInput), unit_of_work() as session:
        return_transfer(session, first, finance, words=" ")
    with unit_of_work() as session:
        return_transfer(session, first, finance, words="Account closed, says the bank.")
    with unit_of_work() as session:
        close_batch(session, batch_id, "BANK-9", finance)
    desk.work()
    by_id = {refund.id: refund.state for refund in refunds_now()}
    assert (by_id[first], by_id[second]) == ("declined", "succeeded")
    assert [e.amount for e in db.session.scalars(select(LedgerEntry))] == [Decimal("40.00")]
    assert breaks() == []


def test_a_batch_whose_customer_was_erased_cannot_be_made_again(desk: Desk, finance: Authority) -> None:
    waiting(desk, "60.00")
    batch_id = exported(finance)
    with unit_of_work() as session:
        session.execute(text("UPDATE payee SET iban = '', holder_name = '', erased_at = now()"))
    with pytest.raises(Conflict, match="erased"), unit_of_work() as session:
        download(session, batch_id, FileKind.CSV, finance)


def test_only_finance_and_administrators_touch_transfers(desk: Desk, finance: Authority) -> None:
    waiting(desk, "60.00")
    supervisor = desk.authority(Role.SUPERVISOR)
    with pytest.raises(PermissionDenied), unit_of_work() as session:
        gather(session, "TRY", supervisor)
    batch_id = gathered(finance)
    for act in (
        lambda session: export_batch(session, batch_id, supervisor),
        lambda session: download(session, batch_id, FileKind.CSV, supervisor),
        lambda session: close_batch(session, batch_id, "X", supervisor),
        lambda session: add_transfers(session, batch_id, refund_ids(), supervisor),
        lambda session: remove_transfers(session, batch_id, refund_ids(), supervisor),
    ):
        with pytest.raises(PermissionDenied), unit_of_work() as session:
            act(session)
    assert batch_now(batch_id).state == "gathering"
