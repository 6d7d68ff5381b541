"""Saved views: one's own and everybody's, their names and order, and two people at one of them."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.racing import overtake, race
from tests.staff import make_staff
from webapp.auth.models import StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Role
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.orders.models import SavedView
from webapp.orders.queries.mine import KeptView, read_mine
from webapp.orders.service import saved_views
from webapp.orders.service.saved_views import (
    MOST_OF_ONES_OWN,
    MOST_SHARED,
    Owner,
    ViewDraft,
    change_view,
    delete_view,
    move_view,
    save_view,
)


def owner(staff: StaffUser) -> Owner:
    context = AuditContext(origin=Origin.PAGE, staff_id=staff.id, actor=staff.name)
    return Owner(context, ROLE_PERMISSIONS[Role(staff.role)])


def save(staff: StaffUser, name: str, *, shared: bool = False, query: str = "status=500") -> int:
    with unit_of_work() as unit:
        return save_view(unit, ViewDraft(name, query, shared), owner(staff)).id


def seen(session: Session, staff: StaffUser) -> list[KeptView]:
    session.rollback()
    return list(read_mine(session, staff.id, None, utc_now().date()).views)


def names(session: Session, staff: StaffUser) -> list[str]:
    return [view.name for view in seen(session, staff)]


def test_view_when_saved_then_its_owner_sees_it_and_everybody_sees_a_shared_one_first(
    session: Session,
) -> None:
    agent, boss = make_staff(Role.AGENT), make_staff(Role.SUPERVISOR, name="Selin Koç")
    save(agent, "  Late   ones ")
    save(boss, "Team", shared=True)

    assert names(session, agent) == ["Team", "Late ones"]
    assert names(session, boss) == ["Team"]
    team = seen(session, agent)[0]
    assert (team.owner, team.is_mine, team.is_shared, team.query) == ("Selin Koç", False, True, "status=500")
    logged = session.scalars(select(AuditEntry.tag).where(AuditEntry.subject_type == "saved_view")).all()
    assert logged == ["saved_view.created"]


def test_view_when_shared_without_the_permission_then_refused(session: Session) -> None:
    agent, boss = make_staff(Role.AGENT), make_staff(Role.SUPERVISOR)
    shared, own = save(boss, "Team", shared=True), save(agent, "Mine")
    for deed in (
        lambda unit: save_view(unit, ViewDraft("X", "", True), owner(agent)),
        lambda unit: change_view(unit, shared, ViewDraft("X", None, True), owner(agent)),
        lambda unit: change_view(unit, own, ViewDraft("Mine", None, True), owner(agent)),
        lambda unit: delete_view(unit, shared, owner(agent)),
        lambda unit: move_view(unit, shared, owner(agent), by=1),
    ):
        with pytest.raises(PermissionDenied), unit_of_work() as unit:
            deed(unit)
    assert names(session, agent) == ["Team", "Mine"]


def test_view_when_somebody_elses_then_there_is_none(session: Session) -> None:
    own = save(make_staff(), "Mine")
    other = make_staff()
    with pytest.raises(NotFound), unit_of_work() as unit:
        delete_view(unit, own, owner(other))


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "LATE"])
def test_name_when_empty_too_long_or_taken_then_refused(session: Session, name: str) -> None:
    agent = make_staff()
    save(agent, "Late")
    with pytest.raises(InvalidInput):
        save(agent, name)
    save(make_staff(), "Late")


def test_views_when_too_many_then_no_more(session: Session) -> None:
    agent = make_staff()
    for at in range(MOST_OF_ONES_OWN):
        save(agent, f"View {at}")
    with pytest.raises(InvalidInput):
        save(agent, "One more")


def test_view_when_renamed_moved_and_deleted_then_the_tabs_follow(session: Session) -> None:
    agent = make_staff()
    ids = [save(agent, name) for name in ("A", "B", "C")]
    with unit_of_work() as unit:
        move_view(unit, ids[2], owner(agent), by=-1)
    assert names(session, agent) == ["A", "C", "B"]
    with unit_of_work() as unit:
        move_view(unit, ids[0], owner(agent), by=-1)
        change_view(unit, ids[1], ViewDraft("b", "q=1"), owner(agent))
        delete_view(unit, ids[2], owner(agent))
    assert [(view.name, view.query) for view in seen(session, agent)] == [("A", "status=500"), ("b", "q=1")]


def test_shared_view_when_two_change_it_then_the_slower_is_told_who_was_faster(
    app: Flask, session: Session
) -> None:
    people = [make_staff(Role.SUPERVISOR, name=name) for name in ("Ece Kaya", "Selin Koç")]
    view_id = save(people[0], "Team", shared=True)

    def change(at: int) -> str:
        with unit_of_work() as unit:
            return change_view(
                unit, view_id, ViewDraft(f"Team {at}", None, True), owner(people[at]), version=1
            ).name

    outcomes = race(app, [lambda: change(0), lambda: change(1)])
    lost = next(each for each in outcomes if isinstance(each, Conflict))
    winner = next(each for each in outcomes if isinstance(each, str))
    assert people[int(winner[-1])].name in lost.message
    session.rollback()
    assert session.get_one(SavedView, view_id).name == winner


def test_shared_view_when_no_version_is_asked_for_then_the_slower_overwrites(
    app: Flask, session: Session
) -> None:
    """The negative control."""
    people = [make_staff(Role.SUPERVISOR), make_staff(Role.SUPERVISOR)]
    view_id = save(people[0], "Team", shared=True)

    def change(at: int) -> str:
        with unit_of_work() as unit:
            return change_view(unit, view_id, ViewDraft(f"Team {at}", None, True), owner(people[at])).name

    assert race(app, [lambda: change(0), lambda: change(1)]) == ["Team 0", "Team 1"]


def test_view_when_it_would_be_one_too_many_for_everybody_then_not_given_to_them(session: Session) -> None:
    boss = make_staff(Role.SUPERVISOR)
    mine = save(boss, "Mine")
    for at in range(MOST_SHARED):
        save(boss, f"Team {at}", shared=True)

    with pytest.raises(InvalidInput, match="20 views already"), unit_of_work() as unit:
        change_view(unit, mine, ViewDraft("Mine", None, True), owner(boss))

    assert shared_views(session) == MOST_SHARED


def shared_views(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(SavedView.is_shared)) or 0


def two_add_the_last_one(app: Flask) -> list[object]:
    """One shared view is missing from the most there may be; two save one at the same moment."""
    first, second = make_staff(Role.SUPERVISOR), make_staff(Role.SUPERVISOR, name="Deniz Aydın")
    for at in range(MOST_SHARED - 1):
        save(first, f"Team {at}", shared=True)
    return overtake(
        app,
        lambda: save(first, "Late", shared=True),
        lambda: save(second, "Large", shared=True),
        after="ORDER BY saved_view.id",
    )


def test_two_when_each_adds_the_last_shared_view_then_one_is_refused(app: Flask, session: Session) -> None:
    outcomes = two_add_the_last_one(app)

    assert isinstance(outcomes[0], int)
    assert isinstance(outcomes[1], InvalidInput), outcomes
    assert shared_views(session) == MOST_SHARED


def test_control_when_nobody_takes_turns_then_there_is_one_view_too_many(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "_take_turn", lambda session: None)

    two_add_the_last_one(app)

    assert shared_views(session) == MOST_SHARED + 1
