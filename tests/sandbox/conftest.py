"""The sandbox servers of a test file."""

from collections.abc import Iterator

import pytest

from tests.sandbox.listener import Listener
from tests.sandbox.running import BankServer, Server, ShopMaker, ShopServer


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopMaker]:
    """Makes shops that are closed at the end of the file."""
    shops: list[ShopServer] = []

    def make(*options: str) -> ShopServer:
        shops.append(ShopServer("sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", *options))
        return shops[-1]

    yield make
    for shop in shops:
        shop.stop()


@pytest.fixture(scope="module")
def shop(open_shop: ShopMaker) -> ShopServer:
    """One shop with sixty orders for a whole file; its faults and switches are put back after each test."""
    return open_shop("--orders", "60", "--seed", "7")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankServer]:
    """One bank for a whole file; each test makes its own payments."""
    bank = BankServer("sandbox.bank", tmp_path_factory.mktemp("bank") / "bank.db", "--seed", "3")
    yield bank
    bank.stop()


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault outlives its test."""
    yield
    for name in ("shop", "bank"):
        if name in request.fixturenames:
            server: Server = request.getfixturevalue(name)
            server.control("DELETE", "faults")


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()
