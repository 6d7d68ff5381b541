"""The list of channels and the page of one: how they fare, and who may see and do what."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.channel_pages import PLANTED, make_channel, make_record, operations, page
from webapp.auth.roles import Role
from webapp.channels.models import Channel, PullCursor, RateBucket
from webapp.core.breaker import CircuitBreaker
from webapp.core.clock import utc_now


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel with credentials and no schedule."""
    return make_channel(session)


def test_list_when_channels_fare_differently_then_says_how_each_does(app: Flask, session: Session) -> None:
    healthy = make_channel(session, name="Healthy")
    failing = make_channel(session, name="Failing")
    silent = make_channel(session, name="Silent")
    make_channel(session, name="Off", is_active=False)
    make_channel(session, name="New", pull_minutes=0)
    session.add_all(
        [
            PullCursor(channel_id=healthy.id, kind="order", last_success_at=utc_now()),
            PullCursor(channel_id=failing.id, kind="order", last_error="401: the key was refused"),
            CircuitBreaker(name=f"channel:{silent.id}", opened_at=utc_now(), last_error="no answer"),
        ]
    )
    make_record(session, healthy)
    session.commit()

    text = page(at_desk(app), "/channels/")

    rows = dict(re.findall(r'<tr id="channel-(\d+)"(.*?)</tr>', text, re.DOTALL))
    said = {
        name: " ".join(rows[str(key)].split())
        for key, name in session.execute(select(Channel.id, Channel.name))
    }
    assert "In order" in said["Healthy"]
    assert f'/channels/{healthy.id}/failed">1</a>' in said["Healthy"]
    assert "Last pull failed" in said["Failing"] and "401: the key was refused" in said["Failing"]
    assert "Does not answer" in said["Silent"]
    assert "Switched off" in said["Off"] and "/pull" not in said["Off"]
    assert "Not read yet" in said["New"] and "by button" in said["New"]


def test_next_pull_when_scheduled_then_is_the_next_slot(app: Flask, session: Session) -> None:
    from webapp.channels.queries import next_pull_at

    channel = make_channel(session, pull_minutes=5)

    assert next_pull_at(channel, datetime(2026, 11, 23, 10, 32, 7, tzinfo=UTC)) == datetime(
        2026, 11, 23, 10, 35, tzinfo=UTC
    )
    assert next_pull_at(channel, datetime(2026, 11, 23, 10, 35, tzinfo=UTC)) == datetime(
        2026, 11, 23, 10, 40, tzinfo=UTC
    )


def test_page_when_shown_then_masks_credentials_and_tells_cursor_rate_and_breaker(
    app: Flask, session: Session, channel: Channel
) -> None:
    at = utc_now() + timedelta(minutes=9)
    session.add_all(
        [
            PullCursor(channel_id=channel.id, kind="order", remote_id="88731", pass_until=utc_now()),
            RateBucket(channel_id=channel.id, blocked_until=at),
            CircuitBreaker(name=f"channel:{channel.id}", opened_at=utc_now(), next_probe_at=at),
        ]
    )
    session.commit()

    text = page(at_desk(app), f"/channels/{channel.id}")

    assert PLANTED not in text
    assert "••••••••" in text
    assert "88731" in text
    assert "240 requests a minute" in text
    assert "open since" in text
    assert "Asked to wait until" in text


@pytest.mark.parametrize("path", ["", "/work", "/recent", "/backfill", "/failed", "/words", "/edit"])
def test_pages_when_the_channel_is_anothers_then_it_does_not_exist(
    app: Flask, session: Session, channel: Channel, path: str
) -> None:
    own = make_channel(session, name="Own")
    client = at_desk(app, Role.OPERATOR, channels=[own.id])

    assert client.get(f"/channels/{channel.id}{path}").status_code == 404
    assert client.get(f"/channels/{own.id}{path}").status_code == 200
    assert client.get(f"/channels/4711{path}").status_code == 404
    assert "Web shop TR" not in page(client, "/channels/")


@pytest.mark.parametrize(
    "deed", ["pull", "reread", "check", "backfill", "replay", "words", "words/products", "edit"]
)
def test_deeds_when_the_channel_is_anothers_then_404_and_nothing_is_asked_for(
    app: Flask, session: Session, channel: Channel, deed: str
) -> None:
    own = make_channel(session, name="Own")
    client = at_desk(app, Role.OPERATOR, channels=[own.id])
    form = {"csrf_token": client.token, "all": "1", "which": "all", "kind": "sku", "remote_value": "x"}

    assert client.post(f"/channels/{channel.id}/{deed}", data=form).status_code == 404
    assert operations(session) == []


@pytest.mark.parametrize(
    ("role", "deed", "status"),
    [
        (Role.AGENT, "pull", 303),
        (Role.FINANCE, "pull", 403),
        (Role.AGENT, "check", 403),
        (Role.AGENT, "edit", 403),
        (Role.SUPERVISOR, "words", 403),
        (Role.SUPERVISOR, "replay", 303),
        (Role.FINANCE, "replay", 403),
        (Role.OPERATOR, "check", 303),
    ],
)
def test_deeds_when_asked_for_then_only_by_roles_that_may(
    app: Flask, session: Session, channel: Channel, role: Role, deed: str, status: int
) -> None:
    client = at_desk(app, role)

    assert (
        client.post(
            f"/channels/{channel.id}/{deed}", data={"csrf_token": client.token, "all": "1"}
        ).status_code
        == status
    )
