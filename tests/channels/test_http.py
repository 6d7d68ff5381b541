"""Calling other systems: exact numbers, limits, and what may be tried again."""

import gzip
import socket
from decimal import Decimal

import pytest
import structlog

from tests.channels.canary import answering, http_answer
from webapp.core import http
from webapp.core.errors import IntegrationError
from webapp.core.http import Answer, HttpClient, NoAnswer, UnreadableAnswer
from webapp.core.reach import Reach
from webapp.core.settings import Timing

QUICK = Timing(connect_timeout_s=0.5, read_timeout_s=0.4)


class Calls:
    """A client of a server on this machine, and how long it slept between tries."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.client = HttpClient(
            "channel:7", reach=Reach(allow_private=True), timing=QUICK, sleep=self.pauses.append
        )

    def get(self, port: int) -> Answer:
        return self.client.get(f"http://127.0.0.1:{port}/orders", what="orders.list")


def test_json_when_it_has_fractions_then_they_are_exact_decimals() -> None:
    with answering(http_answer(b'{"price": 17.647059, "total": "33.30", "count": 3}')) as (port, _):
        body = Calls().get(port).json()

    assert body == {"price": Decimal("17.647059"), "total": "33.30", "count": 3}
    assert type(body["price"]) is Decimal


@pytest.mark.parametrize(
    "body", [b"<html>Maintenance</html>", b"", b'{"a": NaN}', b'{"a": 1', b"\xff\xfe", b"[" * 100_000]
)
def test_json_when_the_body_is_none_then_unreadable_and_worth_another_try(body: bytes) -> None:
    with answering(http_answer(body, headers="Content-Type: text/html; charset=utf-8\r\n")) as (port, _):
        answer = Calls().get(port)

    with pytest.raises(UnreadableAnswer) as refused:
        answer.json()
    assert refused.value.permanent is False
    assert "Maintenance" not in refused.value.message


def test_get_when_the_gateway_in_between_is_away_then_tried_again() -> None:
    calls = Calls()
    with answering(http_answer(b"", status="502 Bad Gateway"), http_answer(b"[]")) as (port, requests):
        assert calls.get(port).json() == []
    assert len(requests) == 2
    assert calls.pauses == [0.3]


def test_get_when_the_connection_is_cut_inside_the_body_then_tried_again_and_then_no_answer() -> None:
    calls = Calls()
    with (
        answering(http_answer(b'[{"id"', length=4000)) as (port, requests),
        pytest.raises(NoAnswer) as refused,
    ):
        calls.get(port)
    assert len(requests) == 3
    assert refused.value.was_sent is True


def test_get_when_the_answer_is_late_then_not_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        calls = Calls()
        with pytest.raises(NoAnswer, match="did not answer within") as refused:
            calls.get(silent.getsockname()[1])
    assert refused.value.was_sent is True
    assert calls.pauses == []


def test_get_when_nobody_listens_then_certainly_not_sent() -> None:
    with answering(b"") as (port, _):
        pass
    with pytest.raises(NoAnswer) as refused:
        Calls().get(port)
    assert refused.value.was_sent is False


def test_send_when_the_gateway_in_between_is_away_then_sent_exactly_once() -> None:
    with answering(http_answer(b"", status="502 Bad Gateway")) as (port, requests):
        answer = Calls().client.send(
            "POST", f"http://127.0.0.1:{port}/refunds", what="refund", json_body={"amount": "1.00"}
        )
    assert answer.status == 502
    assert len(requests) == 1
    assert requests[0].endswith(b'{"amount": "1.00"}')


def test_answer_when_it_is_larger_than_the_cap_then_refused_before_it_is_all_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "ANSWER_CAP_BYTES", 1000)
    with (
        answering(http_answer(b"x" * 5000)) as (port, _),
        pytest.raises(IntegrationError, match="larger than"),
    ):
        Calls().get(port)


def test_answer_when_it_unpacks_beyond_the_cap_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_CAP_BYTES", 100_000)
    bomb = http_answer(gzip.compress(b"0" * 5_000_000), headers="Content-Encoding: gzip\r\n")
    with answering(bomb) as (port, _), pytest.raises(IntegrationError, match="larger than"):
        Calls().get(port)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("120", 120.0), ("0", 0.0), ("soon", None), ("", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_retry_after_when_given_then_in_seconds(given: str, seconds: float | None) -> None:
    header = f"Retry-After: {given}\r\n" if given else ""
    with answering(http_answer(b"{}", status="429 Too Many Requests", headers=header)) as (port, _):
        assert Calls().get(port).retry_after_s == seconds


def test_log_when_a_call_is_made_then_it_names_the_call_but_neither_address_nor_secret() -> None:
    found = http_answer(b'{"email": "someone@example.com"}')
    with answering(found) as (port, _), structlog.testing.capture_logs() as lines:
        Calls().client.get(
            f"http://127.0.0.1:{port}/orders",
            what="orders.list",
            params={"search": "someone@example.com"},
            authorise=lambda method, url: {"Authorization": "Basic planted-secret"},
        )

    assert [line["event"] for line in lines] == ["exchange"]
    assert lines[0]["what"] == "orders.list"
    assert lines[0]["status"] == "200"
    written = repr(lines)
    for planted in ("someone@example.com", "planted-secret", "127.0.0.1"):
        assert planted not in written
