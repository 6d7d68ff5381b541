"""Webhooks by the API: the same service as the pages, the secret told once, and nobody else's webhooks."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.api.programs import Program, program
from tests.order_drafts import draft, make_channel, write
from tests.webhooks.hearing import subscribe, subscription, work
from tests.webhooks.receiver import Receiver
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work

HOOK = {"url": "https://erp.example.com/hooks?key=1", "events": ["order.created", "refund.settled"]}


@pytest.fixture
def erp(app: Flask, session: Session) -> Program:
    return program(app)


@pytest.fixture
def channel(session: Session) -> Channel:
    channel = make_channel(session)
    session.refresh(channel)
    session.expunge(channel)
    return channel


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_webhook_when_added_then_its_secret_is_in_that_answer_alone(erp: Program, channel: Channel) -> None:
    made = erp.post("/webhooks/", {**HOOK, "channels": [channel.id], "description": "ERP"})

    assert made.status_code == 201
    answer = made.json
    assert answer is not None
    pk = answer["pk"]
    assert made.headers["Location"] == f"/api/v1/webhooks/{pk}/"
    assert answer["secret"].startswith("whsec_")
    assert (answer["events"], answer["channels"]) == (HOOK["events"], [channel.id])
    one = erp.get(f"/webhooks/{pk}/").json
    assert one == {name: value for name, value in answer.items() if name != "secret"}
    assert erp.get("/webhooks/").json == {"count": 1, "results": [one]}


def test_webhook_when_added_twice_with_one_key_then_there_is_one_and_its_secret_is_not_kept(
    erp: Program,
) -> None:
    first, again = (erp.post("/webhooks/", HOOK, headers={"Idempotency-Key": "k1"}) for _ in range(2))

    assert first.json is not None and again.json is not None
    assert first.json["secret"].startswith("whsec_")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == {**first.json, "secret": None}
    assert erp.get("/webhooks/").json["count"] == 1  # type: ignore[index]
    kept = db.session.execute(text("SELECT convert_from(body, 'UTF8') FROM api_idempotency")).scalars().all()
    assert kept
    assert first.json["secret"] not in "".join(kept)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"url": "ftp://erp.example.com"}, "url"),
        ({"url": "https://me:pw@erp.example.com"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["order.exploded"]}, "events.0"),
        ({"channels": [99_999]}, "channels"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_webhook_when_something_is_wrong_then_422_names_the_field(
    erp: Program, sent: dict[str, object], field: str
) -> None:
    refused = erp.post("/webhooks/", {**HOOK, **sent})

    assert refused.status_code == 422
    assert list(refused.json["fields"]) == [field]  # type: ignore[index]


def test_webhook_when_changed_then_what_was_not_sent_stays(erp: Program) -> None:
    pk = erp.post("/webhooks/", {**HOOK, "description": "ERP"}).json["pk"]  # type: ignore[index]

    changed = erp.patch(f"/webhooks/{pk}/", {"events": ["order.updated"]}).json

    assert changed is not None
    assert (changed["events"], changed["description"], changed["url"]) == (
        ["order.updated"], "ERP", HOOK["url"],
    )  # fmt: skip


def test_webhook_when_paused_resumed_and_deleted_then_each_answer_says_so(erp: Program) -> None:
    pk = erp.post("/webhooks/", HOOK).json["pk"]  # type: ignore[index]

    assert erp.post(f"/webhooks/{pk}/pause/").json["is_paused"] is True  # type: ignore[index]
    assert erp.post(f"/webhooks/{pk}/pause/").status_code == 409
    assert erp.post(f"/webhooks/{pk}/resume/").json["is_paused"] is False  # type: ignore[index]
    rotated = erp.post(f"/webhooks/{pk}/rotate_secret/").json
    assert rotated is not None
    assert rotated["secret"].startswith("whsec_")
    assert rotated["former_secret_until"]
    assert erp.open("DELETE", f"/webhooks/{pk}/").status_code == 204
    assert erp.get(f"/webhooks/{pk}/").status_code == 404


def test_deliveries_when_walked_then_each_is_there_once_and_can_be_sent_again(
    erp: Program, channel: Channel, receiver: Receiver
) -> None:
    pk, _ = subscribe(receiver.url)
    write(channel, *[draft(str(number)) for number in range(1001, 1006)])
    work()
    found, path = [], f"/webhooks/{pk}/deliveries/?page_size=2"
    while path:
        page = erp.get(path).json
        assert page is not None
        found += page["results"]
        path = page["next"]

    assert [each["type"] for each in found] == ["order.created"] * 5
    assert [each["event"] for each in found] == [each.event_id for each in reversed(receiver.received)]
    assert {each["state"] for each in found} == {"delivered"}
    assert erp.get(f"/webhooks/{pk}/deliveries/?state=failed,waiting").json["results"] == []  # type: ignore[index]

    assert erp.post(f"/webhooks/{pk}/deliveries/{found[0]['pk']}/replay/").status_code == 202
    work()
    assert receiver.received[5].event_id == found[0]["event"]
    with unit_of_work() as unit:
        unit.execute(text("UPDATE webhook_delivery SET state = 'failed'"))
    assert erp.post(f"/webhooks/{pk}/replay_failed/").status_code == 202
    work()
    assert len(receiver.received) == 11
    assert erp.post(f"/webhooks/{pk}/replay_failed/").status_code == 409


def test_test_event_when_asked_for_then_it_arrives(erp: Program, receiver: Receiver) -> None:
    pk, _ = subscribe(receiver.url)

    assert erp.post(f"/webhooks/{pk}/test/").status_code == 202
    work()

    assert receiver.types == ["webhook.test"]


def test_webhooks_when_the_token_is_limited_to_a_channel_then_others_are_not_there(
    app: Flask, channel: Channel, session: Session
) -> None:
    of_all, mine = subscribe()[0], subscribe(channels=[channel.id])[0]
    limited = program(app, Role.OPERATOR, channel_ids=[channel.id])

    assert [each["pk"] for each in limited.get("/webhooks/").json["results"]] == [mine]  # type: ignore[index]
    for method, path in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "pause/"), ("POST", "test/"), ("GET", "deliveries/"),
    ):  # fmt: skip
        body = {"json": {}} if method in ("POST", "PATCH") else {}
        assert limited.open(method, f"/webhooks/{of_all}/{path}", **body).status_code == 404
    assert limited.post("/webhooks/", HOOK).status_code == 422
    assert not subscription(of_all).is_paused


def test_webhooks_when_the_role_may_not_then_403(app: Flask, session: Session) -> None:
    assert program(app, Role.FINANCE).get("/webhooks/").status_code == 403


def test_webhook_when_added_by_a_program_then_its_person_is_named(erp: Program) -> None:
    made = erp.post("/webhooks/", HOOK).json

    assert made is not None
    assert made["created_by"] == db.session.scalars(select(StaffUser.id)).one()
