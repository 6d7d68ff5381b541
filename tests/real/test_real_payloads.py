"""Orders that real shops gave, where somebody has some: KONTOR_REAL_PAYLOADS names a folder with a folder per system."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.channels.samples import orders_of, profile, raw
from tests.channels.shops import findings
from tests.jobs.importing import MORNING
from webapp.channels.applying import OrderIntake
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.models import Channel, RemoteRecord
from webapp.channels.receiving import RawPage
from webapp.core import exact_json
from webapp.orders.models import Order

FOLDER = Path(os.environ.get("KONTOR_REAL_PAYLOADS", "/nonexistent")) / "woocommerce"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.skipif(not FILES, reason="KONTOR_REAL_PAYLOADS names no folder with a woocommerce/*.json")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_real_order_when_taken_in_then_to_the_cent_or_a_record_that_says_why(
    path: Path, session: Session
) -> None:
    channel = Channel(name="Shop", channel_type="woocommerce", base_url="https://shop.example")
    session.add(channel)
    session.commit()
    payloads = {payload["id"]: payload for payload in orders_of(exact_json.parse(path.read_text()))}
    intake = OrderIntake(channel.id, WooOrderSerializer(profile()).read)

    intake.take(RawPage([raw(payload) for payload in payloads.values()], MORNING, MORNING))

    session.rollback()
    for record in session.scalars(select(RemoteRecord)):
        if record.state == "applied":
            order = session.get_one(Order, record.order_id)
            assert order.amount == Decimal(payloads[int(record.remote_id)]["total"])
        else:
            assert record.failure_words, record.remote_id
    assert findings(session) == []
