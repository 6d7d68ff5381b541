"""Bodies that no honest program sends: each is refused in words, and nothing moves."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.api.programs import program
from tests.faces.test_security_routes import checksums
from tests.order_drafts import draft, make_channel, write

NOTED = {"api_token", "audit_entry"}
UNREADABLE = {
    "no JSON": b"notes=Ring",
    "half of it": b'{"notes": "Ring',
    "a form of numbers that JSON does not know": b'{"amount": NaN}',
    "a number beyond a double": b'{"extra_field": {"a": 1e999}}',
    "more digits than anybody reads": b'{"notes": ' + b"1" * 5_000 + b"}",
    "nested without end": b'{"extra_field": ' + b'{"a":' * 500 + b"1" + b"}" * 501,
    "lists without end": b"[" * 100_000,
    "no text": b"\xff\xfe\x00\x01",
    "a name that stands twice": b'{"notes": "Ring once", "notes": "Ring twice"}',
    "a name that stands twice further in": b'{"extra_field": {"a": 1, "a": 2}}',
}
NOT_TAKEN = {
    "nothing": b"null",
    "a list": b"[]",
    "a text": b'"notes"',
    "NUL in a text": b'{"notes": "a\\u0000b"}',
    "NUL in a name": b'{"extra_field": {"a\\u0000b": 1}}',
    "half of a surrogate pair": b'{"notes": "\\ud800"}',
    "a number for a text": b'{"notes": 1}',
    "a text for yes and no": b'{"has_gift_box": "true"}',
    "digits of another script": '{"checkout_provider_id": "١٢"}'.encode(),
    "a number that no column holds": b'{"checkout_provider_id": 9223372036854775808}',
    "a day before all days": b'{"invoice_date": "0001-01-01T00:00:00+14:00"}',
}


@pytest.mark.parametrize("words", [*UNREADABLE, *NOT_TAKEN])
def test_a_body_when_it_cannot_be_taken_then_refused_and_nothing_moves(
    app: Flask, session: Session, words: str
) -> None:
    write(make_channel(session), draft())
    caller, before = program(app), checksums(session, but=NOTED)

    answer = caller.open(
        "PATCH", "/orders/1/", data={**UNREADABLE, **NOT_TAKEN}[words], content_type="application/json"
    )

    expected = (400, "bad_request") if words in UNREADABLE else (422, "invalid_input")
    assert (answer.status_code, answer.json["code"]) == expected, answer.text
    assert checksums(session, but=NOTED) == before
