"""Signatures of webhooks: what docs/webhooks.md tells receivers to check is what we send."""

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from webapp.webhooks.signing import PREFIX, new_secret, signature, signed_headers

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
BODY = '{"type":"order.created","data":{"name":"Şölen"}}'.encode()

Check = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture
def is_from_kontor() -> Check:
    """The receiver's function of the manual, as it stands there."""
    [code] = re.findall(r"```python\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    check: Check = names["is_from_kontor"]
    return check


def test_signature_when_the_specification_gives_an_example_then_it_is_the_same() -> None:
    # The example of the Standard Webhooks libraries.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'

    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_signature_when_a_receiver_checks_it_by_the_manual_then_it_holds(is_from_kontor: Check) -> None:
    secret = new_secret()

    headers = signed_headers([secret], "e1", int(time.time()), BODY)

    assert is_from_kontor(secret, headers, BODY)


@pytest.mark.parametrize("which", [0, 1])
def test_signature_when_two_secrets_are_live_then_either_holds(is_from_kontor: Check, which: int) -> None:
    live = [new_secret(), new_secret()]

    headers = signed_headers(live, "e1", int(time.time()), BODY)

    assert is_from_kontor(live[which], headers, BODY)


def test_signature_when_anything_is_changed_then_it_does_not_hold(is_from_kontor: Check) -> None:
    secret, now = new_secret(), int(time.time())
    headers = signed_headers([secret], "e1", now, BODY)

    assert not is_from_kontor(secret, headers, BODY + b" ")
    assert not is_from_kontor(secret, {**headers, "webhook-id": "e2"}, BODY)
    assert not is_from_kontor(secret, {**headers, "webhook-timestamp": str(now + 1)}, BODY)
    assert not is_from_kontor(new_secret(), headers, BODY)
    assert not is_from_kontor(secret, {**headers, "webhook-signature": ""}, BODY)


def test_signature_when_it_is_played_back_later_then_it_does_not_hold(is_from_kontor: Check) -> None:
    secret = new_secret()

    headers = signed_headers([secret], "e1", int(time.time()) - 301, BODY)

    assert not is_from_kontor(secret, headers, BODY)


def test_secret_when_made_then_it_is_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(base64.b64decode(each.removeprefix(PREFIX))) for each in made} == {32}
