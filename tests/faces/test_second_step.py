"""Two-step sign-in over HTTP (S18): the second page, what it refuses and how often, one's own page, a colleague's reset."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.client import Client
from tests.faces.test_auth_sign_in import submit, tags, token_of
from tests.second_step import App, code_of, forget_used_codes, wrong
from tests.staff import PASSWORD, carry_token, csrf, make_staff, sign_in
from webapp.auth import second_step, service
from webapp.auth.models import SignInThrottle, StaffSession, StaffUser
from webapp.auth.roles import Role
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import unit_of_work

EMAIL = "ayse@shop.example"
REFUSED = "This code is wrong or was used before."


@pytest.fixture
def staff(session: Session) -> StaffUser:
    return make_staff(email=EMAIL)


@pytest.fixture
def telephone(staff: StaffUser) -> App:
    return App.of(staff.id)


@pytest.fixture
def demanding(app: Flask) -> Iterator[None]:
    """An installation whose administrators must use it."""
    settings = app.extensions["kontor_settings"]
    app.extensions["kontor_settings"] = replace(settings, admins_need_code=True)
    yield
    app.extensions["kontor_settings"] = settings


def type_code(client: Client, code: str, target: str = "") -> TestResponse:
    page = client.get("/sign-in/code").text
    token = page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    return client.post("/sign-in/code", data={"csrf_token": token, "code": code, "next": target})


def test_sign_in_when_it_is_on_then_the_password_opens_nothing_but_the_page_for_the_code(
    client: Client, session: Session, telephone: App
) -> None:
    response = submit(client, EMAIL, PASSWORD, target="/orders/")

    assert (response.status_code, response.location) == (303, "/sign-in/code?next=/orders/")
    assert client.get("/profile").location == "/sign-in?next=/profile"
    assert "auth.signed_in" not in [tag for tag, *_ in tags(session)]


def test_code_when_it_fits_then_signed_in_with_a_new_session_and_back_where_one_wished(
    client: Client, session: Session, staff: StaffUser, telephone: App
) -> None:
    submit(client, EMAIL, PASSWORD)

    response = type_code(client, telephone.code(), target="/orders/")

    assert (response.status_code, response.location) == (303, "/orders/")
    assert client.get("/profile").status_code == 200
    rows = session.scalars(select(StaffSession).order_by(StaffSession.id)).all()
    assert [(row.awaits_code, row.ended_because) for row in rows] == [(True, "replaced"), (False, None)]
    assert tags(session)[-1] == ("auth.signed_in", staff.id, "", False)


def test_code_when_used_before_then_refused_in_another_browser(
    app: Flask, client: Client, session: Session, telephone: App
) -> None:
    code = telephone.code()
    submit(client, EMAIL, PASSWORD)
    assert type_code(client, code).status_code == 303
    other = app.test_client()
    assert isinstance(other, Client)
    submit(other, EMAIL, PASSWORD)

    response = type_code(other, code)

    assert (response.status_code, REFUSED in response.text) == (422, True)
    assert other.get("/profile").status_code == 303
    assert tags(session)[-1][2:] == ("wrong code", True)


def test_recovery_code_when_it_fits_then_signed_in_once_and_the_audit_says_so(
    client: Client, session: Session, telephone: App
) -> None:
    submit(client, EMAIL, PASSWORD)
    assert type_code(client, telephone.recovery[0]).status_code == 303
    assert tags(session)[-1][2] == "with a recovery code"
    client.post("/sign-out", headers=csrf(client))

    submit(client, EMAIL, PASSWORD)
    assert type_code(client, telephone.recovery[0]).status_code == 422


def test_codes_when_guessed_then_no_more_often_than_passwords(
    client: Client, session: Session, telephone: App
) -> None:
    submit(client, EMAIL, PASSWORD)

    statuses = [type_code(client, wrong(telephone.code())).status_code for _ in range(20)]

    assert statuses == [422] * 4 + [429] * 16
    # The right one is not looked at either, in any browser, and knowing the password does not begin anew.
    assert type_code(client, telephone.code()).status_code == 429
    assert submit(client, EMAIL, PASSWORD).status_code == 429


def test_wrong_codes_when_more_than_five_in_a_row_then_the_wait_doubles_as_for_passwords(
    client: Client, session: Session, staff: StaffUser, telephone: App
) -> None:
    for _ in range(5):
        with unit_of_work() as unit:  # as if a minute had gone by each time
            unit.execute(update(SignInThrottle).values(tries=0))
        submit(client, EMAIL, PASSWORD)
        type_code(client, wrong(telephone.code()))

    blocked = session.scalars(select(SignInThrottle).where(SignInThrottle.scope == "account")).one()
    assert (blocked.failures, blocked.blocked_until is not None) == (5, True)


@pytest.mark.parametrize("how", ["too late", "disabled", "password changed"])
def test_code_when_the_sign_in_is_over_then_back_to_the_password(
    client: Client, session: Session, staff: StaffUser, telephone: App, how: str
) -> None:
    make_staff()  # else the last administrator could not be disabled
    submit(client, EMAIL, PASSWORD)
    with unit_of_work() as unit:
        if how == "too late":
            unit.execute(
                update(StaffSession).values(created_at=StaffSession.created_at - timedelta(minutes=5))
            )
        elif how == "disabled":
            service.set_active(unit, SYSTEM, staff.id, active=False)
        else:
            service.reset_password(unit, SYSTEM, staff.id, new="some other plain words")

    response = type_code(client, telephone.code())

    assert (response.status_code, response.location) == (303, "/sign-in")
    assert "That took too long." in client.get("/sign-in").text
    assert client.get("/profile").status_code == 303


def test_page_for_the_code_when_no_password_was_typed_then_the_sign_in_page(
    client: Client, session: Session
) -> None:
    assert client.get("/sign-in/code").location == "/sign-in"
    token = token_of(client)
    response = client.post("/sign-in/code", data={"csrf_token": token, "code": "123456"})
    assert (response.status_code, response.location) == (303, "/sign-in")


def test_own_page_when_set_up_then_the_secret_is_shown_until_confirmed_and_never_again(
    client: Client, session: Session, staff: StaffUser
) -> None:
    sign_in(client, staff)
    assert client.get("/profile/second-step/qr.svg").status_code == 404
    assert client.post("/profile/second-step/begin", headers=csrf(client)).status_code == 303
    secret = str(second_step.begun_secret(session, staff.id))
    assert secret in client.get("/profile/second-step").text
    picture = client.get("/profile/second-step/qr.svg")
    assert (picture.mimetype, picture.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert "style=" not in picture.text

    data = {"code": code_of(secret), "password": PASSWORD}
    page = client.post("/profile/second-step", data=data, headers=csrf(client))

    assert page.status_code == 200
    assert page.text.count("<li><code>") == 10
    later = client.get("/profile/second-step").text
    assert (secret in later, "<li><code>" in later, "10 recovery codes are left." in later) == (
        False,
        False,
        True,
    )
    assert client.get("/profile/second-step/qr.svg").status_code == 404


@pytest.mark.parametrize("path", ["/profile/second-step/off", "/profile/second-step/codes"])
def test_own_page_when_the_password_is_wrong_then_nothing_changes_and_it_counts(
    client: Client, session: Session, staff: StaffUser, telephone: App, path: str
) -> None:
    sign_in(client, staff)

    data = {"password": "not the password"}
    response = client.post(path, data=data, headers=csrf(client))

    assert (response.status_code, "This is not your present password." in response.text) == (422, True)
    assert second_step.is_on(session, staff.id)
    with unit_of_work() as unit:
        assert second_step.accept(unit, staff.id, telephone.recovery[0]) == "recovery"
    assert tags(session)[-1][0] == "auth.second_step_change_refused"
    statuses = [client.post(path, data=data, headers=csrf(client)).status_code for _ in range(5)]
    assert statuses[-1] == 429


def test_own_page_when_switched_off_then_the_password_alone_signs_in(
    app: Flask, client: Client, session: Session, staff: StaffUser, telephone: App
) -> None:
    sign_in(client, staff)
    data = {"password": PASSWORD}
    assert client.post("/profile/second-step/off", data=data, headers=csrf(client)).status_code == 303

    other = app.test_client()
    assert isinstance(other, Client)
    assert submit(other, EMAIL, PASSWORD).location == "/"
    assert "staff.second_step_off" in [tag for tag, *_ in tags(session)]


def test_colleagues_when_reset_by_an_administrator_then_off_and_audited(
    client: Client, session: Session, staff: StaffUser, telephone: App
) -> None:
    administrator = make_staff()
    sign_in(client, administrator)
    address = f"/staff/edit/?id={staff.id}"
    assert "Reset two-step sign-in" in client.get(address).text

    response = client.post("/staff/reset-second-step/", data={"id": str(staff.id)}, headers=csrf(client))

    assert response.status_code == 303
    assert not second_step.is_on(session, staff.id)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "staff.second_step_reset")).one()
    assert (entry.staff_id, entry.subject_id) == (administrator.id, str(staff.id))
    assert "Reset two-step sign-in" not in client.get(address).text


def test_administrators_when_they_must_use_it_then_every_page_leads_to_setting_it_up(
    client: Client, session: Session, staff: StaffUser, demanding: None
) -> None:
    sign_in(client, staff)

    assert [client.get(path).location for path in ("/", "/orders/", "/staff/", "/profile")] == [
        "/profile/second-step"
    ] * 4
    assert "Administrators must use it here." in client.get("/profile/second-step").text
    client.post("/profile/second-step/begin", headers=csrf(client))
    secret = str(second_step.begun_secret(session, staff.id))
    data = {"code": code_of(secret), "password": PASSWORD}
    assert client.post("/profile/second-step", data=data, headers=csrf(client)).status_code == 200
    assert client.get("/orders/").status_code == 200


def test_others_when_administrators_must_use_it_then_they_and_programs_go_on(
    client: Client, session: Session, staff: StaffUser, demanding: None
) -> None:
    carry_token(client, staff)
    assert client.get("/api/v1/orders/").status_code == 200
    sign_in(client, make_staff(Role.SUPERVISOR))
    assert client.get("/orders/").status_code == 200


def test_administrators_when_they_must_use_it_then_they_cannot_switch_it_off(
    client: Client, session: Session, staff: StaffUser, telephone: App, demanding: None
) -> None:
    sign_in(client, staff)
    forget_used_codes(staff.id)
    data = {"password": PASSWORD}

    response = client.post("/profile/second-step/off", data=data, headers=csrf(client))

    assert (response.status_code, second_step.is_on(session, staff.id)) == (409, True)
