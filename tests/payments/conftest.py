"""A bank for a whole file, without faults at the end of each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox.listener import Listener
from tests.sandbox.running import BankServer


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankServer]:
    """One bank for a whole file; each test makes its own payments."""
    bank = BankServer("sandbox.bank", tmp_path_factory.mktemp("bank") / "bank.db", "--seed", "5")
    yield bank
    bank.stop()


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault outlives its test."""
    bank = request.getfixturevalue("bank") if "bank" in request.fixturenames else None
    yield
    if bank is not None:
        bank.control("DELETE", "faults")


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Keeps what is posted to it."""
    listener = Listener()
    yield listener
    listener.close()
