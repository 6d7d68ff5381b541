"""Which operation does what for channels, and when the clock asks for one."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.channels import delivering, pulling
from webapp.channels.models import Channel
from webapp.core.hints import Handler
from webapp.core.operations import NewOperation, Queue
from webapp.core.periodic import SlotSource, slot_of

HANDLERS: dict[str, Handler] = {
    "channel.pull": pulling.pull,
    "channel.reread": pulling.reread,
    "channel.backfill": pulling.backfill,
    "channel.replay": pulling.replay,
    "channel.refresh_order": pulling.refresh_order,
    "channel.check": pulling.check,
    "channel.deliver": delivering.deliver,
}


def pull_slots(session: Session, now: datetime) -> list[NewOperation]:
    """A pull for every channel whose slot has begun."""
    query = select(Channel.id, Channel.pull_minutes).where(Channel.is_active, Channel.pull_minutes > 0)
    return [
        _slot("channel.pull", channel_id, slot_of(now, minutes, f"channel:{channel_id}"))
        for channel_id, minutes in session.execute(query)
    ]


def reread_slots(session: Session, now: datetime) -> list[NewOperation]:
    """A re-read of open orders for every channel whose slot has begun."""
    query = select(Channel.id, Channel.reread_minutes).where(Channel.is_active, Channel.reread_minutes > 0)
    return [
        _slot("channel.reread", channel_id, slot_of(now, minutes, f"channel:{channel_id}"))
        for channel_id, minutes in session.execute(query)
    ]


SLOT_SOURCES: list[SlotSource] = [pull_slots, reread_slots, delivering.delivery_slots]


def _slot(kind: str, channel_id: int, slot: str) -> NewOperation:
    return NewOperation(
        kind=kind,
        queue=Queue.CHANNELS,
        dedupe_key=f"channel:{channel_id}",
        args={},
        channel_id=channel_id,
        slot=slot,
    )
