"""Every route against every role (S8), and reading changes nothing (S7): walked from the application's own map."""

import hashlib
from collections.abc import Iterator, Set

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from tests.client import Client
from tests.faces.test_security_headers import UNSAFE, routes
from tests.order_drafts import draft, make_channel, write
from tests.staff import carry_token, csrf, make_staff, sign_in
from webapp.auth.permissions import Access, demand_of
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role

# What a request may leave behind although it only reads: when its person was last seen, that they were refused, and when a token was used last.
NOTED_BY_READING = {"staff_session", "api_token", "alembic_version"}


def demanding(app: Flask) -> Iterator[tuple[Rule, str, Permission]]:
    """Every route that demands a permission, with a sample address."""
    for rule, url in routes(app):
        demand = demand_of(app, rule.endpoint)
        if demand is not None and not isinstance(demand, Access):
            yield rule, url, demand


@pytest.mark.parametrize("role", list(Role))
def test_every_route_when_asked_by_a_role_then_open_exactly_to_its_permission(
    app: Flask, client: Client, session: Session, role: Role
) -> None:
    write(make_channel(session), draft())
    staff = make_staff(role)
    sign_in(client, staff)
    carry_token(client, staff)
    wrong = []
    for rule, url, demand in demanding(app):
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} - UNSAFE:
            refused = client.open(url, method=method).status_code == 403
            if refused is (demand in ROLE_PERMISSIONS[role]):
                wrong.append((method, url, demand))

    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_every_unsafe_route_when_the_role_lacks_its_permission_then_403_and_nothing_changes(
    app: Flask, client: Client, session: Session, role: Role
) -> None:
    write(make_channel(session), draft())
    staff = make_staff(role)
    sign_in(client, staff)
    carry_token(client, staff)
    token = csrf(client)
    before = checksums(session, but={"audit_entry"})
    statuses = {
        (method, url): client.open(url, method=method, headers=token).status_code
        for rule, url, demand in demanding(app)
        for method in (rule.methods or set()) & UNSAFE
        if demand not in ROLE_PERMISSIONS[role]
    }

    assert {found for found, status in statuses.items() if status != 403} == set()
    assert checksums(session, but={"audit_entry"}) == before


def test_every_page_when_read_twice_then_the_database_is_as_it_was(
    app: Flask, client: Client, session: Session
) -> None:
    write(make_channel(session), draft(), draft("1002"))
    staff = make_staff()
    sign_in(client, staff)
    carry_token(client, staff)
    before = checksums(session)
    failed = []
    for _ in range(2):
        for rule, url in routes(app):
            if "GET" in (rule.methods or set()):
                for headers in ({}, {"HX-Request": "true"}):
                    status = client.get(url, headers=headers).status_code
                    failed += (
                        [(url, status)] if status >= 500 and not rule.endpoint.startswith("health.") else []
                    )

    assert failed == []
    assert checksums(session) == before


def checksums(session: Session, *, but: Set[str] = frozenset()) -> dict[str, str]:
    """A checksum of every table's rows."""
    session.rollback()
    names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    found = {}
    for name in sorted(set(names) - NOTED_BY_READING - but):
        rows = session.scalars(text(f'SELECT t::text FROM "{name}" t ORDER BY 1')).all()
        found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    session.rollback()
    return found
