"""Pulling a channel by a button: one job however often it is clicked, and its progress on the page."""

import threading
import uuid

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.channel_pages import HTMX, make_channel, operations
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.clock import utc_now
from webapp.core.operations import Operation


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel with credentials and no schedule."""
    return make_channel(session)


def test_pull_when_clicked_twenty_times_then_one_job_and_each_later_click_says_it_joined(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)

    answers = [
        client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token}, headers=HTMX)
        for _ in range(20)
    ]

    assert [answer.status_code for answer in answers] == [200] * 20
    assert len(operations(session)) == 1
    assert "Pulling Web shop TR." in answers[0].headers["HX-Trigger"]
    assert all("pulled already" in answer.headers["HX-Trigger"] for answer in answers[1:])
    assert all('hx-trigger="every 1s"' in answer.get_data(as_text=True) for answer in answers)


def test_pull_when_twenty_people_click_at_once_then_one_job(
    app: Flask, session: Session, channel: Channel
) -> None:
    clients = [at_desk(app, Role.AGENT) for _ in range(20)]
    url = f"/channels/{channel.id}/pull"
    together = threading.Barrier(20)
    statuses: list[int] = []

    def click(client: StaffClient) -> None:
        together.wait()
        statuses.append(client.post(url, data={"csrf_token": client.token}).status_code)

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [303] * 20
    assert len(operations(session)) == 1


def test_pull_when_the_first_has_ended_then_the_next_click_is_a_new_job(
    app: Flask, session: Session, channel: Channel
) -> None:
    # The control of the two tests above: it is the open run that is joined, not any run.
    client = at_desk(app)
    client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token})
    (first,) = operations(session)
    first.state = "done"
    session.commit()

    client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token})

    assert len(operations(session)) == 2


def test_pull_when_a_scheduled_run_is_joined_then_the_top_bar_follows_it_also_after_a_reload(
    app: Flask, session: Session, channel: Channel
) -> None:
    session.add(
        Operation(
            kind="channel.pull",
            queue="channels",
            dedupe_key=f"channel:{channel.id}",
            args={},
            channel_id=channel.id,
        )
    )
    session.commit()
    client = at_desk(app)
    before = client.get("/operations/live", headers=HTMX).get_data(as_text=True)

    client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token}, headers=HTMX)
    after = client.get("/operations/live", headers=HTMX).get_data(as_text=True)

    assert "Web shop TR" not in before
    assert "Web shop TR" in after


def test_pull_when_the_channel_is_switched_off_then_is_refused(app: Flask, session: Session) -> None:
    channel = make_channel(session, is_active=False)
    client = at_desk(app)

    response = client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token})

    assert response.status_code == 409
    assert "is switched off" in response.get_data(as_text=True)
    assert operations(session) == []


def test_work_when_the_pull_runs_then_asks_again_and_when_it_ends_then_stops_and_tells_the_lists(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token})
    (pull,) = operations(session)
    pull.state, pull.lease_token, pull.progress_done, pull.progress_total = "leased", uuid.uuid4(), 86, 240
    session.commit()

    running = client.get(f"/channels/{channel.id}/work?open={pull.id}", headers=HTMX)
    session.refresh(pull)
    pull.state, pull.lease_token, pull.finished_at = "done", None, utc_now()
    session.commit()
    ended = client.get(f"/channels/{channel.id}/work?open={pull.id}", headers=HTMX)

    assert "86/240" in running.get_data(as_text=True)
    assert 'hx-trigger="every 1s"' in running.get_data(as_text=True)
    assert "HX-Trigger" not in running.headers
    assert "every 1s" not in ended.get_data(as_text=True)
    assert "operation:ended" in ended.headers["HX-Trigger"]
    assert "orders:changed" in ended.headers["HX-Trigger"]
