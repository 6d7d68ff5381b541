"""What single deeds answer."""

from typing import Final

from webapp.api.shapes.kinds import (
    ANY_OBJECT,
    PK,
    TEXT,
    UUID,
    WHOLE,
    YES,
    Shape,
    maybe,
    named,
    record,
    several,
)
from webapp.api.shapes.order import STATUS

SHAPES: Final[dict[str, Shape]] = {
    "DerivedStatus": record(pk=PK, status=STATUS, derived_status=STATUS, differs=YES),
    "OrderItems": record(results=several(named("OrderItem"))),
    "TrackingUpload": record(
        id=PK,
        state=TEXT,
        rows=WHOLE,
        waiting=WHOLE,
        shipped=WHOLE,
        unchanged=WHOLE,
        refused=WHOLE,
        undone=WHOLE,
        verdicts={"type": "object", "additionalProperties": WHOLE},
        operation=maybe(UUID),
        refusal=ANY_OBJECT,
    ),
    "RemoteId": record(pk=PK, number=TEXT, channel=PK, remote_id=maybe(TEXT)),
}
