"""Ids in addresses that no table can hold: there is no such thing, and the server says so instead of failing."""

import re

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import at_desk
from webapp.auth.roles import Role

# One more than PostgreSQL's integer holds, and one more than its bigint.
TOO_LARGE = (2**31, 2**63)
NUMBER = re.compile(r"<int:\w+>")


@pytest.mark.parametrize("number", TOO_LARGE)
def test_addresses_with_a_number_that_no_table_holds_when_asked_for_then_are_not_found(
    app: Flask, session: Session, number: int
) -> None:
    reader = at_desk(app, Role.ADMINISTRATOR)
    answers = {}
    for rule in app.url_map.iter_rules():
        url, numbers = NUMBER.subn(str(number), rule.rule)
        if numbers and "<" not in url and "GET" in (rule.methods or ()):
            answers[url] = reader.get(url).status_code
    assert len(answers) > 20
    assert {url: status for url, status in answers.items() if status not in (404, 405, 401)} == {}
