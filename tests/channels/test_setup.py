"""Creating and changing channels: checked, audited, and no credential ever comes out again."""

import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.channels.fetching import FetchOrders
from webapp.channels.inputs import ChangeChannel, NewChannel
from webapp.channels.models import Channel
from webapp.channels.profile import load_profile
from webapp.channels.service import ChannelService
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.hints import Hints
from webapp.core.secrets import Vault
from webapp.core.sentences import Sentence
from webapp.core.settings import Settings

CONTEXT = AuditContext(origin=Origin.PAGE, staff_id=None, actor="Tester")
SECRETS = {"consumer_key": "ck_planted", "consumer_secret": "cs_planted"}
service = ChannelService()


def new(**values: Any) -> NewChannel:
    given = {
        "name": "Shop",
        "channel_type": "woocommerce",
        "base_url": "https://shop.example/",
        "credentials": SECRETS,
        **values,
    }
    return NewChannel(**given)


def created(**values: Any) -> int:
    with unit_of_work() as session:
        return service.create_channel(session, new(**values), CONTEXT).id


def changed(channel_id: int, version: int = 1, **values: Any) -> int:
    with unit_of_work() as session:
        return service.update_channel(session, channel_id, ChangeChannel(version, **values), CONTEXT).version


def entries(session: Session) -> list[AuditEntry]:
    session.rollback()
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_channel_when_created_then_its_credentials_are_encrypted_and_named_in_the_audit_log_only(
    session: Session,
) -> None:
    channel_id = created(conf={"completed_means": "shipped"})

    session.rollback()
    channel = session.get_one(Channel, channel_id)
    assert channel.base_url == "https://shop.example"
    assert channel.conf == {"completed_means": "shipped"}
    (entry,) = entries(session)
    assert (entry.tag, entry.subject_id) == ("channel.created", str(channel_id))
    assert entry.changes["credentials"] == [[], ["consumer_key", "consumer_secret"]]
    assert load_profile(session, channel_id).credentials == SECRETS
    assert "cs_planted" not in repr(load_profile(session, channel_id))


def test_credentials_when_stored_then_the_whole_database_does_not_hold_them(session: Session) -> None:
    channel_id = created()
    changed(channel_id, credentials={"webhook_secret": "ws_planted"})
    tables = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    dump = json.dumps(
        [session.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t")).all() for table in tables]
    )
    assert "woocommerce" in dump
    assert "planted" not in dump


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"channel_type": "fax"}, "channel_type"),
        ({"base_url": "ftp://shop.example"}, "base_url"),
        ({"base_url": "https://"}, "base_url"),
        ({"base_url": "https://user:pw@shop.example"}, "base_url"),
        ({"base_url": "https://shop.example/?a=b"}, "base_url"),
        ({"pull_minutes": -1}, "pull_minutes"),
        ({"reread_minutes": 100_000}, "reread_minutes"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"address_ownership": "somebody"}, "address_ownership"),
        ({"credentials": {"consumer_key": "ck"}}, "consumer_secret"),
        ({"credentials": {**SECRETS, "password": "x"}}, "password"),
        ({"conf": {"completed_means": "eaten"}}, "completed_means"),
        ({"conf": {"time_zone": "Europe/Nowhere"}}, "time_zone"),
        ({"conf": {"start_from": "yesterday"}}, "start_from"),
        ({"conf": {"reread_days": "0"}}, "reread_days"),
    ],
)
def test_channel_when_a_value_is_wrong_then_refused_beside_its_field(
    values: dict[str, Any], field: str, session: Session
) -> None:
    with pytest.raises(InvalidInput) as refused:
        created(**values)
    assert field in refused.value.fields
    assert session.scalars(select(Channel)).all() == []


def test_name_when_taken_then_refused_beside_its_field(session: Session) -> None:
    created()
    with pytest.raises(InvalidInput) as refused:
        created()
    assert refused.value.fields == {"name": ["Another channel has this name."]}


def test_channel_when_changed_then_only_what_changed_is_logged_and_its_version_moves(
    session: Session,
) -> None:
    channel_id = created()

    assert changed(channel_id, pull_minutes=15, name="Shop", conf={"time_zone": "Europe/Istanbul"}) == 2

    entry = entries(session)[-1]
    assert (entry.tag, entry.changes) == (
        "channel.changed",
        {"pull_minutes": [5, 15], "conf": [{}, {"time_zone": "Europe/Istanbul"}]},
    )


