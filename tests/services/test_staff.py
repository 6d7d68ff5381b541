"""Creating, changing and shutting out staff: what is refused, what ends, what the audit keeps."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.racing import without_row_locks
from tests.staff import PASSWORD, make_staff, start_session
from webapp.auth import service
from webapp.auth.models import StaffSession, StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound

RACES = 20


def create(**changes: Any) -> StaffUser:
    fields: dict[str, Any] = {
        "email": "ayse@shop.example",
        "name": "Ayşe Demir",
        "role": Role.AGENT,
        "password": PASSWORD,
        **changes,
    }
    with unit_of_work() as session:
        return service.create_staff(session, SYSTEM, **fields)


def make_channels(*names: str) -> list[int]:
    with unit_of_work() as session:
        channels = [
            Channel(name=name, channel_type="woocommerce", base_url="https://shop.example") for name in names
        ]
        session.add_all(channels)
        session.flush()
        return [channel.id for channel in channels]


def changes_of(session: Session, tag: str) -> dict[str, Any]:
    return session.scalars(select(AuditEntry.changes).where(AuditEntry.tag == tag)).one()


def test_a_member_of_staff_when_created_then_stored_in_lower_case_and_audited(session: Session) -> None:
    create(email="  Ayse@Shop.Example ", name=" Ayşe   Demir ")

    row = session.scalars(select(StaffUser)).one()
    assert (row.email, row.name, row.role, row.is_active) == (
        "ayse@shop.example",
        "Ayşe Demir",
        "agent",
        True,
    )
    assert (row.limited_to_channels, row.time_zone, row.language) == (False, "Europe/Istanbul", "en")
    assert changes_of(session, "staff.created") == {"role": [None, "agent"]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "ayse"}, "email"),
        ({"email": "ayse@shop"}, "email"),
        ({"email": "ay şe@shop.example"}, "email"),
        ({"email": "İpek@shop.example"}, "email"),
        ({"email": "a" * 250 + "@shop.example"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"password": "short"}, "new_password"),
        ({"password": "ayse@shop1234"}, "new_password"),
    ],
)
def test_a_member_of_staff_when_something_is_wrong_then_nobody_is_created(
    session: Session, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(**changes)

    assert list(refused.value.fields) == [field]
    assert session.scalar(select(func.count()).select_from(StaffUser)) == 0


def test_a_member_of_staff_when_the_address_is_taken_then_a_conflict_and_the_unit_goes_on(
    session: Session,
) -> None:
    create()

    with unit_of_work() as database:
        with pytest.raises(Conflict):
            service.create_staff(
                database,
                SYSTEM,
                email="AYSE@shop.example",
                name="Another",
                role=Role.AGENT,
                password=PASSWORD,
            )
        service.create_staff(
            database, SYSTEM, email="other@shop.example", name="Other", role=Role.AGENT, password=PASSWORD
        )

    assert session.scalars(select(StaffUser.email).order_by(StaffUser.id)).all() == [
        "ayse@shop.example",
        "other@shop.example",
    ]


def test_a_member_of_staff_when_changed_then_old_and_new_are_audited(session: Session) -> None:
    first, second = make_channels("Web shop TR", "Noon")
    staff = make_staff(Role.AGENT, name="Ayşe", channel_ids=[first])

    with unit_of_work() as database:
        service.update_staff(
            database, SYSTEM, staff.id, name="Ayşe D.", role=Role.SUPERVISOR, channel_ids=[second, first]
        )

    assert changes_of(session, "staff.changed") == {
        "name": ["Ayşe", "Ayşe D."],
        "role": ["agent", "supervisor"],
        "channels": [[first], [first, second]],
    }


def test_a_member_of_staff_when_the_last_channel_is_taken_away_then_sees_none_and_not_all(
    session: Session,
) -> None:
    (channel,) = make_channels("Web shop TR")
    staff = make_staff(Role.AGENT, channel_ids=[channel])

    with unit_of_work() as database:
        service.update_staff(database, SYSTEM, staff.id, name="Ayşe", role=Role.AGENT, channel_ids=[])

    row = session.scalars(select(StaffUser)).one()
    assert (row.limited_to_channels, row.channels) == (True, [])


def test_a_member_of_staff_when_nothing_changes_then_no_audit_row(session: Session) -> None:
    staff = make_staff(Role.AGENT)

    with unit_of_work() as database:
        service.update_staff(database, SYSTEM, staff.id, name=staff.name, role=Role.AGENT, channel_ids=None)

    assert session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize("others", [0, 1])
def test_the_last_administrator_when_taken_away_then_refused(session: Session, others: int) -> None:
    only = make_staff(Role.ADMINISTRATOR)
    make_staff(Role.ADMINISTRATOR, is_active=False)
    for _ in range(others):
        make_staff(Role.ADMINISTRATOR)

    refusals = 0
    for attempt in (
        lambda database: service.set_active(database, SYSTEM, only.id, active=False),
        lambda database: service.update_staff(
            database, SYSTEM, only.id, name=only.name, role=Role.AGENT, channel_ids=None
        ),
    ):
        try:
            with unit_of_work() as database:
                attempt(database)
                database.rollback()
        except Conflict as refused:
            assert refused.error_code == "last_administrator"
            refusals += 1

    assert refusals == (2 if others == 0 else 0)


def test_two_administrators_when_they_disable_each_other_at_once_then_one_stays(
    app: Flask, session: Session
) -> None:
    for _ in range(RACES):
        pair = [make_staff(Role.ADMINISTRATOR).id, make_staff(Role.ADMINISTRATOR).id]
        outcomes = _at_once(app, pair)
        assert sorted(outcomes) == ["done", "refused"]
        remaining = select(func.count()).select_from(StaffUser).where(StaffUser.is_active)
        assert session.scalar(remaining) == 1
        session.rollback()
        with unit_of_work() as database:
            database.query(StaffUser).delete()


def test_control_when_administrators_are_not_locked_then_both_disable_each_other_and_none_is_left(
    app: Flask, session: Session
) -> None:
    pair = [make_staff(Role.ADMINISTRATOR).id, make_staff(Role.ADMINISTRATOR).id]
    with without_row_locks("WHERE staff_user.role"):
        assert _at_once(app, pair) == ["done", "done"]
    assert session.scalar(select(func.count()).select_from(StaffUser).where(StaffUser.is_active)) == 0


def test_a_password_when_reset_then_every_session_ends(session: Session) -> None:
    staff = make_staff()
    start_session(staff)
    start_session(staff)

    with unit_of_work() as database:
        service.reset_password(database, SYSTEM, staff.id, new="another row of plain words")

    assert session.scalars(select(StaffSession.ended_because)).all() == ["password_changed"] * 2
    assert changes_of(session, "staff.password_changed") == {"sessions_ended": [None, 2]}


def test_a_person_when_disabled_twice_then_one_audit_row(session: Session) -> None:
    make_staff(Role.ADMINISTRATOR)
    staff = make_staff(Role.AGENT)
    start_session(staff)

    for _ in range(2):
        with unit_of_work() as database:
            service.set_active(database, SYSTEM, staff.id, active=False)

    assert changes_of(session, "staff.disabled") == {"is_active": [True, False], "sessions_ended": [None, 1]}


def test_a_person_when_unknown_then_not_found(session: Session) -> None:
    with unit_of_work() as database:
        with pytest.raises(NotFound):
            service.get_staff(database, 404)
        with pytest.raises(NotFound):
            service.find_staff(database, "nobody@shop.example")
        assert not service.has_staff(database)


def _at_once(app: Flask, pair: list[int]) -> list[str]:
    """Each of two people is disabled in a thread of its own; what became of both."""
    barrier, outcomes = threading.Barrier(2), []

    def disable(staff_id: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                with unit_of_work() as database:
                    service.set_active(database, SYSTEM, staff_id, active=False)
            except Conflict:
                outcomes.append("refused")
            else:
                outcomes.append("done")

    threads = [threading.Thread(target=disable, args=(staff_id,)) for staff_id in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
