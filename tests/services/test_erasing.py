"""Erasing a customer (S32): nothing of the person is left in any table, totals stay, and no pull brings them back."""

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import MetaData, inspect, select, text, update
from sqlalchemy.orm import Session

from tests.api.programs import make_token
from tests.channels.samples import changed, profile, raw
from tests.factories import make_channel
from tests.racing import race
from tests.staff import make_staff
from tests.uploading import file_store
from webapp.auth.models import ApiIdempotency, ApiToken
from webapp.auth.roles import Role
from webapp.channels.applying import OrderIntake
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.models import Channel, RemoteRecord
from webapp.channels.receiving import RawPage
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, NotFound
from webapp.core.hints import drain
from webapp.core.operations import create
from webapp.core.worklist import OperationItem
from webapp.customers.models import Address, Customer
from webapp.orders.models import Attention, Order, OrderItem
from webapp.orders.service.editing import edit_order
from webapp.orders.service.erasing import ErasureReason, erase_customer
from webapp.orders.service.erasing_many import erase_soon, retention_slots
from webapp.orders.service.notes import NewNote, add_note
from webapp.payments.models import Payee, Refund, Transaction
from webapp.verification import verify

# Words that stand nowhere but in what this person gave.
PLANTED = ("Zübeyde", "Kıvılcımlı", "zubeyde.k@example.com", "5327654321", "Leylak Sokak", "203.0.113.77")
IBAN = "TR330006100519786457841326"
PERSON = {
    "first_name": "Zübeyde",
    "last_name": "Kıvılcımlı",
    "company": "Kıvılcımlı Ltd",
    "address_1": "Leylak Sokak 7",
    "address_2": "Zübeyde Apt",
    "city": "Bodrum",
    "state": "TR48",
    "postcode": "48400",
    "country": "TR",
    "email": "zubeyde.k@example.com",
    "phone": "+90 532 765 43 21",
}
ERASER = AuditContext(origin=Origin.JOB)


@pytest.fixture
def channel(session: Session) -> Channel:
    made = make_channel(session)
    session.commit()
    return made


def shop_order(**more: Any) -> dict[str, Any]:
    """What the shop says of an order of theirs."""
    given: dict[str, Any] = {
        "billing": PERSON,
        "shipping": PERSON,
        "customer_id": 4711,
        "customer_note": "Ring at Zübeyde's, +905327654321",
        "customer_ip_address": "203.0.113.77",
    }
    return changed("order_completed", **{**given, **more})


def pull(channel_id: int, *payloads: dict[str, Any], read: Any = None) -> OrderIntake:
    intake = OrderIntake(channel_id, read or WooOrderSerializer(profile()).read)
    intake.take(RawPage([raw(payload) for payload in payloads], utc_now(), utc_now()))
    return intake


def the_customer(session: Session) -> Customer:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Customer)).one()


def the_order(session: Session) -> Order:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Order).order_by(Order.id)).first()  # type: ignore[return-value]


def erase(customer_id: int, **more: Any) -> bool:
    with unit_of_work() as unit:
        return erase_customer(unit, customer_id, ErasureReason.ASKED, ERASER, store=file_store(), **more)


def plant_everywhere(session: Session) -> None:
    """What colleagues, banks and channels have written about the person on the way."""
    order = the_order(session)
    staff = make_staff(name="Ece Kaya")
    by = AuditContext(origin=Origin.PAGE, staff_id=staff.id, actor=staff.name)
    with unit_of_work() as unit:
        add_note(unit, NewNote(order.id, "Zübeyde will wait. IBAN " + IBAN, uuid.uuid4()), by)
        edit_order(unit, order.id, {"gift_box_note": "For Zübeyde"}, by, version=None)
        item = unit.scalars(select(OrderItem).where(OrderItem.order_id == order.id)).first()
        assert item is not None
        item.attributes, item.extra_field = {"Engraving": "Zübeyde"}, {"for": "Kıvılcımlı"}
        unit.add(Payee(order_id=order.id, iban=IBAN, holder_name="Zübeyde Kıvılcımlı"))
        unit.add(
            Attention(
                kind="address_changed_late",
                order_id=order.id,
                words="Look.",
                closing_words="Rang Zübeyde.",
                closed_at=utc_now(),
            )
        )
        payment = unit.scalars(select(Transaction).where(Transaction.order_id == order.id)).first()
        assert payment is not None
        payment.extra_field = {"card_holder": "ZÜBEYDE KIVILCIMLI"}
        unit.add(
            Refund(
                order_id=order.id,
                transaction_id=payment.id,
                amount=Decimal("1.00"),
                currency=order.currency,
                state="declined",
                idem_key="planted",
                reason="Zübeyde asked",
                evidence="paid to " + IBAN,
                last_error="No account of Kıvılcımlı",
            )
        )
        bare = unit.scalars(select(RemoteRecord)).first()
        assert bare is not None
        # What could never become an order says who it was, too.
        unit.add(
            RemoteRecord(
                channel_id=order.channel_id,
                remote_id="999999",
                content_hash="x",
                payload={"billing": PERSON},
                state="failed",
                failure_class="mapping",
            )
        )
        unit.execute(text('UPDATE audit_personal SET changes = \'{"first_name": ["Zübeyde", "Z"]}\''))


