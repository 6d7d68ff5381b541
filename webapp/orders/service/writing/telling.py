"""What other systems hear of a batch that was written: one statement for all of it, nothing where nobody listens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webapp.events.announcing import News, announce, is_heard
from webapp.events.names import EventName
from webapp.orders.enums import CancelStatus, RefundState
from webapp.orders.service.news import order_news, plan_facts, refund_facts, status_news
from webapp.orders.service.writing.batch import Batch, Incoming
from webapp.orders.service.writing.decision import Decision
from webapp.orders.service.writing.effects import Effects

_FROM_CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a batch: orders that are new now, and those that somebody would call changed."""

    created: Sequence[Incoming]
    changed: Sequence[Decision]
    effects: Effects


def tell(batch: Batch, written: Written) -> None:
    """Announce it, once every row has its id."""
    if is_heard(batch.session):
        announce(batch.session, list(_news(batch.channel_id, written)))


def _news(channel_id: int, written: Written) -> Iterator[News]:
    numbers = {each.id: each.draft.number for each in written.created}
    numbers |= {each.stored.id: {**each.stored.columns, **each.order}["number"] for each in written.changed}
    for incoming in written.created:
        yield order_news(EventName.ORDER_CREATED, incoming.id, numbers[incoming.id], channel_id)
    for decision in written.changed:
        yield from _of_change(channel_id, numbers[decision.stored.id], decision)
    yield from _of_ends(channel_id, numbers, written.effects)


def _of_change(channel_id: int, number: str, decision: Decision) -> Iterator[News]:
    order_id, before = decision.stored.id, decision.stored.columns["status"]
    yield order_news(EventName.ORDER_UPDATED, order_id, number, channel_id)
    after = {**decision.stored.columns, **decision.order}["status"]
    if after != before:
        yield status_news(order_id, number, channel_id, before, after)


def _of_ends(channel_id: int, numbers: dict[int, str], effects: Effects) -> Iterator[News]:
    """Plans and refunds that the channel ended by itself: they are there and closed at once."""
    for plan in effects.ended:
        facts = plan_facts(
            plan.id, plan.kind, CancelStatus.COMPLETED, plan.amount, plan.currency, origin=_FROM_CHANNEL
        )
        whole = order_news(EventName.PLAN_CREATED, plan.order_id, numbers[plan.order_id], channel_id).facts
        for name in (EventName.PLAN_CREATED, EventName.PLAN_COMPLETED):
            yield News(name, channel_id, plan.order_id, str(plan.id), {**whole, "cancellation_plan": facts})
    for refund in effects.paid_there:
        facts = refund_facts(
            refund.id,
            None,
            RefundState.SUCCEEDED,
            _FROM_CHANNEL,
            refund.amount,
            refund.currency,
            origin=_FROM_CHANNEL,
        )
        order = order_news(
            EventName.REFUND_SETTLED, refund.order_id, numbers[refund.order_id], channel_id
        ).facts
        yield News(
            EventName.REFUND_SETTLED, channel_id, refund.order_id, str(refund.id), {**order, "refund": facts}
        )
