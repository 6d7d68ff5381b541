"""Channels and what could not be taken from them."""

from typing import Final

from webapp.api.shapes.kinds import (
    MOMENT,
    PK,
    TEXT,
    UUID,
    WHOLE,
    YES,
    Shape,
    maybe,
    one_of,
    page_of,
    record,
    several,
)
from webapp.orders.enums import AddressOwnership, FailureClass

_CHANNEL: Final = record(
    pk=PK,
    name=TEXT,
    channel_type=TEXT,
    base_url=TEXT,
    is_active=YES,
    pull_minutes=WHOLE,
    reread_minutes=WHOLE,
    address_ownership=one_of(AddressOwnership),
    requests_per_minute=WHOLE,
    last_pull_date=maybe(MOMENT),
    last_error=maybe(TEXT),
    is_held_back=YES,
    failed_records=WHOLE,
    running_operation=maybe(UUID),
    created_date=MOMENT,
    modified_date=MOMENT,
)
_RECORD: Final = record(
    pk=PK,
    remote_id=TEXT,
    number=maybe(TEXT),
    order=maybe(PK),
    failure_class=maybe(one_of(FailureClass)),
    failure_words=maybe(TEXT),
    attempts=WHOLE,
    received_date=MOMENT,
)
SHAPES: Final[dict[str, Shape]] = {
    "Channel": _CHANNEL,
    "ChannelList": record(count=WHOLE, results=several(_CHANNEL)),
    "FailedRecord": _RECORD,
    "FailedRecordPage": page_of("FailedRecord"),
}
