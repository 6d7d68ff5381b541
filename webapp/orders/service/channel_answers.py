"""What happens here once a channel has been told something, or finally will not be.

Who delivers (channels/delivering.py) calls `channel_answered` in the transaction that ends the row, with the order
locked where a handler wants to know. A row that was given up can be sent again: its handler then hears `told` after
it has heard the refusal, so a handler must cope with both, in that order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.customers.identity import ADDRESS_FIELDS, address_hash, address_values
from webapp.orders.enums import ActionKind
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import IntegrationAction, Order


@dataclass(frozen=True, slots=True)
class ChannelAnswer:
    """`told`: the channel has taken it (or somebody did it there by hand). Else `words` are why it never will be.

    `address` is the address as the channel has it after it was told one.
    """

    told: bool
    words: str = ""
    address: AddressDraft | None = None


# (session, the row, its locked order, the answer); in the transaction that ends the row. It must not raise for what
# it finds: the channel has the news already.
AnswerHandler = Callable[[Session, IntegrationAction, Order, ChannelAnswer], None]

_ADDRESS_ROW = text(
    f"""
    INSERT INTO address (customer_id, content_hash, {", ".join(ADDRESS_FIELDS)})
    VALUES (:customer, :hash, {", ".join(f":{name}" for name in ADDRESS_FIELDS)})
    ON CONFLICT (customer_id, content_hash) DO UPDATE SET content_hash = excluded.content_hash
    RETURNING id
    """  # noqa: S608 - our own column names
)


def _address_answered(
    session: Session, action: IntegrationAction, order: Order, answer: ChannelAnswer
) -> None:
    """Remember the channel's own version as the one last seen from it, so that the next pull sees no change."""
    if not answer.told or answer.address is None:
        return
    values = dict(zip(ADDRESS_FIELDS, address_values(answer.address), strict=True))
    given = {"customer": order.customer_id, "hash": address_hash(answer.address), **values}
    seen = session.execute(_ADDRESS_ROW, given).scalar_one()
    if action.args.get("side") == "billing":
        order.billing_address_seen_id = seen
    else:
        order.shipping_address_seen_id = seen


# One handler a kind; a kind without one has nothing to be told.
HANDLERS: Final[Mapping[ActionKind, AnswerHandler]] = {ActionKind.ADDRESS: _address_answered}


def wants_answer(action: IntegrationAction) -> bool:
    """Whether somebody waits for what becomes of it; its order has to be locked first then."""
    return ActionKind(action.kind) in HANDLERS


def channel_answered(
    session: Session, action: IntegrationAction, order: Order, answer: ChannelAnswer
) -> None:
    """Tell whoever waits for this kind."""
    HANDLERS[ActionKind(action.kind)](session, action, order, answer)
