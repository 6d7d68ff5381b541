"""Fetching chosen orders of a channel: the form, its dry run, and doing what that has shown."""

import re
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.channel_pages import make_channel, operations, page
from webapp.channels.models import Channel


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel with credentials and no schedule."""
    return make_channel(session)


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
