"""What a channel was told: on the order's page, on the channel's, on attention; sending again, and done by hand."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancelling import Counter
from tests.channels.telling import action_now, deliveries
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.orders.models import IntegrationAction

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def order_id(counter: Counter) -> int:
    return counter.order(number="1001")


def left(counter: Counter, order_id: int, **columns: Any) -> int:
    """A message to the channel; its id."""
    given = {"kind": "tracking", "state": "given_up", "failure_words": "The order is locked.", "attempts": 8}
    with unit_of_work() as unit:
        action = IntegrationAction(
            channel_id=counter.desk.channel.id, order_id=order_id, args={}, **{**given, **columns}
        )
        unit.add(action)
        unit.flush()
        return action.id


def post(client: StaffClient, path: str, **headers: str):  # type: ignore[no-untyped-def]
    return client.post(path, data={"csrf_token": client.token}, headers=headers)


def test_order_page_when_the_channel_was_told_then_each_message_with_state_words_and_attempts(
    app: Flask, counter: Counter, order_id: int
) -> None:
    left(counter, order_id)
    left(counter, order_id, kind="cancel", state="sent", attempts=1, failure_words=None)
    page = at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}").text
    for words in (
        "Told to the channel",
        "Tracking number",
        "Given up",
        "8 attempts",
        "The order is locked.",
        "Cancelled items",
        "Demo shop was not told",
    ):
        assert words in page, words
    assert page.count("Send again") == 1
    assert page.count("Done there") == 1


def test_order_page_when_the_channel_gave_a_code_then_it_stands_behind_its_words_and_none_of_ours_does(
    app: Flask, counter: Counter, order_id: int
) -> None:
    left(counter, order_id, failure_code="rest_cannot_edit")
    left(counter, order_id, kind="cancel", state="unsupported", failure_code="unsupported")
    page = at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}").text
    assert "(rest_cannot_edit)" in page
    assert "(unsupported)" not in page


def test_order_page_when_nothing_was_told_then_no_panel(app: Flask, order_id: int) -> None:
    assert "Told to the channel" not in at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}").text


def test_send_again_when_given_up_then_it_waits_anew_and_the_log_says_who(
    app: Flask, counter: Counter, order_id: int
) -> None:
    action_id = left(counter, order_id)
    answer = post(at_desk(app, Role.OPERATOR), f"/orders/{order_id}/told/{action_id}/again", **HTMX)
    assert (answer.status_code, "order:changed" in answer.headers["HX-Trigger"]) == (204, True)
    again = action_now(action_id)
    assert (again.state, again.attempts) == ("waiting", 0)
    assert [each.state for each in deliveries()] == ["ready"]
    tag = "integration_action.sent_again"
    assert db.session.scalars(select(AuditEntry.order_id).where(AuditEntry.tag == tag)).all() == [order_id]


def test_send_again_when_it_was_told_meanwhile_then_409_and_nothing_moves(
    app: Flask, counter: Counter, order_id: int
) -> None:
    action_id = left(counter, order_id, state="sent", attempts=1)
    answer = post(at_desk(app, Role.OPERATOR), f"/orders/{order_id}/told/{action_id}/again", **HTMX)
    assert answer.status_code == 409
    assert "nothing to send again" in answer.text
    assert action_now(action_id).state == "sent"
    assert deliveries() == []


@pytest.mark.parametrize(
    ("role", "deed", "status"),
    [
        (Role.AGENT, "again", 403),
        (Role.FINANCE, "again", 403),
        (Role.AGENT, "by-hand", 204),
        (Role.OPERATOR, "by-hand", 403),
    ],
)
def test_deeds_when_asked_then_by_role(
    app: Flask, counter: Counter, order_id: int, role: Role, deed: str, status: int
) -> None:
    action_id = left(counter, order_id, state="unsupported")
    answer = post(at_desk(app, role), f"/orders/{order_id}/told/{action_id}/{deed}", **HTMX)
    assert answer.status_code == status
    assert action_now(action_id).state == ("by_hand" if status == 204 else "unsupported")


def test_deeds_when_the_order_is_of_a_channel_one_may_not_know_or_the_message_of_another_order_then_404(
    app: Flask, counter: Counter, order_id: int
) -> None:
    action_id = left(counter, order_id)
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    assert post(stranger, f"/orders/{order_id}/told/{action_id}/again").status_code == 404
    other = counter.order(number="1002")
    colleague = at_desk(app, Role.SUPERVISOR)
    assert post(colleague, f"/orders/{other}/told/{action_id}/again").status_code == 404
    assert post(colleague, f"/orders/{order_id}/told/{2**70}/again").status_code == 404
    assert action_now(action_id).state == "given_up"


def test_attention_when_a_channel_was_not_told_then_sending_again_is_there_and_leads_back(
    app: Flask, counter: Counter, order_id: int
) -> None:
    action_id = left(counter, order_id)
    desk = at_desk(app, Role.SUPERVISOR)
    assert f"/orders/{order_id}/told/{action_id}/again" in desk.get("/attention/").text
    answer = desk.post(
        f"/orders/{order_id}/told/{action_id}/by-hand", data={"csrf_token": desk.token, "back": "attention"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/attention/")
    assert "Channels that were not told" not in desk.get("/attention/").text


def test_channel_page_when_it_was_not_told_things_then_shows_them_and_sends_all_again(
    app: Flask, counter: Counter, order_id: int
) -> None:
    given_up, impossible = left(counter, order_id), left(counter, order_id, state="unsupported", kind="stock")
    channel = f"/channels/{counter.desk.channel.id}"
    desk = at_desk(app, Role.OPERATOR)
    page = desk.get(channel).text
    for words in ("To be told", "The order is locked.", "To be done there by hand", "Send all again"):
        assert words in page, words
    answer = post(desk, f"{channel}/told/again", **HTMX)
    assert (answer.status_code, "1 message is sent again." in answer.headers["HX-Trigger"]) == (200, True)
    assert (action_now(given_up).state, action_now(impossible).state) == ("waiting", "unsupported")
    assert "1 on its way" in desk.get(channel).text
