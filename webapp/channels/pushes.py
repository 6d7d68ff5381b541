"""What a channel is told, as plain values, and how an adapter that can tell it looks.

An adapter has one method per orders/enums.ActionKind. It calls the outside, so no unit of work may be open.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from webapp.core.errors import IntegrationError
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import AddressDraft


class CannotTell(IntegrationError):
    """The channel has no way to be told this. The message says what staff must do there; it is never sent again."""

    code = "unsupported"

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True, slots=True)
class PushedItem:
    """One row of the order as the channel knows it; the parts of one line come one by one."""

    remote_line_id: str
    quantity: Decimal
    name: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a push concerns.

    `key` is the same for every attempt, so that an effect can carry it and be found. `may_be_there`: an attempt has
    begun before and nobody knows what became of it, so look before anything is sent that would be there twice.
    """

    key: str
    remote_id: str
    number: str
    may_be_there: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledgement(Addressed):
    """We have the order."""


@dataclass(frozen=True, slots=True)
class StatusPush(Addressed):
    """Where the order as a whole stands now."""

    status: OrderStatus = OrderStatus.APPROVED


@dataclass(frozen=True, slots=True)
class TrackingPush(Addressed):
    """A parcel has left. `carrier` is the carrier's name, `carrier_slug` ours; both may be empty, and so may `url`."""

    tracking_number: str = ""
    carrier: str = ""
    carrier_slug: str = ""
    url: str = ""
    items: tuple[PushedItem, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelPush(Addressed):
    """These items will not be sent; `is_whole`: nothing of the order will."""

    items: tuple[PushedItem, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class AddressPush(Addressed):
    """Another shipping or billing address (`side`); read when it is sent, never kept in the outbox."""

    side: str = "shipping"
    address: AddressDraft = field(default_factory=AddressDraft)


@dataclass(frozen=True, slots=True)
class StockPush(Addressed):
    """Units of items that can be sold again."""

    items: tuple[PushedItem, ...] = ()


Push = Acknowledgement | StatusPush | TrackingPush | CancelPush | AddressPush | StockPush


@dataclass(frozen=True, slots=True)
class Pushed:
    """The channel has it. `ref` is its name for what came of it; `words` for staff, where there is something to say.

    `address` is an address as the channel now has it, where that was told.
    """

    ref: str = ""
    words: str = ""
    address: AddressDraft | None = None


class ChannelPushes(Protocol):
    """How a kind of channel is told things. No unit of work may be open.

    Every method makes sure that its effect is there once, also when it is called again after an attempt of which
    nobody knows the end. Raises MustWait, CannotTell, and IntegrationError in the channel's words: `permanent` when
    the channel has said no and would say it again.
    """

    def acknowledge(self, push: Acknowledgement) -> Pushed:
        """Have it know that we have the order."""

    def status(self, push: StatusPush) -> Pushed:
        """Move the order."""

    def tracking(self, push: TrackingPush) -> Pushed:
        """Give the parcel's number, and have the customer told by the channel."""

    def cancel(self, push: CancelPush) -> Pushed:
        """Take items, or the whole order, off."""

    def address(self, push: AddressPush) -> Pushed:
        """Replace an address."""

    def stock(self, push: StockPush) -> Pushed:
        """Put units back for sale."""


def send_of(pushes: ChannelPushes, push: Push) -> Callable[[], Pushed]:
    """The call that tells this push."""
    match push:
        case Acknowledgement():
            return lambda: pushes.acknowledge(push)
        case StatusPush():
            return lambda: pushes.status(push)
        case TrackingPush():
            return lambda: pushes.tracking(push)
        case CancelPush():
            return lambda: pushes.cancel(push)
        case AddressPush():
            return lambda: pushes.address(push)
        case StockPush():
            return lambda: pushes.stock(push)
