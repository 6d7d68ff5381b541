"""A channel as an adapter sees it: plain values, read once, bound to no database session.

Adapters call the outside, and nothing of the database may be open meanwhile: so they never hold a model.
"""

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.channels.models import Channel, Mapping
from webapp.core.errors import NotFound
from webapp.core.secrets import current_vault
from webapp.core.text import N_

# Products are looked up by write_orders in the database: a shop may have a hundred thousand of them.
_KINDS = ("status", "payment_method", "cargo_company")


@dataclass(frozen=True)
class Mapped:
    """What a word of the channel means here."""

    local_value: str
    conf: MappingType[str, Any]


@dataclass(frozen=True)
class ChannelProfile:
    """Everything an adapter may know of its channel; the credentials are in the clear and never shown."""

    id: int
    name: str
    channel_type: str
    base_url: str
    requests_per_minute: int = 240
    conf: MappingType[str, Any] = field(default_factory=dict)
    credentials: MappingType[str, str] = field(default_factory=dict, repr=False)
    mappings: MappingType[tuple[str, str], Mapped] = field(default_factory=dict, repr=False)

    @property
    def system(self) -> str:
        """The channel's name among outside systems, for its breaker and the exchange log."""
        return f"channel:{self.id}"

    def mapped(self, kind: str, remote_value: str) -> Mapped | None:
        """The mapping of a status, payment method or carrier, if staff made one."""
        return self.mappings.get((kind, remote_value))


def load_profile(session: Session, channel_id: int) -> ChannelProfile:
    """The profile of a channel. Raises NotFound, and SecretUnreadable when its key was taken away."""
    channel = session.get(Channel, channel_id)
    if channel is None:
        raise NotFound(N_("There is no such channel."))
    mappings = session.scalars(
        select(Mapping).where(Mapping.channel_id == channel_id, Mapping.kind.in_(_KINDS))
    )
    return ChannelProfile(
        id=channel.id,
        name=channel.name,
        channel_type=channel.channel_type,
        base_url=channel.base_url.rstrip("/"),
        requests_per_minute=channel.requests_per_minute,
        conf=dict(channel.conf),
        credentials=current_vault().decrypt_fields(channel.credentials),
        mappings={
            (mapping.kind, mapping.remote_value): Mapped(mapping.local_value, dict(mapping.conf))
            for mapping in mappings
        },
    )
