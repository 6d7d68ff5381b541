"""Notes on orders: whom they name, and that a note that must be read holds its readers up, and nobody else."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories import make_channel, make_note, make_order
from tests.racing import race
from tests.staff import make_staff
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import unit_of_work
from webapp.orders.locks import MustReadFirst, lock_order
from webapp.orders.models import NoteReader, Order, OrderNote
from webapp.orders.queries.mentions import count_unread, mentions
from webapp.orders.service.editing import edit_order
from webapp.orders.service.notes import NewNote, add_note, confirm_all_mentions, confirm_read


@pytest.fixture
def order(session: Session) -> Order:
    made = make_order(session, make_channel(session), number="1001")
    session.commit()
    return made


def by(staff: StaffUser, origin: Origin = Origin.PAGE) -> AuditContext:
    return AuditContext(origin=origin, staff_id=staff.id, actor=staff.name)


def new_note(order: Order, body: str = "Call first.", **fields: Any) -> NewNote:
    return NewNote(order.id, body, fields.pop("submission", uuid.uuid4()), **fields)


def mentioned(session: Session) -> set[int]:
    return set(session.scalars(select(NoteReader.staff_id).where(NoteReader.is_mentioned)))


def test_note_when_colleagues_are_ticked_and_named_then_they_are_mentioned_and_the_author_is_not(
    session: Session, order: Order
) -> None:
    author, ticked = make_staff(name="Ece Kaya"), make_staff(name="Selin Koç")
    named, bystander = make_staff(name="Çağla Işık"), make_staff(name="Çağla Işıklı")
    note = new_note(order, "@Ece Kaya and @ÇAĞLA IŞIK, look please.", mentions=(ticked.id,))

    with unit_of_work() as unit:
        add_note(unit, note, by(author))

    assert mentioned(session) == {ticked.id, named.id}
    assert bystander.id not in mentioned(session)


def test_note_when_two_colleagues_have_the_name_that_it_says_then_both_are_mentioned(
    session: Session, order: Order
) -> None:
    author, one, two = make_staff(name="Ece Kaya"), make_staff(name="Ali Işık"), make_staff(name="Ali IŞIK")
    with unit_of_work() as unit:
        add_note(unit, new_note(order, "@Ali Işık, look please."), by(author))
    assert mentioned(session) == {one.id, two.id}


def test_note_when_somebody_may_not_know_of_the_channel_then_they_are_not_mentioned(
    session: Session, order: Order
) -> None:
    other = make_channel(session, "Elsewhere")
    session.commit()
    author, stranger = make_staff(), make_staff(name="Mert Can", channel_ids=[other.id])

    with unit_of_work() as unit:
        add_note(unit, new_note(order, "@Mert Can?", mentions=(stranger.id,)), by(author))

    assert mentioned(session) == set()


def test_mention_when_marked_as_read_then_it_is_counted_no_more_and_a_second_time_changes_nothing(
    session: Session, order: Order
) -> None:
    author, reader = make_staff(), make_staff()
    with unit_of_work() as unit:
        add_note(unit, new_note(order, mentions=(reader.id,)), by(author))
    note_id = mentions(session, reader.id, None, unread_only=True, before_id=None, limit=9)[0].note.id
    assert count_unread(session, reader.id, None) == 1
    assert count_unread(session, reader.id, frozenset()) == 0

    with unit_of_work() as unit:
        assert confirm_read(unit, [note_id], by(reader), channels=None) == 1
    with unit_of_work() as unit:
        assert confirm_read(unit, [note_id], by(reader), channels=None) == 0

    assert count_unread(session, reader.id, None) == 0
    assert mentions(session, reader.id, None, unread_only=True, before_id=None, limit=9) == []
    assert len(mentions(session, reader.id, None, unread_only=False, before_id=None, limit=9)) == 1


def test_note_when_of_a_channel_that_the_reader_may_not_know_then_it_cannot_be_confirmed(
    session: Session, order: Order
) -> None:
    note = make_note(session, order, must_read=True)
    session.commit()
    note_id, reader = note.id, make_staff()
    with unit_of_work() as unit:
        assert confirm_read(unit, [note_id], by(reader), channels=frozenset()) == 0


def test_all_mentions_when_marked_as_read_then_those_that_must_be_read_stay(
    session: Session, order: Order
) -> None:
    author, reader = make_staff(), make_staff()
    with unit_of_work() as unit:
        add_note(unit, new_note(order, mentions=(reader.id,)), by(author))
        add_note(unit, new_note(order, "Stop.", mentions=(reader.id,), must_read=True), by(author))

    with unit_of_work() as unit:
        assert confirm_all_mentions(unit, by(reader)) == 1

    left = mentions(session, reader.id, None, unread_only=True, before_id=None, limit=9)
    assert [each.note.body for each in left] == ["Stop."]


def test_action_when_a_note_must_be_read_then_each_person_confirms_for_themselves(
    session: Session, order: Order
) -> None:
    author, first, second = make_staff(name="Ece Kaya"), make_staff(), make_staff()
    with unit_of_work() as unit:
        add_note(unit, new_note(order, must_read=True), by(author))
    note = session.scalars(select(OrderNote)).one()

    with pytest.raises(MustReadFirst) as refused, unit_of_work() as unit:
        edit_order(unit, order.id, {"segment": "vip"}, by(first), version=None)
    assert "Ece Kaya" in refused.value.message
    assert refused.value.details["notes"] == [note.id]
    session.expire_all()
    assert session.get_one(Order, order.id).segment is None

    with unit_of_work() as unit:
        confirm_read(unit, [note.id], by(first), channels=None)
    with unit_of_work() as unit:
        edit_order(unit, order.id, {"segment": "vip"}, by(first), version=None)
    with pytest.raises(MustReadFirst), unit_of_work() as unit:
        edit_order(unit, order.id, {"segment": "new"}, by(second), version=None)
    with unit_of_work() as unit:
        edit_order(unit, order.id, {"segment": "old"}, by(author), version=None)

    confirmed = session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.note.confirmed")).all()
    assert [(each.staff_id, each.order_id) for each in confirmed] == [(first.id, order.id)]


@pytest.mark.parametrize("origin", [Origin.CHANNEL, Origin.COMMAND])
def test_action_when_no_person_acts_then_no_note_holds_it_up(
    session: Session, order: Order, origin: Origin
) -> None:
    make_note(session, order, must_read=True)
    session.commit()
    staff = make_staff()
    with unit_of_work() as unit:
        assert lock_order(unit, order.id, acting=by(staff, origin)).id == order.id
        assert lock_order(unit, order.id, acting=AuditContext(origin=Origin.JOB)).id == order.id
        assert lock_order(unit, order.id).id == order.id


@pytest.mark.parametrize("origin", [Origin.JOB, Origin.API])
def test_action_when_done_in_bulk_or_by_a_program_for_somebody_who_has_not_read_then_refused(
    session: Session, order: Order, origin: Origin
) -> None:
    make_note(session, order, must_read=True)
    session.commit()
    staff = make_staff(Role.SUPERVISOR)
    with pytest.raises(MustReadFirst), unit_of_work() as unit:
        lock_order(unit, order.id, acting=by(staff, origin))


# A colleague acts while another one posts a note that must be read: the note stands before the act or after it.


def _act_while(app: Flask, order_id: int, staff: StaffUser, post: Callable[[Session], object]) -> bool:
    """Hold the order as somebody who acts, have `post` done in another session meanwhile; whether it was done before
    the act had ended."""
    holding, posted = threading.Event(), threading.Event()
    seen: list[bool] = []

    def act() -> None:
        with unit_of_work() as unit:
            lock_order(unit, order_id, acting=by(staff))
            holding.set()
            seen.append(posted.wait(1.5))

    def leave_note() -> None:
        holding.wait(30)
        with unit_of_work() as unit:
            post(unit)
        posted.set()

    outcomes = race(app, [act, leave_note])
    assert outcomes == [None, None]
    return seen[0]


def test_note_that_must_be_read_when_somebody_is_acting_then_it_waits_for_the_end_of_the_act(
    app: Flask, session: Session, order: Order
) -> None:
    author, actor = make_staff(), make_staff()
    note = new_note(order, must_read=True)

    during = _act_while(app, order.id, actor, lambda unit: add_note(unit, note, by(author)))

    assert not during
    with pytest.raises(MustReadFirst), unit_of_work() as unit:
        lock_order(unit, order.id, acting=by(actor))


def test_note_when_stored_without_the_lock_then_it_slips_into_the_middle_of_an_act(
    app: Flask, session: Session, order: Order
) -> None:
    """The negative control: the same schedule, the lock left out."""
    author, actor = make_staff(), make_staff()

    def unguarded(unit: Session) -> None:
        unit.add(OrderNote(order_id=order.id, staff_id=author.id, author="Ece", body="Stop.", must_read=True))

    during = _act_while(app, order.id, actor, unguarded)
    assert during


def test_confirming_when_raced_by_the_same_person_in_two_tabs_then_one_entry(
    app: Flask, session: Session, order: Order
) -> None:
    note = make_note(session, order, must_read=True)
    session.commit()
    note_id, reader = note.id, make_staff()

    def confirm() -> int:
        with unit_of_work() as unit:
            return confirm_read(unit, [note_id], by(reader), channels=None)

    assert sorted(race(app, [confirm, confirm])) == [0, 1]
    assert len(session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.note.confirmed")).all()) == 1
