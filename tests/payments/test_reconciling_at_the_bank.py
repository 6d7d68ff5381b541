"""F10 on real books and a real bank: what anybody did behind our back is a row; what is right is none; once each."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk, paid_order
from tests.payments.paying_back import approve, open_plan, refunds_now
from tests.payments.wires import client
from tests.sandbox.running import BankServer
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation, Queue, claim, create
from webapp.orders.service.refunds.reconcile import reconcile, reconciliation_of
from webapp.payments.gateway import FoundRefund
from webapp.payments.gateways.stripe import StripeGateway
from webapp.payments.models import ReconciliationBreak, Transaction


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    """A bank of its own: its whole list is compared."""
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def paid_back(desk: Desk, bank: BankServer, number: int) -> list[int]:
    """Orders whose refunds are at the bank and in our ledger."""
    orders = [paid_order(desk, bank, f"{100 + at}.00", number=f"{1001 + at}") for at in range(number)]
    for order_id in orders:
        open_plan(desk, order_id)
        approve(desk, order_id)
    while desk.work():
        pass
    assert {refund.state for refund in refunds_now()} == {"succeeded"}
    return orders


def reconciled(desk: Desk) -> list[tuple[str, int | None]]:
    """(kind, order) of every difference that is written down after comparing now."""
    with unit_of_work() as unit:
        key = create(unit, reconciliation_of("stripe"))[0].id
    desk.work()
    db.session.rollback()
    assert db.session.get_one(Operation, key).state == "done"
    rows = db.session.execute(
        select(ReconciliationBreak.kind, ReconciliationBreak.order_id).order_by(ReconciliationBreak.id)
    )
    return [(kind, order_id) for kind, order_id in rows]


def payment_of(order_id: int) -> str:
    db.session.rollback()
    return str(
        db.session.scalars(select(Transaction.gateway_ref).where(Transaction.order_id == order_id)).one()
    )


def test_books_when_they_agree_then_no_difference_however_often_compared(
    desk: Desk, bank: BankServer
) -> None:
    paid_back(desk, bank, 3)
    assert reconciled(desk) == []
    assert reconciled(desk) == []


def test_differences_when_of_every_kind_then_each_is_found_once_and_nothing_else(
    desk: Desk, bank: BankServer
) -> None:
    right, lost, amount, currency, unbooked = paid_back(desk, bank, 5)
    # Somebody pays back at the bank's own desk.
    stranger = bank.pay(amount=7_000)
    bank.control("POST", f"payments/{stranger['id']}/refunds", {"amount": 7_000})
    with unit_of_work() as unit:
        unit.execute(text("ALTER TABLE ledger_entry DISABLE TRIGGER USER"))
        unit.execute(text("ALTER TABLE refund DISABLE TRIGGER USER"))
        # What no rule of ours would do: planted, so that the comparison has something to find.
        unit.execute(
            text(
                "INSERT INTO refund (id, plan_id, gateway_item, order_id, transaction_id, way, amount, currency, state, idem_key, gateway, settled_at)"
                " SELECT gen_random_uuid(), plan_id, 'other', order_id, transaction_id, way, 1, currency, state, 'rf_' || gen_random_uuid(),"
                " gateway, now() FROM refund WHERE order_id = :order"
            ),
            {"order": lost},
        )
        unit.execute(
            text(
                "INSERT INTO ledger_entry (refund_id, order_id, kind, amount, currency)"
                " SELECT id, order_id, 'refund', amount, currency FROM refund"
                " WHERE order_id = :order AND gateway_ref IS NULL"
            ),
            {"order": lost},
        )
        unit.execute(text("UPDATE refund SET amount = amount - 1 WHERE order_id = :o"), {"o": amount})
        unit.execute(text("UPDATE refund SET currency = 'EUR' WHERE order_id = :o"), {"o": currency})
        unit.execute(text("DELETE FROM ledger_entry WHERE order_id = :o"), {"o": unbooked})
        unit.execute(text("UPDATE refund SET state = 'declined' WHERE order_id = :o"), {"o": unbooked})
        unit.execute(text("ALTER TABLE refund ENABLE TRIGGER USER"))
        unit.execute(text("ALTER TABLE ledger_entry ENABLE TRIGGER USER"))

    found = reconciled(desk)

    assert sorted(found, key=str) == sorted(
        [
            ("missing_here", None),
            ("missing_there", lost),
            ("amount", amount),
            ("currency", currency),
            ("missing_here", unbooked),
        ],
        key=str,
    )
    assert right not in {order_id for _, order_id in found}
    assert reconciled(desk) == found


def test_a_difference_when_closed_then_the_next_comparison_does_not_bring_it_back(
    desk: Desk, bank: BankServer
) -> None:
    paid_back(desk, bank, 1)
    stranger = bank.pay(amount=7_000)
    bank.control("POST", f"payments/{stranger['id']}/refunds", {"amount": 7_000})
    assert reconciled(desk) == [("missing_here", None)]
    with unit_of_work() as unit:
        unit.execute(text("UPDATE reconciliation_break SET closed_at = now(), closing_words = 'Known.'"))
    assert reconciled(desk) == [("missing_here", None)]
    row = db.session.scalars(select(ReconciliationBreak)).one()
    assert (row.their_amount, row.their_currency) == (Decimal("70.0000"), "TRY")


class SlowList(StripeGateway):
    """A list so long that the lease of whoever reads it ends between any two of its rows."""

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        for found in super().refunds_since(since):
            with unit_of_work() as unit:
                unit.execute(
                    text(
                        "UPDATE operation SET lease_until = clock_timestamp() - interval '1 s'"
                        " WHERE kind = 'refund.reconcile'"
                    )
                )
            yield found
            # Renewed: nobody else can take it.
            with unit_of_work() as unit:
                assert claim(unit, Queue.MONEY, lease_s=60, kinds=["refund.reconcile"]) is None


def test_a_list_that_takes_longer_to_read_than_a_lease_lasts_is_read_to_its_end(
    desk: Desk, bank: BankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid_back(desk, bank, 3)
    with unit_of_work() as unit:
        key = create(unit, reconciliation_of("stripe"))[0].id
    with unit_of_work() as unit:
        run = claim(unit, Queue.MONEY, lease_s=60, kinds=["refund.reconcile"])
    assert run is not None
    slow = SlowList("stripe", http=client(), base_url=f"{bank.url}/v1", secret_key=bank.key)
    monkeypatch.setattr("webapp.orders.service.refunds.reconcile.RENEWED_AFTER", 0.0, raising=False)

    reconcile(run, slow)

    db.session.rollback()
    done = db.session.get_one(Operation, key)
    assert (done.state, done.attempt, done.result) == ("done", 1, {"compared": 3, "breaks": 0, "new": 0})
