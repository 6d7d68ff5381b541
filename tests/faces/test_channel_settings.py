"""Connecting a channel and changing it: checked, never showing a secret, never losing what was typed."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.channel_pages import PLANTED, make_channel, operations, page
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditEntry


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel with credentials and no schedule."""
    return make_channel(session)


NEW = {
    "name": "Web shop DE",
    "base_url": "https://de.shop.example.com/",
    "is_active": "y",
    "pull_minutes": "10",
    "reread_minutes": "60",
    "requests_per_minute": "120",
    "address_ownership": "mirror",
    "credential_consumer_key": PLANTED,
    "credential_consumer_secret": PLANTED + "2",
    "setting_completed_means": "shipped",
}


def test_connect_when_the_form_is_whole_then_the_channel_exists_and_its_credentials_are_tried(
    app: Flask, session: Session
) -> None:
    client = at_desk(app)

    response = client.post("/channels/new?type=woocommerce", data={**NEW, "csrf_token": client.token})

    channel = session.scalars(select(Channel)).one()
    (asked,) = operations(session)
    assert response.headers["Location"] == f"/channels/{channel.id}"
    assert (channel.name, channel.base_url, channel.pull_minutes) == (
        "Web shop DE",
        "https://de.shop.example.com",
        10,
    )
    assert channel.conf == {"completed_means": "shipped"}
    assert PLANTED not in channel.credentials
    assert (asked.kind, asked.channel_id) == ("channel.check", channel.id)
    assert PLANTED not in str(asked.args)
    assert PLANTED not in str([entry.changes for entry in session.scalars(select(AuditEntry))])


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Write something here."),
        ("base_url", "file:///etc/passwd", "http"),
        ("base_url", "https://user:pass@shop.example.com", ""),
        ("pull_minutes", "-1", "Write minutes from 0"),
        ("pull_minutes", "soon", "Not a valid integer value"),
        ("requests_per_minute", "0", "Write a number from 1"),
        ("address_ownership", "nobody", "Not a valid choice"),
        ("credential_consumer_secret", "", "Enter the consumer secret."),
        ("setting_completed_means", "lost", "Write delivered or shipped."),
        ("setting_start_from", "tomorrow", "Write a day such as 2026-01-31."),
    ],
)
def test_connect_when_a_field_is_wrong_then_422_beside_it_and_no_secret_comes_back(
    app: Flask, session: Session, field: str, value: str, sentence: str
) -> None:
    client = at_desk(app)

    response = client.post(
        "/channels/new?type=woocommerce", data={**NEW, field: value, "csrf_token": client.token}
    )

    text = response.get_data(as_text=True)
    assert response.status_code == 422
    assert f'href="#{field}"' in text
    assert sentence in text
    assert PLANTED not in text
    assert session.scalar(select(func.count()).select_from(Channel)) == 0


def test_connect_when_staff_are_limited_to_channels_then_is_refused(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app, Role.OPERATOR, channels=[channel.id])

    response = client.post("/channels/new?type=woocommerce", data={**NEW, "csrf_token": client.token})

    assert response.status_code == 403
    assert session.scalar(select(func.count()).select_from(Channel)) == 1


def edit_form(client: StaffClient, channel: Channel, **values: str) -> dict[str, str]:
    without_secrets = {name: value for name, value in NEW.items() if not name.startswith("credential_")}
    own = {"name": channel.name, "base_url": channel.base_url, "version": str(channel.version)}
    return {**without_secrets, **own, "csrf_token": client.token, **values}


def test_edit_when_credentials_are_left_empty_then_they_stay_and_are_never_shown(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    before = channel.credentials

    shown = page(client, f"/channels/{channel.id}/edit")
    client.post(f"/channels/{channel.id}/edit", data=edit_form(client, channel, name="Renamed"))

    session.refresh(channel)
    assert PLANTED not in shown
    assert "Stored. Leave it empty to keep it." in shown
    assert (channel.name, channel.credentials) == ("Renamed", before)


def test_settings_that_are_one_of_a_few_words_when_edited_then_are_chosen_and_not_written(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    form = page(client, f"/channels/{channel.id}/edit")
    assert '<option selected value="">The goods have arrived</option>' in form
    assert '<option value="shipped">The goods have left</option>' in form

    for chosen in ("shipped", "delivered"):
        values = edit_form(client, channel, setting_completed_means=chosen)
        assert client.post(f"/channels/{channel.id}/edit", data=values).status_code == 303
        session.refresh(channel)
        assert channel.conf["completed_means"] == chosen
    assert '<option selected value="">The goods have arrived</option>' in page(
        client, f"/channels/{channel.id}/edit"
    )


def test_address_for_the_shops_webhooks_when_shown_then_it_is_the_one_that_takes_them(
    app: Flask, channel: Channel
) -> None:
    path = f"/channels/{channel.id}/webhooks/orders"
    assert f">http://localhost{path}</bdi>" in page(at_desk(app), f"/channels/{channel.id}")
    assert path not in page(at_desk(app, Role.AGENT), f"/channels/{channel.id}")


def test_edit_when_a_setting_is_emptied_then_it_goes_back_to_its_default(
    app: Flask, session: Session
) -> None:
    channel = make_channel(session, conf={"completed_means": "shipped", "reread_days": "90"})
    client = at_desk(app)

    client.post(
        f"/channels/{channel.id}/edit",
        data=edit_form(client, channel, setting_completed_means="", setting_reread_days="30"),
    )

    session.refresh(channel)
    assert channel.conf == {"reread_days": "30"}


def test_edit_when_a_colleague_was_faster_then_409_says_who_and_keeps_what_was_typed(
    app: Flask, session: Session, channel: Channel
) -> None:
    client, colleague = at_desk(app), at_desk(app, Role.OPERATOR)
    mine = edit_form(client, channel, name="My name")
    colleague.post(f"/channels/{channel.id}/edit", data=edit_form(colleague, channel, pull_minutes="30"))

    refused = client.post(f"/channels/{channel.id}/edit", data=mine)
    text = refused.get_data(as_text=True)
    version = re.search(r'name="version"[^>]*value="(\d+)"', text)
    assert version is not None
    saved = client.post(f"/channels/{channel.id}/edit", data={**mine, "version": version[1]})

    session.refresh(channel)
    assert refused.status_code == 409
    assert "Emre Demir changed this channel while you were editing it" in text
    says_who_what_when(text, "Emre Demir", "pull minutes")
    assert 'value="My name"' in text
    assert saved.status_code == 303
    assert channel.name == "My name"


def test_edit_when_the_address_moves_to_another_host_then_the_old_secrets_do_not_go_there(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)

    response = client.post(
        f"/channels/{channel.id}/edit", data=edit_form(client, channel, base_url="https://evil.example.net")
    )

    session.refresh(channel)
    assert response.status_code == 422
    assert "enter them again" in response.get_data(as_text=True)
    assert channel.base_url == "https://shop.example.com"


def test_forms_when_every_column_is_sent_then_only_the_forms_own_fields_are_set(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    smuggled = {
        "id": "4711",
        "auth_token": "x",
        "credentials": "x",
        "channel_type": "other",
        "conf": "{}",
        "created_at": "1999-01-01",
    }
    before = channel.credentials

    client.post(
        f"/channels/{channel.id}/edit", data={**smuggled, **edit_form(client, channel, name="Renamed")}
    )

    session.refresh(channel)
    assert (channel.id, channel.name, channel.channel_type) == (channel.id, "Renamed", "woocommerce")
    assert (channel.credentials, channel.auth_token) == (before, "")
    assert channel.created_at.year > 2000
