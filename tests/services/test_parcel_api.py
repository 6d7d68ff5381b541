"""What a carrier's answer has to hold before it counts as done: above all the number of the parcel that was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.channels.canary import answering, http_answer
from tests.payments.wires import client
from webapp.cargo.carrier import ErrandKind, Outcome, Receiver, Request
from webapp.cargo.parcel_api import ParcelApi

HOME = Receiver("Ada Example", "", "1 Road", "", "Merkez", "Ankara", "", "06000", "TR", "")
LABEL = Request(ErrandKind.LABEL, "11111111-1111-4111-8111-111111111111", "1001", receiver=HOME)
UPDATE = replace(LABEL, kind=ErrandKind.UPDATE, tracking_number="SX1")
CANCEL = replace(UPDATE, kind=ErrandKind.CANCEL, receiver=None)


@contextmanager
def carrier(body: str, status: str = "200 OK", headers: str = "") -> Iterator[ParcelApi]:
    answer = http_answer(body.encode(), status=status, headers=headers)
    with answering(answer) as (port, _):
        yield ParcelApi("test", http=client(), base_url=f"http://127.0.0.1:{port}", api_key="k")


@pytest.mark.parametrize(
    "body",
    [
        '{"status": "done"}',
        '{"status": "done", "number": ""}',
        '{"status": "done", "number": null}',
        '{"status": "done", "number": "%s"}' % ("9" * 65),
    ],
)
def test_label_when_the_answer_has_no_number_that_we_can_keep_then_nobody_says_that_it_is_made(
    body: str,
) -> None:
    with carrier(body, "201 Created") as api:
        answers = [api.ask(LABEL), api.look(LABEL)]
    assert [(each.outcome, each.tracking_number) for each in answers if each] == [(Outcome.UNKNOWN, "")] * 2


@pytest.mark.parametrize("request_", [UPDATE, CANCEL])
def test_answer_when_it_is_about_another_parcel_then_it_is_no_answer(request_: Request) -> None:
    with carrier('{"status": "done", "number": "SX2"}') as api:
        assert api.ask(request_).outcome is Outcome.UNKNOWN
    with carrier('{"status": "done", "number": "SX1"}') as api:
        assert api.ask(request_).outcome is Outcome.DONE
    with carrier('{"status": "done"}') as api:
        assert api.ask(request_).outcome is Outcome.DONE


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "308 Permanent Redirect"])
def test_answer_when_it_is_a_redirect_then_the_address_is_wrong_and_nothing_follows_it(status: str) -> None:
    with carrier("<html>moved</html>", status, "Location: https://elsewhere.example/\r\n") as api:
        answer = api.ask(LABEL)
    assert answer.outcome is Outcome.MISCONFIGURED
    assert "another address" in answer.words


@pytest.mark.parametrize("body", ["<html>Sign in</html>", ""])
def test_key_when_it_is_refused_without_json_then_it_is_the_key_all_the_same(body: str) -> None:
    with carrier(body, "401 Unauthorized") as api:
        answer = api.look(LABEL)
    assert answer is not None and answer.outcome is Outcome.MISCONFIGURED


@pytest.mark.parametrize(
    "body", ['{"code": "server_error", "message": "Oops"}', "[]", '"done"', '{"status": "perhaps"}']
)
def test_answer_when_200_comes_with_something_else_then_unknown(body: str) -> None:
    with carrier(body) as api:
        assert api.ask(LABEL).outcome is Outcome.UNKNOWN
