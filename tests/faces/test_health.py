"""What machines ask: is it alive, can it work, how does it fare."""

import dataclasses
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.client import Client
from tests.servers import free_port
from webapp.core.clock import utc_now
from webapp.core.operations import Operation
from webapp.core.settings import Settings


@pytest.fixture
def with_settings(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """Lends the app other settings for one test."""

    def change(**values: object) -> None:
        monkeypatch.setitem(app.extensions, "kontor_settings", dataclasses.replace(settings, **values))

    return change


def test_healthz_when_the_process_runs_then_answers_without_asking_anybody(
    client: Client, with_settings
) -> None:
    with_settings(database_url=f"postgresql://kontor:x@127.0.0.1:{free_port()}/kontor")

    response = client.get("/healthz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_readyz_when_everything_is_there_then_names_every_part_as_ok(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.get_json() == {"status": "ready", "database": "ok", "redis": "ok", "migrations": "ok"}


def test_readyz_when_the_database_is_away_then_says_so_with_503(client: Client, with_settings) -> None:
    with_settings(database_url=f"postgresql://kontor:x@127.0.0.1:{free_port()}/kontor")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.get_json() == {
        "status": "not ready",
        "database": "missing",
        "redis": "ok",
        "migrations": "missing",
    }


def test_readyz_when_redis_is_away_then_says_so_with_503(client: Client, with_settings) -> None:
    with_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.get_json()["redis"] == "missing"
    assert response.get_json()["database"] == "ok"


def test_readyz_when_the_schema_is_older_than_the_code_then_says_migrations_are_missing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.health.head", lambda: "9999_not_applied_yet")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.get_json()["migrations"] == "missing"


def test_metrics_when_asked_from_this_machine_then_tells_requests_and_work(
    client: Client, session: Session
) -> None:
    now = utc_now()
    session.add_all(
        [
            _operation(state="ready", next_run_at=now - timedelta(seconds=90)),
            _operation(state="ready", next_run_at=now + timedelta(hours=1)),
            _operation(state="dead", channel_id=7),
            _operation(state="done", channel_id=7, created_at=now - timedelta(minutes=5)),
            _operation(state="done", channel_id=7, created_at=now - timedelta(hours=2)),
        ]
    )
    session.commit()
    client.get("/healthz")

    response = client.get("/metrics")

    lines = response.get_data(as_text=True).splitlines()
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert 'kontor_operations{kind="channel.pull",state="ready"} 2.0' in lines
    assert 'kontor_operations{kind="channel.pull",state="dead"} 1.0' in lines
    assert 'kontor_operations{kind="channel.pull",state="done"} 1.0' in lines
    assert 'kontor_pulls{channel_id="7",state="done"} 1.0' in lines
    assert 'kontor_oldest_due_operation_age_seconds{queue="money"} 0.0' in lines
    assert 90 <= _value(lines, 'kontor_oldest_due_operation_age_seconds{queue="channels"}') < 150
    assert _value(lines, "kontor_database_up") == 1
    counted = 'kontor_http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}'
    assert _value(lines, counted) >= 1


def test_metrics_when_the_route_has_ids_then_the_label_is_the_rule_and_strangers_share_one(
    client: Client,
) -> None:
    client.get("/no/such/page/4711")

    text = client.get("/metrics").get_data(as_text=True)

    assert 'route="(unmatched)"' in text
    assert "page/4711" not in text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 404),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 404),
        ("192.0.2.7", {"Authorization": "Bearer guessed"}, 404),
    ],
)
def test_metrics_when_no_token_is_set_then_only_direct_local_askers_see_them(
    client: Client, address: str, headers: dict[str, str], status: int
) -> None:
    response = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert response.status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 404), ({"Authorization": "Bearer wrong"}, 404), ({"Authorization": "Bearer a-long-token"}, 200)],
)
def test_metrics_when_a_token_is_set_then_it_is_demanded_from_everywhere(
    client: Client, with_settings, headers: dict[str, str], status: int
) -> None:
    with_settings(metrics_token="a-long-token")

    assert client.get("/metrics", headers=headers).status_code == status


def test_every_response_when_answered_then_carries_a_request_id_of_ours(client: Client) -> None:
    first = client.get("/healthz", headers={"X-Request-Id": "chosen-by-a-stranger"})
    second = client.get("/no/such/page")

    ids = [first.headers["X-Request-Id"], second.headers["X-Request-Id"]]
    assert all(uuid.UUID(each).hex == each for each in ids)
    assert ids[0] != ids[1]


def _operation(**values: object) -> Operation:
    defaults = {"kind": "channel.pull", "queue": "channels", "dedupe_key": uuid.uuid4().hex, "args": {}}
    return Operation(**{**defaults, **values})


def _value(lines: list[str], name: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))
