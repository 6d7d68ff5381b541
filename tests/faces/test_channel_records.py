"""Records that no order could be made of: listed, shown, mended, tried again."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.channel_pages import make_channel, make_record, operations, page
from webapp.auth.roles import Role
from webapp.channels.models import Channel, Mapping
from webapp.core.audit import AuditEntry


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel with credentials and no schedule."""
    return make_channel(session)


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
