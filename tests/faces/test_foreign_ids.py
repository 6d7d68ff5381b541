"""S9 for the pages: whoever is limited to a channel gets 404 for every id of another's, and of colleagues' own things.

Walked from the application's map: an address with an id that nobody here has heard of fails the test. The API's ids are in
tests/api/test_rights.py.
"""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from tests.faces.test_security_headers import UNSAFE, routes
from tests.faces.test_security_routes import checksums
from tests.foreign import MINE, one_of_everything
from webapp.auth.roles import Role

_ID = re.compile(r"<(?:int|uuid):(\w+)>")
# Ids of what belongs to no channel, and who sees it.
OF_NO_CHANNEL = {
    "company_id": "carriers are everybody's",
    "token_id": "administrators see the keys of all; a session is its own person's",
    "session_id": "a session is its own person's, tested in test_auth_sessions.py",
}
# Machines sign what they send there.
SIGNED = ("/channels/<int:channel_id>/webhooks/",)
WORDS = {"<side>": "shipping", "<slug>": "accept_in_store"}
# These are about the money of all channels: closed to whoever is limited, whatever the id.
ALL_CHANNELS = re.compile("/finance/(transfers|reconciliation)/")


def addresses(app: Flask, foreign: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """(method, address with the ids of somebody else's things)."""
    for rule, _ in routes(app):
        names = _ID.findall(rule.rule)
        if not names or rule.rule.startswith(("/api/", *SIGNED)) or set(names) & OF_NO_CHANNEL.keys():
            continue
        url = _ID.sub(lambda found: foreign[found[1]][0], rule.rule)
        for word, value in WORDS.items():
            url = url.replace(word, value)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, url


@pytest.mark.parametrize("is_htmx", [False, True])
def test_every_id_when_it_is_of_another_channel_then_404_and_nothing_moves(
    app: Flask, session: Session, is_htmx: bool
) -> None:
    foreign = one_of_everything(session)
    client = at_desk(app, Role.ADMINISTRATOR, channels=[MINE])
    before = checksums(session, but={"audit_entry"})
    headers = {"HX-Request": "true"} if is_htmx else {}
    wrong, tried = [], 0
    for method, url in addresses(app, foreign):
        form = {"csrf_token": client.token} if method in UNSAFE else None
        status = client.open(url, method=method, data=form, headers=headers).status_code
        tried += 1
        expected = 403 if ALL_CHANNELS.match(url) else 404
        wrong += [(method, url, status)] if status != expected else []

    assert wrong == []
    assert tried > 90
    assert checksums(session, but={"audit_entry"}) == before


def test_control_when_the_reader_sees_all_channels_then_the_same_addresses_open(
    app: Flask, session: Session
) -> None:
    foreign = one_of_everything(session)
    client = at_desk(app, Role.ADMINISTRATOR)
    own = re.compile("/orders/(exports|views)/")
    closed = {
        url: client.get(url).status_code
        for method, url in addresses(app, foreign)
        if method == "GET" and not own.match(url) and client.get(url).status_code == 404
    }

    assert closed == {}
