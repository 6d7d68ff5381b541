"""The code of an app as second step (S18): switched on by a first code, each code once, also for two at once."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.racing import ROUNDS, SEED, race
from tests.second_step import App, code_of, forget_used_codes, wrong
from tests.staff import make_staff
from webapp.auth import second_step
from webapp.auth.models import RecoveryCode, SecondStep
from webapp.core.audit import SYSTEM, AuditContext, AuditEntry, Origin
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.secrets import current_vault


def accept(staff_id: int, code: str) -> str | None:
    with unit_of_work() as session:
        return second_step.accept(session, staff_id, code)


def begin(staff_id: int) -> str:
    with unit_of_work() as session:
        second_step.begin(session, staff_id)
        return str(second_step.begun_secret(session, staff_id))


def test_begun_when_no_code_was_typed_then_off_and_a_wrong_code_leaves_it_off(session: Session) -> None:
    staff = make_staff()
    secret = begin(staff.id)
    assert not second_step.is_on(session, staff.id)

    with pytest.raises(InvalidInput) as refused, unit_of_work() as unit:
        second_step.confirm(unit, SYSTEM, staff.id, wrong(code_of(secret)))

    assert list(refused.value.fields) == ["code"]
    assert not second_step.is_on(session, staff.id)
    assert accept(staff.id, code_of(secret)) is None


def test_begun_when_an_hour_has_gone_by_then_the_secret_is_shown_to_nobody(session: Session) -> None:
    staff = make_staff()
    begin(staff.id)
    with unit_of_work() as unit:
        unit.execute(update(SecondStep).values(begun_at=SecondStep.begun_at - timedelta(hours=1)))

    assert second_step.begun_secret(session, staff.id) is None


def test_confirmed_when_the_first_code_fits_then_on_with_ten_codes_and_an_audit_row(session: Session) -> None:
    staff = make_staff()
    secret = begin(staff.id)

    with unit_of_work() as unit:
        codes = second_step.confirm(unit, SYSTEM, staff.id, code_of(secret))

    assert second_step.is_on(session, staff.id)
    assert (len(set(codes)), second_step.codes_left(session, staff.id)) == (10, 10)
    assert session.scalars(select(AuditEntry.tag)).all() == ["staff.second_step_on"]
    # The code that switched it on was used by that.
    assert accept(staff.id, code_of(secret)) is None
    with pytest.raises(Conflict), unit_of_work() as unit:
        second_step.begin(unit, staff.id)


@pytest.mark.parametrize(("steps", "taken"), [(-2, None), (-1, "app"), (0, "app"), (1, "app"), (2, None)])
def test_code_when_the_clock_of_the_telephone_is_off_then_30_seconds_are_forgiven(
    session: Session, monkeypatch: pytest.MonkeyPatch, steps: int, taken: str | None
) -> None:
    staff = make_staff()
    app = App.of(staff.id)
    # Amid a step, so that none ends between making the code and reading it.
    now = second_step.utc_now().replace(second=15, microsecond=0)
    monkeypatch.setattr(second_step, "utc_now", lambda: now)
    monkeypatch.setattr("tests.second_step.utc_now", lambda: now)

    assert accept(staff.id, app.code(steps)) == taken


def test_code_when_sent_again_then_refused_and_an_earlier_one_too(session: Session) -> None:
    staff = make_staff()
    app = App.of(staff.id)
    earlier, code = app.code(-1), app.code()

    assert [accept(staff.id, each) for each in (code, code, earlier)] == ["app", None, None]


def test_recovery_code_when_typed_carelessly_then_taken_once(session: Session) -> None:
    staff = make_staff()
    app = App.of(staff.id)
    careless = f" {app.recovery[3].upper().replace('-', ' ')} "

    assert [accept(staff.id, careless), accept(staff.id, app.recovery[3])] == ["recovery", None]
    assert second_step.codes_left(session, staff.id) == 9
    assert accept(staff.id, "") is None
    # Somebody else's are worth nothing.
    assert accept(make_staff().id, app.recovery[4]) is None


def test_recovery_codes_when_renewed_then_the_former_are_worth_nothing(session: Session) -> None:
    staff = make_staff()
    app = App.of(staff.id)

    with unit_of_work() as unit:
        new = second_step.renew_codes(unit, SYSTEM, staff.id)

    assert (accept(staff.id, app.recovery[0]), accept(staff.id, new[0])) == (None, "recovery")


def test_reset_when_by_a_colleague_then_off_and_audited_but_nobody_resets_their_own(session: Session) -> None:
    staff, colleague = make_staff(), make_staff()
    App.of(staff.id)
    own = AuditContext(origin=Origin.PAGE, staff_id=staff.id, actor=staff.name)
    theirs = AuditContext(origin=Origin.PAGE, staff_id=colleague.id, actor=colleague.name)

    with pytest.raises(Conflict), unit_of_work() as unit:
        second_step.reset(unit, own, staff.id)
    assert second_step.is_on(session, staff.id)
    with unit_of_work() as unit:
        second_step.reset(unit, theirs, staff.id)

    assert not second_step.is_on(session, staff.id)
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.tag, last.staff_id, last.subject_id) == (
        "staff.second_step_reset",
        colleague.id,
        str(staff.id),
    )
    with pytest.raises(NotFound), unit_of_work() as unit:
        second_step.reset(unit, theirs, staff.id)


def test_stored_when_looked_at_then_neither_the_secret_nor_a_code_can_be_read(session: Session) -> None:
    staff = make_staff()
    app = App.of(staff.id)
    rows = session.scalars(
        text("SELECT t::text FROM staff_second_step t UNION ALL SELECT t::text FROM staff_recovery_code t")
    ).all()

    dump = "\n".join(rows).lower()
    assert len(rows) == 11
    assert [word for word in (app.secret, *app.recovery) if word.lower() in dump] == []
    assert [code for code in app.recovery if code.replace("-", "").encode().hex() in dump] == []
    stored = session.scalars(select(SecondStep.secret)).one()
    assert current_vault().decrypt(stored) == app.secret


def test_rotated_when_the_key_is_new_then_codes_still_fit(session: Session) -> None:
    staff = make_staff()
    app = App.of(staff.id)
    before = session.scalars(select(SecondStep.secret)).one()

    with unit_of_work() as unit:
        assert second_step.rotate_second_steps(unit) == (1, 0)

    session.expire_all()
    assert session.scalars(select(SecondStep.secret)).one() != before
    assert accept(staff.id, app.code()) == "app"


def _each_once(app: Flask, staff_id: int, code: Callable[[], str], renew: Callable[[], None]) -> list[int]:
    """How many of two who send the same code at one moment were let in, round after round."""
    rounds = []
    for _ in range(ROUNDS):
        renew()
        outcomes = race(app, [partial(accept, staff_id, code())] * 2)
        rounds.append(sum(outcome in ("app", "recovery") for outcome in outcomes))
    return rounds


def test_race_when_two_send_the_same_code_then_one_is_let_in(app: Flask, session: Session) -> None:
    staff = make_staff()
    telephone = App.of(staff.id)
    session.rollback()

    let_in = _each_once(app, staff.id, telephone.code, lambda: forget_used_codes(staff.id))

    assert let_in == [1] * ROUNDS


def test_race_when_two_send_the_same_recovery_code_then_one_is_let_in(app: Flask, session: Session) -> None:
    staff = make_staff()
    telephone = App.of(staff.id)
    word = random.Random(SEED).choice(telephone.recovery)
    session.rollback()

    def unuse() -> None:
        with unit_of_work() as unit:
            unit.execute(update(RecoveryCode).values(used_at=None))

    assert _each_once(app, staff.id, lambda: word, unuse) == [1] * ROUNDS


def test_control_when_a_code_is_looked_up_and_then_noted_then_both_are_let_in(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = make_staff()
    telephone = App.of(staff.id)
    session.rollback()
    both_have_looked = threading.Barrier(2)

    def look_then_note(session: Session, staff_id: int, step: int) -> bool:
        used = session.scalars(select(SecondStep.last_step).where(SecondStep.staff_id == staff_id)).one()
        both_have_looked.wait(30)
        session.execute(update(SecondStep).where(SecondStep.staff_id == staff_id).values(last_step=step))
        return used < step

    monkeypatch.setattr(second_step, "_take_step", look_then_note)
    code = telephone.code()

    assert race(app, [lambda: accept(staff.id, code)] * 2) == ["app", "app"]
