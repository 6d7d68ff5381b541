"""The control pages: plain forms that work without scripts, and only for this machine's own pages."""

import pytest
import requests

from tests.sandbox.running import BankServer, Server, ShopMaker, ShopServer, eventually


@pytest.fixture(params=["shop", "bank"])
def server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


def test_page_when_opened_then_it_shows_faults_switches_and_requests(server: Server) -> None:
    page = requests.get(f"{server.url}/", timeout=5)

    assert page.status_code == 200
    for part in ("Faults", "Switches", "Last requests"):
        assert f"<h2>{part}</h2>" in page.text
    assert "<script" not in page.text


def test_fault_when_switched_on_by_the_form_then_it_is_listed_and_can_be_switched_off(server: Server) -> None:
    form = {"kind": "503", "path": "/nothing", "seconds": "2", "count": "", "probability": "1", "method": "*"}

    page = requests.post(f"{server.url}/do/fault", data=form, timeout=5)

    assert "Fault switched on." in page.text
    assert [rule["path"] for rule in server.control("GET", "faults")["rules"]] == ["/nothing"]
    requests.post(f"{server.url}/do/calm", timeout=5)
    assert server.control("GET", "faults")["rules"] == []


def test_form_when_it_makes_no_sense_then_the_page_says_why(server: Server) -> None:
    page = requests.post(f"{server.url}/do/switch", data={"name": "gravity", "value": "off"}, timeout=5)

    assert "There is no switch gravity" in page.text


def test_button_when_pressed_by_another_origin_then_403(server: Server) -> None:
    answer = requests.post(f"{server.url}/do/calm", headers={"Origin": "http://evil.example"}, timeout=5)

    assert answer.status_code == 403


def test_host_when_another_name_points_here_then_400(server: Server) -> None:
    assert requests.get(f"{server.url}/", headers={"Host": "evil.example"}, timeout=5).status_code == 400


def test_shop_page_when_an_order_is_placed_then_it_heads_the_list(shop: ShopServer) -> None:
    form = {"count": "1", "country": "SA", "payment_method": "cod", "status": "processing", "instalments": ""}

    page = requests.post(f"{shop.url}/do/orders", data=form, timeout=5)

    newest = shop.api("GET", "/orders?orderby=id&per_page=1").json()[0]
    assert f"Placed {newest['number']}." in page.text
    assert (newest["billing"]["country"], newest["payment_method"]) == ("SA", "cod")


def test_bank_page_when_a_refund_is_let_fail_then_the_bank_says_so(bank: BankServer) -> None:
    payment = bank.pay()
    refund = bank.stripe("POST", "/refunds", {"payment_intent": payment["id"]}).json()

    requests.post(f"{bank.url}/do/settle", data={"id": refund["id"], "status": "failed"}, timeout=5)

    assert bank.stripe("GET", f"/refunds/{refund['id']}").json()["status"] == "failed"
    assert refund["id"] in requests.get(f"{bank.url}/", timeout=5).text


def test_life_when_the_clock_runs_then_orders_come_and_move(open_shop: ShopMaker) -> None:
    shop = open_shop("--orders", "30", "--every", "0.05")
    before = {order["id"]: order["status"] for order in shop.orders()}

    def has_lived() -> bool:
        now = {order["id"]: order["status"] for order in shop.orders()}
        moved = [number for number, status in now.items() if before.get(number, status) != status]
        return len(now) > len(before) and len(moved) >= 1

    eventually(has_lived)
