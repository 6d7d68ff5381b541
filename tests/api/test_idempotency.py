"""`Idempotency-Key`: sent twice is done once, whoever dies in between."""

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.api.programs import Program, make_token, program
from tests.cancelling import Counter
from tests.order_drafts import line, make_channel
from tests.racing import race
from tests.servers import wait_until
from tests.staff import make_staff
from tests.uploading import csv_of
from webapp.api.resources import order_cancelling
from webapp.auth import idempotency
from webapp.auth.models import ApiIdempotency, ApiToken
from webapp.core.db import unit_of_work
from webapp.orders.enums import PlanKind
from webapp.orders.models import CancellationPlan, OrderItem, TrackingUpload

ROUNDS = 12


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def one_unit(counter: Counter, order_id: int) -> dict[str, Any]:
    """A deed that does its work again each time it is sent: cancel one unit of many."""
    items = select(func.min(OrderItem.id)).where(OrderItem.order_id == order_id)
    with unit_of_work() as unit:
        item_id = unit.scalar(items)
    return {
        "cancel_items": [{"order_item": item_id, "quantity": "1"}],
        "reasons": [{"reason": counter.desk.reasons[PlanKind.CANCEL]}],
    }


def many_units(counter: Counter, number: str = "1001") -> int:
    return counter.order_of((line("1", "1000.00", quantity=100),), number=number)


def plans(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(CancellationPlan)) or 0


def sender(caller: Program, order_id: int, body: Any, key: str | None) -> Callable[[], Any]:
    headers = {"Idempotency-Key": key} if key else {}
    return lambda: caller.post(f"/orders/{order_id}/cancel/", body, headers=headers)


def age_claims() -> None:
    with unit_of_work() as unit:
        unit.execute(
            update(ApiIdempotency).values(claimed_at=ApiIdempotency.claimed_at - timedelta(minutes=5))
        )


def test_a_post_when_sent_again_then_answered_as_before_and_not_done_again(
    app: Flask, counter: Counter, session: Session
) -> None:
    order_id, caller = many_units(counter), program(app)
    send = sender(caller, order_id, one_unit(counter, order_id), "k1")

    first, second = send(), send()

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.data == second.data
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["ETag"] == first.headers["ETag"]
    assert plans(session) == 1


def test_a_post_when_it_was_refused_then_the_refusal_is_the_answer_again(
    app: Flask, counter: Counter, session: Session
) -> None:
    order_id, caller = many_units(counter), program(app)
    send = sender(caller, order_id, {"is_all": True}, "k1")

    first, second = send(), send()

    assert (first.status_code, first.json["code"]) == (422, "reason_missing")
    assert second.json == first.json
    assert second.mimetype == "application/problem+json"


def test_a_key_when_it_comes_with_another_request_then_422(
    app: Flask, counter: Counter, session: Session
) -> None:
    order_id, caller = many_units(counter), program(app)
    body = one_unit(counter, order_id)
    sender(caller, order_id, body, "k1")()

    answer = sender(caller, order_id, {**body, "words": "x"}, "k1")()

    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
    assert (
        sender(program(app, name="Deniz"), order_id, body, "k1")().status_code == 200
    )  # keys are a token's own
    assert plans(session) == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "schlüssel"])
def test_a_key_when_it_is_none_then_400(app: Flask, counter: Counter, key: str) -> None:
    order_id = many_units(counter)

    answer = program(app).post(f"/orders/{order_id}/cancel/", {}, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json["code"]) == (400, "malformed_idempotency_key")


def test_a_key_when_its_day_is_over_then_free_again(app: Flask, counter: Counter, session: Session) -> None:
    order_id, caller = many_units(counter), program(app)
    send = sender(caller, order_id, one_unit(counter, order_id), "k1")
    send()
    with unit_of_work() as unit:
        unit.execute(update(ApiIdempotency).values(expires_at=func.now() - timedelta(seconds=1)))

    assert send().status_code == 200
    assert plans(session) == 2


