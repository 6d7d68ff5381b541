"""From a channel's answer to orders: raw first, each once, to the cent, and one bad order stops nothing."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.channels.samples import FOLDER, changed, orders_of, profile, raw, sample
from webapp.channels.applying import OrderIntake
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.models import Channel, RemoteRecord
from webapp.channels.receiving import RawPage
from webapp.core.db import db
from webapp.orders.models import Order, OrderItem
from webapp.verification import verify

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
D = Decimal


@pytest.fixture
def intake(channel: Channel) -> OrderIntake:
    return OrderIntake(channel.id, WooOrderSerializer(profile()).read)


def page(payloads: Sequence[dict[str, Any]], asked: datetime = NOON, took_s: float = 1) -> RawPage:
    return RawPage([raw(payload) for payload in payloads], asked, asked + timedelta(seconds=took_s))


def records(session: Session) -> dict[str, RemoteRecord]:
    session.rollback()
    session.expire_all()
    return {record.remote_id: record for record in session.scalars(select(RemoteRecord))}


def the_order(session: Session) -> Order:
    session.rollback()
    return session.scalars(select(Order)).one()


def findings(session: Session) -> list[str]:
    session.rollback()
    with db.engine.connect() as connection:
        return [f"{each.check} {each.subject}: {each.words}" for each in verify(connection, stuck_after_s=0)]


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_sample_when_taken_in_then_an_order_to_the_cent_or_a_record_that_says_why(
    name: str, session: Session, intake: OrderIntake
) -> None:
    intake.read = WooOrderSerializer(profile()).read
    payloads = {payload["id"]: payload for payload in orders_of(sample(name))}

    intake.take(page(list(payloads.values())))

    for record in records(session).values():
        payload = payloads[int(record.remote_id)]
        if record.state == "applied":
            order = session.get_one(Order, record.order_id)
            gift_cards = sum(D(card["amount"]) for card in payload.get("gift_cards", []))
            assert order.amount == D(payload["total"]) + gift_cards
            assert order.number == payload["number"]
        else:
            assert record.state in ("skipped", "failed")
            assert record.failure_words
    assert intake.counts.seen == len(payloads)
    assert findings(session) == []


def test_sample_when_the_parts_miss_the_total_then_taken_with_the_mismatch_shown(
    session: Session, intake: OrderIntake
) -> None:
    intake.take(page([sample("order_coupon_fee_fractional_quantity")]))
    assert the_order(session).money_mismatch is True


def test_order_when_read_again_without_a_change_then_nothing_happens(
    session: Session, intake: OrderIntake
) -> None:
    payload = sample("order_created")
    intake.take(page([payload]))
    version = the_order(session).version

    intake.take(page([dict(reversed(payload.items()))], NOON + timedelta(hours=1)))

    assert the_order(session).version == version
    assert (intake.counts.created, intake.counts.unchanged) == (1, 1)


def test_order_when_changed_at_the_shop_then_updated(session: Session, intake: OrderIntake) -> None:
    intake.take(page([sample("order_created")]))
    intake.take(page([sample("order_completed")], NOON + timedelta(hours=1)))

    assert the_order(session).status == 550
    assert (intake.counts.created, intake.counts.updated) == (1, 1)


def test_order_when_changed_without_a_new_stamp_then_updated_all_the_same(
    session: Session, intake: OrderIntake
) -> None:
    intake.take(page([sample("order_created")]))
    intake.take(page([changed("order_created", customer_note="Bitte klingeln")], NOON + timedelta(minutes=1)))
    assert the_order(session).notes == "Bitte klingeln"


def test_order_when_an_older_answer_comes_late_then_the_newer_one_stays(
    session: Session, intake: OrderIntake
) -> None:
    newer, older = sample("order_completed"), sample("order_created")
    intake.take(page([newer], NOON, took_s=1))
    intake.take(page([older], NOON - timedelta(seconds=10), took_s=30))

    assert the_order(session).status == 550
    assert intake.counts.unchanged == 1


def test_bad_order_when_among_good_ones_then_it_alone_fails_with_its_reason(
    session: Session, intake: OrderIntake
) -> None:
    good = [changed("order_created", id=n, number=str(n)) for n in (1, 2, 3)]
    bad = changed("order_created", id=4, number="4", total="twelve")
    odd = changed("order_created", id=5, number="5", currency="QQQ")

    intake.take(page([*good, bad, odd]))

    found = records(session)
    assert [found[key].state for key in "123"] == ["applied"] * 3
    assert (found["4"].state, found["4"].failure_class, found["4"].attempts) == ("failed", "money", 1)
    assert "total" in (found["4"].failure_words or "")
    assert (found["5"].failure_class, found["5"].number) == ("money", "5")
    assert found["4"].payload["total"] == "twelve"
    assert (intake.counts.created, intake.counts.failed) == (3, 2)


def test_bad_order_when_reading_it_breaks_then_a_bug_is_recorded_and_the_others_are_taken(
    session: Session, intake: OrderIntake
) -> None:
    read = intake.read

    def breaking(payload: Any, known: bool) -> Any:
        if payload["id"] == 2:
            raise ZeroDivisionError("someone@example.com cannot be divided")
        return read(payload, known)

    intake.read = breaking
    intake.take(page([changed("order_created", id=n, number=str(n)) for n in (1, 2, 3)]))

    found = records(session)["2"]
    assert (found.state, found.failure_class) == ("failed", "bug")
    assert found.failure_words == "ZeroDivisionError: [e-mail] cannot be divided"
    assert intake.counts.created == 2


def test_failed_order_when_mended_here_and_applied_again_then_an_order(
    session: Session, intake: OrderIntake
) -> None:
    intake.take(page([changed("order_created", currency="QQQ")]))
    session.execute(
        text(
            "UPDATE remote_record SET state = 'received', payload = jsonb_set(payload, '{currency}', '\"USD\"')"
        )
    )
    session.commit()

    intake.apply_leftovers()

    record = records(session)["7120"]
    assert (record.state, record.failure_words, record.attempts) == ("applied", None, 2)
    assert the_order(session).currency == "USD"


def test_received_order_when_its_run_died_then_taken_in_by_the_next(
    session: Session, intake: OrderIntake
) -> None:
    intake.take(page([sample("order_created")]))
    session.execute(text("DELETE FROM remote_record"))
    session.execute(
        text(
            "INSERT INTO remote_record (channel_id, remote_id, content_hash, payload) VALUES (:c, '9', 'x', :p)"
        ),
        {"c": intake.channel_id, "p": json.dumps(changed("order_created", id=9, number="9"), default=str)},
    )
    session.commit()

    intake.apply_leftovers()

    assert records(session)["9"].state == "applied"


def test_draft_when_received_then_kept_as_skipped(session: Session, intake: OrderIntake) -> None:
    intake.take(page([sample("order_draft_empty")]))
    assert records(session)["7105"].state == "skipped"
    assert intake.counts.skipped == 1
    assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_trash_when_we_have_the_order_then_it_is_ended_or_asked_to_be(
    session: Session, intake: OrderIntake
) -> None:
    intake.take(page([sample("order_created")]))
    intake.take(page([changed("order_created", status="trash")], NOON + timedelta(hours=1)))
    assert the_order(session).status in (50, 100)


@pytest.mark.parametrize("odd", ["a\\u0000b", "half \\ud83d pair", "\\\\u0000 stays"])
def test_text_when_postgres_could_not_keep_it_then_the_order_is_taken_all_the_same(
    odd: str, session: Session, intake: OrderIntake
) -> None:
    row = raw(sample("order_created"))
    words = row.text.replace('"customer_note":""', f'"customer_note":"{odd}"')
    assert words != row.text
    intake.take(RawPage([type(row)(row.remote_id, row.number, None, words, row.payload)], NOON, NOON))

    assert records(session)["7120"].state == "applied"
    assert "\0" not in (the_order(session).notes or "")


def test_payload_when_jsonb_refuses_it_then_a_failed_record_and_the_rest_of_the_page_is_taken(
    session: Session, intake: OrderIntake
) -> None:
    huge = raw(changed("order_created", id=8, number="8"))
    words = huge.text.replace('"parent_id":0', '"parent_id":1e999999')
    assert words != huge.text
    poison = type(huge)(huge.remote_id, huge.number, None, words, huge.payload)

    intake.take(RawPage([raw(sample("order_created")), poison], NOON, NOON))

    found = records(session)
    assert (found["7120"].state, found["8"].state) == ("applied", "failed")
    assert "1e999999" in found["8"].payload["unstorable"]


def test_row_when_given_apart_then_the_order_is_written_anew_with_it(
    session: Session, intake: OrderIntake
) -> None:
    intake.take(page([sample("order_created")]))
    serializer = WooOrderSerializer(profile())
    line = {
        "id": 1,
        "name": "Late line",
        "quantity": 1,
        "subtotal": "5.00",
        "subtotal_tax": "0",
        "total": "5.00",
        "total_tax": "0",
    }

    intake.revise(
        the_order(session).id, lambda payload: serializer.with_line({**payload, "total": "36.96"}, line)
    )

    order = the_order(session)
    assert order.amount == D("36.96")
    names = session.scalars(select(OrderItem.name).where(OrderItem.order_id == order.id)).all()
    assert "Late line" in names


def test_payment_when_given_apart_then_the_order_is_paid(session: Session, intake: OrderIntake) -> None:
    intake.take(page([sample("order_cod_line_options")]))
    serializer = WooOrderSerializer(profile())
    paid = {"date_paid_gmt": "2026-03-06T10:00:00", "transaction_id": "till-9"}

    intake.revise(the_order(session).id, lambda payload: serializer.with_payment(payload, paid))

    captured = session.execute(text("SELECT captured_amount, gateway_ref FROM payment_transaction")).one()
    assert tuple(captured) == (D("52.3500"), "till-9")


def test_counts_when_a_run_goes_on_later_then_they_go_on_too() -> None:
    from webapp.channels.applying import Counts

    counts = Counts().plus("created", 3).plus("failed")
    assert counts.as_result() == {
        "seen": 4,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "failed": 1,
        "skipped": 0,
    }
    assert Counts.of_result({**counts.as_result(), "position": {}}) == counts
    assert Counts.of_result(None) == Counts()
