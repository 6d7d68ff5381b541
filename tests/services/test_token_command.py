"""`kontor token`: keys for programs from the command line."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.order_drafts import make_channel
from tests.servers import settings_environment
from tests.staff import make_staff
from webapp.auth.models import ApiToken
from webapp.auth.roles import ROLE_PERMISSIONS, Role
from webapp.auth.tokens import present
from webapp.cli import main
from webapp.core.audit import AuditEntry
from webapp.core.db import unit_of_work
from webapp.core.settings import Settings


@pytest.fixture
def kontor(settings: Settings, session: Session):  # type: ignore[no-untyped-def]
    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["token", *words], env=settings_environment(settings))

    return run


def test_create_when_nothing_is_narrowed_then_all_that_its_owner_may(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    staff = make_staff(Role.AGENT, email="ayse@shop.example")

    result = kontor("create", "ayse@shop.example", "--name", "Till")

    assert result.exit_code == 0, result.output
    secret = result.output.rpartition("shown only now: ")[2].strip()
    with unit_of_work() as unit:
        presented = present(unit, secret)
    assert presented is not None
    assert presented.staff.id == staff.id
    assert presented.staff.permissions == ROLE_PERMISSIONS[Role.AGENT]
    assert presented.staff.channel_ids is None


def test_create_when_narrowed_then_exactly_that(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    make_staff(Role.AGENT, email="ayse@shop.example")
    make_channel(session)
    words = (
        "--permission",
        "orders.view",
        "--channel",
        "Demo shop",
        "--requests-per-minute",
        "5",
        "--days",
        "2",
    )

    assert kontor("create", "ayse@shop.example", "--name", "Till", *words).exit_code == 0

    row = session.scalars(select(ApiToken)).one()
    assert (row.permissions, row.channel_ids, row.requests_per_minute) == (["orders.view"], [1], 5)
    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).days in (1, 2)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nobody@shop.example", "--name", "x"), "There is no member of staff"),
        (("ayse@shop.example", "--name", "x", "--channel", "Moon"), "There is no channel 'Moon'"),
        (("ayse@shop.example", "--name", "x", "--permission", "cancel.approve"), "cannot do more"),
        (("ayse@shop.example", "--name", "x", "--days", "0"), "number of days"),
    ],
)  # fmt: skip
def test_create_when_it_cannot_be_then_one_sentence_and_no_token(  # type: ignore[no-untyped-def]
    kontor, session: Session, words: tuple[str, ...], sentence: str
) -> None:
    make_staff(Role.AGENT, email="ayse@shop.example")

    result = kontor("create", *words)

    assert result.exit_code == 1
    assert sentence in result.output
    assert session.scalars(select(ApiToken)).all() == []


def test_list_and_revoke_when_a_token_is_there_then_shown_without_its_secret_and_ended(  # type: ignore[no-untyped-def]
    kontor, session: Session
) -> None:
    make_staff(Role.AGENT, email="ayse@shop.example")
    secret = kontor("create", "ayse@shop.example", "--name", "Till").output.split()[-1]

    (listed,) = json.loads(kontor("list", "--json").output)
    revoked, again = kontor("revoke", "1"), kontor("revoke", "1")

    assert (listed["name"], listed["staff"], listed["channels"]) == ("Till", "ayse@shop.example", "all")
    assert secret not in kontor("list").output
    assert revoked.output == "Token 1 is revoked.\n"
    assert again.output == "Token 1 was revoked already.\n"
    with unit_of_work() as unit:
        assert present(unit, secret) is None
    assert [entry.origin for entry in session.scalars(select(AuditEntry))] == ["command", "command"]
    assert kontor("revoke", "9").exit_code == 1
