"""Webhooks and what was delivered to them."""

from typing import Any, Final

from webapp.api.shapes.kinds import (
    MOMENT,
    PK,
    TEXT,
    UUID,
    WHOLE,
    YES,
    Shape,
    maybe,
    named,
    one_of,
    record,
    several,
    walk_of,
)
from webapp.events.names import EventName
from webapp.webhooks.queries import DeliveryState

_WEBHOOK: Final[dict[str, Any]] = {
    "pk": PK,
    "url": TEXT,
    "description": TEXT,
    "events": several(one_of(EventName)),
    "channels": several(PK),
    "is_paused": YES,
    "paused_because": TEXT,
    "paused_date": maybe(MOMENT),
    "failing_since": maybe(MOMENT),
    "waiting": WHOLE,
    "failed": WHOLE,
    "last_delivered_date": maybe(MOMENT),
    "former_secret_until": maybe(MOMENT),
    "created_by": maybe(PK),
    "created_date": MOMENT,
}
_DELIVERY: Final = record(
    pk=PK,
    event=UUID,
    type=TEXT,
    order=maybe(PK),
    state=one_of(DeliveryState),
    tries=WHOLE,
    answer_status=maybe(WHOLE),
    answer_words=TEXT,
    answer_ms=maybe(WHOLE),
    tried_date=maybe(MOMENT),
    next_try_date=maybe(MOMENT),
    delivered_date=maybe(MOMENT),
    happened_date=MOMENT,
)
SHAPES: Final[dict[str, Shape]] = {
    "Webhook": record(**_WEBHOOK),
    # The secret is null where the same numbered request is answered again.
    "WebhookWithSecret": record(**_WEBHOOK, secret=maybe(TEXT)),
    "WebhookList": record(count=WHOLE, results=several(named("Webhook"))),
    "WebhookDelivery": _DELIVERY,
    "WebhookDeliveryPage": walk_of("WebhookDelivery"),
}
