"""A channel to take orders in for."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tests.channels.shops import Connected
from tests.sandbox.running import ShopServer
from webapp.channels.models import Channel


@pytest.fixture
def channel(session: Session) -> Channel:
    """A WooCommerce channel without a shop behind it."""
    channel = Channel(name="Shop", channel_type="woocommerce", base_url="https://shop.example")
    session.add(channel)
    session.commit()
    return channel


@pytest.fixture(scope="module")
def big_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    """A shop with three pages of orders for a whole file; no fault outlives its test."""
    shop = ShopServer(
        "sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", "--orders", "230", "--seed", "5"
    )
    yield shop
    shop.stop()


@pytest.fixture
def connected(big_shop: ShopServer, session: Session) -> Iterator[Connected]:
    """The shop, connected by a channel that has read nothing yet."""
    yield Connected.to(big_shop)
    # A worker's work ends the scoped session; the test's own is then no longer the one that is cleaned up.
    session.close()
    big_shop.control("DELETE", "faults")
    big_shop.control("DELETE", "requests")
