"""Tags and who looks after an order: one at a time, for many, in the lists, and two people at once."""

import uuid
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tests.factories import make_channel, make_order, make_orders
from tests.racing import ROUNDS, race
from tests.staff import make_staff
from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.hints import drain
from webapp.core.worklist import OperationItem, Subject
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import MoveItems
from webapp.orders.models import Order, OrderAssignment, OrderTag, Tag
from webapp.orders.queries import listing
from webapp.orders.queries.chosen import ticked_orders
from webapp.orders.queries.criteria import OrderFilter, Sort
from webapp.orders.queries.mine import read_mine
from webapp.orders.service.assigning import Assignment, assign, assign_many
from webapp.orders.service.moving_many import move_many
from webapp.orders.service.tags import change_tags, tag_many

TODAY = date(2026, 11, 28)
YESTERDAY = date(2026, 11, 27)


@pytest.fixture
def shop(session: Session) -> Channel:
    made = make_channel(session)
    session.commit()
    return made


@pytest.fixture
def order(session: Session, shop: Channel) -> Order:
    made = make_order(session, shop, number="1001")
    session.commit()
    return made


def by(staff: StaffUser) -> AuditContext:
    return AuditContext(origin=Origin.PAGE, staff_id=staff.id, actor=staff.name)


def make_tag(session: Session, name: str = "Fragile", **columns: Any) -> Tag:
    tag = Tag(name=name, **columns)
    session.add(tag)
    session.flush()
    return tag


def give(order_id: int, staff: StaffUser | None, actor: StaffUser, **more: Any) -> bool:
    version = more.pop("version", None)
    with unit_of_work() as unit:
        wanted = Assignment(staff.id if staff else None, more.pop("due_on", None))
        return assign(unit, order_id, wanted, by(actor), version=version)


def listed(session: Session, **wanted: Any) -> list[str]:
    page = listing.page(session, OrderFilter(**wanted), None, Sort(), None, size=50)
    return [row.number for row in page.rows]


def entries(session: Session, tag: str) -> list[AuditEntry]:
    session.rollback()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.tag == tag).order_by(AuditEntry.id)))


def test_tags_when_put_on_twice_and_taken_off_then_each_change_is_one_entry(
    session: Session, order: Order
) -> None:
    fragile, gift = make_tag(session), make_tag(session, "Gift")
    session.commit()
    staff = make_staff()
    for add, remove, changed in (
        ([fragile.id, gift.id], [], True),
        ([gift.id], [], False),
        ([], [gift.id], True),
    ):
        with unit_of_work() as unit:
            assert change_tags(unit, order.id, by(staff), add=add, remove=remove) is changed

    assert list(session.scalars(select(OrderTag.tag_id))) == [fragile.id]
    changes = [entry.changes["tags"] for entry in entries(session, "order.tagged")]
    assert changes == [["", "Fragile, Gift"], ["Gift", ""]]


def test_tag_when_switched_off_then_it_stays_where_it_is_and_goes_nowhere_else(
    session: Session, order: Order
) -> None:
    tag = make_tag(session, is_active=False)
    session.commit()
    staff = make_staff()
    with pytest.raises(InvalidInput), unit_of_work() as unit:
        change_tags(unit, order.id, by(staff), add=[tag.id])
    assert list(session.scalars(select(OrderTag))) == []


def test_tags_when_two_people_put_on_the_same_and_others_at_once_then_all_are_there(
    app: Flask, session: Session, shop: Channel
) -> None:
    staff = make_staff()
    tags = [make_tag(session, f"Tag {at}").id for at in range(3)]
    orders = [order.id for order in make_orders(session, shop, ROUNDS)]
    session.commit()
    for order_id in orders:

        def put(*add: int, order_id: int = order_id) -> bool:
            with unit_of_work() as unit:
                return change_tags(unit, order_id, by(staff), add=add)

        outcomes = race(app, [lambda: put(tags[0], tags[1]), lambda: put(tags[0], tags[2])])
        assert outcomes == [True, True]
        found = session.scalars(select(OrderTag.tag_id).where(OrderTag.order_id == order_id))
        assert sorted(found) == tags
        session.rollback()


def test_list_when_filtered_by_tag_then_shows_its_orders_newest_first(
    session: Session, shop: Channel
) -> None:
    staff, tag = make_staff(), make_tag(session)
    orders = make_orders(session, shop, 5)
    session.commit()
    for order in (orders[3], orders[1]):
        with unit_of_work() as unit:
            change_tags(unit, order.id, by(staff), add=[tag.id])
    assert listed(session, tags=(tag.id,)) == [orders[1].number, orders[3].number]
    assert listed(session, tags=(tag.id + 1,)) == []


def test_order_when_given_to_somebody_then_it_is_theirs_with_a_day_and_counted(
    session: Session, order: Order
) -> None:
    ece, selin = make_staff(name="Ece Kaya"), make_staff(name="Selin Koç")
    assert give(order.id, ece, selin, due_on=YESTERDAY)
    assert not give(order.id, ece, selin, due_on=YESTERDAY)

    mine = read_mine(session, ece.id, None, TODAY)
    assert (mine.assigned, mine.overdue) == (1, 1)
    assert (
        read_mine(session, selin.id, None, TODAY).assigned,
        read_mine(session, ece.id, None, YESTERDAY).overdue,
    ) == (0, 0)
    assert read_mine(session, ece.id, frozenset(), TODAY).assigned == 0
    assert listed(session, assignees=(ece.id,)) == ["1001"]
    assert listed(session, assignees=(selin.id,)) == []
    assert listed(session, due_before=TODAY) == ["1001"]
    assert listed(session, due_before=YESTERDAY) == []
    entry = entries(session, "order.assigned")[0]
    assert entry.changes == {"assignee": ["", "Ece Kaya"], "due_on": [None, "2026-11-27"]}


