"""The audit page: every deed and refused attempt, found by who, what, when, order and origin."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from psycopg.errors import RestrictViolation
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.cancelling import Counter
from tests.statements import counted_statements
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.remembered import Remembered
from webapp.orders.queries import audit_log


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def tags_in(page: str) -> list[str]:
    return re.findall(r'k-code">([a-z_.]+)', page)


def log(
    tag: str, *, order_id: int | None = None, staff_id: int | None = None, actor: str = "Ece Kaya"
) -> None:
    with unit_of_work() as unit:
        context = AuditContext(origin=Origin.PAGE, staff_id=staff_id, actor=actor, remote_addr="192.0.2.7")
        record(unit, context, tag, subject=("thing", 1), order_id=order_id, changes={"name": ["old", "new"]})


def test_the_log_when_opened_then_newest_first_with_old_and_new_values(app: Flask, counter: Counter) -> None:
    log("channel.edited")
    log("staff.edited")
    page = at_desk(app, Role.SUPERVISOR).get("/audit/")
    assert page.status_code == 200
    assert tags_in(page.text)[:2] == ["staff.edited", "channel.edited"]
    assert "<del>old</del>" in page.text
    assert "<ins>new</ins>" in page.text
    assert "192.0.2.7" in page.text


def test_filters_when_by_area_person_order_and_refusal_then_each_narrows(
    app: Flask, counter: Counter
) -> None:
    order_id = counter.order(number="1001")
    counter.cancel(order_id)
    log("channel.edited", staff_id=counter.agent.staff_id)
    reader = at_desk(app, Role.ADMINISTRATOR)
    assert set(tags_in(reader.get("/audit/?what=channel").text)) == {"channel.edited"}
    assert "channel.edited" not in tags_in(reader.get("/audit/?order=1001").text)
    assert "cancellation_plan.opened" in tags_in(reader.get("/audit/?order=1001").text)
    assert tags_in(reader.get(f"/audit/?who={counter.supervisor.staff_id}").text) == []
    assert tags_in(reader.get(f"/audit/?who={counter.agent.staff_id}&what=channel").text) == [
        "channel.edited"
    ]
    assert tags_in(reader.get("/audit/?refused=1").text) == []
    never = (utc_now() + timedelta(days=2)).date().isoformat()
    assert tags_in(reader.get(f"/audit/?at_from={never}").text) == []
    assert "No order has this number" in reader.get("/audit/?order=9999").text


def test_refused_attempts_when_asked_for_then_only_they(app: Flask, counter: Counter) -> None:
    agent = at_desk(app, Role.AGENT)
    assert agent.get("/audit/").status_code == 403
    page = at_desk(app, Role.SUPERVISOR).get("/audit/?refused=1").text
    assert tags_in(page) == ["auth.denied"]


def test_the_log_when_the_reader_is_limited_to_channels_then_only_their_orders_and_own_deeds(
    app: Flask, counter: Counter
) -> None:
    order_id = counter.order(number="1001")
    log("order.edited", order_id=order_id)
    log("channel.edited")
    own = at_desk(app, Role.SUPERVISOR, channels=[counter.desk.channel.id])
    assert "order.edited" in tags_in(own.get("/audit/").text)
    assert "channel.edited" not in tags_in(own.get("/audit/").text)
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    log("note.read", staff_id=stranger.staff_id)
    assert tags_in(stranger.get("/audit/").text) == ["note.read"]
    assert "No order has this number" in stranger.get("/audit/?order=1001").text


def test_pages_when_turned_then_every_entry_once(app: Flask, counter: Counter) -> None:
    for at in range(120):
        log(f"thing.w{'abc'[at % 3]}")
    reader = at_desk(app, Role.SUPERVISOR)
    url, seen = "/audit/?what=thing", []
    for _ in range(4):
        page = reader.get(url).text
        seen += tags_in(page)
        further = re.search(r'href="([^"]+)"[^>]*rel="next"', page)
        if further is None:
            break
        url = further[1].replace("&amp;", "&")
    assert len(seen) == 120


def test_a_rare_entry_when_it_lies_behind_the_window_then_the_page_says_from_where_to_go_on(
    app: Flask, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "WINDOW", 10)
    log("thing.edited", actor="Rare", staff_id=counter.agent.staff_id)
    for _ in range(25):
        log("thing.edited", actor="Common", staff_id=counter.supervisor.staff_id)
    reader = at_desk(app, Role.SUPERVISOR)
    url, seen = f"/audit/?what=thing&who={counter.agent.staff_id}", []
    for _ in range(4):
        page = reader.get(url).text
        seen += tags_in(page)
        further = re.search(r'href="([^"]+)"[^>]*rel="next"', page)
        if further is None:
            break
        url = further[1].replace("&amp;", "&")
    assert seen == ["thing.edited"]


def test_statements_when_the_log_is_longer_then_no_more_of_them(app: Flask, counter: Counter) -> None:
    log("thing.edited")
    reader = at_desk(app, Role.SUPERVISOR)
    remembered: Remembered = app.extensions["kontor_audit_tags"]
    remembered.forget()
    with counted_statements() as few:
        reader.get("/audit/")
    for _ in range(60):
        log("thing.edited")
    remembered.forget()
    with counted_statements() as many:
        reader.get("/audit/")
    assert len(many) == len(few) <= 7


def test_the_log_when_somebody_would_change_or_delete_an_entry_then_the_database_refuses(
    app: Flask, counter: Counter
) -> None:
    log("thing.edited")
    for statement in ("UPDATE audit_entry SET actor = 'Nobody'", "DELETE FROM audit_entry"):
        with pytest.raises(DBAPIError) as refused, unit_of_work() as unit:
            unit.execute(text(statement))
        assert isinstance(refused.value.orig, RestrictViolation)
    db.session.rollback()
