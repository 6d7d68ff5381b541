"""A shop to be told things, and an order of it."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tests.channels.shops import Connected
from tests.channels.telling import Told
from tests.sandbox.running import ShopServer


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    """A shop without orders for a whole file."""
    shop = ShopServer("sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", "--orders", "0")
    yield shop
    shop.stop()


@pytest.fixture
def connected(shop: ShopServer, session: Session) -> Iterator[Connected]:
    """The shop, connected; no fault and no plugin of it outlives its test."""
    yield Connected.to(shop)
    # A worker's work ends the scoped session; the test's own is then no longer the one that is cleaned up.
    session.close()
    for path in ("faults", "requests"):
        shop.control("DELETE", path)
    for plugin in ("fulfillments", "shipment_tracking"):
        shop.control("PUT", "settings", {plugin: False})


@pytest.fixture
def told(connected: Connected) -> Told:
    """A paid order that was pulled; what the shop was asked until then is forgotten."""
    told = Told.bought(connected)
    connected.forget_requests()
    return told