def test_channel_when_nothing_changes_then_no_audit_row_and_the_same_version(session: Session) -> None:
    channel_id = created()
    assert changed(channel_id, name="Shop", credentials={"consumer_secret": "  "}) == 1
    assert len(entries(session)) == 1


def test_channel_when_somebody_else_was_faster_then_refused(session: Session) -> None:
    channel_id = created()
    changed(channel_id, pull_minutes=15)
    with pytest.raises(Conflict, match="Tester changed this channel"):
        changed(channel_id, pull_minutes=20)


def test_channel_when_somebody_asked_for_orders_since_then_who_changed_it_is_named(session: Session) -> None:
    channel_id = created()
    changed(channel_id, pull_minutes=15)
    another = AuditContext(origin=Origin.PAGE, staff_id=None, actor="Ece Kaya")
    with unit_of_work() as unit:
        service.backfill(unit, channel_id, FetchOrders(fetch_all_orders=True), another)

    with pytest.raises(Conflict, match="Tester changed this channel"):
        changed(channel_id, pull_minutes=20)


def test_credentials_when_left_empty_then_stay_and_when_given_then_replaced(session: Session) -> None:
    channel_id = created()
    changed(channel_id, credentials={"consumer_key": "", "consumer_secret": "cs_new"})
    session.rollback()
    assert load_profile(session, channel_id).credentials == {
        "consumer_key": "ck_planted",
        "consumer_secret": "cs_new",
    }
    assert entries(session)[-1].changes == {"credentials": [None, ["consumer_secret"]]}


def test_required_credential_when_taken_away_then_refused(session: Session) -> None:
    channel_id = created()
    with pytest.raises(InvalidInput, match="Consumer secret"):
        changed(channel_id, credentials={"consumer_secret": None})


def test_address_when_moved_to_another_host_then_stored_credentials_do_not_go_there(session: Session) -> None:
    channel_id = created()

    with pytest.raises(InvalidInput, match="enter them again") as refused:
        changed(channel_id, base_url="https://evil.example")
    assert set(refused.value.fields) == {"consumer_key", "consumer_secret"}

    changed(
        channel_id,
        base_url="https://new.example",
        credentials={"consumer_key": "ck_2", "consumer_secret": "cs_2"},
    )
    session.rollback()
    assert load_profile(session, channel_id).credentials == {
        "consumer_key": "ck_2",
        "consumer_secret": "cs_2",
    }


def test_address_when_only_its_path_changes_then_credentials_stay(session: Session) -> None:
    channel_id = created()
    assert changed(channel_id, base_url="https://shop.example/tr") == 2


def test_plain_http_when_private_networks_are_not_allowed_then_refused(
    app: Flask, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    strict = Hints(settings=replace(settings, allow_private_network=False), handlers={})
    monkeypatch.setitem(app.extensions, "kontor_hints", strict)
    with pytest.raises(InvalidInput, match="https://"):
        created(base_url="http://shop.example")


def test_channel_when_switched_off_then_nothing_is_pulled(session: Session) -> None:
    channel_id = created()
    changed(channel_id, is_active=False)
    with unit_of_work() as unit, pytest.raises(Conflict, match="switched off"):
        service.pull(unit, channel_id, CONTEXT)


def test_secrets_when_rotated_then_the_new_key_alone_opens_all_of_them(
    app: Flask, session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    for number in range(205):
        created(name=f"Shop {number}")
    fresh = Fernet.generate_key().decode()
    both = replace(settings, credential_keys=(fresh, *settings.credential_keys))
    monkeypatch.setitem(app.extensions, "kontor_settings", both)

    rotated, after = 0, 0
    while True:
        with unit_of_work() as unit:
            count, after = service.rotate_secrets(unit, after)
        rotated += count
        if not after:
            break

    assert rotated == 205
    alone = Vault([fresh])
    session.rollback()
    stored = session.scalars(select(Channel.credentials)).all()
    assert [alone.decrypt_fields(each) for each in stored] == [SECRETS] * 205


def test_refusal_when_a_credential_is_missing_then_another_language_can_say_it_part_by_part(
    session: Session,
) -> None:
    with pytest.raises(InvalidInput) as refused:
        created(credentials={"consumer_key": "ck"})
    (sentence,) = refused.value.fields["consumer_secret"]
    turkish = {"Enter the %(field)s.": "%(field)s alanını doldurun.", "Consumer secret": "Müşteri sırrı"}
    assert sentence == "Enter the consumer secret."
    assert isinstance(sentence, Sentence)
    assert sentence.in_words(lambda message: turkish[message]) == "Müşteri sırrı alanını doldurun."