def dump() -> Iterator[tuple[str, str]]:
    """Every row of every table as text: what a full dump of the database holds."""
    with db.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for (row,) in connection.execute(text(f'SELECT t::text FROM "{table}" AS t')):
                yield table, row


def hits() -> list[tuple[str, str]]:
    words = [word.lower() for word in (*PLANTED, IBAN)]
    return [(table, word) for table, row in dump() for word in words if word in row.lower()]


def totals(session: Session) -> list[Any]:
    session.rollback()
    figures = MetaData()
    figures.reflect(db.engine, only=["orders", "order_item", "payment_transaction", "refund"])
    found = []
    for table in figures.sorted_tables:
        kept = [
            column
            for column in table.columns
            if column.name
            in ("id", "number", "status", "currency", "quantity", "tax_rate", "sku", "date_placed")
            or "amount" in column.name
        ]
        found.append(sorted(map(tuple, session.execute(select(*kept)))))
    return found


def test_planted_person_when_erased_then_no_table_has_a_word_of_them_and_totals_are_as_before(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    plant_everywhere(session)
    tables = {table for table, _ in hits()}
    before, customer = totals(session), the_customer(session)
    assert {
        "customer",
        "address",
        "orders",
        "order_note",
        "order_item",
        "order_search",
        "payee",
        "refund",
    } <= tables
    assert {"remote_record", "audit_personal", "attention", "payment_transaction"} <= tables

    assert erase(customer.id)

    assert hits() == []
    assert totals(session) == before
    order = the_order(session)
    address = session.get_one(Address, order.shipping_address_id)
    assert (address.country, address.state, address.city) == ("TR", "TR48", "")
    with db.engine.connect() as connection:
        assert [each.words for each in verify(connection, stuck_after_s=0)] == []
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "customer.erased")).one()
    assert (entry.subject_id, entry.changes) == (str(customer.id), {"reason": [None, "asked"]})


def test_answers_kept_for_programs_when_their_order_is_erased_then_gone_and_others_stay(
    session: Session, channel: Channel
) -> None:
    """A note need not name the customer to be about them."""
    pull(channel.id, shop_order())
    order_id = the_order(session).id
    make_token(make_staff())
    token_id = session.scalars(select(ApiToken.id)).one()
    bodies = {
        "theirs": {"body": "She waits at the gate.", "order": order_id},
        "another's": {"body": "He waits at the gate.", "order": order_id + 10},
        "of no order": {"detail": "Not taken."},
    }
    with unit_of_work() as unit:
        for key, body in bodies.items():
            unit.add(
                ApiIdempotency(
                    token_id=token_id, key=key, fingerprint=b"0", claim=uuid.uuid4(), claimed_at=utc_now(),
                    expires_at=utc_now() + timedelta(hours=1), committed=True, status=201, headers={},
                    body=json.dumps(body).encode(),
                )
            )  # fmt: skip

    assert erase(the_customer(session).id)

    session.expire_all()
    kept = {row.key: (row.committed, row.body is None) for row in session.scalars(select(ApiIdempotency))}
    assert kept == {"theirs": (True, True), "another's": (True, False), "of no order": (True, False)}


def test_erasing_when_done_a_second_time_then_nothing_is_written(session: Session, channel: Channel) -> None:
    pull(channel.id, shop_order())
    customer_id = the_customer(session).id
    erase(customer_id)
    rows = sorted(dump())
    assert erase(customer_id) is False
    assert sorted(dump()) == rows


def test_erased_when_pulled_again_with_the_same_and_with_another_content_then_stays_erased(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    erase(the_customer(session).id)

    assert pull(channel.id, shop_order()).counts.unchanged == 1
    assert hits() == []
    changed_since = shop_order(date_modified_gmt="2026-11-27T10:00:00", date_modified="2026-11-27T10:00:00")
    pull(channel.id, changed_since)
    assert hits() == []
    old = shop_order(id=7999, number="7999")
    pull(channel.id, old)
    assert session.scalars(select(Order.number)).all().__len__() == 2
    assert hits() == []


def test_erased_when_they_order_again_then_the_new_order_has_their_data_and_the_old_one_never(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    erased_order = the_order(session).id
    erase(the_customer(session).id)
    new_day = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    new = shop_order(id=8001, number="8001", date_created_gmt=new_day, date_created=new_day)
    pull(channel.id, new)
    assert the_customer(session).first_name == "Zübeyde"

    pull(channel.id, shop_order(date_modified_gmt="2026-11-27T10:00:00", date_modified="2026-11-27T10:00:00"))

    order = session.get_one(Order, erased_order)
    assert order.notes is None
    assert session.get_one(Address, order.shipping_address_id).line1 == ""
    record = session.scalars(select(RemoteRecord).where(RemoteRecord.order_id == erased_order)).one()
    assert record.payload == {"erased": True}
    fresh = session.scalars(select(Order).where(Order.number == "8001")).one()
    assert session.get_one(Address, fresh.shipping_address_id).line1 == "Leylak Sokak 7"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE orders SET status = 500", "parcel"),
        ("UPDATE orders SET has_open_plan = true", "not finished"),
        (
            "INSERT INTO integration_action (channel_id, order_id, kind, state)"
            " SELECT channel_id, id, 'address', 'waiting' FROM orders",
            "told",
        ),
    ],
)
def test_erasing_when_somebody_still_needs_the_data_then_refused_and_nothing_is_gone(
    session: Session, channel: Channel, change: str, why: str
) -> None:
    pull(channel.id, shop_order())
    customer_id = the_customer(session).id
    with unit_of_work() as unit:
        unit.execute(text(change))
    rows = sorted(dump())
    with pytest.raises(Conflict, match=why):
        erase(customer_id)
    assert sorted(dump()) == rows


