"""API tokens: who they let act, as what, how often; that cookies open nothing (S29)."""

import hashlib
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.api.programs import Program, make_token, program
from tests.client import Client
from tests.order_drafts import draft, make_channel, write
from tests.staff import csrf, make_staff, sign_in
from webapp.auth import tokens
from webapp.auth.models import ApiToken, StaffUser
from webapp.auth.roles import Permission, Role
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import InvalidInput


def test_a_token_when_made_then_only_its_hash_and_beginning_are_kept(app: Flask, session: Session) -> None:
    secret = make_token(make_staff())

    row = session.scalars(select(ApiToken)).one()
    assert row.token_hash == hashlib.sha256(secret.encode()).digest()
    assert secret.startswith(row.prefix)
    assert len(row.prefix) == 12
    assert secret not in repr(
        [(column.key, getattr(row, column.key)) for column in ApiToken.__table__.columns]
    )


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer", "TOKEN"])
def test_a_token_when_sent_by_either_scheme_then_it_acts_and_its_use_is_noted(
    app: Flask, session: Session, scheme: str
) -> None:
    caller = program(app)

    answer = caller.get("/orders/", headers={"Authorization": f"{scheme} {caller.token}"})

    assert answer.status_code == 200
    assert session.scalars(select(ApiToken.last_used_at)).one() is not None


def test_a_request_when_it_carries_a_cookie_alone_then_401_and_nothing_is_read(
    app: Flask, client: Client, session: Session
) -> None:
    write(make_channel(session), draft())
    sign_in(client, make_staff())
    token = csrf(client)

    read = client.get("/api/v1/orders/")
    written = client.post("/api/v1/orders/1/cancel/", json={"is_all": True}, headers=token)

    assert [read.status_code, written.status_code] == [401, 401]
    assert read.headers["WWW-Authenticate"] == 'Bearer realm="Kontor"'
    assert read.json["code"] == written.json["code"] == "not_signed_in"
    assert "Set-Cookie" not in read.headers


@pytest.mark.parametrize("end", ["revoked", "expired", "disabled"])
def test_a_token_when_it_has_ended_then_401(app: Flask, session: Session, end: str) -> None:
    staff = make_staff()
    caller = Program(app, make_token(staff))
    row = session.scalars(select(ApiToken)).one()
    with unit_of_work() as unit:
        if end == "revoked":
            tokens.revoke_token(unit, SYSTEM, row.id)
        elif end == "expired":
            unit.execute(update(ApiToken).values(expires_at=utc_now() - timedelta(seconds=1)))
        else:
            unit.execute(update(StaffUser).values(is_active=False))

    assert caller.get("/orders/").status_code == 401


def test_a_token_when_it_lacks_the_permission_then_403_and_the_refusal_is_kept(
    app: Flask, session: Session
) -> None:
    caller = program(app, permissions={Permission.ORDERS_VIEW})

    answer = caller.get("/channels/")

    assert (answer.status_code, answer.json["code"]) == (403, "permission_denied")
    assert answer.json["permission"] == "channels.view"
    kept = session.scalars(select(AuditEntry).where(AuditEntry.tag == "auth.denied")).one()
    assert (kept.origin, kept.refused, kept.actor) == ("api", True, "Selin Koç (Warehouse)")


def test_a_token_when_its_owner_loses_the_right_then_it_has_lost_it_too(app: Flask, session: Session) -> None:
    caller = program(app, Role.SUPERVISOR)
    assert caller.post("/orders/", {}).status_code == 422

    with unit_of_work() as unit:
        unit.execute(update(StaffUser).values(role=Role.FINANCE))

    assert caller.post("/orders/", {}).status_code == 403


def test_a_token_when_it_is_to_do_more_than_its_owner_then_refused(app: Flask, session: Session) -> None:
    agent = make_staff(Role.AGENT)

    with pytest.raises(InvalidInput) as refused:
        make_token(agent, permissions={Permission.CANCEL_APPROVE})

    assert list(refused.value.fields) == ["permissions"]
    assert session.scalars(select(ApiToken)).all() == []


def test_a_token_when_used_too_often_then_429_until_its_minute_is_over(app: Flask, session: Session) -> None:
    caller = program(app, requests_per_minute=3)
    other = program(app)
    answers = [caller.get("/orders/") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json["code"] == "too_many_requests"
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert other.get("/orders/").status_code == 200  # each token has its own

    with unit_of_work() as unit:
        begun = ApiToken.window_started_at
        unit.execute(update(ApiToken).values(window_started_at=begun - timedelta(seconds=60)))
    assert caller.get("/orders/").status_code == 200


def test_an_answer_when_given_then_it_names_its_request(app: Flask, session: Session) -> None:
    caller = program(app)

    read, refused = caller.get("/orders/"), caller.get("/orders/77/")

    assert len(read.headers["X-Request-Id"]) == 32
    assert refused.json["request_id"] == refused.headers["X-Request-Id"]
    assert refused.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= refused.json.keys()


def test_the_page_when_a_token_is_made_then_it_is_shown_once(
    app: Flask, client: Client, session: Session
) -> None:
    sign_in(client, make_staff(Role.OPERATOR))
    sent = {"name": "Warehouse", "permissions": ["orders.view"], "requests_per_minute": "60", "days": "30"}

    made = client.post("/settings/tokens/", data=sent, headers=csrf(client))

    row = session.scalars(select(ApiToken)).one()
    assert made.status_code == 200
    secret = made.text.partition("<code>")[2].partition("</code>")[0]
    assert hashlib.sha256(secret.encode()).digest() == row.token_hash
    assert (row.permissions, row.requests_per_minute) == (["orders.view"], 60)
    assert secret not in client.get("/settings/tokens/").text
    assert row.prefix in client.get("/settings/tokens/").text


def test_the_page_when_nothing_is_ticked_then_422_and_nothing_typed_is_lost(
    app: Flask, client: Client, session: Session
) -> None:
    sign_in(client, make_staff(Role.OPERATOR))

    answer = client.post("/settings/tokens/", data={"name": "Till 4"}, headers=csrf(client))

    assert answer.status_code == 422
    assert 'value="Till 4"' in answer.text
    assert session.scalars(select(ApiToken)).all() == []


def test_the_page_when_a_token_is_revoked_then_it_opens_nothing_and_the_log_says_so(
    app: Flask, client: Client, session: Session
) -> None:
    caller = program(app)
    sign_in(client, make_staff(Role.OPERATOR))

    client.post("/settings/tokens/1/revoke", headers=csrf(client))

    assert caller.get("/orders/").status_code == 401
    tags = session.scalars(select(AuditEntry.tag).order_by(AuditEntry.id)).all()
    assert tags == ["api_token.created", "api_token.revoked"]
