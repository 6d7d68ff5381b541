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
    """A change that waited for the channel is applied, or given back; what the channel has now was seen from it."""
    # Here, because the outbox's own service stands on this module and leaves the word that is answered here.
    from webapp.orders.service.address_changes import apply_change, give_back_change

    if answer.told and answer.address is not None:
        _remember(session, action, order, answer.address)
    change_id = action.args.get("change_id")
    if change_id is not None and answer.told:
        apply_change(session, int(change_id))
    elif change_id is not None:
        give_back_change(session, int(change_id), answer.words)


def _remember(session: Session, action: IntegrationAction, order: Order, address: AddressDraft) -> None:
    """The channel's own version is the one last seen from it, so that the next pull sees no change."""
    values = dict(zip(ADDRESS_FIELDS, address_values(address), strict=True))
    given = {"customer": order.customer_id, "hash": address_hash(address), **values}
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
