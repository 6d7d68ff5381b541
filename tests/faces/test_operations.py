"""Pages of background work: who sees what, paging, progress, a second chance."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditEntry
from webapp.core.clock import utc_now
from webapp.core.operations import Operation

HTMX = {"HX-Request": "true"}


def make_channel(session: Session, name: str = "Web shop TR") -> Channel:
    channel = Channel(name=name, channel_type="woocommerce", base_url="https://shop.example.test")
    session.add(channel)
    session.commit()
    return channel


def make_operation(session: Session, **values: object) -> Operation:
    defaults = {"kind": "channel.pull", "queue": "channels", "dedupe_key": uuid.uuid4().hex, "args": {}}
    if values.get("state") == "leased":
        defaults |= {"lease_token": uuid.uuid4(), "lease_until": utc_now() + timedelta(minutes=2)}
    operation = Operation(**{**defaults, **values})
    session.add(operation)
    session.commit()
    return operation


def test_list_when_work_exists_then_shows_kind_state_figures_error_and_who_asked(
    app: Flask, session: Session
) -> None:
    client = at_desk(app)
    shop = make_channel(session)
    make_operation(
        session,
        state="done",
        channel_id=shop.id,
        requested_by_id=client.staff_id,
        result={"created": 12, "updated": 3, "unchanged": 0, "failed": 0},
    )
    make_operation(
        session, state="dead", channel_id=shop.id, last_error="401: the key was refused", attempt=6
    )

    page = client.get("/operations/")

    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Web shop TR" in text
    assert "12 new, 3 changed" in text
    assert "401: the key was refused" in text
    assert "Given up" in text
    assert "Ada Yılmaz" in text
    assert "the schedule" in text


def test_list_when_asked_by_htmx_then_answers_the_fragment_alone(app: Flask, session: Session) -> None:
    client = at_desk(app)

    response = client.get("/operations/", headers=HTMX)

    assert response.get_data(as_text=True).lstrip().startswith('<section class="k-card" id="operations">')
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=dead", {"dead"}),
        ("state=ready&state=leased", {"ready", "leased"}),
        ("state=nonsense", {"ready", "leased", "done", "dead"}),
        ("mine=1", {"done"}),
        ("channel=1", {"leased"}),
    ],
)
def test_list_when_filtered_then_shows_exactly_what_matches(
    app: Flask, session: Session, query: str, expected: set[str]
) -> None:
    client = at_desk(app)
    shop = make_channel(session)
    rows = {
        "ready": make_operation(session, state="ready"),
        "leased": make_operation(session, state="leased", channel_id=shop.id),
        "done": make_operation(session, state="done", requested_by_id=client.staff_id),
        "dead": make_operation(session, state="dead"),
    }

    text = client.get(f"/operations/?{query}").get_data(as_text=True)

    assert {name for name, row in rows.items() if f"operation-{row.id}" in text} == expected


def test_list_when_longer_than_a_page_then_keyset_pages_show_every_row_once(
    app: Flask, session: Session
) -> None:
    # The same instant for all: the id must break the tie.
    at = utc_now()
    ids = {str(make_operation(session, state="done", created_at=at).id) for _ in range(120)}
    client = at_desk(app)

    seen: list[str] = []
    url = "/operations/"
    pages = 0
    while url:
        text = client.get(url).get_data(as_text=True)
        seen += [part[:36] for part in text.split('<tr id="operation-')[1:]]
        following = (
            text.split('rel="next"')[0].rpartition('href="')[2].split('"')[0] if 'rel="next"' in text else ""
        )
        url = following.replace("&amp;", "&")
        pages += 1

    assert pages == 3
    assert len(seen) == 120
    assert set(seen) == ids


@pytest.mark.parametrize("after", ["", "nonsense", "WyJyZWNlbnQiLCJ4Il0", "A" * 700])
def test_list_when_the_cursor_is_damaged_then_shows_the_first_page(
    app: Flask, session: Session, after: str
) -> None:
    operation = make_operation(session, state="done")

    page = at_desk(app).get("/operations/", query_string={"after": after})

    assert page.status_code == 200
    assert str(operation.id) in page.get_data(as_text=True)


def test_operation_when_it_runs_then_its_fragment_asks_again_and_shows_progress(
    app: Flask, session: Session
) -> None:
    operation = make_operation(session, state="leased", progress_done=86, progress_total=240)
    client = at_desk(app)

    text = client.get(f"/operations/{operation.id}", headers=HTMX).get_data(as_text=True)

    assert 'hx-trigger="every 1s"' in text
    assert 'max="240" value="86"' in text


def test_operation_when_it_has_ended_then_its_fragment_asks_no_more(app: Flask, session: Session) -> None:
    operation = make_operation(session, state="done", result={"created": 1})
    client = at_desk(app)

    text = client.get(f"/operations/{operation.id}", headers=HTMX).get_data(as_text=True)

    assert "hx-trigger" not in text


def test_operation_when_its_words_hold_markup_then_they_are_shown_not_run(
    app: Flask, session: Session
) -> None:
    operation = make_operation(session, state="dead", last_error='<img src=x onerror="alert(1)">')
    client = at_desk(app)

    for url in ("/operations/", f"/operations/{operation.id}"):
        text = client.get(url).get_data(as_text=True)
        assert "<img" not in text
        assert "&lt;img" in text


def test_limited_staff_when_they_look_then_other_channels_work_does_not_exist(
    app: Flask, session: Session
) -> None:
    own, other = make_channel(session, "Own"), make_channel(session, "Other")
    client = at_desk(app, Role.SUPERVISOR, channels=[own.id])
    mine = make_operation(session, state="dead", channel_id=own.id)
    theirs = make_operation(session, state="dead", channel_id=other.id, requested_by_id=client.staff_id)
    upkeep = make_operation(session, state="dead", kind="upkeep.sweep")
    asked = make_operation(session, state="dead", kind="tracking.upload", requested_by_id=client.staff_id)

    text = client.get("/operations/").get_data(as_text=True)

    assert [str(each.id) in text for each in (mine, theirs, upkeep, asked)] == [True, False, False, True]
    assert "Other" not in text
    for hidden in (theirs, upkeep):
        assert client.get(f"/operations/{hidden.id}").status_code == 404
        retried = client.post(f"/operations/{hidden.id}/retry", data={"csrf_token": client.token})
        assert retried.status_code == 404
    session.expire_all()
    assert {theirs.state, upkeep.state} == {"dead"}


def test_retry_when_given_up_then_it_waits_again_and_the_audit_says_who(app: Flask, session: Session) -> None:
    client = at_desk(app)
    operation = make_operation(session, state="dead", attempt=6, last_error="no answer")

    response = client.post(
        f"/operations/{operation.id}/retry",
        data={"csrf_token": client.token, "show": "row"},
        headers=HTMX,
    )

    session.refresh(operation)
    entry = session.scalars(select(AuditEntry)).one()
    assert response.status_code == 200
    assert response.get_data(as_text=True).lstrip().startswith(f'<tr id="operation-{operation.id}"')
    assert "operations:changed" in response.headers["HX-Trigger"]
    assert (operation.state, operation.attempt) == ("ready", 0)
    assert (entry.tag, entry.staff_id, entry.subject_id) == (
        "operation.retried",
        client.staff_id,
        str(operation.id),
    )


def test_retry_when_it_runs_then_is_refused_and_nothing_moves(app: Flask, session: Session) -> None:
    operation = make_operation(session, state="leased", attempt=2)
    client = at_desk(app)

    response = client.post(f"/operations/{operation.id}/retry", data={"csrf_token": client.token})

    session.refresh(operation)
    assert response.status_code == 409
    assert (operation.state, operation.attempt) == ("leased", 2)
    assert session.scalars(select(AuditEntry)).all() == []


def test_retry_when_the_role_does_not_allow_it_then_is_refused_and_not_offered(
    app: Flask, session: Session
) -> None:
    operation = make_operation(session, state="dead")
    client = at_desk(app, Role.AGENT)

    refused = client.post(f"/operations/{operation.id}/retry", data={"csrf_token": client.token})

    session.refresh(operation)
    assert refused.status_code == 403
    assert operation.state == "dead"
    assert "/retry" not in client.get("/operations/").get_data(as_text=True)


def test_live_when_work_runs_then_asks_again_and_when_it_ends_then_tells_the_page_once(
    app: Flask, session: Session
) -> None:
    client = at_desk(app)
    shop = make_channel(session)
    operation = make_operation(
        session,
        state="leased",
        channel_id=shop.id,
        requested_by_id=client.staff_id,
        progress_done=86,
        progress_total=240,
    )

    running = client.get("/operations/live", headers=HTMX)
    operation.state, operation.lease_token, operation.result = "done", None, {"created": 240, "failed": 3}
    operation.finished_at = utc_now() - timedelta(seconds=10)
    session.commit()
    ended = client.get(f"/operations/live?watch={operation.id}", headers=HTMX)
    later = client.get("/operations/live", headers=HTMX)

    text = running.get_data(as_text=True)
    assert "Pulling orders" in text
    assert "86/240" in text
    assert f"/operations/live?watch={operation.id}" in text
    assert 'hx-trigger="every 2s"' in text
    assert "HX-Trigger" not in running.headers
    assert "240 new, 3 failed" in ended.get_data(as_text=True)
    assert "hx-trigger" not in ended.get_data(as_text=True)
    assert "operation:ended" in ended.headers["HX-Trigger"]
    assert "orders:changed" in ended.headers["HX-Trigger"]
    # A page opened within the next seconds still says what came of it, but moves nothing.
    assert "240 new, 3 failed" in later.get_data(as_text=True)
    assert "HX-Trigger" not in later.headers


def test_live_when_only_scheduled_work_runs_then_the_bar_stays_empty_and_asks_no_more(
    app: Flask, session: Session
) -> None:
    make_operation(session, state="leased", channel_id=make_channel(session).id)
    client = at_desk(app)

    text = client.get("/operations/live?watch=nonsense", headers=HTMX).get_data(as_text=True)

    assert "Pulling" not in text
    assert "hx-trigger" not in text


@pytest.mark.parametrize("path", ["/operations/", "/operations/live", f"/operations/{uuid.uuid4()}"])
def test_pages_when_nobody_is_signed_in_then_lead_to_the_sign_in_page(
    app: Flask, session: Session, path: str
) -> None:
    response = app.test_client().get(path)

    assert response.status_code == 303
    assert response.headers["Location"].startswith("/sign-in?next=")
