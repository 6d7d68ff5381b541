"""A channel to take orders in for."""

import pytest
from sqlalchemy.orm import Session

from webapp.channels.models import Channel


@pytest.fixture
def channel(session: Session) -> Channel:
    """A WooCommerce channel without a shop behind it."""
    channel = Channel(name="Shop", channel_type="woocommerce", base_url="https://shop.example")
    session.add(channel)
    session.commit()
    return channel
