"""Signing in: what it answers, where it goes on to (S13), how often it may be tried (S14, S15), what the audit keeps (S33)."""

from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import argon2
import pytest
from argon2 import extract_parameters
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.client import Client
from tests.staff import PASSWORD, make_staff
from webapp.auth import limiter, passwords, signing_in
from webapp.auth.login import safe_next
from webapp.auth.models import SignInThrottle, StaffSession, StaffUser
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import unit_of_work

WRONG = "The e-mail address or the password is wrong."


def submit(client: Client, email: str, password: str, target: str = "", **options: object) -> TestResponse:
    token = token_of(client)
    form = {"csrf_token": token, "email": email, "password": password, "next": target}
    return client.post("/sign-in", data=form, **options)


def token_of(client: Client) -> str:
    page = client.get("/sign-in").text
    return page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]


def tags(session: Session) -> list[tuple[str, int | None, str, bool]]:
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.tag, row.staff_id, row.summary, row.refused) for row in rows]


def test_sign_in_when_the_password_is_right_then_goes_to_the_start_page(
    client: Client, session: Session
) -> None:
    staff = make_staff(email="ayse@shop.example")

    response = submit(client, " Ayse@Shop.example ", PASSWORD)

    assert (response.status_code, response.location) == (303, "/")
    row = session.scalars(select(StaffSession)).one()
    assert (row.staff_id, row.ended_at, row.remote_addr) == (staff.id, None, "127.0.0.1")
    assert tags(session) == [("auth.signed_in", staff.id, "", False)]
    assert client.get("/profile").status_code == 200


@pytest.mark.parametrize(
    ("email", "password", "active", "why"),
    [
        ("ayse@shop.example", "not the password", True, "wrong password"),
        ("nobody@shop.example", PASSWORD, True, "no such account"),
        ("ayse@shop.example", PASSWORD, False, "no such account"),
    ],
)
def test_sign_in_when_refused_then_says_the_same_for_every_reason(
    client: Client, session: Session, email: str, password: str, active: bool, why: str
) -> None:
    make_staff(email="ayse@shop.example", is_active=active)

    response = submit(client, email, password)

    assert response.status_code == 422
    assert WRONG in response.text
    assert session.scalars(select(StaffSession)).all() == []
    assert [(tag, summary, refused) for tag, _, summary, refused in tags(session)] == [
        ("auth.sign_in_refused", why, True)
    ]
    # What was typed into the address field may have been a password: it is kept nowhere.
    assert email not in str([row.__dict__ for row in session.scalars(select(AuditEntry))])


