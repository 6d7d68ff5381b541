"""S20: whatever a channel's address says, nothing of our own network is called."""

import pytest

from tests.channels.canary import answering, canary, http_answer
from webapp.core.errors import IntegrationError
from webapp.core.http import HttpClient, NoAnswer
from webapp.core.reach import AddressRefused, Reach
from webapp.core.settings import Timing

QUICK = Timing(connect_timeout_s=0.5, read_timeout_s=1.0)
# {p} is the canary's port. Every one of these would lead to this machine, its network, or nowhere sensible.
PAYLOADS = [
    "https://127.0.0.1:{p}/",
    "https://127.1:{p}/",
    "https://127.0.1:{p}/",
    "https://2130706433:{p}/",
    "https://0x7f000001:{p}/",
    "https://0x7f.0.0.1:{p}/",
    "https://0177.0.0.1:{p}/",
    "https://017700000001:{p}/",
    "https://127.255.255.254:{p}/",
    "https://localhost:{p}/",
    "https://LOCALHOST.:{p}/",
    "https://0.0.0.0:{p}/",
    "https://0:{p}/",
    "https://[::1]:{p}/",
    "https://[::]:{p}/",
    "https://[0:0:0:0:0:0:0:1]:{p}/",
    "https://[::ffff:127.0.0.1]:{p}/",
    "https://[::ffff:7f00:1]:{p}/",
    "https://[64:ff9b::7f00:1]:{p}/",
    "https://[2002:7f00:1::]:{p}/",
    "https://[fe80::1]:{p}/",
    "https://[fd00::1]:{p}/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://100.64.0.1:{p}/",
    "https://10.0.0.1:{p}/",
    "https://172.16.0.1:{p}/",
    "https://192.168.0.1:{p}/",
    "https://192.0.2.1:{p}/",
    "https://198.18.0.1:{p}/",
    "https://224.0.0.1:{p}/",
    "https://240.0.0.1:{p}/",
    "https://255.255.255.255:{p}/",
    "http://127.0.0.1:{p}/",
    "http://shop.example:{p}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{p}/",
    "https://shop.example@127.0.0.1:{p}/",
    "https://127.0.0.1:{p}\\@shop.example/",
    "https://shop.example/\r\nHost: 127.0.0.1",
    "https:///nothing",
    "https://127.0.0.1:{p}%2f@shop.example/",
    "//127.0.0.1:{p}/",
    "https://127.0.0.1 :{p}/",
]


def client(reach: Reach) -> HttpClient:
    return HttpClient("test", reach=reach, timing=QUICK, sleep=lambda seconds: None)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_address_when_it_leads_to_our_own_network_then_nothing_is_called(payload: str) -> None:
    with canary() as nobody:
        with pytest.raises((AddressRefused, NoAnswer)):
            client(Reach()).get(payload.format(p=nobody.port), what="test")

        assert nobody.connections == []


def test_forty_payloads_are_tried() -> None:
    assert len(set(PAYLOADS)) >= 40


def test_loopback_when_private_networks_are_allowed_then_the_canary_sings() -> None:
    with canary() as somebody:
        with pytest.raises(NoAnswer):
            client(Reach(allow_private=True)).get(f"http://127.0.0.1:{somebody.port}/", what="control")

        assert len(somebody.connections) > 0


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/"]
)
def test_address_when_it_is_private_itself_then_refused_before_any_call(url: str) -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        Reach().check_url(url)


def test_metadata_address_when_private_networks_are_allowed_then_still_refused() -> None:
    with pytest.raises(AddressRefused):
        client(Reach(allow_private=True)).get("http://169.254.169.254/latest/", what="test")


def test_redirect_when_it_leads_to_our_own_network_then_it_is_an_answer_and_not_followed() -> None:
    with canary() as nobody:
        redirect = http_answer(
            b"", status="302 Found", headers=f"Location: http://127.0.0.1:{nobody.port}/\r\n"
        )
        with answering(redirect) as (port, _):
            answer = client(Reach(allow_private=True)).get(f"http://127.0.0.1:{port}/", what="test")

        assert answer.status == 302
        assert nobody.connections == []


def test_name_when_one_of_its_addresses_is_ours_then_refused() -> None:
    with canary() as nobody:
        reach = Reach(resolve=lambda host, port: ["1.1.1.1", "127.0.0.1"])
        with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
            client(reach).get(f"https://shop.example:{nobody.port}/", what="test")

        assert nobody.connections == []


def test_name_when_it_resolves_otherwise_at_the_call_then_the_address_called_is_the_one_judged() -> None:
    with canary() as nobody, answering(http_answer(b"{}")) as (port, _):
        lookups: list[str] = []

        def rebinding(host: str, _: int) -> list[str]:
            lookups.append(host)
            return ["127.0.0.1"] if len(lookups) == 1 else ["127.0.0.2"]

        answer = client(Reach(allow_private=True, resolve=rebinding)).get(
            f"http://shop.example:{port}/", what="test"
        )

        assert answer.json() == {}
        assert lookups == ["shop.example"]
        assert nobody.connections == []


def test_name_when_it_was_public_before_and_is_ours_at_the_call_then_refused() -> None:
    addresses = [["1.1.1.1"], ["127.0.0.1"]]
    reach = Reach(resolve=lambda host, port: addresses.pop(0))
    with canary() as nobody:
        assert reach.addresses("shop.example", 443) == ["1.1.1.1"]
        with pytest.raises(AddressRefused):
            client(reach).get(f"https://shop.example:{nobody.port}/", what="test")

        assert nobody.connections == []


def test_proxy_of_the_environment_when_set_then_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with canary() as proxy, answering(http_answer(b"{}")) as (port, _):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        client(Reach(allow_private=True)).get(f"http://127.0.0.1:{port}/", what="test")

        assert proxy.connections == []


def test_host_header_when_the_address_is_pinned_then_it_still_names_the_shop() -> None:
    with answering(http_answer(b"{}")) as (port, requests):
        reach = Reach(allow_private=True, resolve=lambda host, _: ["127.0.0.1"])
        client(reach).get(f"http://shop.example:{port}/wp-json/", what="test")

        assert f"Host: shop.example:{port}".encode() in requests[0]


def test_unknown_name_when_called_then_no_answer_and_certainly_not_sent() -> None:
    with pytest.raises(NoAnswer) as refused:
        client(Reach()).get("https://no-such-shop.invalid/", what="test")
    assert refused.value.was_sent is False
    assert isinstance(refused.value, IntegrationError)
