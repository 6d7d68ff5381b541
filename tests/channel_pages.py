"""What tests of the channels' pages stand on: a channel without a shop, failed records, and the work that was asked for."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient
from webapp.channels.models import Channel, RemoteRecord
from webapp.core.operations import Operation
from webapp.core.secrets import current_vault

HTMX = {"HX-Request": "true"}
PLANTED = "ck_planted_and_never_shown"


def make_channel(session: Session, **values: Any) -> Channel:
    channel = Channel(
        **{
            "name": "Web shop TR",
            "channel_type": "woocommerce",
            "base_url": "https://shop.example.com",
            "credentials": current_vault().encrypt_fields(
                {"consumer_key": PLANTED, "consumer_secret": PLANTED}
            ),
            **values,
        }
    )
    session.add(channel)
    session.commit()
    return channel


def make_record(session: Session, channel: Channel, **values: Any) -> RemoteRecord:
    record = RemoteRecord(
        **{
            "channel_id": channel.id,
            "remote_id": uuid.uuid4().hex[:12],
            "number": "1535",
            "content_hash": "0" * 64,
            "payload": {"id": 1535, "total": 12.10, "billing": {"email": "planted@example.com"}},
            "state": "failed",
            "failure_class": "mapping",
            "failure_words": "The mapping of the status “wc-odd” is wrong: no such status.",
            "attempts": 2,
            **values,
        }
    )
    session.add(record)
    session.commit()
    return record


def page(client: StaffClient, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def operations(session: Session) -> list[Operation]:
    session.rollback()
    return list(session.scalars(select(Operation).order_by(Operation.created_at, Operation.id)))
