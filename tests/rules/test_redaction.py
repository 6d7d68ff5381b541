"""What must never reach a log line, and what must stay readable there."""

import pytest

from webapp.core.redaction import redact, redact_value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail to ayse.yilmaz+shop@mail.example.com failed", "Mail to [e-mail] failed"),
        ("call +90 532 123 45 67 now", "call [phone] now"),
        ("call +905321234567 now", "call [phone] now"),
        ("call +49 (30) 1234 5678 now", "call [phone] now"),
        ("call 0532 123 45 67 now", "call [phone] now"),
        ("call 05321234567 now", "call [phone] now"),
        ("to TR33 0006 1005 1978 6457 8413 26 was refused", "to [IBAN] was refused"),
        ("to tr330006100519786457841326", "to [IBAN]"),
        ("to DE89370400440532013000, again", "to [IBAN], again"),
        ("card 4242 4242 4242 4242 declined", "card [card] declined"),
        ("card 4242424242424242 declined", "card [card] declined"),
        (
            "postgresql://kontor:hunter2@db.example.com/kontor",
            "postgresql://[withheld]@db.example.com/kontor",
        ),
        ("Authorization: Bearer abc.def-ghi", "Authorization: [withheld]"),
        ("consumer_secret=cs_12345&page=2", "consumer_secret=[withheld]&page=2"),
        ('{"password": "hunter2", "page": 2}', '{"password": "[withheld]", "page": 2}'),
        (
            "duplicate key\nDETAIL:  Key (email)=(a@example.com) already exists.\nLINE 1",
            "duplicate key\nDETAIL: [withheld]\nLINE 1",
        ),
    ],
)
def test_redact_when_text_names_a_person_or_a_secret_then_it_is_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Operation 3f2504e0-4f89-41d3-9a0c-0305e82c3301 (channel.pull) failed.",
        "order 1535788520182137 of channel 3",
        "2026-11-23T08:20:00.123456Z took 1234567890 ns",
        "2026-11-23 08:20:00+03:00",
        "GET /channels/<int:channel_id> 200 in 12.5 ms",
        "psycopg 3.3.9, SQLAlchemy 2.1.9, 127.0.0.1:5544",
        "abcdef0123456789abcdef0123456789",
        "de120123456789abcdef0123456789ab",
    ],
)
def test_redact_when_text_holds_ids_and_times_then_it_stays(text: str) -> None:
    assert redact(text) == text


def test_redact_value_when_the_name_is_secret_then_the_value_is_withheld_whole() -> None:
    given = {
        "api_key": "k",
        "staff": {"Password": "p", "id": 7},
        "ids": [1, "a@example.com"],
        "request_id": "de" * 16,
    }

    assert redact_value(given) == {
        "api_key": "[withheld]",
        "staff": {"Password": "[withheld]", "id": 7},
        "ids": [1, "[e-mail]"],
        "request_id": "de" * 16,
    }
