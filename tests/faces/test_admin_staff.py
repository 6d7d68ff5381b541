"""Staff among the reference data: who may sign in, see which channels, and is signed out."""

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.reference_desk import reference_desk, seen_in
from tests.staff import make_staff, sign_in
from webapp.auth.models import StaffSession, StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, Origin, record
from webapp.core.db import unit_of_work


@pytest.fixture
def admin(app: Flask, session: Session) -> StaffClient:
    return reference_desk(app, session)


def test_staff_when_switched_off_then_their_sessions_end_and_nobody_is_deleted(
    app: Flask, admin: StaffClient, session: Session
) -> None:
    agent_client = at_desk(app, Role.AGENT)
    agent = session.get_one(StaffUser, agent_client.staff_id)
    form = {"name": agent.name, "role": "agent", "csrf_token": admin.token}

    admin.post(f"/staff/edit/?id={agent.id}", data=form)

    session.refresh(agent)
    assert agent.is_active is False
    assert agent_client.get("/operations/").status_code == 303
    assert admin.get(f"/staff/delete/?id={agent.id}").status_code == 404


def test_staff_when_limited_then_sees_the_ticked_channels_and_one_at_least_must_be_ticked(
    admin: StaffClient, session: Session
) -> None:
    agent = make_staff(Role.AGENT)
    form = {
        "name": agent.name,
        "role": "agent",
        "is_active": "y",
        "limited_to_channels": "y",
        "csrf_token": admin.token,
    }

    refused = admin.post(f"/staff/edit/?id={agent.id}", data=form)
    admin.post(f"/staff/edit/?id={agent.id}", data={**form, "channel_ids": "1"})

    agent = session.get_one(StaffUser, agent.id)
    assert refused.status_code == 422
    assert "Tick at least one channel" in refused.get_data(as_text=True)
    assert [link.channel_id for link in agent.channels] == [1]
    assert "Web shop TR" in admin.get("/staff/").get_data(as_text=True)


def test_staff_when_a_colleague_changed_them_and_they_signed_in_since_then_the_colleague_is_named(
    admin: StaffClient, session: Session
) -> None:
    agent = make_staff(Role.AGENT, name="Ece Kaya")
    opened = seen_in(admin.get(f"/staff/edit/?id={agent.id}").get_data(as_text=True))
    form = {"name": agent.name, "role": "supervisor", "is_active": "y", "csrf_token": admin.token}
    admin.post(f"/staff/edit/?id={agent.id}", data=form)
    with unit_of_work() as unit:
        whose = AuditContext(Origin.PAGE, staff_id=agent.id, actor=agent.name)
        record(unit, whose, "auth.signed_in", subject=("staff", agent.id))

    refused = admin.post(f"/staff/edit/?id={agent.id}", data={**form, "role": "finance", "seen": opened})

    assert refused.status_code == 409
    assert "Ada Yılmaz changed this on" in refused.get_data(as_text=True)
    assert "Role: “agent” → “supervisor”" in refused.get_data(as_text=True)


def test_staff_when_a_colleague_changed_their_channels_then_an_older_form_is_told(
    admin: StaffClient, session: Session
) -> None:
    agent = make_staff(Role.AGENT, channel_ids=[1])
    opened = seen_in(admin.get(f"/staff/edit/?id={agent.id}").get_data(as_text=True))
    other = Channel(name="Other", channel_type="woocommerce", base_url="https://other.example.test")
    session.add(other)
    session.commit()
    form = {
        "name": agent.name,
        "role": "agent",
        "is_active": "y",
        "limited_to_channels": "y",
        "csrf_token": admin.token,
    }
    admin.post(f"/staff/edit/?id={agent.id}", data={**form, "channel_ids": str(other.id)})

    refused = admin.post(f"/staff/edit/?id={agent.id}", data={**form, "channel_ids": "1", "seen": opened})

    assert refused.status_code == 409
    session.expire_all()
    assert [link.channel_id for link in session.get_one(StaffUser, agent.id).channels] == [other.id]


def test_staff_when_the_last_administrator_would_go_then_is_refused(
    admin: StaffClient, session: Session
) -> None:
    form = {"name": "Ada Yılmaz", "role": "agent", "is_active": "y", "csrf_token": admin.token}

    response = admin.post(f"/staff/edit/?id={admin.staff_id}", data=form)

    assert response.status_code == 409
    assert "only administrator" in response.get_data(as_text=True)
    assert session.get(StaffUser, admin.staff_id).role == "administrator"


def test_staff_when_signed_out_everywhere_then_every_session_ends(
    app: Flask, admin: StaffClient, session: Session
) -> None:
    first = at_desk(app, Role.AGENT)
    agent = session.get_one(StaffUser, first.staff_id)
    second = app.test_client()
    sign_in(second, agent)
    clients = [first, second]

    response = admin.post("/staff/sign-out/", data={"id": agent.id, "csrf_token": admin.token})

    assert response.status_code == 303
    assert [client.get("/operations/").status_code for client in clients] == [303, 303]
    open_sessions = select(StaffSession).where(
        StaffSession.staff_id == agent.id, StaffSession.ended_at.is_(None)
    )
    assert session.scalars(open_sessions).all() == []


def test_staff_pages_when_shown_then_no_hash_and_no_token_leaves(
    admin: StaffClient, session: Session
) -> None:
    session.execute(text("UPDATE staff_user SET password_hash = '$argon2id$planted'"))
    session.commit()

    for url in ("/staff/", f"/staff/edit/?id={admin.staff_id}"):
        assert "planted" not in admin.get(url).get_data(as_text=True)
    assert admin.get("/staff/export/csv/").status_code == 404
