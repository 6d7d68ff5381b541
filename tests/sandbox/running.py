"""Starts the sandbox servers as processes of their own, as `make run` does."""

import hmac
import itertools
import json
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from oauthlib.oauth1 import Client

REPOSITORY = Path(__file__).parents[2]
KEY, SECRET = "ck_sandbox", "cs_sandbox"
TIMEOUT_S = 30


def eventually(claim: Callable[[], bool], timeout: float = 10) -> None:
    """Waits until the claim holds; for what a server does in a thread of its own."""
    deadline = time.monotonic() + timeout
    while not claim():
        assert time.monotonic() < deadline, "It never came true."
        time.sleep(0.02)


class Server:
    """One running process and its address."""

    def __init__(self, module: str, state: Path, *options: str) -> None:
        self._command = [sys.executable, "-m", module, "--state", str(state), *options]
        self.start()

    def start(self, port: str = "0") -> None:
        self.process = subprocess.Popen(
            [*self._command, "--port", port],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self.url = self._read_address()
        except BaseException:
            # A test that ran out of time here must not leave the server behind.
            self.kill()
            raise

    def _read_address(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "listening on" in line, line + self.process.stdout.read()
        return line.split()[-1]

    def kill(self) -> None:
        """As abrupt as kill -9."""
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=TIMEOUT_S)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def fault(self, **rule: Any) -> None:
        self.control("POST", "faults", rule)


class ShopServer(Server):
    def api(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """One signed call; `path` starts behind /wp-json/wc/v3."""
        url, headers, _ = self.signed(method, path)
        return requests.request(
            method, url, headers=headers, json=body, timeout=options.pop("timeout", TIMEOUT_S)
        )

    def signed(
        self, method: Any, path: str, algorithm: str = "HMAC-SHA256"
    ) -> tuple[str, dict[str, str], Any]:
        client = Client(KEY, client_secret=SECRET, signature_method=algorithm, signature_type="QUERY")
        address = path if path.startswith("http") else f"{self.url}/wp-json/wc/v3{path}"
        signed: tuple[str, dict[str, str], Any] = client.sign(address, method)
        return signed

    def orders(self, query: str = "") -> list[dict[str, Any]]:
        """All pages, oldest number first."""
        found: list[dict[str, Any]] = []
        for page in itertools.count(1):
            answer = self.api("GET", f"/orders?per_page=100&orderby=id&order=asc&page={page}{query}")
            assert answer.status_code == 200, answer.text
            found += answer.json()
            if page >= int(answer.headers["X-WP-TotalPages"]):
                return found
        raise AssertionError("unreachable")

    def place(self, **wish: Any) -> dict[str, Any]:
        placed = self.control("POST", "orders", wish)[0]
        order: dict[str, Any] = self.api("GET", f"/orders/{placed['id']}").json()
        return order


class BankServer(Server):
    key = "sk_test_sandbox"
    iyzico_key, iyzico_secret = "sandbox-api-key", "sandbox-secret-key"

    def pay(self, **wanted: Any) -> dict[str, Any]:
        """A payment of 100.00 TRY unless said otherwise."""
        payment: dict[str, Any] = self.control(
            "POST", "payments", {"amount": 10_000, "currency": "try"} | wanted
        )[0]
        return payment

    def stripe(
        self, method: str, path: str, form: dict[str, Any] | None = None, *, key: str | None = None
    ) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return requests.request(
            method, f"{self.url}/v1{path}", data=form, headers=headers, auth=(self.key, ""), timeout=TIMEOUT_S
        )

    def iyzico(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """Signed over the exact bytes; a GET signs and sends `null` as the official client does."""
        raw, random_key = json.dumps(body), secrets.token_hex(4)
        message = f"{random_key}{path.partition('?')[0]}{raw}"
        signature = hmac.digest(self.iyzico_secret.encode(), message.encode(), "sha256").hex()
        token = f"apiKey:{self.iyzico_key}&randomKey:{random_key}&signature:{signature}"
        headers = {
            "Authorization": f"IYZWSv2 {b64encode(token.encode()).decode()}",
            "x-iyzi-rnd": random_key,
            "Content-Type": "application/json",
        }
        return requests.request(method, self.url + path, data=raw, headers=headers, timeout=TIMEOUT_S)

    def refunds(self, payment: dict[str, Any]) -> list[dict[str, Any]]:
        """The bank's own list: what has really moved."""
        found: list[dict[str, Any]] = self.control("GET", f"refunds?payment={payment['id']}")
        return found


class CarrierServer(Server):
    key = "parcel_sandbox"

    def asked(self) -> list[dict[str, Any]]:
        """The carrier's own list of what it was asked, oldest first; `times` is how often each came."""
        found: list[dict[str, Any]] = self.control("GET", "asked")
        return list(reversed(found))

    def parcels(self) -> list[dict[str, Any]]:
        """Its parcels, oldest first."""
        found: list[dict[str, Any]] = self.control("GET", "shipments")
        return list(reversed(found))

    def switch(self, **switches: bool) -> None:
        self.control("PUT", "settings", switches)


ShopMaker = Callable[..., ShopServer]
