"""Connecting carriers: keys encrypted and never shown, addresses judged, every change in the log."""

from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.factories import make_cargo
from tests.servers import settings_environment
from webapp.cargo.accounts import connect_carrier, disconnect_carrier, make_carrier, rotate_carrier_secrets
from webapp.cargo.carrier import CarrierNotConnected
from webapp.cargo.models import CargoAccount
from webapp.cli import main
from webapp.commands.context import BY_COMMAND
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.settings import Settings

KEY = "a key that nobody may read"


@pytest.fixture
def cargo_id(session: Session) -> int:
    cargo = make_cargo(session)
    session.commit()
    return cargo.id


def connect(settings: Settings, url: str = "https://carrier.example", key: str = KEY) -> None:
    with unit_of_work() as unit:
        connect_carrier(unit, "swift", url, key, BY_COMMAND, settings=settings)


def test_connect_then_the_key_is_encrypted_and_stands_nowhere_else(settings: Settings, cargo_id: int) -> None:
    connect(settings)
    db.session.rollback()
    account = db.session.scalars(select(CargoAccount)).one()
    assert KEY not in account.credentials
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.tag, entry.changes) == (
        "carrier.connected",
        {"base_url": [None, "https://carrier.example"], "credentials": [None, ["api_key"]]},
    )
    assert KEY not in str(db.session.execute(text("SELECT * FROM audit_entry")).all())
    with unit_of_work() as unit:
        assert make_carrier(unit, cargo_id, settings).name == "swift"


def test_connect_when_it_is_so_already_then_nothing_and_another_address_is_a_change(
    settings: Settings, cargo_id: int
) -> None:
    for _ in range(2):
        connect(settings)
    connect(settings, "https://other.example")
    db.session.rollback()
    account = db.session.scalars(select(CargoAccount)).one()
    assert (account.version, account.base_url) == (2, "https://other.example")
    assert len(db.session.scalars(select(AuditEntry)).all()) == 2


@pytest.mark.parametrize(
    "url",
    ["http://carrier.example", "https://169.254.169.254", "https://127.0.0.1/x", "https://a.example?x=1"],
)
def test_connect_to_an_address_that_may_not_be_called_then_refused(
    settings: Settings, cargo_id: int, url: str
) -> None:
    strict = replace(settings, allow_private_network=False)
    with pytest.raises(InvalidInput) as refused:
        connect(strict, url)
    assert list(refused.value.fields) == ["base_url"]


def test_connect_a_carrier_that_is_not_there_or_without_a_key_then_refused(
    settings: Settings, cargo_id: int
) -> None:
    with pytest.raises(NotFound), unit_of_work() as unit:
        connect_carrier(unit, "nobody", "https://carrier.example", KEY, BY_COMMAND, settings=settings)
    with pytest.raises(InvalidInput, match="Enter the key"):
        connect(settings, key=" ")


def test_disconnect_then_it_cannot_be_asked_any_more(settings: Settings, cargo_id: int) -> None:
    connect(settings)
    with unit_of_work() as unit:
        disconnect_carrier(unit, "swift", BY_COMMAND)
    with pytest.raises(CarrierNotConnected, match="Swift Parcel is not connected"), unit_of_work() as unit:
        make_carrier(unit, cargo_id, settings)
    with pytest.raises(NotFound), unit_of_work() as unit:
        disconnect_carrier(unit, "swift", BY_COMMAND)


def test_rotate_then_every_key_is_encrypted_anew(settings: Settings, cargo_id: int) -> None:
    connect(settings)
    before = db.session.scalars(select(CargoAccount.credentials)).one()
    with unit_of_work() as unit:
        assert rotate_carrier_secrets(unit) == (1, 0)
    db.session.rollback()
    assert db.session.scalars(select(CargoAccount.credentials)).one() != before


def test_command_then_connects_lists_and_disconnects_without_showing_the_key(
    settings: Settings, cargo_id: int
) -> None:
    def run(*words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, ["carrier", *words], env=settings_environment(settings), input=stdin)

    connected = run("connect", "swift", "--address", "https://carrier.example", "--key-stdin", stdin=KEY)
    assert (connected.exit_code, connected.output) == (0, "swift is connected.\n")
    listed = run("list")
    assert "https://carrier.example" in listed.output
    assert KEY not in listed.output
    assert run("disconnect", "swift").exit_code == 0
    assert run("disconnect", "swift").output == "Error: “swift” is not connected.\n"
