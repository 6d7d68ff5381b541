"""`kontor user`: staff from the command line."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.second_step import App
from tests.servers import settings_environment
from tests.staff import PASSWORD, make_staff, start_session
from webapp.auth import second_step
from webapp.auth.models import StaffSession, StaffUser
from webapp.auth.passwords import verify
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.cli import main
from webapp.core.db import unit_of_work
from webapp.core.settings import Settings


@pytest.fixture
def kontor(settings: Settings, session: Session):  # type: ignore[no-untyped-def]
    def run(*words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, list(words), input=stdin, env=settings_environment(settings))

    return run


def test_create_when_the_password_comes_by_stdin_then_it_is_not_printed(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    words = ("create", "ayse@shop.example", "--name", "Ayşe", "--role", "agent", "--password-stdin")

    result = kontor("user", *words, stdin=PASSWORD + "\n")

    assert (result.exit_code, result.output) == (0, "ayse@shop.example may sign in as agent.\n")
    row = session.scalars(select(StaffUser)).one()
    assert (row.role, row.limited_to_channels) == ("agent", False)
    assert verify(PASSWORD, row.password_hash)


def test_create_when_nobody_types_then_a_password_is_made_up_and_shown_once(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    result = kontor("user", "create", "ayse@shop.example", "--name", "Ayşe", "--role", "operator")

    assert result.exit_code == 0
    password = result.output.rpartition("Password, shown only now: ")[2].strip()
    assert len(password) == 20
    assert verify(password, session.scalars(select(StaffUser.password_hash)).one())


def test_create_when_channels_are_named_then_limited_to_them(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    with unit_of_work() as database:
        database.add_all(
            [
                Channel(name=name, channel_type="woocommerce", base_url="https://shop.example")
                for name in ("Noon", "Web shop TR")
            ]
        )
    words = (
        "create",
        "ayse@shop.example",
        "--name",
        "Ayşe",
        "--role",
        "agent",
        "--password-stdin",
        "--channel",
    )

    assert kontor("user", *words, "Noon", stdin=PASSWORD).exit_code == 0
    listed = json.loads(kontor("user", "list", "--json").output)
    assert listed == [
        {
            "email": "ayse@shop.example",
            "name": "Ayşe",
            "role": "agent",
            "active": True,
            "channels": ["Noon"],
            "last_signed_in_at": None,
        }
    ]
    missing = kontor("user", *words, "Amazon", stdin=PASSWORD)
    assert (missing.exit_code, missing.output) == (
        1,
        "Error: There is no channel 'Amazon'. `kontor channel list` shows them.\n",
    )


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "Error: Use at least 12 characters; a few words in a row are easy to remember.\n"),
        ("password1234", "Error: This password is on the lists that attackers try first. Choose another.\n"),
    ],
)
def test_create_when_the_password_is_weak_then_one_sentence(
    kontor, session: Session, password: str, sentence: str
) -> None:  # type: ignore[no-untyped-def]
    words = ("create", "ayse@shop.example", "--name", "Ayşe", "--role", "agent", "--password-stdin")

    result = kontor("user", *words, stdin=password)

    assert (result.exit_code, result.output) == (1, sentence)
    assert session.scalars(select(StaffUser)).all() == []


def test_disable_enable_and_password_when_asked_then_done_at_once(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    make_staff(Role.ADMINISTRATOR)
    staff = make_staff(Role.AGENT, email="ayse@shop.example")
    start_session(staff)

    assert kontor("user", "disable", "ayse@shop.example").exit_code == 0
    assert session.scalars(select(StaffSession.ended_because)).all() == ["disabled"]
    session.rollback()
    assert kontor("user", "enable", "Ayse@shop.example").exit_code == 0
    assert (
        kontor(
            "user", "password", "ayse@shop.example", "--password-stdin", stdin="another row of words"
        ).exit_code
        == 0
    )
    session.rollback()
    row = session.scalars(select(StaffUser).where(StaffUser.id == staff.id)).one()
    assert row.is_active
    assert verify("another row of words", row.password_hash)
    assert kontor("user", "disable", "nobody@shop.example").exit_code == 1


def test_list_when_read_by_people_then_a_table(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    make_staff(Role.ADMINISTRATOR, email="ayse@shop.example")

    first, second = kontor("user", "list").output.splitlines()

    assert first.split() == ["email", "name", "role", "active", "channels", "last_signed_in_at"]
    assert second.split() == ["ayse@shop.example", "Selin", "Koç", "administrator", "True", "all"]


def test_reset_mfa_when_it_is_on_then_off_and_when_off_then_says_so(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    staff = make_staff(email="ayse@shop.example")
    App.of(staff.id)

    result = kontor("user", "reset-mfa", "ayse@shop.example")

    assert (result.exit_code, second_step.is_on(session, staff.id)) == (0, False)
    again = kontor("user", "reset-mfa", "ayse@shop.example")
    assert (again.exit_code, "does not use two-step sign-in" in again.output) == (1, True)
