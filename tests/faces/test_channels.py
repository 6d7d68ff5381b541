"""Pages of channels: how they fare, pulling once, backfilling, mending and trying failed records again, settings."""

import re
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.channels.models import Channel, Mapping, PullCursor, RateBucket, RemoteRecord
from webapp.core.audit import AuditEntry
from webapp.core.breaker import CircuitBreaker
from webapp.core.clock import utc_now
from webapp.core.operations import Operation
from webapp.core.secrets import current_vault

HTMX = {"HX-Request": "true"}
PLANTED = "ck_planted_and_never_shown"


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel with credentials and no schedule."""
    return make_channel(session)


def make_channel(session: Session, **values: Any) -> Channel:
    channel = Channel(
        **{
            "name": "Web shop TR",
            "channel_type": "woocommerce",
            "base_url": "https://shop.example.com",
            "credentials": current_vault().encrypt_fields(
                {"consumer_key": PLANTED, "consumer_secret": PLANTED}
            ),
            **values,
        }
    )
    session.add(channel)
    session.commit()
    return channel


def make_record(session: Session, channel: Channel, **values: Any) -> RemoteRecord:
    record = RemoteRecord(
        **{
            "channel_id": channel.id,
            "remote_id": uuid.uuid4().hex[:12],
            "number": "1535",
            "content_hash": "0" * 64,
            "payload": {"id": 1535, "total": 12.10, "billing": {"email": "planted@example.com"}},
            "state": "failed",
            "failure_class": "mapping",
            "failure_words": "The mapping of the status “wc-odd” is wrong: no such status.",
            "attempts": 2,
            **values,
        }
    )
    session.add(record)
    session.commit()
    return record


def page(client: StaffClient, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def operations(session: Session) -> list[Operation]:
    session.rollback()
    return list(session.scalars(select(Operation).order_by(Operation.created_at, Operation.id)))


# The list and the page of one channel.


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


# Pull now.


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


# Backfill.


@pytest.mark.parametrize(
    ("form", "args"),
    [
        (
            {"which": "days", "start_date": "2026-11-01", "end_date": "2026-11-02"},
            # Whole days in Istanbul, three hours before UTC.
            {"start_date": "2026-11-01T00:00:00+03:00", "end_date": "2026-11-02T23:59:59+03:00"},
        ),
        ({"which": "days", "start_date": "2026-11-01"}, {"start_date": "2026-11-01T00:00:00+03:00"}),
        (
            {"which": "before", "created_before": "2026-11-01"},
            {"created_before": "2026-10-31T23:59:59+03:00"},
        ),
        (
            {"which": "numbers", "order_numbers_to_fetch": " 17,18;17\n19\t20 "},
            {"order_numbers_to_fetch": ["17", "18", "19", "20"]},
        ),
        ({"which": "after", "order_id": " 88731 "}, {"order_id": "88731"}),
        ({"which": "all"}, {"fetch_all_orders": True}),
        ({"which": "all", "dry_run": "y"}, {"fetch_all_orders": True, "dry_run": True}),
        # Fields of another choice do not count.
        ({"which": "after", "order_id": "1", "start_date": "2026-11-01"}, {"order_id": "1"}),
    ],
)
def test_backfill_when_the_form_is_whole_then_exactly_that_is_asked_for(
    app: Flask, session: Session, channel: Channel, form: dict[str, str], args: dict[str, Any]
) -> None:
    client = at_desk(app)

    response = client.post(f"/channels/{channel.id}/backfill", data={**form, "csrf_token": client.token})

    (asked,) = operations(session)
    assert response.headers["Location"] == f"/operations/{asked.id}"
    assert (asked.kind, asked.args, asked.requested_by_id) == ("channel.backfill", args, client.staff_id)


@pytest.mark.parametrize(
    ("form", "field", "sentence"),
    [
        ({"which": "days"}, "start_date", "Give the first day, the last day, or both."),
        (
            {"which": "days", "start_date": "2026-11-05", "end_date": "2026-11-01"},
            "end_date",
            "not before the start",
        ),
        ({"which": "days", "start_date": "yesterday"}, "start_date", "Not a valid date value"),
        ({"which": "days", "start_date": "0001-01-01"}, "start_date", "Choose a year"),
        ({"which": "before"}, "created_before", "Write something here."),
        (
            {"which": "numbers", "order_numbers_to_fetch": " ,; "},
            "order_numbers_to_fetch",
            "at least one order number",
        ),
        ({"which": "numbers", "order_numbers_to_fetch": "9" * 65}, "order_numbers_to_fetch", "too long"),
        (
            {"which": "numbers", "order_numbers_to_fetch": " ".join(map(str, range(1001)))},
            "order_numbers_to_fetch",
            "at most 1000",
        ),
        ({"which": "after"}, "order_id", "Write something here."),
        ({"which": "nonsense"}, "which", "Not a valid choice"),
    ],
)
def test_backfill_when_a_field_is_wrong_then_422_says_which_and_nothing_typed_is_lost(
    app: Flask, session: Session, channel: Channel, form: dict[str, str], field: str, sentence: str
) -> None:
    client = at_desk(app)
    typed = {"csrf_token": client.token, "order_id": "kept-17", "dry_run": "y", **form}
    if form["which"] == "after":
        typed |= {"order_id": "", "order_numbers_to_fetch": "kept-17"}

    response = client.post(f"/channels/{channel.id}/backfill", data=typed)

    text = response.get_data(as_text=True)
    assert response.status_code == 422
    assert sentence in text
    assert f'href="#{field}"' in text
    assert "kept-17" in text
    assert re.search(r'<input[^>]*checked[^>]*name="dry_run"|name="dry_run"[^>]*checked', text)
    assert operations(session) == []


def test_backfill_when_another_runs_then_409_keeps_the_form(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    url = f"/channels/{channel.id}/backfill"
    client.post(url, data={"which": "all", "csrf_token": client.token})

    response = client.post(url, data={"which": "after", "order_id": "kept-17", "csrf_token": client.token})

    assert response.status_code == 409
    assert "Another backfill" in response.get_data(as_text=True)
    assert "kept-17" in response.get_data(as_text=True)
    assert len(operations(session)) == 1


def test_dry_run_when_done_then_its_page_lists_the_changes_and_one_click_does_them(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    client.post(
        f"/channels/{channel.id}/backfill", data={"which": "all", "dry_run": "y", "csrf_token": client.token}
    )
    (dry,) = operations(session)
    dry.state = "done"
    dry.result = {
        "seen": 3, "created": 1, "updated": 0, "unchanged": 1, "failed": 1, "dry_run": True,
        "changes": [
            {"remote_id": "1", "number": "1535", "verdict": "created", "words": ""},
            {"remote_id": "2", "number": "1536", "verdict": "failed", "words": "The field total is no amount."},
        ],
    }  # fmt: skip
    session.commit()

    text = page(client, f"/operations/{dry.id}")
    client.post(f"/channels/{channel.id}/backfill/{dry.id}", data={"csrf_token": client.token})

    assert "1535" in text and "would be new" in text
    assert "1536" in text and "could not be taken" in text and "The field total is no amount." in text
    real = next(each for each in operations(session) if each.id != dry.id)
    assert real.args == {"fetch_all_orders": True}


def test_doing_a_dry_run_when_it_is_another_operation_then_404(
    app: Flask, session: Session, channel: Channel
) -> None:
    client = at_desk(app)
    client.post(f"/channels/{channel.id}/pull", data={"csrf_token": client.token})
    (pull,) = operations(session)

    for key in (pull.id, uuid.uuid4()):
        assert (
            client.post(
                f"/channels/{channel.id}/backfill/{key}", data={"csrf_token": client.token}
            ).status_code
            == 404
        )


# Failed records.


def test_failed_records_when_listed_then_say_class_words_and_tries_page_by_page(
    app: Flask, session: Session, channel: Channel
) -> None:
    records = [make_record(session, channel, number=f"N-{n:03}") for n in range(60)]
    make_record(session, channel, number="TAKEN", state="applied", failure_class=None)
    make_record(
        session, channel, number="ODD", failure_class="bug", failure_words="KeyError", remote_id="odd"
    )
    client = at_desk(app)

    first = page(client, f"/channels/{channel.id}/failed")
    url = re.search(r'href="([^"]+)"[^>]*rel="next"', first.replace("\n", " "))
    assert url is not None
    second = page(client, url[1].replace("&amp;", "&"))
    by_class = page(client, f"/channels/{channel.id}/failed?class=bug")

    shown = re.findall(r'<tr id="record-(\d+)"', first + second)
    assert sorted(map(int, shown)) == sorted(
        [*(each.id for each in records), max(each.id for each in records) + 2]
    )
    assert "TAKEN" not in first + second
    assert "Mapping missing" in first and "no such status" in first and "2 tries" in first
    assert re.findall(r"<b>(\d+)</b>", first)[:3] == ["61", "60", "1"]
    assert "ODD" in by_class and "N-059" not in by_class


def test_record_when_shown_then_has_the_channels_words_beside_what_it_sent(
    app: Flask, session: Session, channel: Channel
) -> None:
    record = make_record(session, channel)

    text = page(at_desk(app), f"/channels/{channel.id}/failed/{record.id}")

    assert "The mapping of the status “wc-odd” is wrong" in text
    assert "planted@example.com" in text
    # The number keeps its own digits.
    assert "12.1" in text
    # The form knows which word is meant.
    assert 'value="wc-odd"' in text


def test_record_when_the_role_may_not_read_payloads_then_it_is_not_shown(
    app: Flask, session: Session, channel: Channel
) -> None:
    record = make_record(session, channel)

    text = page(at_desk(app, Role.AGENT), f"/channels/{channel.id}/failed/{record.id}")

    assert "planted@example.com" not in text
    assert "your role does not show it" in text


def test_record_when_it_belongs_to_another_channel_then_404(
    app: Flask, session: Session, channel: Channel
) -> None:
    other = make_channel(session, name="Other")
    record = make_record(session, other)
    client = at_desk(app)

    assert client.get(f"/channels/{channel.id}/failed/{record.id}").status_code == 404
    refused = client.post(
        f"/channels/{channel.id}/replay", data={"record_id": record.id, "csrf_token": client.token}
    )
    assert refused.status_code == 404
    assert operations(session) == []


@pytest.mark.parametrize(("ticked", "leads_to"), [(1, "/failed/{}"), (3, "/failed")])
def test_replay_when_records_are_ticked_then_exactly_these_are_tried(
    app: Flask, session: Session, channel: Channel, ticked: int, leads_to: str
) -> None:
    ids = [make_record(session, channel).id for _ in range(5)][:ticked]
    client = at_desk(app)

    response = client.post(
        f"/channels/{channel.id}/replay", data={"record_id": ids, "csrf_token": client.token}
    )

    (asked,) = operations(session)
    assert (asked.kind, asked.args) == ("channel.replay", {"record_ids": ids})
    assert response.headers["Location"] == f"/channels/{channel.id}" + leads_to.format(ids[0])


def test_replay_when_all_are_asked_for_then_no_list_of_ids_is_kept(
    app: Flask, session: Session, channel: Channel
) -> None:
    make_record(session, channel)
    client = at_desk(app)

    client.post(f"/channels/{channel.id}/replay", data={"all": "1", "csrf_token": client.token})

    (asked,) = operations(session)
    assert (asked.kind, asked.args) == ("channel.replay", {})


@pytest.mark.parametrize("ids", [[], ["abc"], ["-1"], ["9" * 30], ["１"]])
def test_replay_when_nothing_real_is_ticked_then_422(
    app: Flask, session: Session, channel: Channel, ids: list[str]
) -> None:
    client = at_desk(app)

    response = client.post(
        f"/channels/{channel.id}/replay", data={"record_id": ids, "csrf_token": client.token}
    )

    assert response.status_code == 422
    assert operations(session) == []


def test_mend_when_the_word_gets_a_meaning_then_the_mapping_is_kept_and_the_record_tried(
    app: Flask, session: Session, channel: Channel
) -> None:
    record = make_record(session, channel)
    client = at_desk(app)
    url = f"/channels/{channel.id}/failed/{record.id}/mend"
    form = {"kind": "status", "remote_value": "wc-odd", "csrf_token": client.token}

    refused = client.post(url, data={**form, "local_value": "999"})
    asked_for_nothing = operations(session)
    client.post(url, data={**form, "local_value": "400"})
    client.post(url, data={**form, "local_value": "450"})

    mapping = session.scalars(select(Mapping)).one()
    tags = session.scalars(select(AuditEntry.tag).order_by(AuditEntry.id)).all()
    assert refused.status_code == 422
    assert "is no order status" in refused.get_data(as_text=True)
    assert asked_for_nothing == []
    assert (mapping.kind, mapping.remote_value, mapping.local_value) == ("status", "wc-odd", "450")
    assert tags == ["mapping.created", "mapping.changed"]
    assert [each.args for each in operations(session)] == [{"record_ids": [record.id]}]


# Connecting and changing.

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
