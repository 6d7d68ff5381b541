"""The pages of webhooks: a secret shown once, nothing typed is lost, the log in plain words, buttons for who may."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.order_drafts import draft, make_channel, write
from tests.overtaking import says_who_what_when
from tests.webhooks.hearing import deliveries, states, subscribe, subscription, work
from tests.webhooks.receiver import Receiver, Reply
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.events.models import WebhookSubscription
from webapp.events.names import EventName

URL = "/settings/webhooks/"
HOOK = "https://erp.example.com/hooks?key=planted"


@pytest.fixture
def admin(app: Flask, session: Session) -> StaffClient:
    return at_desk(app)


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


def post(client: StaffClient, path: str, **typed: object) -> tuple[int, str]:
    response = client.post(URL + path, data={"csrf_token": client.token, **typed})
    return response.status_code, response.get_data(as_text=True)


def secret_in(page: str) -> str:
    [found] = re.findall(r"whsec_[\w+/=]+", page)
    return str(found)


def test_adding_when_all_is_well_then_its_secret_is_shown_once_and_never_again(
    admin: StaffClient, session: Session
) -> None:
    response = admin.post(
        f"{URL}new",
        data={"csrf_token": admin.token, "url": HOOK, "description": "ERP", "events": ["order.created"]},
    )

    page = response.get_data(as_text=True)
    [made] = session.scalars(select(WebhookSubscription)).all()
    secret = secret_in(page)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert (made.url, made.events, made.channels) == (HOOK, ["order.created"], [])
    for path in ("", f"{made.id}", f"{made.id}/edit"):
        assert secret not in admin.get(URL + path).get_data(as_text=True)


def test_adding_when_something_is_wrong_then_422_and_what_was_typed_comes_back(
    admin: StaffClient, channel: Channel, session: Session
) -> None:
    for typed in ({"url": "ftp://erp.example.com"}, {"url": ""}, {"url": HOOK, "events": []}):
        status, page = post(
            admin,
            "new",
            **{
                "description": "The <b>ERP",
                "events": ["refund.failed"],
                "channels": [str(channel.id)],
                **typed,
            },
        )

        assert status == 422
        assert 'class="k-errors"' in page
        assert 'value="The &lt;b&gt;ERP"' in page or "The &lt;b&gt;ERP" in page
        assert re.search(rf'name="channels"\s+value="{channel.id}"\s+checked', page)
    assert session.scalars(select(WebhookSubscription)).all() == []


def test_adding_when_an_event_or_channel_is_made_up_then_422(admin: StaffClient, session: Session) -> None:
    for typed in ({"events": ["order.exploded"]}, {"events": ["order.created"], "channels": ["99999", "x"]}):
        status, _ = post(admin, "new", url=HOOK, **typed)
        assert status == 422


def test_list_when_read_then_it_names_hosts_and_no_key(admin: StaffClient) -> None:
    post(admin, "new", url=HOOK, description="Şölen ERP", events=["order.created"])

    page = admin.get(URL).get_data(as_text=True)

    assert "erp.example.com" in page
    assert "Şölen ERP" in page
    assert "planted" not in page


def test_saving_when_somebody_was_faster_then_409_and_what_was_typed_stays(admin: StaffClient) -> None:
    made_id, _ = subscribe()
    form = {"url": "http://127.0.0.1:9/mine", "events": ["order.created"], "version": "1"}
    assert post(admin, f"{made_id}/edit", **form)[0] == 303

    status, page = post(admin, f"{made_id}/edit", **{**form, "description": "Mine"})

    assert status == 409
    assert "Ada Yılmaz changed this webhook" in page
    says_who_what_when(page, "Ada Yılmaz", "url")
    assert 'value="Mine"' in page
    assert 'name="version" type="hidden" value="2"' in page
    assert post(admin, f"{made_id}/edit", **{**form, "description": "Mine", "version": "2"})[0] == 303


def test_log_when_deliveries_failed_and_worked_then_the_answers_are_there_and_can_be_sent_again(
    admin: StaffClient, channel: Channel, receiver: Receiver
) -> None:
    made_id, _ = subscribe(receiver.url, [EventName.ORDER_CREATED])
    receiver.replies.append(Reply(500, b"Oops <script>boom</script> elif@example.com"))
    write(channel, draft(number="Ş<1"))
    work()

    page = admin.get(f"{URL}{made_id}").get_data(as_text=True)
    assert "&lt;script&gt;boom" in page
    assert "elif@example.com" not in page
    assert "Next try" in page
    assert "Nothing could be delivered since" in page
    assert "Ş&lt;1" in page

    with unit_of_work() as session:
        session.execute(text("UPDATE webhook_delivery SET state = 'failed'"))
    assert post(admin, f"{made_id}/replay-failed")[0] == 303
    work()
    assert states() == ["delivered"]
    delivery_id = deliveries()[0].id
    assert post(admin, f"{made_id}/deliveries/{delivery_id}/replay")[0] == 303
    work()
    assert len(receiver.received) == 3
    assert len({each.event_id for each in receiver.received}) == 1


def test_log_when_asked_by_htmx_then_only_the_list_comes(admin: StaffClient) -> None:
    made_id, _ = subscribe()

    response = admin.get(f"{URL}{made_id}?state=failed", headers={"HX-Request": "true"})

    page = response.get_data(as_text=True).strip()
    assert page.startswith('<section class="k-card" id="deliveries">')
    assert "<html" not in page


def test_buttons_when_pressed_then_paused_resumed_tested_rotated_and_deleted(
    admin: StaffClient, receiver: Receiver
) -> None:
    made_id, first = subscribe(receiver.url)

    assert post(admin, f"{made_id}/pause")[0] == 303
    assert subscription(made_id).is_paused
    assert post(admin, f"{made_id}/pause")[0] == 409
    assert post(admin, f"{made_id}/test")[0] == 409
    assert post(admin, f"{made_id}/resume")[0] == 303
    assert post(admin, f"{made_id}/test")[0] == 303
    work()
    assert receiver.types == ["webhook.test"]
    status, page = post(admin, f"{made_id}/secret")
    assert status == 200
    assert secret_in(page) != first
    assert post(admin, f"{made_id}/delete")[0] == 303
    db.session.rollback()  # the worker has ended the session that the test began with
    assert db.session.scalars(select(WebhookSubscription)).all() == []

    tags = db.session.scalars(
        select(AuditEntry.tag).where(AuditEntry.subject_type == "webhook").order_by(AuditEntry.id)
    ).all()
    assert tags == [
        "webhook.created", "webhook.paused", "webhook.resumed", "webhook.tested", "webhook.secret_rotated",
        "webhook.deleted",
    ]  # fmt: skip


def test_page_when_it_was_paused_by_itself_then_it_says_why(admin: StaffClient) -> None:
    made_id, _ = subscribe()
    with unit_of_work() as session:
        session.execute(
            text("UPDATE webhook_subscription SET paused_at = now(), paused_because = 'It said <no>.'")
        )

    page = admin.get(f"{URL}{made_id}").get_data(as_text=True)

    assert "It said &lt;no&gt;." in page
    assert "Send a test" not in page


@pytest.mark.parametrize("path", ["", "edit", "deliveries/1/replay", "pause", "secret"])
def test_pages_when_the_webhook_is_not_there_then_404(admin: StaffClient, path: str) -> None:
    for key in ("99999", str(2**70)):
        whole = f"{URL}{key}/{path}".rstrip("/")
        response = (
            admin.get(whole) if path in ("", "edit") else admin.post(whole, data={"csrf_token": admin.token})
        )
        assert response.status_code == 404


def test_somebody_limited_to_a_channel_when_looking_then_sees_only_webhooks_of_it(
    app: Flask, channel: Channel, session: Session
) -> None:
    other_id = make_channel(session, name="Other shop").id
    of_all, of_both, mine = (
        subscribe(channels=ids)[0] for ids in ((), (channel.id, other_id), (channel.id,))
    )
    operator = at_desk(app, Role.OPERATOR, channels=[channel.id])

    listed = operator.get(URL).get_data(as_text=True)

    assert f"{URL}{mine}" in listed
    for hidden in (of_all, of_both):
        assert f'{URL}{hidden}"' not in listed
        assert operator.get(f"{URL}{hidden}").status_code == 404
        assert post(operator, f"{hidden}/delete")[0] == 404
    assert post(operator, "new", url=HOOK, events=["order.created"])[0] == 422
    assert post(operator, "new", url=HOOK, events=["order.created"], channels=[str(channel.id)])[0] == 200