def test_two_senders_when_they_send_the_same_key_at_once_then_done_once(
    app: Flask, counter: Counter, session: Session
) -> None:
    caller = program(app)
    for at in range(ROUNDS):
        order_id = many_units(counter, str(2000 + at))
        body = one_unit(counter, order_id)

        answers = race(app, [sender(caller, order_id, body, f"k{at}")] * 2)

        codes = sorted(answer.status_code for answer in answers)
        assert codes in ([200, 200], [200, 409]), [answer.text for answer in answers]
        refused = [answer.json["code"] for answer in answers if answer.status_code == 409]
        assert refused in ([], ["idempotency_in_progress"])
        assert plans(session) == at + 1


def test_control_two_senders_when_they_send_no_key_then_done_twice(
    app: Flask, counter: Counter, session: Session
) -> None:
    order_id, caller = many_units(counter), program(app)

    answers = race(app, [sender(caller, order_id, one_unit(counter, order_id), None)] * 2)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert plans(session) == 2


def test_the_answer_when_it_could_not_be_kept_then_the_deed_is_still_not_done_again(
    app: Flask, counter: Counter, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_words: Any) -> None:
        raise OperationalError("died", {}, Exception())

    order_id, caller = many_units(counter), program(app)
    send = sender(caller, order_id, one_unit(counter, order_id), "k1")
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep", dies)
        assert send().status_code == 200

    assert send().json["code"] == "idempotency_in_progress"
    age_claims()
    assert send().json["code"] == "idempotency_answer_lost"
    assert plans(session) == 1


def test_a_slow_request_when_another_took_its_key_over_then_only_one_is_done(
    app: Flask, counter: Counter, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is stopped before its deed; its claim grows old, the second does it; then the first goes on."""
    order_id, caller = many_units(counter), program(app)
    send = sender(caller, order_id, one_unit(counter, order_id), "k1")
    real, begun, go_on, answers = order_cancelling.open_plans, threading.Event(), threading.Event(), []

    def slow(*words: Any, **named: Any) -> Any:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(30)
        return real(*words, **named)

    monkeypatch.setattr(order_cancelling, "open_plans", slow)
    first = threading.Thread(target=lambda: answers.append(send()))
    first.start()
    assert begun.wait(30)
    assert send().json["code"] == "idempotency_in_progress"
    age_claims()
    second = send()
    go_on.set()
    first.join()

    assert second.status_code == 200
    assert (answers[0].status_code, answers[0].json["code"]) == (409, "idempotency_in_progress")
    assert plans(session) == 1
    assert send().data == second.data


def test_a_spreadsheet_when_sent_again_with_a_boundary_of_its_own_then_taken_once(
    app: Flask, session: Session
) -> None:
    make_channel(session)
    caller = program(app)

    def send(number: str) -> Any:
        sheet = csv_of([("Order number", "Tracking number"), ("1001", number)])
        return caller.open(
            "POST",
            "/orders/bulk_tracking_number_update/",
            data={"file": (io.BytesIO(sheet), "parcels.csv")},  # the client draws a boundary each time
            content_type="multipart/form-data",
            headers={"Idempotency-Key": "k1"},
        )

    first, second, other = send("TRK-1"), send("TRK-1"), send("TRK-2")

    assert (first.status_code, second.status_code) == (202, 202), second.text
    assert second.json == first.json
    assert second.headers["Location"] == first.headers["Location"]
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    session.rollback()
    assert session.scalar(select(func.count()).select_from(TrackingUpload)) == 1


def test_a_key_when_it_is_given_back_while_another_asks_for_it_then_that_one_has_it(
    app: Flask, session: Session
) -> None:
    """The first ends with a server error and frees its key; the second waits for exactly that row."""
    make_token(make_staff())
    session.rollback()
    token_id = session.scalars(select(ApiToken.id)).one()
    with unit_of_work() as unit:
        first = idempotency.claim(unit, token_id, "k1", b"f")
    assert isinstance(first, idempotency.Claim)
    got: list[Any] = []

    def ask() -> None:
        with app.app_context(), unit_of_work() as unit:
            got.append(idempotency.claim(unit, token_id, "k1", b"f"))

    second = threading.Thread(target=ask)
    with unit_of_work() as unit:
        idempotency.forget(unit, first)
        second.start()
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        wait_until(lambda: unit.scalar(waiting), what="the second to wait for the first's row")
    second.join()

    assert isinstance(got[0], idempotency.Claim), got
    assert got[0].fence != first.fence