@pytest.mark.parametrize("email", ["ayse@shop.example", "nobody@shop.example"])
def test_sign_in_when_no_hash_can_be_computed_then_known_and_unknown_wait_alike(
    session: Session, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    """An unknown account costs the same work as a known one: while the hasher is taken, neither gets an answer."""
    make_staff(email="ayse@shop.example")
    monkeypatch.setattr(passwords, "WAIT_S", 0.01)
    attempt = signing_in.SignIn(email, "not the password", "192.0.2.1", None)

    with ExitStack() as taken:
        for _ in range(passwords.AT_ONCE):
            taken.enter_context(passwords._slot())
        with pytest.raises(passwords.TooBusy):
            signing_in.sign_in(attempt, SYSTEM)

    assert extract_parameters(passwords._nobodys_hash()) == extract_parameters(
        passwords.hash_password(PASSWORD)
    )
    with pytest.raises(signing_in.SignInRefused):
        signing_in.sign_in(attempt, SYSTEM)


def test_sign_in_when_tried_a_hundred_times_then_ninety_five_are_429(
    client: Client, session: Session
) -> None:
    make_staff(email="ayse@shop.example")
    token = token_of(client)
    form = {"csrf_token": token, "email": "ayse@shop.example", "password": "not the password"}

    statuses = [client.post("/sign-in", data=form).status_code for _ in range(100)]

    assert statuses == [422] * 5 + [429] * 95
    refused = submit(client, "ayse@shop.example", PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    # An attack must not fill the audit log: one row for the account's wait and one for the address's, not ninety-five.
    assert [summary for _, _, summary, _ in tags(session)] == ["wrong password"] * 5 + ["too many tries"] * 2


def test_sign_in_when_many_accounts_are_tried_from_one_address_then_the_address_waits(
    client: Client, session: Session
) -> None:
    token = token_of(client)
    statuses = [
        client.post(
            "/sign-in", data={"csrf_token": token, "email": f"p{n}@shop.example", "password": "no password"}
        ).status_code
        for n in range(22)
    ]

    assert statuses == [422] * 20 + [429] * 2


def test_sign_in_when_the_minute_is_over_then_may_be_tried_again(client: Client, session: Session) -> None:
    make_staff(email="ayse@shop.example")
    for _ in range(4):
        submit(client, "ayse@shop.example", "not the password")
    _move_clocks_back(session, timedelta(seconds=61))

    assert submit(client, "ayse@shop.example", PASSWORD).status_code == 303
    assert session.scalars(select(SignInThrottle.scope)).all() == ["address"]


def test_sign_in_when_wrong_again_and_again_then_the_wait_doubles() -> None:
    waits = [int(limiter.wait_after(failures).total_seconds()) for failures in (5, 6, 7, 8, 9, 10, 30)]

    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_sign_in_when_the_account_waits_then_the_minute_alone_does_not_help(
    client: Client, session: Session
) -> None:
    make_staff(email="ayse@shop.example")
    for _ in range(6):
        submit(client, "ayse@shop.example", "not the password")
    with unit_of_work() as database:
        database.execute(
            update(SignInThrottle).values(window_started_at=limiter.utc_now() - timedelta(minutes=2))
        )

    assert submit(client, "ayse@shop.example", PASSWORD).status_code == 429


def test_sign_in_when_redis_is_absent_then_limits_and_doors_stay(client: Client, session: Session) -> None:
    # The limiter's module needs PostgreSQL alone; nothing on the way to a session imports Redis.
    assert "redis" not in {name.split(".")[0] for name in vars(limiter)}
    make_staff(email="ayse@shop.example")
    assert submit(client, "ayse@shop.example", PASSWORD).status_code == 303


def test_sign_in_when_the_hash_is_weaker_than_todays_then_it_is_made_anew(
    client: Client, session: Session
) -> None:
    staff = make_staff(email="ayse@shop.example")
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with unit_of_work() as database:
        database.execute(update(StaffUser).where(StaffUser.id == staff.id).values(password_hash=weak))

    assert submit(client, "ayse@shop.example", PASSWORD).status_code == 303

    stored = session.scalars(select(StaffUser.password_hash)).one()
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("field", ["email", "password"])
def test_sign_in_when_a_field_is_empty_then_the_form_says_which(
    client: Client, session: Session, field: str
) -> None:
    form = {"email": "ayse@shop.example", "password": PASSWORD, field: ""}

    response = submit(client, form["email"], form["password"])

    assert response.status_code == 422
    assert f'aria-describedby="{field}-error"' in response.text
    assert session.scalars(select(SignInThrottle)).all() == []


FOREIGN = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0d%0aLocation:%20//evil.example",
    "/%5cevil.example",
    "/%5C%5Cevil.example",
    "/%00/evil.example",
    "\t//evil.example",
    " //evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "user@evil.example",
    "evil.example",
    "/a//evil.example",
    "/\n/evil.example",
    "//user@evil.example/",
    "/\x7f/evil.example",
]


@pytest.mark.parametrize("target", FOREIGN)
def test_sign_in_when_next_leaves_the_host_then_goes_to_the_start_page(
    client: Client, session: Session, target: str
) -> None:
    make_staff(email="ayse@shop.example")

    response = submit(client, "ayse@shop.example", PASSWORD, target)

    assert (response.status_code, response.location) == (303, "/")
    again = client.get("/sign-in", query_string={"next": target})
    assert urlsplit(again.location).netloc == ""
    assert again.location == "/"


@pytest.mark.parametrize(
    "target", ["/profile", "/orders?status=400&q=a%20b", "/orders/?after=eyJ", "/x?next=//a"]
)
def test_safe_next_when_a_path_of_ours_then_kept(target: str) -> None:
    assert safe_next(target) == target


def test_a_page_when_nobody_is_signed_in_then_sign_in_brings_back_to_it(
    client: Client, session: Session
) -> None:
    make_staff(email="ayse@shop.example")

    asked = client.get("/profile?tab=a%20b")

    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/profile?tab%3Da%2520b")
    assert (
        submit(client, "ayse@shop.example", PASSWORD, "/profile?tab=a%20b").location == "/profile?tab=a%20b"
    )


def _move_clocks_back(session: Session, by: timedelta) -> None:
    with unit_of_work() as database:
        database.execute(
            update(SignInThrottle).values(
                window_started_at=SignInThrottle.window_started_at - by,
                blocked_until=SignInThrottle.blocked_until - by,
            )
        )
