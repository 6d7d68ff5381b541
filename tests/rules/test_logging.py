"""What a log line is made of: JSON for machines, one event a line, nothing of people even in an exception's words."""

import io
import json
import logging

import pytest
import structlog

from webapp.core.logging import _formatter, _structlog_over_stdlib


@pytest.fixture
def lines():  # type: ignore[no-untyped-def]
    """A logger of its own and what it has written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(as_json=True))
    logger = logging.getLogger("tests.logging")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    _structlog_over_stdlib()
    structlog.contextvars.clear_contextvars()
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.handlers = []
    structlog.contextvars.clear_contextvars()


def test_a_line_when_logged_the_old_way_then_is_json_with_the_bound_request(lines) -> None:  # type: ignore[no-untyped-def]
    structlog.contextvars.bind_contextvars(request_id="de" * 16)

    logging.getLogger("tests.logging").warning("No hint could be sent to %s.", "channels")

    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == (
        "No hint could be sent to channels.",
        "warning",
        "tests.logging",
    )
    assert line["request_id"] == "de" * 16
    assert line["timestamp"].endswith("Z")


def test_a_line_when_it_names_a_person_then_the_name_is_taken_out_wherever_it_stands(lines) -> None:  # type: ignore[no-untyped-def]
    log = structlog.stdlib.get_logger("tests.logging")

    try:
        raise ValueError("no customer elif.koc@mail.example.com, card 4242 4242 4242 4242")
    except ValueError:
        log.exception(
            "Failed for +90 532 123 45 67", staff={"email": "elif.koc@mail.example.com"}, token="t0ps3cret"
        )
    logging.getLogger("tests.logging").info("IBAN %s", "TR330006100519786457841326")

    text = json.dumps(lines())
    for planted in ("elif.koc", "4242", "532 123", "t0ps3cret", "TR3300"):
        assert planted not in text
    assert "ValueError: no customer [e-mail], card [card]" in text


def test_a_line_when_its_event_has_line_breaks_then_stays_one_line(lines) -> None:  # type: ignore[no-untyped-def]
    logging.getLogger("tests.logging").error("first\nsecond\r\nthird")

    assert [line["event"] for line in lines()] == ["first\nsecond\r\nthird"]
