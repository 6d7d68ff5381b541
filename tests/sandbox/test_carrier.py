"""The sandbox's carrier: strict about what it takes, acts once per reference, survives kill -9."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.running import TIMEOUT_S, CarrierServer

RECEIVER = {
    "name": "Elif Koç",
    "company": "",
    "line1": "Moda Cad. 22/1",
    "line2": "",
    "district": "Kadıköy",
    "city": "İstanbul",
    "state": "",
    "postcode": "34710",
    "country": "TR",
    "phone": "",
}


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


def ask(carrier: CarrierServer, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key or carrier.key}"}
    answer = requests.request(
        method, f"{carrier.url}/v1{path}", json=body, headers=headers, timeout=TIMEOUT_S
    )
    return answer.status_code, answer.json()


def label(carrier: CarrierServer, reference: str = "r1", **receiver: str) -> tuple[int, Any]:
    body = {"reference": reference, "order": "1001", "receiver": RECEIVER | receiver}
    return ask(carrier, "POST", "/shipments", body)


def test_label_when_asked_twice_then_one_parcel_and_the_same_answer(carrier: CarrierServer) -> None:
    first, again = label(carrier), label(carrier)
    assert first == again
    assert first[1]["status"] == "done"
    assert [each["times"] for each in carrier.asked()] == [2]
    assert len(carrier.parcels()) == 1


def test_reference_with_another_body_then_refused(carrier: CarrierServer) -> None:
    label(carrier)
    assert label(carrier, line1="Elsewhere 1")[1]["code"] == "reference_reused"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reference": "r1", "order": "1", "receiver": RECEIVER, "gift": True}, "bad_body"),
        ({"reference": "", "order": "1", "receiver": RECEIVER}, "bad_reference"),
        ({"reference": "r1", "order": "1", "receiver": {"name": "Elif"}}, "bad_receiver"),
        ({"reference": "r1", "order": "1", "receiver": RECEIVER | {"city": ""}}, "incomplete_receiver"),
        ({"reference": "r1", "order": "1", "receiver": RECEIVER | {"country": "TUR"}}, "bad_country"),
    ],
)
def test_label_with_anything_wrong_then_422_and_nothing_kept(
    carrier: CarrierServer, body: dict[str, Any], code: str
) -> None:
    status, answer = ask(carrier, "POST", "/shipments", body)
    assert (status, answer["code"], carrier.asked()) == (422, code, [])


def test_key_that_is_wrong_then_401(carrier: CarrierServer) -> None:
    assert ask(carrier, "GET", "/requests/r1", key="other")[0] == 401


def test_address_when_collected_or_abroad_then_refused_and_redirect_instead(carrier: CarrierServer) -> None:
    number = label(carrier)[1]["number"]
    abroad = {"reference": "r2", "receiver": RECEIVER | {"country": "DE"}}
    assert ask(carrier, "PUT", f"/shipments/{number}/address", abroad)[1]["code"] == "other_country"
    carrier.control("POST", f"shipments/{number}/move", {"status": "collected"})
    moved = {"reference": "r3", "receiver": RECEIVER | {"line1": "Kordon 5"}}
    assert ask(carrier, "PUT", f"/shipments/{number}/address", moved)[1]["code"] == "already_collected"
    cancel = ask(carrier, "POST", f"/shipments/{number}/cancel", {"reference": "r4"})
    assert cancel[1]["code"] == "already_collected"
    redirected = ask(carrier, "POST", f"/shipments/{number}/redirects", moved | {"reference": "r5"})
    assert redirected[1]["status"] == "done"
    assert carrier.parcels()[0]["receiver"]["line1"] == "Kordon 5"


def test_carrier_when_killed_then_knows_its_parcels_and_references_still(carrier: CarrierServer) -> None:
    first = label(carrier)
    carrier.kill()
    carrier.start()
    assert ask(carrier, "GET", "/requests/r1") == first
    assert label(carrier) == first
    assert ask(carrier, "GET", "/requests/r9")[0] == 404


def test_page_then_buttons_move_parcels_and_decide_redirects(carrier: CarrierServer) -> None:
    carrier.switch(decide_redirects_later=True)
    number = label(carrier)[1]["number"]
    body = {"reference": "r2", "receiver": RECEIVER | {"line1": "Kordon 5"}}
    assert ask(carrier, "POST", f"/shipments/{number}/redirects", body)[1]["status"] == "asked"
    page = requests.get(carrier.url, timeout=TIMEOUT_S).text
    assert number in page
    assert "Confirm" in page
    for path, form in (
        ("move", {"number": number, "status": "collected"}),
        ("decide", {"reference": "r2", "confirm": "yes"}),
    ):
        assert requests.post(f"{carrier.url}/do/{path}", data=form, timeout=TIMEOUT_S).ok
    (parcel,) = carrier.parcels()
    assert (parcel["status"], parcel["receiver"]["line1"]) == ("collected", "Kordon 5")
