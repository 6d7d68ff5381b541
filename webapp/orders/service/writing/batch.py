"""A batch on its way into the tables."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Self, TypeVar

from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, Origin
from webapp.core.clock import utc_now
from webapp.orders.inputs import OrderDraft, WriteResult
from webapp.orders.pricing import PricedOrder

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch:
    """What every step of one batch needs; the channel's columns are copied, so that no savepoint expires them."""

    session: Session
    context: AuditContext
    channel_id: int
    channel_name: str
    price_list_id: int | None
    stock_list_id: int | None
    data_source_id: int | None
    now: datetime

    @classmethod
    def begin(cls, session: Session, channel: Channel, context: AuditContext) -> Self:
        """A batch for this channel, now."""
        return cls(
            session=session,
            context=context,
            channel_id=channel.id,
            channel_name=channel.name,
            price_list_id=channel.price_list_id,
            stock_list_id=channel.stock_list_id,
            data_source_id=channel.data_source_id,
            now=utc_now(),
        )

    @property
    def is_pull(self) -> bool:
        """Whether the drafts are what the channel says, not what somebody here typed."""
        return self.context.origin is Origin.CHANNEL


@dataclass(slots=True)
class Incoming:
    """One draft and what has been found out about it so far."""

    draft: OrderDraft
    # Every place in the caller's list that this draft stands for: a page may name an order twice.
    positions: tuple[int, ...]
    money_seen: str = ""
    priced: PricedOrder | None = None
    shipping_hash: str = ""
    billing_hash: str = ""
    # The person was erased after this order was placed: what the channel still says of them is not kept.
    is_erased: bool = False
    customer_id: int = 0
    customer_folded: str = ""
    shipping_id: int = 0
    billing_id: int = 0
    order_id: int | None = None

    @property
    def key(self) -> str:
        """What tells this order apart on its channel: its remote id, or its number where it has none."""
        return self.draft.remote_id or f"number {self.draft.number}"

    @property
    def id(self) -> int:
        """The order's id, once it has been found or inserted."""
        return _there(self.order_id)

    @property
    def amounts(self) -> PricedOrder:
        """Its distributed amounts, once they have been computed."""
        return _there(self.priced)

    def result(self, verdict: str) -> WriteResult:
        """The answer for a draft that was dealt with."""
        return WriteResult(self.draft.remote_id, self.draft.number, verdict, self.order_id)


def _there(value: T | None) -> T:
    if value is None:
        raise RuntimeError("This draft has not come that far yet.")
    return value


def with_places(number: Decimal, places: int) -> Decimal:
    """The number as a column with so many decimals will give it back; for prices and rates, never for amounts."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
