"""The Stripe-shaped door: checks, caps, keys, and what is left after each fault."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.sandbox.running import BankServer, eventually


def _refund(
    bank: BankServer, payment: dict[str, Any], key: str | None = None, **form: Any
) -> requests.Response:
    return bank.stripe("POST", "/refunds", {"payment_intent": payment["id"], **form}, key=key)


def _error(answer: requests.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_payment_intent_when_expanded_then_the_charge_is_inside(bank: BankServer) -> None:
    payment = bank.pay()

    plain = bank.stripe("GET", f"/payment_intents/{payment['id']}").json()
    expanded = bank.stripe("GET", f"/payment_intents/{payment['id']}?expand[]=latest_charge").json()

    assert plain["latest_charge"] == payment["charge_id"]
    assert expanded["latest_charge"]["amount_captured"] == 10_000
    assert expanded["latest_charge"]["refunded"] is False


def test_refund_when_partial_then_the_charge_counts_it(bank: BankServer) -> None:
    payment = bank.pay()

    refund = _refund(
        bank, payment, amount=2_500, reason="requested_by_customer", **{"metadata[refund_id]": "rf_1"}
    )

    charge = bank.stripe("GET", f"/charges/{payment['charge_id']}").json()
    assert refund.status_code == 200
    assert (refund.json()["status"], refund.json()["metadata"]) == ("succeeded", {"refund_id": "rf_1"})
    assert (charge["amount_refunded"], charge["refunded"]) == (2_500, False)


def test_refund_when_without_amount_then_all_that_is_left_goes_back(bank: BankServer) -> None:
    payment = bank.pay()
    _refund(bank, payment, amount=2_500)

    assert _refund(bank, payment).json()["amount"] == 7_500
    assert bank.stripe("GET", f"/charges/{payment['charge_id']}").json()["refunded"] is True


def test_refund_when_more_than_is_left_then_400_and_nothing_moved(bank: BankServer) -> None:
    payment = bank.pay()

    answer = _refund(bank, payment, amount=10_001)

    assert (answer.status_code, _error(answer)["param"]) == (400, "amount")
    assert bank.refunds(payment) == []


def test_refund_when_everything_went_back_then_charge_already_refunded(bank: BankServer) -> None:
    payment = bank.pay()
    _refund(bank, payment)

    assert _error(_refund(bank, payment, amount=1))["code"] == "charge_already_refunded"


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"amount": "ten"}, "Invalid integer"),
        ({"amount": "0"}, "Invalid positive integer"),
        ({"reason": "because"}, "Invalid reason"),
        ({"amout": "5"}, "unknown parameter: amout"),
    ],
)
def test_refund_when_a_parameter_is_wrong_then_400_and_the_key_stays_free(
    bank: BankServer, form: dict[str, str], word: str
) -> None:
    payment, key = bank.pay(), f"free-{word}"

    answer = _refund(bank, payment, key, **form)

    assert answer.status_code == 400
    assert word in _error(answer)["message"]
    assert _refund(bank, payment, key, amount=5).status_code == 200


def test_refund_when_sent_as_json_then_400(bank: BankServer) -> None:
    payment = bank.pay()

    answer = requests.post(
        f"{bank.url}/v1/refunds", json={"payment_intent": payment["id"]}, auth=(bank.key, ""), timeout=5
    )

    assert answer.status_code == 400
    assert bank.refunds(payment) == []


def test_key_when_wrong_or_missing_then_401(bank: BankServer) -> None:
    address = f"{bank.url}/v1/refunds"

    assert requests.get(address, timeout=5).status_code == 401
    assert requests.get(address, auth=("sk_test_other", ""), timeout=5).status_code == 401
    assert (
        requests.get(address, headers={"Authorization": f"Bearer {bank.key}"}, timeout=5).status_code == 200
    )


def test_payment_when_unknown_then_404_resource_missing(bank: BankServer) -> None:
    assert _error(bank.stripe("GET", "/payment_intents/pi_none"))["code"] == "resource_missing"
    assert bank.stripe("POST", "/refunds", {"payment_intent": "pi_none"}).status_code == 404


def test_idempotency_when_the_key_comes_again_then_the_first_answer_does_too(bank: BankServer) -> None:
    payment = bank.pay()

    first, again = (_refund(bank, payment, "k-again", amount=100) for _ in range(2))

    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(bank.refunds(payment)) == 1


def test_idempotency_when_the_body_differs_then_400_and_nothing_moved(bank: BankServer) -> None:
    payment = bank.pay()
    _refund(bank, payment, "k-other", amount=100)

    answer = _refund(bank, payment, "k-other", amount=200)

    assert (answer.status_code, _error(answer)["type"]) == (400, "idempotency_error")
    assert [refund["amount"] for refund in bank.refunds(payment)] == [100]


def test_idempotency_when_the_key_is_at_work_then_409_and_come_back(bank: BankServer) -> None:
    payment = bank.pay()
    bank.fault(kind="busy", seconds=1, count=2)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: _refund(bank, payment, "k-busy", amount=100), range(2)))

    refused = next(answer for answer in answers if answer.status_code == 409)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert refused.headers["Stripe-Should-Retry"] == "true"
    assert len(bank.refunds(payment)) == 1


def test_idempotency_when_a_500_was_kept_then_it_comes_again_and_the_refund_is_there(
    bank: BankServer,
) -> None:
    payment = bank.pay()
    bank.fault(kind="500_stored", count=1)

    statuses = [_refund(bank, payment, "k-500", amount=100).status_code for _ in range(2)]

    assert statuses == [500, 500]
    assert [refund["key"] for refund in bank.refunds(payment)] == ["k-500"]


def test_idempotency_when_the_lifetime_is_over_then_the_key_pays_again(bank: BankServer) -> None:
    """The negative control of the window: after it the same key is a new refund."""
    payment = bank.pay()
    _refund(bank, payment, "k-old", amount=100)
    bank.control("PUT", "settings", {"key_lifetime_s": 0})

    again = _refund(bank, payment, "k-old", amount=100)

    bank.control("PUT", "settings", {"key_lifetime_s": 86_400})
    assert "Idempotent-Replayed" not in again.headers
    assert len(bank.refunds(payment)) == 2


def test_idempotency_when_the_bank_was_killed_then_it_still_knows_the_key(bank: BankServer) -> None:
    payment = bank.pay()
    first = _refund(bank, payment, "k-kill", amount=100)

    bank.kill()
    bank.start()

    assert _refund(bank, payment, "k-kill", amount=100).json() == first.json()
    assert len(bank.refunds(payment)) == 1


def test_refunds_when_sent_at_once_then_never_more_than_was_paid(bank: BankServer) -> None:
    payment = bank.pay()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: _refund(bank, payment, f"k-many-{n}", amount=3_000), range(8)))

    assert [answer.status_code for answer in answers].count(200) == 3
    assert sum(refund["amount"] for refund in bank.refunds(payment)) == 9_000


def test_list_when_paged_then_has_more_and_starting_after_walk_through(bank: BankServer) -> None:
    payment = bank.pay()
    made = [_refund(bank, payment, amount=100 + n).json()["id"] for n in range(5)]

    found: list[str] = []
    after, has_more = "", True
    while has_more:
        page = bank.stripe("GET", f"/refunds?payment_intent={payment['id']}&limit=2{after}").json()
        found += [refund["id"] for refund in page["data"]]
        after, has_more = f"&starting_after={found[-1]}", page["has_more"]

    assert found == list(reversed(made))
    assert bank.stripe("GET", "/refunds?limit=101").status_code == 400


@pytest.mark.parametrize(("kind", "end"), [("pending_settles", "succeeded"), ("pending_fails", "failed")])
def test_refund_when_pending_then_it_counts_at_once_and_ends_later(
    bank: BankServer, kind: str, end: str
) -> None:
    payment = bank.pay()
    bank.fault(kind=kind, seconds=0.3, count=1)

    refund = _refund(bank, payment).json()

    def status() -> str:
        answer: str = bank.stripe("GET", f"/refunds/{refund['id']}").json()["status"]
        return answer

    assert refund["status"] == "pending"
    assert _error(_refund(bank, payment, amount=1))["code"] == "charge_already_refunded"
    eventually(lambda: status() == end)
    assert (_refund(bank, payment, amount=1).status_code == 200) is (end == "failed")


def test_uncaptured_when_refunded_then_refused_and_cancel_frees_the_money(bank: BankServer) -> None:
    payment = bank.pay(status="requires_capture")

    assert _refund(bank, payment).status_code == 400
    assert bank.stripe("POST", f"/payment_intents/{payment['id']}/cancel").json()["status"] == "canceled"
    assert bank.stripe("POST", f"/payment_intents/{payment['id']}/cancel").status_code == 400


def test_uncaptured_when_captured_in_part_then_only_that_can_go_back(bank: BankServer) -> None:
    payment = bank.pay(status="requires_capture")
    form = {"amount_to_capture": 6_000}

    captured = bank.stripe("POST", f"/payment_intents/{payment['id']}/capture", form).json()

    assert (captured["status"], captured["amount_received"]) == ("succeeded", 6_000)
    assert _refund(bank, payment, amount=6_001).status_code == 400
    assert _refund(bank, payment, amount=6_000).status_code == 200


@pytest.mark.parametrize(
    ("kind", "is_done"),
    [
        ("500_before", False),
        ("500_after", True),
        ("reset_before", False),
        ("reset_after", True),
        ("503", False),
    ],
)
def test_fault_when_the_same_key_is_sent_again_then_the_money_moves_once(
    bank: BankServer, kind: str, is_done: bool
) -> None:
    payment = bank.pay()
    bank.fault(kind=kind, count=1, path="/v1/refunds", method="POST")
    try:
        assert _refund(bank, payment, f"k-{kind}", amount=100).status_code >= 500
    except requests.ConnectionError:
        assert kind.startswith("reset")
    moved = len(bank.refunds(payment))

    again = _refund(bank, payment, f"k-{kind}", amount=100)

    assert moved == int(is_done)
    assert again.status_code == 200
    assert len(bank.refunds(payment)) == 1


def test_route_when_unknown_then_404_in_stripes_words(bank: BankServer) -> None:
    answer = bank.stripe("POST", "/refundz", {"amount": 1})

    assert (answer.status_code, _error(answer)["type"]) == (404, "invalid_request_error")


def test_keys_when_the_bank_is_killed_under_load_then_each_key_paid_once(bank: BankServer) -> None:
    """Every request is sent until it is answered; between them the bank is killed again and again."""
    payments = [bank.pay() for _ in range(4)]
    address = bank.url

    def insist(number: int) -> str:
        form = {"payment_intent": payments[number % 4]["id"], "amount": 100}
        headers = {"Idempotency-Key": f"k-load-{number}"}
        while True:
            try:
                answer = requests.post(
                    f"{address}/v1/refunds", form, headers=headers, auth=(bank.key, ""), timeout=5
                )
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                found: str = answer.json()["id"]
                return found

    with ThreadPoolExecutor(8) as threads:
        told = threads.map(insist, range(200))
        for _ in range(3):
            time.sleep(0.15)
            bank.kill()
            bank.start(port=address.rpartition(":")[2])
        answered = set(told)

    moved = [refund for payment in payments for refund in bank.refunds(payment)]
    assert sorted(refund["key"] for refund in moved) == sorted(f"k-load-{n}" for n in range(200))
    assert {refund["id"] for refund in moved} == answered
