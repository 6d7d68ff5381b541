"""Sessions: replayed cookies (S1), idle and absolute ends (S2), ends by others (S3), no remember-me (S4), the cookie (S5)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.client import Client
from tests.faces.test_auth_sign_in import submit, token_of
from tests.staff import PASSWORD, csrf, make_staff, sign_in
from webapp.app import create_app
from webapp.auth import service
from webapp.auth.models import StaffSession, StaffUser
from webapp.auth.roles import Role
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import unit_of_work
from webapp.core.settings import Settings
from webapp.ui.security import COOKIE, PLAIN_COOKIE

NEW_PASSWORD = "another row of plain words"


def is_signed_in(client: Client) -> bool:
    return client.get("/form-token", headers={"HX-Request": "true"}).status_code == 200


def copy_of(app: Flask, client: Client) -> Client:
    """A second browser that carries the same cookie: a thief's, or the first one's after it was told to forget it."""
    thief = app.test_client()
    cookie = client.get_cookie(PLAIN_COOKIE)
    assert isinstance(thief, Client)
    assert cookie is not None
    thief.set_cookie(PLAIN_COOKIE, cookie.value)
    return thief


def test_a_session_when_signed_out_then_a_replayed_cookie_is_401(
    app: Flask, client: Client, session: Session
) -> None:
    sign_in(client, make_staff())
    thief = copy_of(app, client)
    assert is_signed_in(thief)

    signed_out = client.post("/sign-out", headers=csrf(client))

    assert (signed_out.status_code, signed_out.location) == (303, "/sign-in")
    assert thief.get("/form-token", headers={"HX-Request": "true"}).status_code == 401
    assert thief.get("/profile").location == "/sign-in?next=/profile"
    assert session.scalars(select(StaffSession.ended_because)).one() == "signed_out"


def test_a_session_when_signing_in_then_nothing_of_the_cookie_before_is_kept(
    client: Client, session: Session
) -> None:
    make_staff(email="ayse@shop.example")
    before = token_of(client)
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"

    submit(client, "ayse@shop.example", PASSWORD)

    with client.session_transaction() as cookie:
        assert "planted" not in cookie
    old_token = client.post("/sign-out", data={"csrf_token": before})
    assert old_token.status_code == 400


def test_a_session_when_signed_in_twice_then_two_tokens(app: Flask, client: Client, session: Session) -> None:
    make_staff(email="ayse@shop.example")
    other = app.test_client()
    assert isinstance(other, Client)

    submit(client, "ayse@shop.example", PASSWORD)
    submit(other, "ayse@shop.example", PASSWORD)

    hashes = session.scalars(select(StaffSession.token_hash)).all()
    assert len(set(hashes)) == 2
    with client.session_transaction() as cookie:
        assert cookie["_user_id"].encode() not in hashes


@pytest.mark.parametrize(
    ("seen_ago", "begun_ago", "live"),
    [
        (timedelta(minutes=29), timedelta(hours=11, minutes=59), True),
        (timedelta(minutes=30, seconds=1), timedelta(hours=1), False),
        (timedelta(seconds=1), timedelta(hours=12, seconds=1), False),
    ],
)
def test_a_session_when_idle_30_minutes_or_12_hours_old_then_ended(
    client: Client, session: Session, seen_ago: timedelta, begun_ago: timedelta, live: bool
) -> None:
    sign_in(client, make_staff())
    _age(seen_ago, begun_ago)

    assert is_signed_in(client) is live


def test_a_session_when_its_person_acts_then_it_is_seen_and_a_poll_is_not(
    client: Client, session: Session
) -> None:
    sign_in(client, make_staff())
    _age(timedelta(minutes=20), timedelta(hours=1))
    began = session.scalars(select(StaffSession.last_seen_at)).one()

    client.get("/form-token", headers={"HX-Request": "true", "X-Kontor-Poll": "1"})
    assert session.scalars(select(StaffSession.last_seen_at)).one() == began

    client.get("/form-token")
    assert session.scalars(select(StaffSession.last_seen_at)).one() > began + timedelta(minutes=19)


def test_a_session_when_its_person_is_disabled_then_ended_with_the_next_request(
    app: Flask, client: Client, session: Session
) -> None:
    make_staff(Role.ADMINISTRATOR)
    staff = make_staff(Role.AGENT)
    sign_in(client, staff)
    second = app.test_client()
    sign_in(second, staff)

    with unit_of_work() as database:
        service.set_active(database, SYSTEM, staff.id, active=False)

    assert not is_signed_in(client)
    assert second.get("/profile").status_code == 303
    with unit_of_work() as database:
        service.set_active(database, SYSTEM, staff.id, active=True)
    assert not is_signed_in(client)


def test_a_session_when_an_administrator_ends_it_then_401(client: Client, session: Session) -> None:
    staff = make_staff()
    sign_in(client, staff)

    with unit_of_work() as database:
        assert service.end_sessions(database, SYSTEM, staff.id) == 1

    assert not is_signed_in(client)


def test_a_session_when_the_password_is_changed_then_every_other_one_ends(
    app: Flask, client: Client, session: Session
) -> None:
    staff = make_staff(email="ayse@shop.example")
    sign_in(client, staff)
    other = app.test_client()
    assert isinstance(other, Client)
    sign_in(other, staff)

    response = _change_password(client, PASSWORD)

    assert response.status_code == 303
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert submit(app.test_client(), "ayse@shop.example", PASSWORD).status_code == 422
    assert submit(app.test_client(), "ayse@shop.example", NEW_PASSWORD).status_code == 303
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "staff.password_changed")).one()
    assert (entry.staff_id, entry.changes) == (staff.id, {"sessions_ended": [None, 1]})


@pytest.mark.parametrize(
    ("old", "new", "repeated", "field"),
    [
        ("not the password", NEW_PASSWORD, NEW_PASSWORD, "old_password"),
        (PASSWORD, "short", "short", "new_password"),
        (PASSWORD, PASSWORD, PASSWORD, "new_password"),
        (PASSWORD, NEW_PASSWORD, "something else", "repeated"),
    ],
)
def test_a_password_when_its_change_is_refused_then_it_stays(
    client: Client, session: Session, old: str, new: str, repeated: str, field: str
) -> None:
    staff = make_staff()
    sign_in(client, staff)
    before = session.scalars(select(StaffUser.password_hash)).one()

    response = _change_password(client, old, new, repeated)

    assert response.status_code == 422
    assert f'id="{field}-error"' in response.text
    assert session.scalars(select(StaffUser.password_hash)).one() == before


def test_a_password_when_guessed_on_the_profile_page_then_counts_like_signing_in(
    client: Client, session: Session
) -> None:
    sign_in(client, make_staff())

    statuses = [_change_password(client, "not the password").status_code for _ in range(6)]

    assert statuses == [422] * 5 + [429]


def test_own_sessions_when_one_is_ended_then_only_that_one(
    app: Flask, client: Client, session: Session
) -> None:
    staff = make_staff()
    sign_in(client, staff)
    other = app.test_client()
    assert isinstance(other, Client)
    sign_in(other, staff)
    other_id = session.scalars(select(StaffSession.id).order_by(StaffSession.id.desc())).first()

    response = client.post(f"/profile/sessions/{other_id}/end", headers=csrf(client))

    assert response.status_code == 303
    assert is_signed_in(client)
    assert not is_signed_in(other)


def test_own_sessions_when_it_is_somebody_elses_then_404(
    app: Flask, client: Client, session: Session
) -> None:
    colleague = app.test_client()
    assert isinstance(colleague, Client)
    sign_in(colleague, make_staff())
    foreign_id = session.scalars(select(StaffSession.id)).one()
    sign_in(client, make_staff())

    assert client.post(f"/profile/sessions/{foreign_id}/end", headers=csrf(client)).status_code == 404
    assert is_signed_in(colleague)


def test_a_cookie_when_made_up_or_of_another_key_then_nobody(client: Client, session: Session) -> None:
    make_staff()
    client.set_cookie(PLAIN_COOKIE, "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")

    assert not is_signed_in(client)


def test_a_remember_cookie_when_sent_then_ignored_and_none_is_ever_set(
    client: Client, session: Session
) -> None:
    staff = make_staff(email="ayse@shop.example")
    client.set_cookie("remember_token", f"{staff.id}|{'0' * 128}")
    assert not is_signed_in(client)
    client.delete_cookie("remember_token")

    answers = [submit(client, "ayse@shop.example", PASSWORD), client.get("/profile")]
    answers.append(client.post("/sign-out", headers=csrf(client)))

    assert not any(
        "remember_token" in header for answer in answers for header in answer.headers.getlist("Set-Cookie")
    )


@pytest.mark.parametrize(
    ("changes", "name", "secure"),
    [
        ({}, PLAIN_COOKIE, False),
        ({"https": True}, COOKIE, True),
        ({"host": "0.0.0.0"}, COOKIE, True),
    ],
)
def test_the_cookie_when_set_then_marked_as_the_connection_allows(
    settings: Settings, empty_database: None, changes: dict[str, object], name: str, secure: bool
) -> None:
    app = create_app(replace(settings, **changes))  # type: ignore[arg-type]
    url = "https://localhost" if secure else "http://localhost"

    page = app.test_client().get("/sign-in", base_url=url)

    (cookie,) = page.headers.getlist("Set-Cookie")
    parts = [part.strip() for part in cookie.split(";")]
    assert parts[0].startswith(f"{name}=")
    wanted = {"HttpOnly", "Path=/", "SameSite=Lax"} | ({"Secure"} if secure else set())
    assert set(parts[1:]) == wanted
    assert ("This connection is not encrypted" in page.text) is not secure


def _age(seen_ago: timedelta, begun_ago: timedelta) -> None:
    with unit_of_work() as database:
        database.execute(
            update(StaffSession).values(
                last_seen_at=StaffSession.last_seen_at - seen_ago,
                created_at=StaffSession.created_at - begun_ago,
            )
        )


def _change_password(client: Client, old: str, new: str = NEW_PASSWORD, repeated: str | None = None):  # type: ignore[no-untyped-def]
    form = {"old_password": old, "new_password": new, "repeated": repeated or new}
    return client.post("/profile/password", data=form, headers=csrf(client))