def test_order_when_given_to_nobody_then_its_day_goes_too_and_it_is_late_no_more(
    session: Session, order: Order
) -> None:
    ece = make_staff()
    give(order.id, ece, ece, due_on=YESTERDAY)
    assert give(order.id, None, ece)
    assert listed(session, due_before=TODAY) == []
    assert read_mine(session, ece.id, None, TODAY).overdue == 0


def test_order_when_given_to_somebody_who_may_not_know_of_it_then_refused_and_nothing_moved(
    session: Session, order: Order
) -> None:
    stranger, gone = make_staff(channel_ids=[]), make_staff(is_active=False)
    for person in (stranger, gone):
        with pytest.raises(InvalidInput):
            give(order.id, person, make_staff())
    assert list(session.scalars(select(OrderAssignment))) == []


def test_assignment_when_a_colleague_was_faster_then_the_conflict_says_who_gave_it_to_whom(
    session: Session, order: Order
) -> None:
    ece, selin = make_staff(name="Ece Kaya"), make_staff(name="Selin Koç")
    give(order.id, selin, ece, version=0)
    with pytest.raises(Conflict) as refused:
        give(order.id, ece, ece, version=0)
    assert "Ece Kaya has given order 1001 to Selin Koç meanwhile" in refused.value.message
    give(order.id, None, selin, version=1)
    with pytest.raises(Conflict) as refused:
        give(order.id, ece, ece, version=1)
    assert "Selin Koç has taken order 1001" in refused.value.message


def test_two_people_when_they_take_the_same_order_at_once_then_one_has_it_and_the_other_is_told(
    app: Flask, session: Session, shop: Channel
) -> None:
    people = [make_staff(name="Ece Kaya"), make_staff(name="Selin Koç")]
    orders = [order.id for order in make_orders(session, shop, ROUNDS)]
    session.commit()
    for order_id in orders:
        outcomes = race(
            app, [lambda at=at, key=order_id: give(key, people[at], people[at], version=0) for at in (0, 1)]
        )
        assert [type(each) for each in sorted(outcomes, key=str)].count(Conflict) == 1
        winner = outcomes.index(True)
        session.rollback()
        assert session.get_one(OrderAssignment, order_id).staff_id == people[winner].id


def test_two_people_when_no_version_is_asked_for_then_both_believe_to_have_it(
    app: Flask, session: Session, order: Order
) -> None:
    """The negative control: without the version the second one overwrites the first."""
    people = [make_staff(name="Ece Kaya"), make_staff(name="Selin Koç")]
    assert race(app, [lambda at=at: give(order.id, people[at], people[at]) for at in (0, 1)]) == [True, True]


def test_many_when_tagged_and_given_to_somebody_then_a_verdict_each(session: Session, shop: Channel) -> None:
    ece, tag_id = make_staff(name="Ece Kaya"), make_tag(session).id
    orders = make_orders(session, shop, 3)
    session.commit()
    subjects = [Subject(order.id, order.id) for order in orders] + [Subject(10**9)]
    submission = uuid.uuid4()
    with unit_of_work() as unit:
        change_tags(unit, orders[0].id, by(ece), add=[tag_id])
    with unit_of_work() as unit:
        assert tag_many(unit, subjects, tag_id, by(ece), remove=False, submission=submission)[1]
    with unit_of_work() as unit:
        assert not tag_many(unit, subjects, tag_id, by(ece), remove=False, submission=submission)[1]
    drain("upkeep")
    assert verdicts(session) == ["unchanged", "done", "done", "refused"]
    assert len(listed(session, tags=(tag_id,))) == 3

    with unit_of_work() as unit:
        assign_many(unit, subjects[:3], Assignment(ece.id, TODAY), by(ece), submission=uuid.uuid4())
    drain("upkeep")
    assert len(listed(session, assignees=(ece.id,))) == 3
    # A worker's work has ended the scoped session; this one is no longer the one that is cleaned up.
    session.close()


def test_many_when_whoever_asked_was_moved_to_another_desk_meanwhile_then_refused_one_by_one(
    session: Session, shop: Channel
) -> None:
    other = make_channel(session, "Elsewhere")
    tag_id = make_tag(session).id
    theirs, others = make_order(session, shop, number="1"), make_order(session, other, number="2")
    ids = [theirs.id, others.id]
    session.commit()
    ece = make_staff(Role.SUPERVISOR, name="Ece Kaya", channel_ids=[shop.id, other.id])
    subjects = [Subject(order_id, order_id) for order_id in ids]
    with unit_of_work() as unit:
        tag_many(unit, subjects, tag_id, by(ece), remove=False, submission=uuid.uuid4())
        assign_many(unit, subjects, Assignment(None), by(ece), submission=uuid.uuid4())
        move = MoveItems(OrderStatus.PREPARING)
        move_many(unit, ticked_orders(ids, None), move, by(ece), submission=uuid.uuid4())
        unit.execute(delete(StaffChannel).where(StaffChannel.channel_id == other.id))
    drain("upkeep")
    db.session.rollback()
    query = select(OperationItem.subject_id, OperationItem.outcome, OperationItem.words)
    outcomes = [(row[0], row[1], row[2]) for row in db.session.execute(query)]
    assert {(key, words) for key, outcome, words in outcomes if outcome == "refused"} == {
        (ids[1], "There is no such order.")
    }
    assert sorted(outcome for key, outcome, _ in outcomes if key == ids[0]) == ["done", "done", "unchanged"]
    assert len(outcomes) == 6
    session.close()


def verdicts(session: Session) -> list[str]:
    db.session.rollback()
    return list(session.scalars(select(OperationItem.outcome).order_by(OperationItem.position)))