def test_erasing_when_there_is_no_such_customer_then_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        erase(1)


def test_erasure_when_asked_for_twice_by_one_form_then_one_operation_with_a_verdict(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    customer_id, staff = the_customer(session).id, make_staff(Role.ADMINISTRATOR)
    by = AuditContext(origin=Origin.PAGE, staff_id=staff.id, actor=staff.name)
    submission = uuid.uuid4()
    for is_new in (True, False):
        with unit_of_work() as unit:
            assert (
                erase_soon(unit, customer_id, ErasureReason.ORDERED, by, submission=submission)[1] is is_new
            )
    drain("upkeep")
    assert verdicts() == ["done"]
    assert hits() == []


def test_retention_when_the_night_comes_then_only_those_whose_time_has_passed_are_erased(
    session: Session, channel: Channel
) -> None:
    pull(channel.id, shop_order())
    recent = shop_order(id=8001, number="8001", customer_id=4712)
    pull(channel.id, recent)
    with unit_of_work() as unit:
        long_ago = utc_now() - timedelta(days=800)
        # Never finished, but nothing will be sent any more.
        unit.execute(update(Order).where(Order.number != "8001").values(date_placed=long_ago, status=500))
        unit.execute(update(Order).where(Order.number == "8001").values(date_placed=utc_now()))
    run_retention()

    names = dict(db.session.execute(select(Customer.remote_id, Customer.first_name)).all())
    assert sorted(names.values()) == ["", "Zübeyde"]
    assert verdicts() == ["done"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.tag == "customer.erased")).one()
    assert entry.changes == {"reason": [None, "retention"]}


def run_retention() -> None:
    with unit_of_work() as unit:
        for new in retention_slots(unit, utc_now()):
            create(unit, new)
    drain("upkeep")


def verdicts() -> list[str]:
    """A worker's work has ended the scoped session; the one that is there now is asked."""
    db.session.rollback()
    return list(db.session.scalars(select(OperationItem.outcome).order_by(OperationItem.position)))


# A pull that knows the person not yet erased, while somebody erases them.


def _erase_while_pulling(app: Flask, session: Session, channel: Channel) -> None:
    """Let a pull stop in the middle, between looking at the person and writing what it knows; erase them then."""
    pull(channel.id, shop_order())
    customer_id, channel_id = the_customer(session).id, channel.id
    looked, going_on = threading.Event(), threading.Event()
    session.rollback()
    news = shop_order(id=8001, number="8001")

    class Slow(OrderIntake):
        def apply(self, *args: Any) -> None:
            self.fence = self._stop
            super().apply(*args)

        @staticmethod
        def _stop(_session: Session, _counts: Any) -> None:
            """Everything is written, nothing committed."""
            looked.set()
            going_on.wait(1.5)

    def pulls() -> None:
        Slow(channel_id, WooOrderSerializer(profile()).read).take(RawPage([raw(news)], utc_now(), utc_now()))

    def erases() -> bool:
        looked.wait(30)
        done = erase(customer_id)
        going_on.set()
        return done

    outcomes = race(app, [pulls, erases])
    assert outcomes == [None, True]


def test_erasing_when_a_pull_is_writing_an_order_of_theirs_then_waits_for_it_and_erases_that_too(
    app: Flask, session: Session, channel: Channel
) -> None:
    _erase_while_pulling(app, session, channel)
    assert len(session.scalars(select(Order.id)).all()) == 2
    assert hits() == []


def test_erasing_when_pulls_do_not_hold_the_person_then_an_order_slips_through(
    app: Flask, session: Session, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the same schedule, neither side locking the person."""
    from webapp.orders.service import erasing
    from webapp.orders.service.writing import people

    for module, name in ((people, "_FIND"), (erasing, "_LOCK")):
        statement = (
            str(getattr(module, name)).replace("FOR KEY SHARE OF customer", "").replace("FOR UPDATE", "")
        )
        monkeypatch.setattr(module, name, text(statement))
    monkeypatch.setattr(
        erasing,
        "OF_CUSTOMER",
        ("UPDATE address SET line1 = '' WHERE customer_id = :customer",),
    )
    _erase_while_pulling(app, session, channel)
    assert hits() != []
