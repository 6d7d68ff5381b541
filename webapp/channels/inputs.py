"""What the channel service takes from forms, commands and the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NewChannel:
    """A channel to be created. `conf` holds the adapter's settings that differ from its defaults."""

    name: str
    channel_type: str
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    pull_minutes: int = 5
    reread_minutes: int = 60
    requests_per_minute: int = 240
    address_ownership: str = "mirror"
    conf: Mapping[str, Any] = field(default_factory=dict)
    data_source_id: int | None = None
    price_list_id: int | None = None
    stock_list_id: int | None = None
    is_active: bool = True


@dataclass(frozen=True)
class ChangeChannel:
    """What is to be changed; None leaves it. `version` is the one the form was opened with.

    Credentials are write-only: an empty one stays as it is, and None in the map takes it away.
    """

    version: int
    name: str | None = None
    base_url: str | None = None
    credentials: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    pull_minutes: int | None = None
    reread_minutes: int | None = None
    requests_per_minute: int | None = None
    address_ownership: str | None = None
    conf: Mapping[str, Any] | None = None
    is_active: bool | None = None
