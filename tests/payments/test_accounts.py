"""Payment accounts: what is taken, what is kept secret, and what a pause does."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.servers import settings_environment
from webapp.cli import main
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PaymentError
from webapp.core.operations import NewOperation, Queue, create
from webapp.core.secrets import Vault
from webapp.core.settings import Settings
from webapp.payments.account_setup import (
    ChangeAccount,
    NewAccount,
    change_account,
    new_account,
    resume_account,
    rotate_account_secrets,
    values_of,
)
from webapp.payments.accounts import make_gateway
from webapp.payments.gateways.iyzico import IyzicoGateway
from webapp.payments.gateways.stripe import StripeGateway
from webapp.payments.models import GatewayAccount

BY = AuditContext(origin=Origin.COMMAND)
STRIPE = NewAccount("stripe", "stripe", "http://127.0.0.1:9/v1", {"secret_key": "sk_planted"})
IYZICO = NewAccount("iyzico", "iyzico", "", {"api_key": "a", "secret_key": "s", "processing_delay_s": "60"})
BANK = NewAccount(
    "bank",
    "bank_transfer",
    "",
    {"holder": "Örnek Mağaza A.Ş.", "iban": "tr33 0006 1005 1978 6457 8413 26", "currency": "try"},
)


def add(*accounts: NewAccount) -> None:
    with unit_of_work() as session:
        for account in accounts:
            new_account(session, account, BY)


def stored(session: Session, name: str) -> GatewayAccount:
    session.rollback()
    return session.scalars(select(GatewayAccount).where(GatewayAccount.name == name)).one()


def test_an_account_keeps_its_secrets_encrypted_and_out_of_the_log(session: Session) -> None:
    add(STRIPE)
    account = stored(session, "stripe")
    assert "sk_planted" not in account.credentials
    assert values_of(account) == {"secret_key": "sk_planted"}
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.changes["credentials"] == [None, ["secret_key"]]
    assert "sk_planted" not in json.dumps(entry.changes)


def test_each_type_makes_its_gateway_and_a_transfer_account_none(
    session: Session, settings: Settings
) -> None:
    add(STRIPE, IYZICO, BANK)
    assert isinstance(make_gateway(session, "stripe", settings), StripeGateway)
    iyzico = make_gateway(session, "iyzico", settings)
    assert isinstance(iyzico, IyzicoGateway)
    assert iyzico.capabilities.max_processing_delay_s == 60
    assert stored(session, "iyzico").base_url == "https://api.iyzipay.com"
    assert stored(session, "bank").conf == {
        "holder": "Örnek Mağaza A.Ş.",
        "iban": "TR330006100519786457841326",
        "currency": "TRY",
    }
    for name in ("bank", "nobody"):
        with pytest.raises(PaymentError):
            make_gateway(session, name, settings)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(STRIPE, name="channel:3"), "name"),
        (replace(STRIPE, values={}), "secret_key"),
        (replace(STRIPE, values={"secret_key": "x", "colour": "red"}), "colour"),
        (replace(STRIPE, base_url="ftp://bank.example"), "base_url"),
        (replace(STRIPE, gateway_type="cheque"), "gateway_type"),
        (replace(BANK, values={**BANK.values, "iban": "TR330006100519786457841327"}), "iban"),
        (replace(BANK, values={**BANK.values, "holder": "متجر"}), "holder"),
        (replace(BANK, values={**BANK.values, "currency": "XXX"}), "currency"),
        (replace(BANK, values={**BANK.values, "bic": "short"}), "bic"),
        (replace(IYZICO, values={**IYZICO.values, "processing_delay_s": "-1"}), "processing_delay_s"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(session: Session, wrong: NewAccount, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(wrong)
    assert list(refused.value.fields) == [field]
    assert session.scalars(select(GatewayAccount)).all() == []


def test_a_name_is_taken_once(session: Session) -> None:
    add(STRIPE)
    with pytest.raises(InvalidInput, match="has this name"):
        add(STRIPE)


def test_another_host_gets_none_of_the_stored_secrets(session: Session) -> None:
    add(STRIPE)
    moved = ChangeAccount(version=1, base_url="http://127.0.0.1:10/v1")
    with pytest.raises(InvalidInput), unit_of_work() as unit:
        change_account(unit, "stripe", moved, BY)
    with unit_of_work() as unit:
        change_account(unit, "stripe", replace(moved, values={"secret_key": "sk_new"}), BY)
    account = stored(session, "stripe")
    assert (account.base_url, values_of(account)) == ("http://127.0.0.1:10/v1", {"secret_key": "sk_new"})
    with pytest.raises(Conflict, match="somebody else"), unit_of_work() as unit:
        change_account(unit, "stripe", replace(moved, is_active=False), BY)


def test_new_secrets_end_a_pause_and_wake_the_refunds_that_stood_still(session: Session) -> None:
    add(STRIPE)
    work = NewOperation("refund.run", Queue.MONEY, "r1", {"refund_id": "r1", "gateway": "stripe"})
    with unit_of_work() as unit:
        create(unit, work)
        unit.execute(text("UPDATE operation SET next_run_at = now() + interval '1 hour'"))
        unit.execute(text("UPDATE gateway_account SET paused_because = 'No access.'"))
    change = ChangeAccount(version=1, values={"secret_key": "sk_right"})
    with unit_of_work() as unit:
        change_account(unit, "stripe", change, BY)
    assert stored(session, "stripe").paused_because is None
    assert session.scalar(text("SELECT next_run_at <= clock_timestamp() FROM operation"))
    with pytest.raises(Conflict, match="not paused"), unit_of_work() as unit:
        resume_account(unit, "stripe", BY)


def test_secrets_are_rotated_to_the_first_key(session: Session, settings: Settings) -> None:
    add(STRIPE, BANK)
    with unit_of_work() as unit:
        assert rotate_account_secrets(unit) == (2, 0)
    newest = Vault([settings.credential_keys[0], Fernet.generate_key().decode()])
    assert newest.decrypt_fields(stored(session, "stripe").credentials) == {"secret_key": "sk_planted"}


@pytest.fixture
def kontor(settings: Settings, session: Session):  # type: ignore[no-untyped-def]
    def run(*words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(main, list(words), input=stdin, env=settings_environment(settings))

    return run


def test_the_command_adds_lists_changes_and_resumes(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    url = "http://127.0.0.1:9/v1"
    words = ("gateway", "add", "stripe", "--type", "stripe", "--address", url, "--secrets-stdin")
    added = kontor(*words, stdin="secret_key=sk_planted\n")
    assert (added.exit_code, added.output) == (0, "stripe is set up.\n")
    assert kontor("gateway", "change", "stripe", "--inactive").exit_code == 0

    listed = kontor("gateway", "list", "--json")

    assert json.loads(listed.output) == [
        {
            "name": "stripe",
            "type": "stripe",
            "address": url,
            "active": False,
            "paused_because": None,
            "settings": {},
        }
    ]
    assert "sk_planted" not in listed.output + kontor("gateway", "list").output
    assert kontor("gateway", "resume", "stripe").output == "Error: stripe is not paused.\n"
    refused = kontor("gateway", "add", "other", "--type", "stripe", "--set", "secret_key=x")
    assert refused.output == "Error: Give secret_key with --secrets-stdin.\n"
    db.session.rollback()
